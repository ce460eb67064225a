"""Protects that what SelectLine's ledger would refuse is told before anything is sent, each by its name."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from cloudkasse_etl.transform.deliveries.ledger_chart import (
    FiscalYear,
    LedgerChart,
    TaxCode,
    read_accounts,
    read_tax_codes,
    read_years,
)
from cloudkasse_etl.transform.deliveries.ledger_postings import CompoundPosting, LedgerPosition
from cloudkasse_etl.transform.deliveries.ledger_refusals import ledger_faults

DAY = dt.date(2026, 11, 24)
YEARS = read_years(
    {"DatabaseName": f"SL_MSHOPF-{year}", "StartDate": f"{year}-01-01T00:00:00", "EndDate": f"{year}-12-31T00:00:00"}
    for year in (2025, 2026)
)
ACCOUNTS: list[Mapping[str, Any]] = [
    {"Account": "1371"},
    {"Account": "8400"},
    {"Account": "8401", "PostingBlockFrom": "2026-11-24T00:00:00"},
    {"Account": "8402", "PostingBlockFrom": "2026-11-25T00:00:00"},
    {"Account": "8403", "Options": {"OnlyPostAccountIndirectly": True}},
    {"Account": "10000", "Type": "Debtor"},
    {"Account": "8404", "UserAccess": False},
]
RATES = [
    {"ValidFrom": "2007-01-01T00:00:00", "ValidTill": "2026-11-30T00:00:00", "Tax": 19.0},
    {"ValidFrom": "2026-12-01T00:00:00", "ValidTill": "9999-12-31T00:00:00", "Tax": 21},
]


def chart(*, changeable: bool = True) -> LedgerChart:
    codes = read_tax_codes(
        [
            {"TaxCodeNumber": "3", "Validities": RATES, "TaxCodeOptions": {"ChangeableTaxSum": changeable}},
            {"TaxCodeNumber": "9", "Validities": []},
        ]
    )
    return LedgerChart(YEARS[1], YEARS, read_accounts(ACCOUNTS), codes)


def posted(
    account: str = "8400", *, tax: int = -19, code: str | None = "3", day: dt.date = DAY, sold: dt.date = DAY
) -> list[CompoundPosting]:
    lines = (
        LedgerPosition("1371", 119, None, None, 0, ()),
        LedgerPosition(account, -119, code, "19.00", tax, ()),
    )
    return [CompoundPosting(day, sold, "EUR", None, lines)]


def codes(postings: list[CompoundPosting], by: LedgerChart | None) -> list[str]:
    return [fault.code for fault in ledger_faults(postings, by)]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"tax": -18}, []),
        ({"account": "8402"}, []),
        ({"account": "4711"}, ["ledger_account_unknown"]),
        ({"account": "8401"}, ["ledger_account_barred"]),
        ({"account": "8403"}, ["ledger_account_barred"]),
        ({"account": "8404"}, ["ledger_account_barred"]),
        ({"account": "10000"}, ["ledger_account_barred"]),
        ({"code": None}, ["ledger_tax_code_missing"]),
        ({"code": None, "tax": 0}, []),
        ({"code": "7"}, ["ledger_tax_code_unknown"]),
        ({"code": "9"}, ["ledger_tax_code_unknown"]),
        ({"sold": dt.date(2026, 12, 1)}, ["ledger_tax_rate_differs"]),
        ({"day": dt.date(2025, 12, 31)}, ["ledger_other_year"]),
        ({"day": dt.date(2027, 1, 1)}, ["ledger_no_year"]),
        ({"day": dt.date(2025, 12, 31), "account": "4711"}, ["ledger_other_year", "ledger_account_unknown"]),
    ],
)
def test_each_has_its_own_name(changed: dict[str, Any], told: list[str]) -> None:
    assert codes(posted(**changed), chart()) == told


def test_another_vat_than_the_rate_comes_to_needs_a_code_that_lets_it() -> None:
    assert codes(posted(tax=-19), chart(changeable=False)) == []
    assert codes(posted(tax=-18), chart(changeable=False)) == ["ledger_tax_sum_fixed"]


def test_without_the_ledgers_master_data_only_the_books_are_looked_at() -> None:
    assert codes(posted("4711", tax=-18, day=dt.date(2020, 1, 1)), None) == []
    assert codes(posted(code=None), None) == ["ledger_tax_code_missing"]


@pytest.mark.parametrize(
    ("cents", "rate", "to_five", "due"),
    [(119, "19.00", False, 19), (-119, "19.00", False, -19), (100, "8.10", False, 7), (100, "8.10", True, 5),
     (1050, "7.70", True, 75), (3, "19.00", False, 0), (0, "19.00", False, 0)],
)  # fmt: skip
def test_vat_is_computed_as_selectline_does(cents: int, rate: str, to_five: bool, due: int) -> None:
    assert TaxCode((), False, to_five).due_cents(cents, rate) == due


def test_what_cannot_be_read_of_the_master_data_is_left_out() -> None:
    assert read_years([{"DatabaseName": "X"}]) == []
    assert read_tax_codes([{"TaxCodeNumber": "3", "Validities": [{"Tax": None}]}])["3"].rate_on(DAY) is None
    assert FiscalYear("X", DAY, DAY).has(DAY)


@pytest.mark.parametrize(("periods", "has_it"), [(None, True), (12, True), (2, True), (1, False)])
def test_a_year_that_has_fewer_periods_than_months_does_not_take_all_days(periods: int | None, has_it: bool) -> None:
    year = FiscalYear("X", dt.date(2026, 10, 1), dt.date(2027, 9, 30), periods)
    assert year.has(DAY) is has_it
    assert not year.has(dt.date(2026, 9, 30))
