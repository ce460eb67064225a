"""Protects the books from settings that put two things on one account: `check` names each with its cure."""

from typing import Any

import pytest

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.sync.monitoring.account_diagnosis import diagnose_accounts

REGISTER: dict[str, Any] = {"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1"}
SOUND: dict[str, Any] = {
    "clearing": "1371",
    "revenue": {"19.00": "8400", "7.00": "8300"},
    "discount": "8400",  # where no account of its own is wanted
    "tenders": {"ECKarte": "1360", "Unbar": {"Rechnung": "1410"}, "Guthabenkarte": "1795"},
    # a voucher is paid with by what it was sold as, and an invoice by what it was booked as
    "business_cases": {"Pfand": "8400", "MehrzweckgutscheinKauf": "1795", "Forderungsentstehung": "1410"},
}


def found(accounts: dict[str, Any], **register: Any) -> list[tuple[str, str]]:
    groups = {"1": {"basis": "gross"}}
    datev = register.pop("datev", {})
    settings = Settings.model_validate(
        {"price_groups": groups, "registers": [REGISTER | register], "accounts": SOUND | accounts, "datev": datev}
    )
    problems = diagnose_accounts(settings)
    assert all(problem.cure and not problem.is_note for problem in problems)
    return [(problem.where, str(problem.text)) for problem in problems]


def test_accounts_that_several_things_may_share_are_no_fault() -> None:
    assert found({}, cash_account="1000") == []
    assert diagnose_accounts(Settings()) == []


@pytest.mark.parametrize(
    ("accounts", "register", "where"),
    [
        ({"tenders": {"ECKarte": "1371"}}, {}, "accounts.tenders.ECKarte"),
        ({"tenders": {"Kreditkarte": {"Visa": "1362", "*": "1371"}}}, {}, 'accounts.tenders.Kreditkarte."*"'),
        ({}, {"tenders": {"ECKarte": "1371"}}, "registers.K1.tenders.ECKarte"),
        ({}, {"cash_account": "1371"}, "registers.K1.cash_account"),
        ({"revenue": {"19.00": "1371"}}, {}, 'accounts.revenue."19.00"'),
        ({"discount": "1371"}, {}, "accounts.discount"),
        ({"business_cases": {"Geldtransit": "1371"}}, {}, "accounts.business_cases.Geldtransit"),
        (
            {"business_cases": {"DifferenzSollIst": {"short": "2309", "over": "1371"}}},
            {},
            "accounts.business_cases.DifferenzSollIst.over",
        ),
    ],
)
def test_nothing_else_is_booked_on_clearing(accounts: dict[str, Any], register: dict[str, Any], where: str) -> None:
    ((place, text),) = found(accounts, **register)
    assert place == where
    assert "1371 is accounts.clearing too" in text


@pytest.mark.parametrize(
    ("accounts", "register", "where"),
    [
        ({"tenders": {"ECKarte": "8300"}}, {}, "accounts.tenders.ECKarte"),
        ({}, {"cash_account": "8300"}, "registers.K1.cash_account"),
        ({}, {"tenders": {"Kreditkarte": {"Visa": "8300"}}}, "registers.K1.tenders.Kreditkarte.Visa"),
    ],
)
def test_what_is_paid_is_not_revenue(accounts: dict[str, Any], register: dict[str, Any], where: str) -> None:
    ((place, text),) = found(accounts, **register)
    assert place == where
    assert '8300 is that of accounts.revenue."7.00" too' in text


@pytest.mark.parametrize(
    ("accounts", "where"),
    [
        ({"tenders": {"ECKarte": "12A4"}}, "accounts.tenders.ECKarte"),
        ({"clearing": "137100"}, "accounts.clearing"),
        ({"revenue": {"19.00": "0000"}}, 'accounts.revenue."19.00"'),
        ({"business_cases": {"Geldtransit": "KASSE"}}, "accounts.business_cases.Geldtransit"),
    ],
)
def test_an_account_that_datev_cannot_carry_is_named_where_datev_is_set(accounts: dict[str, Any], where: str) -> None:
    ((place, text),) = found(accounts, datev={"adviser": 29098})
    assert place == where
    assert "DATEV has no account like" in text
    assert found(accounts) == []
    assert found({"tenders": {"ECKarte": "10001"}}, datev={"adviser": 29098}, cash_account="1000") == []
    longer = {"adviser": 29098, "account_length": 6}
    assert bool(found(accounts, datev=longer)) == (where != "accounts.clearing")
