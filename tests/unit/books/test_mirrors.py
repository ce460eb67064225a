"""Protects what a void takes over: each row of its original, turned, whatever the ERP and the settings say by then."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given

from cloudkasse_etl.config.sections.account_settings import Accounts
from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.transform.booking import Booked, Ledger, book
from cloudkasse_etl.transform.books.reversals import Mirror, excess, is_void, mirror
from cloudkasse_etl.transform.receipt_frames import flatten
from tests.support.receipts.receipt_factory import (
    Fields,
    accounts,
    article_frame,
    booked_original,
    booked_originals,
    ledger,
    line,
    pay,
    receipt,
    valid_receipts,
    void_of,
)

BEFORE = ledger({"A19": {"revenue_account": "8410"}})


def other_accounts(value: Any) -> Any:
    """The same accounts, each with a 9 in front."""
    if isinstance(value, dict):
        return {name: other_accounts(part) for name, part in value.items()}
    return f"9{value}" if isinstance(value, str) else value


# everything is another one: accounts, tax codes, what is kept in stock, what a set is made of, cash accounts, units
AFTER = replace(
    BEFORE,
    accounts=Accounts.model_validate(other_accounts(accounts().model_dump(mode="json"))),
    articles=article_frame(
        {
            "A19": {"revenue_account": "8999", "tax_code": "2", "unit": "kg", "stock_item": False},
            "A7": {"tax_code": "3", "serial": True},
            "SET": {"stock_item": True},
            "SERIAL": {"stock_item": False},
            "SERVICE": {},
            "gone": {},
        }
    ),
    registers={
        number: register.model_copy(update={"cash_account": f"9{register.cash_account}"})
        for number, register in BEFORE.registers.items()
    },
)


def booked(found: Receipt, by: Ledger) -> Booked:
    return book(flatten([found]), by)


def rows(frame: pd.DataFrame, amount: str, *columns: str, sign: int = 1) -> list[tuple[Any, ...]]:
    texts = frame[list(columns)].astype(object).where(frame[list(columns)].notna(), None)
    amounts = (sign * frame[amount]).tolist()
    return sorted(zip(amounts, *(texts[name] for name in columns), strict=True), key=repr)


@given(valid_receipts(max_size=3))
def test_a_void_is_its_original_turned_row_by_row_whatever_has_changed(receipts: list[Receipt]) -> None:
    refused = {rejection.key.rpartition("|")[0] for rejection in book(flatten(receipts), BEFORE).stock_rejections}
    originals = [one for one in receipts if one.reference is None and not one.cancelled and one.id not in refused]
    voids = [void_of(one, id=f"V{at}", number=99 + at, cancelled=True) for at, one in enumerate(originals)]
    before = booked_originals(originals, BEFORE)
    mirrors = {void.id: mirror(void, first) for void, first in zip(voids, before, strict=True)}
    firsts, seconds = book(flatten(originals), BEFORE), book(flatten(voids), replace(AFTER, mirrors=mirrors))
    for original, void in zip(originals, voids, strict=True):
        postings, turned = of(firsts.postings, original), of(seconds.postings, void)
        of_posting = ("account", "tax_code", "vat_rate", "business_case", "tender", "text")
        assert rows(turned, "amount_cents", *of_posting) == rows(postings, "amount_cents", *of_posting, sign=-1)
        assert rows(turned, "tax_cents", "account") == rows(postings, "tax_cents", "account", sign=-1)
        moved = ("article", "unit", "serial", "line_number", "warehouse")
        movements, back = of(firsts.movements, original), of(seconds.movements, void)
        assert rows(back, "quantity_milli", *moved) == rows(movements, "quantity_milli", *moved, sign=-1)
    assert (seconds.rejections, seconds.stock_rejections) == ([], [])


def of(frame: pd.DataFrame, receipt: Receipt) -> pd.DataFrame:
    return frame[frame["receipt_id"] == receipt.id]


@pytest.mark.parametrize(
    ("fields", "expected", "why"),
    [
        ({"cancelled": True}, True, "flagged"),
        ({}, False, "a sale that refers to another one"),
        ({"reference": None, "cancelled": True}, False, "broken off"),
        ({"kind": "AVTraining", "cancelled": True}, False, "without effect"),
    ],
)
def test_a_receipt_that_refers_to_another_one_is_a_void_if_it_is_flagged(
    fields: Fields, expected: bool, why: str
) -> None:
    assert is_void(receipt(line(), **{"id": "V", "reference": "R1", **fields})) is expected, why


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (line(gross=-1190), True),
        (line(gross=-1190, quantity="1.000"), True),
        (line("Rabatt", -100), False),
        (line("Rabatt", 100), True),
        (line("MehrzweckgutscheinEinloesung", -100, None), False),
        (line("MehrzweckgutscheinKauf", -100, None), True),
        (line("Forderungsaufloesung", 1190), False),
        (line("PfandRueckzahlung", -25), False),
        (line("Geldtransit", 100, None), True),
        (line(gross=0, quantity="-1.000"), True),
        (line(gross=-1190, cancelled=True), False),
    ],
)
def test_or_if_a_line_goes_the_other_way(made: Fields, expected: bool) -> None:
    assert is_void(receipt(line(gross=500), made, id="V", reference="R1")) is expected


def test_of_several_lines_that_fit_the_most_alike_is_taken_back() -> None:
    original = receipt(line(article="A7", gross=500), line(article="A7", gross=300), line(article="A7", gross=500))
    found = mirror(
        receipt(line(article="A7", gross=-300, quantity="-1.000"), id="V", reference="R1"),
        replace(booked_original(original, BEFORE), movements=[]),
    )
    assert list(found.lines) == [1]
    assert found.stock == {1: ()}


def test_a_line_without_a_counterpart_is_sold_as_today() -> None:
    void = receipt(line(article="A19", gross=-1190), line(article="A7", gross=500), id="V", reference="R1")
    found = mirror(void, booked_original(receipt(line(article="A19"), line(article="A7", gross=500)), BEFORE))
    assert list(found.lines) == [1]


def test_part_of_a_set_brings_back_its_share() -> None:
    original = receipt(line(article="SET", quantity="3.000"))
    void = receipt(line(article="SET", gross=-397, quantity="-1.000"), id="V", reference="R1")
    found = mirror(void, booked_original(original, BEFORE))
    assert [(row.article, row.quantity_milli) for row in found.stock[1]] == [("A19", 2000), ("A7", 500)]


def test_another_tender_goes_to_its_account_of_today() -> None:
    found = mirror(void_of(receipt(line()), id="V"), booked_original(receipt(line()), BEFORE))
    assert [found.tender_account("Bar", name, is_by_name=False) for name in ("Bar", "Kasse")] == ["1000", "1000"]
    assert found.tender_account("ECKarte", "ECKarte", is_by_name=False) is None
    invoice = receipt(line(), payments=[pay("Unbar", 1190, "Rechnung")])
    found = mirror(void_of(invoice, id="V"), booked_original(invoice, BEFORE))
    assert [found.tender_account("Unbar", name, is_by_name=True) for name in ("Rechnung", "Scheck")] == ["1410", None]


def test_without_an_original_goods_come_in_where_money_goes_out() -> None:
    void = receipt(line(article="A19", gross=-1190, quantity="2.000"), id="V", reference="R9", cancelled=True)
    movements = booked(void, replace(BEFORE, mirrors={"V": Mirror()})).movements
    assert movements["quantity_milli"].tolist() == [2000]


def part(gross: int, quantity: str = "-1.000", **fields: Any) -> Receipt:
    return receipt(line(article="A19", gross=-gross, quantity=quantity, **fields), id="V", number=9, reference="R1")


@pytest.mark.parametrize(
    ("before", "void", "is_beyond", "why"),
    [
        ([], part(1000, "-3.000"), False, "all of it"),
        ([], part(1001, "-3.000"), True, "a cent more than all"),
        ([], part(1000, "-4.000"), True, "a piece more"),
        ([], part(334), False, "a third, rounded up"),
        ([part(334), part(334)], part(334), False, "three thirds, rounded up"),
        ([part(334), part(334), part(334)], part(334), True, "a fourth third"),
        ([part(1000, "-3.000")], part(1), True, "a second time"),
        ([part(334), part(334)], part(336), True, "a price of its own"),
        ([], part(2000, "-3.000", vat_rate="7.00", tax=131), False, "nothing that was sold, and so a return of today"),
    ],
)
def test_what_is_taken_back_beyond_the_sale_is_found(
    before: list[Receipt], void: Receipt, is_beyond: bool, why: str
) -> None:
    original = receipt(line(article="A19", gross=600, quantity="2.000"), line(article="A19", gross=400))
    beyond = excess(void, booked_original(original, BEFORE, *before))
    assert (beyond is not None) is is_beyond, why
    if beyond is not None and before:
        assert beyond.earlier == ("K1-9",)
