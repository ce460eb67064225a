"""Protects that a batch for the ledger says what the books say: by day, account and tax code, VAT as it was printed."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.schemas.booked_rows import LedgerRow
from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.transform.booking import book
from cloudkasse_etl.transform.deliveries.ledger_postings import (
    CompoundPosting,
    LedgerReceipt,
    carries_sales,
    clearing_cents,
    has_odd_rows,
    ledger_postings,
)
from cloudkasse_etl.transform.receipt_frames import flatten
from tests.support.receipts.bookings import CLEARING, DRINK, GROUPS
from tests.support.receipts.receipt_factory import ledger, valid_receipts

BOOKS = ledger({"A7": DRINK, "A19": {"tax_code": "3", "revenue_group": "01"}}, groups=GROUPS)
SALES = {"Umsatz", "Rabatt", "Aufschlag", "Pfand", "PfandRueckzahlung"}
DAY = dt.date(2026, 11, 24)


def booked(receipts: Sequence[Receipt], *, is_in_documents: bool = False) -> list[LedgerReceipt]:
    frame = book(flatten(receipts), BOOKS).postings.astype(object)
    rows: dict[str, list[LedgerRow]] = {receipt.id: [] for receipt in receipts}
    for row in frame.where(frame.notna(), None).to_dict("records"):
        day = dt.date.fromisoformat(row["posting_date"])
        rows[row["receipt_id"]].append(LedgerRow(day, *(row[name] for name in LedgerRow._fields[1:])))
    return [
        LedgerReceipt(one.id, one.number, dt.date.fromisoformat(one.business_day), rows[one.id], is_in_documents)
        for one in receipts
    ]


def without_zeros(sums: Counter[Any]) -> dict[Any, int]:
    return {key: value for key, value in sums.items() if value}


def sums_of(postings: Sequence[CompoundPosting]) -> tuple[dict[Any, int], dict[Any, int]]:
    gross: Counter[Any] = Counter()
    tax: Counter[Any] = Counter()
    for posting in postings:
        for position in posting.positions:
            gross[posting.day, posting.currency, position.account, position.tax_code] += position.amount_cents
            tax[posting.day, position.tax_code, position.vat_rate] += position.tax_cents
    return without_zeros(gross), without_zeros(tax)


@given(valid_receipts(), st.booleans(), st.booleans())
def test_a_batch_comes_to_what_is_booked_and_each_posting_to_nothing(
    receipts: list[Receipt], by_receipt: bool, is_in_documents: bool
) -> None:
    some = booked(receipts, is_in_documents=is_in_documents)
    gross: Counter[Any] = Counter()
    tax: Counter[Any] = Counter()
    for receipt in some:
        for row in receipt.rows:
            if not (is_in_documents and row.business_case in SALES):
                gross[row.day, row.currency, row.account, row.tax_code] += row.amount_cents
                tax[row.day, row.tax_code, row.vat_rate] += row.tax_cents
    postings = ledger_postings(some, by_receipt=by_receipt)
    found, printed = sums_of(postings)
    assert found == without_zeros(gross)
    # what has no tax code has no VAT that could be told; it is refused before it is sent
    assert {key: value for key, value in printed.items() if key[1]} == {
        key: value for key, value in without_zeros(tax).items() if key[1]
    }
    for posting in postings:
        assert sum(position.amount_cents for position in posting.positions) == 0
        assert len(posting.positions) > 1
        assert all(position.amount_cents for position in posting.positions)
        assert len({(position.account, position.tax_code, position.amount_cents > 0) for position in posting.positions})


@given(valid_receipts())
def test_what_documents_carry_is_left_on_clearing_and_nothing_else(receipts: list[Receipt]) -> None:
    whole = booked(receipts)
    rest = [replace(receipt, is_in_documents=True) for receipt in whole]
    documents = sum(
        line.gross_cents
        for receipt, posted in zip(receipts, whole, strict=True)
        if posted.rows
        for line in receipt.lines
        if not line.cancelled and line.business_case in SALES
    )
    assert clearing_cents(rest) == -documents
    assert clearing_cents(whole) == 0
    assert not carries_sales(rest)
    assert not any(has_odd_rows(receipt) for receipt in whole)
    (found, _), (everything, _) = (sums_of(ledger_postings(some, by_receipt=True)) for some in (rest, whole))
    assert {key[2] for key in found} <= {key[2] for key in everything} | {CLEARING}


@given(valid_receipts(), st.randoms(), st.booleans())
def test_the_order_of_arrival_changes_no_posting(receipts: list[Receipt], chance: Any, by_receipt: bool) -> None:
    some = booked(receipts)
    first = ledger_postings(some, by_receipt=by_receipt)
    chance.shuffle(some)
    assert ledger_postings(some, by_receipt=by_receipt) == first


def row(account: str, cents: int, *, tax: int = 0, code: str | None = None, day: dt.date = DAY) -> list[LedgerRow]:
    case = ("Umsatz", None) if code else (None, "Bar")
    of_rate = "19.00" if code else None
    return [
        LedgerRow(day, account, cents, "EUR", code, of_rate, tax, *case),
        LedgerRow(day, CLEARING, -cents, "EUR", None, None, 0, *case),
    ]


def sale(number: int, cents: int, tax: int, *, day: dt.date = DAY, posted: dt.date = DAY) -> LedgerReceipt:
    rows = [*row("8400", -cents, tax=-tax, code="3", day=posted), *row("1000", cents, day=posted)]
    return LedgerReceipt(f"R{number}", number, day, rows, False)


def told(postings: Sequence[CompoundPosting]) -> list[list[tuple[str, int, int]]]:
    return [[(p.account, p.amount_cents, p.tax_cents) for p in posting.positions] for posting in postings]


def test_a_closing_is_a_posting_for_each_rate_and_one_of_how_it_was_paid() -> None:
    postings = ledger_postings([sale(1, 119, 19), sale(2, 238, 38)], by_receipt=False)
    assert told(postings) == [
        [("1000", 357, 0), (CLEARING, -357, 0)],
        [(CLEARING, 357, 0), ("8400", -357, -57)],
    ]
    assert [position.kinds for posting in postings for position in posting.positions] == [
        ("Bar",), ("Bar",), ("Umsatz",), ("Umsatz",),
    ]  # fmt: skip


def test_a_receipt_of_its_own_needs_no_clearing() -> None:
    postings = ledger_postings([sale(2, 238, 38), sale(1, 119, 19)], by_receipt=True)
    assert told(postings) == [
        [("1000", 119, 0), ("8400", -119, -19)],
        [("1000", 238, 0), ("8400", -238, -38)],
    ]
    assert [posting.number for posting in postings] == [1, 2]


def test_the_vat_of_a_sale_and_its_return_is_not_lost_although_they_come_to_nothing() -> None:
    (posting,) = ledger_postings([sale(1, 119, 19), sale(2, -119, -18)], by_receipt=False)
    assert told([posting]) == [[("8400", 119, 18), ("8400", -119, -19)]]


def test_each_day_is_posted_on_its_own_and_says_when_it_was_sold() -> None:
    late = sale(3, 119, 19, day=dt.date(2026, 10, 31), posted=DAY)
    postings = ledger_postings(
        [sale(1, 119, 19), late, sale(2, 119, 19, posted=dt.date(2026, 11, 25))], by_receipt=True
    )
    assert [(posting.day.day, posting.sold.isoformat()) for posting in postings] == [
        (24, "2026-10-31"), (24, "2026-11-24"), (25, "2026-11-24"),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 3])
def test_postings_that_are_no_pairs_are_noticed(count: int) -> None:
    rows = [*row("8400", -119, tax=-19, code="3"), *row("1000", 119)]
    assert not has_odd_rows(LedgerReceipt("R1", 1, DAY, rows, False))
    assert has_odd_rows(LedgerReceipt("R1", 1, DAY, rows[:count], False))
    wrong = [rows[0]._replace(amount_cents=-120), *rows[1:]]
    assert has_odd_rows(LedgerReceipt("R1", 1, DAY, wrong, False))
