"""Protects the books: what each receipt is booked as, to the cent and the account; nothing is booked by guess."""

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.wire_receipts import BUSINESS_CASES, KINDS, TENDERS, Receipt
from tests.support.receipts.bookings import CLEARING, booked, entries, refused
from tests.support.receipts.receipt_factory import (
    accounts,
    ledger,
    line,
    pay,
    receipt,
    void_of,
    without,
)

# --- business cases: each line alone on a receipt that is paid in cash

CASES = [
    ("Umsatz", 1190, "19.00", ("8400", -1190, "19.00", -190), "revenue of the rate"),
    ("Umsatz", -1070, "7.00", ("8300", 1070, "7.00", 70), "a return is a sale, turned"),
    ("Umsatz", 500, "0.00", ("8100", -500, "0.00", 0), "free of VAT"),
    ("Umsatz", 500, None, ("8100", -500, None, 0), "without a VAT key"),
    ("Aufschlag", 119, "19.00", ("8400", -119, "19.00", -19), "like a sale"),
    ("Rabatt", -238, "19.00", ("8400", 238, "19.00", 38), "on the revenue of its rate"),
    ("Pfand", 25, "19.00", ("8540", -25, "19.00", -4), "deposit revenue"),
    ("PfandRueckzahlung", -25, "19.00", ("8541", 25, "19.00", 4), "deposit revenue, turned"),
    ("EinzweckgutscheinKauf", 1190, "19.00", ("8405", -1190, "19.00", -190), "taxed at sale"),
    ("EinzweckgutscheinEinloesung", -1190, "19.00", ("8406", 1190, "19.00", 190), "and turned at redemption"),
    ("MehrzweckgutscheinKauf", 5000, None, ("1795", -5000, None, 0), "a liability, untaxed"),
    ("MehrzweckgutscheinKauf", 5000, "0.00", ("1795", -5000, None, 0), "however its zero is spelled"),
    ("MehrzweckgutscheinEinloesung", -5000, None, ("1794", 5000, None, 0), "the liability ends"),
    ("TrinkgeldAG", 119, "19.00", ("2750", -119, "19.00", -19), "the employer's tip is taxed"),
    ("TrinkgeldAN", 200, None, ("1797", -200, None, 0), "the employee's is owed to him"),
    ("TrinkgeldAN", -200, None, ("1797", 200, None, 0), "and paid out"),
    ("Anzahlungseinstellung", 1190, "19.00", ("1710", -1190, "19.00", -190), "advance received"),
    ("Anzahlungsaufloesung", -1190, "19.00", ("1711", 1190, "19.00", 190), "advance used up"),
    ("Forderungsentstehung", -1190, "19.00", ("1400", 1190, "19.00", 190), "the block covers it"),
    ("Forderungsaufloesung", 1190, None, ("1401", -1190, None, 0), "paid later"),
    ("ZuschussEcht", 300, None, ("2747", -300, None, 0), "subsidy, untaxed"),
    ("ZuschussUnecht", -119, "19.00", ("1411", 119, "19.00", 19), "a third party pays"),
    ("Privateinlage", 1000, None, ("1890", -1000, None, 0), "private account"),
    ("Privatentnahme", -1000, None, ("1800", 1000, None, 0), "private account"),
    ("Geldtransit", -20000, None, ("1360", 20000, None, 0), "to the bank"),
    ("Lohnzahlung", -5000, None, ("1740", 5000, None, 0), "wages clearing"),
    ("Einzahlung", 700, None, ("1590", -700, None, 0), "suspense"),
    ("Auszahlung", -595, "19.00", ("1591", 595, "19.00", 95), "suspense, with the line's VAT"),
    ("DifferenzSollIst", -30, None, ("2310", 30, None, 0), "short"),
    ("DifferenzSollIst", 30, None, ("2710", -30, None, 0), "over"),
]


@pytest.mark.parametrize(("case", "gross", "rate", "entry", "why"), CASES, ids=[f"{c[0]}-{c[4]}" for c in CASES])
def test_a_line_is_booked_on_its_account_and_turned_on_clearing(
    case: str, gross: int, rate: str | None, entry: tuple[Any, ...], why: str
) -> None:
    result = booked(receipt(line(case, gross, rate)))
    assert result.rejections == []
    assert entries(result) == [entry, ("1000", gross, None, 0)], why
    assert result.postings["account"].tolist() == [entry[0], CLEARING, "1000", CLEARING]
    assert result.postings["amount_cents"].tolist() == [-gross, gross, gross, -gross]
    assert result.postings["business_case"].fillna("").tolist() == [case, case, "", ""]
    assert result.postings["tender"].fillna("").tolist() == ["", "", "Bar", "Bar"]


def test_every_business_case_is_spelled_out_above() -> None:
    assert {case for case, *_ in CASES} | {"Anfangsbestand"} == set(BUSINESS_CASES)


@pytest.mark.parametrize("case", ["Einzahlung", "Auszahlung"])
def test_money_in_and_out_is_flagged_for_review(case: str) -> None:
    result = booked(receipt(line(case, 500, None)))
    assert result.postings["flag"].fillna("").tolist() == ["review", "", "", ""]
    assert [(w.code, w.key) for w in result.warnings] == [("cash_for_review", "R1|1")]


def test_a_posting_says_where_it_comes_from() -> None:
    result = booked(receipt(line(article="A19", text="Kaffee\x00250 g\n"), id="0b9c", register="K2", number=4711))
    first = result.postings.iloc[0]
    assert first.to_dict() | {"flag": None} == {
        "posting_id": "0b9c:0001", "receipt_id": "0b9c", "register": "K2", "posting_date": "2026-11-23",
        "document_number": "K2-4711", "account": "8400", "amount_cents": -1190, "currency": "EUR", "tax_code": "3",
        "vat_rate": "19.00", "tax_cents": -190, "business_case": "Umsatz", "tender": first["tender"],
        "text": "Kaffee 250 g ", "flag": None,
    }  # fmt: skip
    assert pd.isna(first["tender"])
    assert result.postings["posting_id"].tolist() == ["0b9c:0001", "0b9c:0002", "0b9c:0003", "0b9c:0004"]
    assert result.postings["text"].tolist()[2:] == ["Bar", "Bar"]


def test_lines_are_booked_by_number_whatever_their_order() -> None:
    lines = [line(gross=100), line(gross=200)]
    lines[0]["number"], lines[1]["number"] = 2, 1
    assert [amount for _, amount, *_ in entries(booked(receipt(*lines)))] == [-200, -100, 300]


# --- tenders

TENDER_CASES = [
    ("Bar", None, "1000", "the register's cash"),
    ("ECKarte", "girocard", "1361", "a clearing account each"),
    ("Kreditkarte", "VISA", "1362", "a clearing account each"),
    ("ElZahlungsdienstleister", "PayPal", "1363", "a clearing account each"),
    ("Guthabenkarte", None, "1796", "stored value is a liability"),
    ("Unbar", "Rechnung", "1410", "by its name"),
    ("Unbar", "Auf Rechnung", "1411", "by its name"),
]


@pytest.mark.parametrize(("tender", "name", "account", "why"), TENDER_CASES)
def test_a_payment_is_booked_on_its_account(tender: str, name: str | None, account: str, why: str) -> None:
    result = booked(receipt(line(), payments=[pay(tender, 1190, name)]))
    assert entries(result) == [("8400", -1190, "19.00", -190), (account, 1190, None, 0)], why
    assert result.postings["tender"].tolist()[2:] == [tender, tender]
    assert result.postings["text"].tolist()[2:] == [name or tender] * 2


def test_every_tender_is_spelled_out() -> None:
    assert {tender for tender, *_ in TENDER_CASES} | {"Keine"} == set(TENDERS)


def test_a_purchase_paid_by_voucher_books_the_voucher_as_a_line_only() -> None:
    result = booked(receipt(line(), line("MehrzweckgutscheinEinloesung", -1190, None), payments=[pay("Keine", 0)]))
    assert entries(result) == [("8400", -1190, "19.00", -190), ("1794", 1190, None, 0)]


def test_a_zero_total_needs_no_payment() -> None:
    assert entries(booked(receipt(line(gross=500), line(gross=-500), payments=[])))[0][1] == -500


def test_the_tender_none_with_an_amount_is_refused() -> None:
    result = booked(receipt(line(), payments=[pay("Keine", 1190)]))
    assert refused(result) == [("tender_none_amount", "The tender 'Keine' has an amount of 11.90; it must be 0.")]


def test_foreign_cash_is_booked_by_its_base_amount() -> None:
    dollars = pay("Bar", 2500, "Bar USD", currency="USD", base_amount_cents=2300)
    result = booked(receipt(line(gross=2000), payments=[dollars, pay("Bar", -300)]))
    assert [(account, amount) for account, amount, *_ in entries(result)[1:]] == [("1000", 2300), ("1000", -300)]
    assert set(result.postings["currency"]) == {"EUR"}


def test_each_register_has_its_own_cash_account() -> None:
    result = booked(receipt(line(), id="A"), receipt(line(), id="B", register="K2"))
    assert [account for account, *_ in entries(result)] == ["8400", "1000", "8400", "1001"]


# --- opening cash


def test_opening_cash_is_taken_off_the_cash_payment_and_neither_is_booked() -> None:
    opening = line("Anfangsbestand", 10_000, None)
    assert entries(booked(receipt(opening, line(gross=500)))) == [
        ("8400", -500, "19.00", -80),
        ("1000", 500, None, 0),
    ]
    assert booked(receipt(opening)).postings.empty


def test_opening_cash_is_taken_off_several_cash_payments_but_no_foreign_ones() -> None:
    payments = [pay("Bar", 5_000, currency="CHF", base_amount_cents=5_000), pay("Bar", 6_000), pay("Bar", 4_500)]
    result = booked(receipt(line("Anfangsbestand", 10_000, None), line(gross=5_500), payments=payments))
    assert [(account, amount) for account, amount, *_ in entries(result)[1:]] == [("1000", 5_000), ("1000", 500)]


def test_the_void_of_opening_cash_is_its_mirror() -> None:
    original = receipt(line("Anfangsbestand", 10_000, None), line(gross=500))
    result = booked(void_of(original, id="V"))
    assert entries(result) == [("8400", 500, "19.00", 80), ("1000", -500, None, 0)]


@pytest.mark.parametrize("sign", [1, -1])
def test_less_cash_than_opening_cash_is_refused(sign: int) -> None:
    found = receipt(
        line("Anfangsbestand", sign * 10_000, None), payments=[pay("Bar", sign * 9_000), pay("ECKarte", sign * 1_000)]
    )
    ((code, text),) = refused(booked(found))
    assert code == "opening_cash_exceeds_bar"
    assert text == "The opening cash of {0}100.00 is more than the cash of the receipt, {0}90.00.".format(
        "-" if sign < 0 else ""
    )


def test_opening_cash_that_comes_to_nothing_takes_nothing_off() -> None:
    lines = [line("Anfangsbestand", 100, None), line("Anfangsbestand", -100, None), line(gross=500)]
    assert entries(booked(receipt(*lines)))[-1] == ("1000", 500, None, 0)


# --- kinds and receipts without effect


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Beleg"])
def test_a_receipt_of_another_kind_books_nothing(kind: str) -> None:
    result = booked(receipt(line(), kind=kind))
    assert (len(result.postings), len(result.movements), result.rejections) == (0, 0, [])


def test_a_receipt_of_kind_beleg_is_booked() -> None:
    assert len(booked(receipt(line(), kind="Beleg")).postings) == 4


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (receipt(line(), cancelled=True), "broken off"),
        (receipt(), "no line"),
        (receipt(line(cancelled=True)), "no live line"),
        (receipt(line(gross=0)), "nothing but zero"),
        (receipt(line(gross=0), payments=[pay("Unbar", 0, "unknown")]), "zero needs no account"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_receipt_without_effect_books_nothing(found: Receipt, why: str) -> None:
    result = booked(found, by=ledger(accounts=accounts(business_cases={}, revenue={})))
    assert (len(result.postings), result.rejections) == (0, []), why


def test_a_cancelled_line_is_ignored_whatever_it_says() -> None:
    result = booked(receipt(line(), line("Lohnzahlung", 99_999, "7.00", cancelled=True, number=1)))
    assert entries(result) == [("8400", -1190, "19.00", -190), ("1000", 1190, None, 0)]


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_void_is_its_original_turned_whichever_way_it_is_flagged(cancelled: bool) -> None:
    original = receipt(line(article="A7", rate="7.00"), line("Rabatt", -100), payments=[pay("ECKarte", 1090)])
    turned = [
        (account, -amount, rate, -tax) for account, amount, rate, tax in entries(booked(original))
    ]  # fmt: skip
    assert entries(booked(void_of(original, id="V", cancelled=cancelled))) == turned


# --- closed periods


@pytest.mark.parametrize(
    ("day", "date", "flag"),
    [
        ("2024-01-01", "2026-11-01", "closed_period"),
        ("2026-10-31", "2026-11-01", "closed_period"),
        ("2026-11-01", "2026-11-01", ""),
    ],
)
def test_a_receipt_of_a_closed_period_is_booked_on_the_first_open_day(day: str, date: str, flag: str) -> None:
    by = ledger(closed_until=dt.date(2026, 10, 31))
    result = booked(receipt(line(article="A19"), business_day=day), by=by)
    assert set(result.postings["posting_date"]) == {date}
    assert set(result.postings["flag"].fillna("")) == {flag}
    assert set(result.movements["movement_date"]) == {day}


def test_both_flags_can_stand_on_one_posting() -> None:
    result = booked(receipt(line("Einzahlung", 500, None)), by=ledger(closed_until=dt.date(2026, 12, 31)))
    assert result.postings["flag"].tolist() == ["closed_period review"] + ["closed_period"] * 3


# --- settings that are missing

MISSING = [
    (line("TrinkgeldAG"), None, without("business_cases", "TrinkgeldAG"), "accounts.business_cases.TrinkgeldAG"),
    (line("DifferenzSollIst", -1, None), None, without("business_cases", "DifferenzSollIst"),
     "accounts.business_cases.DifferenzSollIst.short"),
    (line(), None, without("revenue", "19.00"), 'accounts.revenue."19.00"'),
    (line(), None, {"clearing": None}, "accounts.clearing"),
    (line(), pay("ECKarte", 1190), without("tenders", "ECKarte"), "accounts.tenders.ECKarte"),
    (line(), pay("Unbar", 1190, "Gutschein"), {}, "accounts.tenders.Unbar.Gutschein"),
    (line(), pay("Unbar", 1190, "Auf Ziel"), {}, 'accounts.tenders.Unbar."Auf Ziel"'),
    (line(), pay("Unbar", 1190), {}, 'accounts.tenders.Unbar."*"'),  # a key that is empty cannot be written
    (line(), pay("Unbar", 1190, "Rechnung"), {"tenders": {}}, "accounts.tenders.Unbar.Rechnung"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "payment", "change", "setting"), MISSING, ids=[row[3] for row in MISSING])
def test_a_receipt_without_an_account_is_refused_and_the_setting_named(
    found: dict[str, Any], payment: dict[str, Any] | None, change: dict[str, Any], setting: str
) -> None:
    result = booked(receipt(found, payments=[payment] if payment else None), by=ledger(accounts=accounts(**change)))
    assert refused(result) == [("account_missing", f"No account is set: {setting}.")]
    assert result.rejections[0].asset == "revenue_postings"
    assert result.rejections[0].key == "R1"


def test_a_register_that_is_no_longer_in_the_settings_has_no_cash_account() -> None:
    told = "Register 'K9' is not below registers: in cloudkasse.yaml any more, so its cash has no account."
    assert refused(booked(receipt(line(), register="K9"))) == [("register_removed", told)]
    assert len(booked(receipt(line(), register="K9", payments=[pay("ECKarte", 1190)])).postings) == 4


def test_all_settings_that_a_receipt_lacks_are_named_at_once() -> None:
    cases = ["MehrzweckgutscheinKauf", "EinzweckgutscheinKauf", "Anzahlungseinstellung", "TrinkgeldAN"]
    by = ledger(accounts=accounts(clearing=None, business_cases={}))
    ((_, text),) = refused(booked(receipt(*(line(case, 100, None) for case in [*cases, *cases])), by=by))
    assert text.count("accounts.clearing") == 1
    assert text.count("accounts.business_cases.") >= 2
    ((_, text),) = refused(booked(receipt(line("Pfand", 10), line("TrinkgeldAN", 10, None)), by=by))
    assert text == (
        "No account is set: accounts.clearing, accounts.business_cases.Pfand, accounts.business_cases.TrinkgeldAN."
    )


def test_a_refused_receipt_holds_up_no_other() -> None:
    good, bad = receipt(line(article="A19"), id="good"), receipt(line("Pfand"), line(article="A19"), id="bad")
    result = booked(good, bad, by=ledger(accounts=accounts(**without("business_cases", "Pfand"))))
    assert set(result.postings["receipt_id"]) == {"good"} == set(result.movements["receipt_id"])
    assert [r.key for r in result.rejections] == ["bad"]


def test_a_line_number_that_stands_twice_is_refused() -> None:
    lines = [line(), line()]
    for fields in lines:
        fields["number"] = 7
    assert refused(booked(receipt(*lines))) == [("line_number_repeated", "Two lines of the receipt have the number 7.")]


def test_a_currency_that_is_none_is_refused() -> None:
    assert refused(booked(receipt(line(), currency="Euro")))[0][0] == "receipt_currency"


def test_the_same_refusal_is_told_in_the_same_words_and_hash_again() -> None:
    by = ledger(accounts=accounts(clearing=None))
    first, again = (booked(receipt(line()), by=by).rejections for _ in range(2))
    assert first == again
    other = booked(receipt(line("Pfand", 25)), by=ledger(accounts=accounts(business_cases={}))).rejections
    assert first[0].content != other[0].content != ""


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("code", ["account_missing", "opening_cash_exceeds_bar", "vat_rate_unexpected"])
def test_the_catalogue_has_both_languages(language: Language, code: str) -> None:
    refused = Rejection(REVENUE_POSTINGS, "R1", code, {"setting": "x", "further": ""})
    assert refused.text(language)
    assert refused.cure(language)
    other: Language = "en" if language == "de" else "de"
    assert refused.text(language) != refused.text(other)
    assert refused.cure(language) != refused.cure(other)
