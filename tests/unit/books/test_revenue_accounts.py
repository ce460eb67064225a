"""Protects what is booked of a sale: the VAT that was printed, on the account of its article, its group or its rate."""

from typing import Any

import pandas as pd
import pytest

from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.transform.booking import Booked, Ledger
from cloudkasse_etl.transform.books.reversals import Mirror, of_known
from tests.support.receipts.bookings import DRINK, GROUPS, booked, entries, refused
from tests.support.receipts.receipt_factory import (
    accounts,
    block,
    ledger,
    line,
    receipt,
    tax_of,
    void_of,
)

# --- VAT as printed


def taxes(result: Booked) -> list[tuple[int, Any, int]]:
    return [(amount, rate, tax) for _, amount, rate, tax in entries(result) if rate is not None]


def test_what_the_printed_vat_differs_by_goes_to_the_largest_line_of_its_rate() -> None:
    lines = [line(gross=110), line(gross=-330), line(gross=111), line(gross=900, rate="7.00")]
    found = receipt(*lines, vat=[block("19.00", -109, tax=-16), block("7.00", 900, tax=60)])
    assert [tax_of(110, "19.00"), tax_of(-330, "19.00"), tax_of(111, "19.00"), tax_of(900, "7.00")] == [18, -53, 18, 59]
    assert taxes(booked(found)) == [
        (-110, "19.00", -18),
        (330, "19.00", 52),
        (-111, "19.00", -18),
        (-900, "7.00", -60),
    ]


def test_of_lines_as_large_the_one_with_the_lowest_number_takes_the_difference() -> None:
    lines = [line(gross=50), line(gross=-100), line(gross=100), line(gross=100)]
    found = receipt(*lines, vat=[block("19.00", 150, tax=25)])
    assert [tax for *_, tax in taxes(booked(found))] == [-8, 15, -16, -16]


def test_receivables_that_the_vat_table_covers_carry_its_vat() -> None:
    found = receipt(line(), line("Forderungsentstehung", -1190), payments=[])
    assert found.vat[0].gross_cents == 0
    assert taxes(booked(found)) == [(-1190, "19.00", -190), (1190, "19.00", 190)]


def test_receivables_that_the_vat_table_leaves_out_carry_none() -> None:
    found = receipt(line(), line("Forderungsentstehung", -1190), payments=[], without_receivables=True)
    assert found.vat[0].gross_cents == 1190
    assert entries(booked(found)) == [("8400", -1190, "19.00", -190), ("1400", 1190, None, 0)]


def test_a_difference_never_goes_to_a_receivable_that_is_left_out() -> None:
    vat = [block("19.00", 100, tax=17)]
    found = receipt(line(gross=100), line("Forderungsaufloesung", 9_000), vat=vat)
    assert taxes(booked(found)) == [(-100, "19.00", -17)]


def test_tax_of_a_line_of_nothing_is_not_lost() -> None:
    found = receipt(line(gross=100), line(gross=0, tax=1), vat=[block("19.00", 100, tax=17)])
    assert taxes(booked(found)) == [(-100, "19.00", -17)]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (receipt(line(gross=100, rate=None), vat=[block("19.00", 0, tax=1)]), "0.01 at 19.00 %"),
        (receipt(line("Anfangsbestand", 119), line()), "0.19 at 19.00 %"),
        (receipt(line(rate=None, tax=190)), "1.90 at - %"),
        (receipt(line(rate=None), vat=[block(None, 1190, tax=1)]), "0.01 at - %"),
    ],
)
def test_printed_tax_that_no_line_bears_refuses_the_receipt(found: Receipt, text: str) -> None:
    assert refused(booked(found)) == [
        ("vat_unbookable", f"VAT of {text} was printed, but stands on no line that could be booked with it.")
    ]


def test_tax_on_a_case_that_bears_none_is_booked_as_printed_and_flagged() -> None:
    result = booked(receipt(line("TrinkgeldAN", 119)))
    assert entries(result)[0] == ("1797", -119, "19.00", -19)
    assert result.postings["flag"].fillna("").tolist() == ["review", "", "", ""]
    assert [w.code for w in result.warnings] == ["vat_unexpected"]


# --- revenue accounts and tax codes


def revenue(by: Ledger, **fields: Any) -> tuple[str, Any]:
    result = booked(receipt(line(article="X", **fields)), by=by)
    assert result.rejections == []
    first = result.postings.iloc[0]
    return first["account"], None if pd.isna(first["tax_code"]) else first["tax_code"]


@pytest.mark.parametrize(
    ("article", "groups", "rate", "expected", "why"),
    [
        (DRINK, GROUPS, "7.00", ("8311", "2"), "its own rate: its own account"),
        (DRINK, GROUPS, "19.00", ("8401", "3"), "a drink sold in house is not booked on the 7 % account"),
        (DRINK, (), "19.00", ("8400", "3"), "no group: the setting"),
        (DRINK | {"revenue_account": None}, GROUPS, "7.00", ("8301", "2"), "no own account: its group's"),
        (DRINK | {"revenue_account": ""}, GROUPS, "7.00", ("8301", "2"), "nor is an empty one an account"),
        (DRINK | {"revenue_group": None}, GROUPS, "19.00", ("8400", "3"), "no group"),
        (DRINK | {"revenue_group": "01", "revenue_account": None}, GROUPS, "7.00", ("8300", "2"), "not in its group"),
        (DRINK | {"revenue_group": "9", "revenue_account": None}, (("9", None, "1"),), "7.00", ("8300", "2"),
         "no code"),
        (DRINK, GROUPS, "0.00", ("8100", "1"), "the only code with this rate"),
        (DRINK, GROUPS, None, ("8100", None), "without VAT no code"),
        (DRINK | {"tax_code": None}, GROUPS, "7.00", ("8301", "2"), "a code that the article does not name"),
        ({"tax_code": "3", "revenue_group": "5"}, (("5", "R", "8555"), ("5", "3", "8500")), "19.00", ("8500", "3"),
         "its own code comes first"),
        ({"tax_code": "1", "revenue_group": "5"}, (("5", "2", "8555"), ("5", "R", "8500")), "7.00", ("8300", None),
         "several accounts for one rate: the ERP does not say which"),
        ({"tax_code": "1", "revenue_group": "5"}, (("5", "2", "8500"), ("5", "R", "8500")), "7.00", ("8500", None),
         "several codes, but one account"),
        ({"tax_code": "3", "revenue_group": "5"}, (("5", "3", "8555"), ("5", "3", "8500")), "19.00", ("8400", "3"),
         "several accounts for one code"),
    ],
)  # fmt: skip
def test_the_revenue_account_is_the_articles_or_its_groups_or_the_settings(
    article: dict[str, Any], groups: tuple[Any, ...], rate: str | None, expected: tuple[str, Any], why: str
) -> None:
    assert revenue(ledger({"X": article}, groups=groups), rate=rate) == expected, why


def test_a_discount_goes_to_its_articles_account_or_to_the_discount_account() -> None:
    lines = [line(article="X", rate="7.00"), line("Rabatt", -107, "7.00", article="X"), line("Rabatt", -107, "7.00")]
    by = ledger({"X": DRINK}, groups=GROUPS)
    assert [account for account, *_ in entries(booked(receipt(*lines), by=by))[:3]] == ["8311", "8311", "8300"]
    by = ledger({"X": DRINK}, groups=GROUPS, accounts=accounts(discount="8700"))
    assert [account for account, *_ in entries(booked(receipt(*lines), by=by))[:3]] == ["8311", "8700", "8700"]


def test_a_surcharge_goes_to_its_articles_account() -> None:
    found = receipt(line("Aufschlag", 107, "7.00", article="X"))
    assert entries(booked(found, by=ledger({"X": DRINK})))[0][0] == "8311"


def test_a_sale_of_an_unknown_article_is_booked_on_the_account_of_its_rate() -> None:
    result = booked(receipt(line(article="gone"), line(article=None)))
    assert [account for account, *_ in entries(result)] == ["8400", "8400", "1000"]
    assert [r.code for r in result.stock_rejections] == ["stock_article_unknown", "stock_article_missing"]


MEAL = {"X": {"tax_code": "R", "revenue_account": "8444"}}


@pytest.mark.parametrize(
    ("day", "ended_at", "rate", "account", "warned", "why"),
    [
        ("2025-12-31", "2025-12-31T20:00:00+01:00", "19.00", "8444", False, "the old rate"),
        ("2026-01-01", "2026-01-01T20:00:00+01:00", "7.00", "8444", False, "the new rate"),
        ("2025-12-31", "2026-01-01T00:30:00+01:00", "7.00", "8444", False, "a night shop: the day on which it ended"),
        ("2025-12-31", "2025-12-31T23:30:00Z", "7.00", "8444", False, "the shop's day, whatever zone it is told in"),
        ("2025-12-31", "2025-12-31T20:00:00+01:00", "7.00", "8300", True, "too early"),
        ("2026-01-01", "unreadable", "19.00", "8400", True, "too late"),
        ("2023-12-31", "2023-12-31T20:00:00+01:00", "19.00", "8400", True, "before the code had any rate"),
    ],
)
def test_the_rate_of_the_day_decides(day: str, ended_at: str, rate: str, account: str, warned: bool, why: str) -> None:
    found = receipt(line(article="X", rate=rate), business_day=day, ended_at=ended_at)
    result = booked(found, by=ledger(MEAL))
    assert entries(result)[0][0] == account, why
    assert [w.code for w in result.warnings] == ["vat_rate_unexpected"] * warned, why


def test_a_void_after_a_change_of_rates_goes_where_its_original_went() -> None:
    original = receipt(line(article="X", rate="19.00"), business_day="2025-12-30")
    void = void_of(original, id="V", business_day="2026-01-05", ended_at="2026-01-05T10:00:00+01:00")
    result = booked(void, by=ledger(MEAL, mirrors={"V": of_known(original)}))
    assert (entries(result)[0], result.warnings) == (("8444", 1190, "19.00", 190), [])


def test_an_unknown_reference_never_refuses() -> None:
    original = receipt(line(article="X", rate="19.00"), business_day="2025-12-30")
    void = void_of(original, id="V", business_day="2026-01-05", ended_at="2026-01-05T10:00:00+01:00")
    result = booked(void, by=ledger(MEAL))
    assert entries(result)[0] == ("8400", 1190, "19.00", 190)
    assert [w.code for w in result.warnings] == ["vat_rate_unexpected"]


def test_a_rate_of_the_voided_receipt_is_no_surprise() -> None:
    found = void_of(receipt(line(article="A7", rate="19.00")), id="V")
    by = ledger(mirrors={"V": Mirror("2026-11-23", frozenset({"19.00"}))})
    assert booked(found, by=by).warnings == []


def test_a_rate_that_the_articles_code_does_not_have_is_booked_and_warned_of() -> None:
    result = booked(
        receipt(line(article="A7", rate="19.00"), line("Pfand", 25, article="A7"), line(article="A7", gross=0))
    )
    (warning,) = result.warnings
    assert warning.key == "R1|1"
    assert warning.text() == (
        "Article 'A7' was sold at 19.00 % on 2026-11-23; its tax code 2 has another rate in SelectLine."
    )
    assert not result.rejections
