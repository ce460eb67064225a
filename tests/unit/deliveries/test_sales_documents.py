"""Protects that sales documents say what the books say: totals to the cent, stock to the thousandth, by tax code."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.schemas.booked_rows import MovedRow
from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.transform.books.reversals import Original
from cloudkasse_etl.transform.deliveries.sales_documents import (
    Position,
    SalesDocument,
    SalesReceipt,
    product,
    sales_documents,
)
from cloudkasse_etl.transform.deliveries.sold_lines import Moved, SoldLine, sold_lines
from tests.support.receipts.bookings import CLEARING, DRINK, GROUPS
from tests.support.receipts.receipt_factory import ARTICLES, booked_originals, ledger, valid_receipts

BOOKS = ledger({"A7": DRINK, "A19": {"tax_code": "3", "revenue_group": "01"}}, groups=GROUPS)
KNOWN = frozenset(filter(None, ARTICLES)) - {"gone"}
SALES = {"Umsatz", "Rabatt", "Aufschlag", "Pfand", "PfandRueckzahlung"}
DAY = dt.date(2026, 11, 24)


def documents_of(originals: Sequence[Original]) -> list[SalesDocument]:
    return sales_documents(
        SalesReceipt(original.receipt.id, DAY, list(sold_lines(original, moved(original.movements), KNOWN)))
        for original in originals
    )


def moved(rows: Sequence[MovedRow]) -> list[Moved]:
    return [Moved(row, "1") for row in rows]


def positions_of(documents: Sequence[SalesDocument]) -> list[Position]:
    return [position for document in documents for position in document.positions]


def without_zeros(sums: Counter[Any]) -> dict[Any, int]:
    return {key: value for key, value in sums.items() if value}


@given(valid_receipts())
def test_documents_come_to_what_was_posted_by_account_tax_code_and_rate(receipts: list[Receipt]) -> None:
    originals = booked_originals(receipts, BOOKS)
    posted: Counter[Any] = Counter()
    for original in originals:
        for row in original.postings:
            if row.business_case in SALES and row.account != CLEARING:
                posted[row.account, row.tax_code, row.vat_rate] -= row.amount_cents
    delivered: Counter[Any] = Counter()
    for position in positions_of(documents_of(originals)):
        exact = Decimal(position.quantity_milli) * position.unit_price_cents / 1000
        cents = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        delivered[position.account, position.tax_code, position.vat_rate] += cents
    assert without_zeros(delivered) == without_zeros(posted)


@given(valid_receipts())
def test_documents_move_the_stock_that_was_moved(receipts: list[Receipt]) -> None:
    originals = booked_originals(receipts, BOOKS)
    booked: Counter[Any] = Counter()
    for original in originals:
        cases = {line.number: line.business_case for line in original.receipt.lines}
        for row in original.movements:
            if row.position == "0" and cases[row.line_number] in SALES:  # a set's parts are SelectLine's to move
                booked[row.article, row.unit] += row.quantity_milli
    delivered: Counter[Any] = Counter()
    for position in positions_of(documents_of(originals)):
        if position.warehouse and position.article != "SET":
            delivered[position.article, position.unit] -= position.quantity_milli
    assert without_zeros(delivered) == without_zeros(booked)


@given(valid_receipts(), st.randoms())
def test_the_order_of_arrival_changes_no_position(receipts: list[Receipt], chance: Any) -> None:
    originals = booked_originals(receipts, BOOKS)
    first = documents_of(originals)
    chance.shuffle(originals)
    if len(first) < 2:  # several share the receipts out by what came first
        assert [document.positions for document in documents_of(originals)] == [
            document.positions for document in first
        ]


def sold(cents: int, *, milli: int = 1000, price: int = 0, rate: str = "19.00", code: str = "3") -> SoldLine:
    return SoldLine("A19", "Kaffee", "Umsatz", milli, "Stk", price, cents, code, rate, "8400", "1")


def test_a_change_of_the_rate_makes_a_second_document() -> None:
    old = SalesReceipt("R1", dt.date(2025, 12, 31), [sold(119, price=119)])
    new = SalesReceipt("R2", dt.date(2026, 1, 1), [sold(121, price=121, rate="21.00")])
    late = SalesReceipt("R3", dt.date(2026, 1, 1), [sold(-119, milli=-1000, price=119)])  # takes the old one back
    found = sales_documents([new, old, late])
    assert [(document.day, document.receipts, document.total_cents) for document in found] == [
        (dt.date(2026, 1, 1), ("R1", "R3"), 0),
        (dt.date(2026, 1, 1), ("R2",), 121),
    ]


def test_what_rounding_leaves_is_a_position_with_the_same_account_and_code() -> None:
    (document,) = sales_documents([SalesReceipt("R1", DAY, [sold(74, milli=250, price=299)])])
    goods, rest = document.positions
    assert (goods.gross_cents, rest.gross_cents, rest.role) == (75, -1, "difference")
    assert (rest.account, rest.tax_code, rest.vat_rate) == (goods.account, goods.tax_code, goods.vat_rate)
    assert document.total_cents == 74


def test_a_product_is_rounded_half_away_from_zero() -> None:
    assert [product(milli, 5) for milli in (100, -100, 99, 300)] == [1, -1, 0, 2]
