"""Protects on which account a payment goes: the register's own before that of all, a name's own before any name's."""

import copy
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.transform.books.ledger import Ledger
from cloudkasse_etl.transform.books.reversals import mirror
from tests.support.receipts.bookings import booked, entries, refused
from tests.support.receipts.receipt_factory import (
    Fields,
    accounts,
    booked_original,
    ledger,
    line,
    pay,
    receipt,
    void_of,
)

TENDERS = ("Kreditkarte", "Unbar")  # all others are like the first
REGISTERS = ("K1", "K 2")
NAMES = ("Visa", "Mastercard", " Visa ", "Visa\t", "Karte, rot", "", None)
BY_NAME = {"Kreditkarte": {"Visa": "1364", "*": "1365"}}


def under(shop: Fields) -> Ledger:
    """A ledger of two registers: their own accounts of tenders by number, and below "" those of all."""
    of_all = ledger(accounts=accounts(tenders=shop[""]))
    (k1, _) = of_all.registers.values()
    named = [{**k1.model_dump(), "number": number, "tenders": shop[number]} for number in REGISTERS]
    return replace(of_all, registers={one["number"]: type(k1).model_validate(one) for one in named})


def paid(ledger: Ledger, register: str, *payments: Fields) -> list[str]:
    total = sum(payment["base_amount_cents"] for payment in payments)
    result = booked(receipt(line(gross=total), payments=list(payments), register=register), by=ledger)
    assert result.rejections == []
    return [account for account, *_ in entries(result)[1:]]


def wanted(shop: Fields, register: str, tender: str, name: str | None) -> str | None:
    """The account by the rule of docs/rules.md: of four places the first that has one; one account is any name's."""
    for place in (register, ""):
        accounts = shop[place].get(tender, {})
        of_names = {"*": accounts} if isinstance(accounts, str) else accounts
        for key in ((name or "*").strip(), "*"):
            if key in of_names:
                return str(of_names[key])
    return None


_account = st.integers(1000, 1999).map(str)
_by_name = st.dictionaries(st.sampled_from(["Visa", "Mastercard", "Karte, rot", "*"]), _account, max_size=3)
_tenders = st.fixed_dictionaries(
    {}, optional={name: _by_name if name == "Unbar" else _account | _by_name for name in TENDERS}
)
_shops = st.fixed_dictionaries(dict.fromkeys(("", *REGISTERS), _tenders))


@settings(max_examples=25)
@given(_shops)
def test_each_payment_goes_where_the_rule_says_and_what_is_told_to_be_missing_is_all_that_is(shop: Fields) -> None:
    places = [(register, tender, name) for register in REGISTERS for tender in TENDERS for name in NAMES]
    receipts = [
        receipt(line(gross=100), payments=[pay(tender, 100, name)], id=f"R{at:03d}", number=at, register=register)
        for at, (register, tender, name) in enumerate(places, 1)
    ]
    result = booked(*receipts, by=under(shop))
    of_payments = result.postings[result.postings["tender"].notna()].iloc[::2]
    found = dict(zip(of_payments["receipt_id"], of_payments["account"], strict=True))
    missing = {one.key: one.detail["setting"] for one in result.rejections}
    cured = copy.deepcopy(shop)
    for one, (register, tender, name) in zip(receipts, places, strict=True):
        assert found.get(one.id) == wanted(shop, register, tender, name)
        assert (one.id in missing) == (one.id not in found)
        if one.id in missing:
            _enter(cured, missing[one.id])
    # once all that was told is entered, nothing is refused; and nothing that was booked goes elsewhere
    again = booked(*receipts, by=under(cured))
    assert again.rejections == []
    after = again.postings[again.postings["tender"].notna()].iloc[::2]
    accounts_after = dict(zip(after["receipt_id"], after["account"], strict=True))
    assert {key: accounts_after[key] for key in found} == found


def _enter(shop: Fields, setting: str) -> None:
    """Writes an account where a message says that one is missing."""
    first, *path = [part.strip('"') for part in re.findall(r'[\w-]+|"[^"]*"', setting)]
    place: Any = shop[""] if first == "accounts" else shop[path.pop(0)]
    assert path.pop(0) == "tenders"
    *above, last = path
    for key in above:
        place = place.setdefault(key, {})
    if not isinstance(place, str):  # entered as the one account already
        place.setdefault(last, "1234")


@pytest.mark.parametrize(
    ("of_all", "own", "name", "setting"),
    [
        ({}, {}, "Visa", "accounts.tenders.Kreditkarte"),
        ({"Kreditkarte": {"Amex": "1"}}, {}, "Visa", "accounts.tenders.Kreditkarte.Visa"),
        ({"Kreditkarte": {"Amex": "1"}}, {}, None, 'accounts.tenders.Kreditkarte."*"'),
        (
            {"Kreditkarte": {"Amex": "1"}},
            {"Kreditkarte": {"JCB": "2"}},
            "Visa",
            "registers.K1.tenders.Kreditkarte.Visa",
        ),
    ],
)
def test_the_missing_setting_is_named_where_the_tender_is_named_already(
    of_all: Fields, own: Fields, name: str | None, setting: str
) -> None:
    card = receipt(line(), payments=[pay("Kreditkarte", 1190, name)])
    shop = under({"": of_all, "K1": own, "K 2": {}})
    assert refused(booked(card, by=shop)) == [("account_missing", f"No account is set: {setting}.")]


def test_two_services_of_one_receipt_go_apart_and_cash_stays_the_registers() -> None:
    shop = under({"": BY_NAME, "K1": {}, "K 2": {"Kreditkarte": "1374"}})
    payments = [
        pay("Kreditkarte", 500, "Visa"),
        pay("Kreditkarte", 300, "Mastercard"),
        pay("Bar", 2500, "Bar USD", currency="USD", base_amount_cents=2300),
        pay("Bar", -300, "Bar"),
    ]
    assert paid(shop, "K1", *payments) == ["1364", "1365", "1000", "1000"]
    assert paid(shop, "K 2", *payments) == ["1374", "1374", "1000", "1000"]


@pytest.mark.parametrize(
    ("tenders", "back", "account", "why"),
    [
        (BY_NAME, "Visa", "1364", "as it was paid"),
        (BY_NAME, "Mastercard", "1365", "by another card, which has an account of its own"),
        ({"Kreditkarte": {"Mastercard": "1399", "*": "1398"}}, "Visa", "1364", "whatever the settings say by then"),
        ({"Kreditkarte": "1399"}, "Mastercard", "1364", "names make no difference by then: as it was paid"),
    ],
)
def test_a_void_takes_the_account_of_the_service_that_it_goes_back_to(
    tenders: Fields, back: str, account: str, why: str
) -> None:
    sold = receipt(line(), payments=[pay("Kreditkarte", 1190, "Visa")])
    void = void_of(sold, id="V", cancelled=True)
    void.payments[0].name = back
    before, after = under({"": BY_NAME, "K1": {}, "K 2": {}}), under({"": tenders, "K1": {}, "K 2": {}})
    result = booked(void, by=replace(after, mirrors={"V": mirror(void, booked_original(sold, before))}))
    assert entries(result)[1] == (account, -1190, None, 0), why
