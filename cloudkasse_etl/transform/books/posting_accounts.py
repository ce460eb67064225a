"""Chooses the account of each line and payment, or names the setting that is missing. There is no fallback account."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cloudkasse_etl.config.sections.account_settings import ANY_NAME, OverShort
from cloudkasse_etl.transform.books.business_cases import (
    CASH,
    CASH_DIFFERENCE,
    DISCOUNT,
    NAMED_TENDER,
    NO_TENDER,
    REVENUE_CASES,
)
from cloudkasse_etl.transform.books.ledger import Ledger, Texts, clean_texts, setting_name, usable_texts
from cloudkasse_etl.transform.books.tax_codes import NO_VAT

_LONGEST = 15  # RevenuePosting.account
_OF_THE_ERP = "ART.KontoVerkauf, KTOGRUPPENPOS.GKonto"


@dataclass(frozen=True)
class RowAccounts:
    """Accounts by row.

    Attributes:
        account: The account; None where there is none.
        setting: The path of the setting that is looked up; shown to the clerk where it is missing.
    """

    account: Texts
    setting: Texts


_Found = tuple[str | None, str]


def line_accounts(lines: pd.DataFrame, rates: Texts, revenue_account: Texts, ledger: Ledger) -> RowAccounts:
    """The account of each line.

    Args:
        lines: Lines with business_case and gross_cents.
        rates: The rate that each is booked with; a sale without VAT is booked like one of 0 %.
        revenue_account: The ERP's account for each line (`find_tax_codes`).
        ledger: The settings.

    Returns:
        The account or the missing setting, a row for each line.
    """
    accounts = ledger.accounts

    def find(case: str, rate: str, is_over: bool) -> _Found:
        if case in REVENUE_CASES:
            if case == DISCOUNT and accounts.discount:
                return accounts.discount, "accounts.discount"
            return accounts.revenue.get(rate), setting_name("accounts", "revenue", rate)
        account = accounts.business_cases.get(case)
        name = setting_name("accounts", "business_cases", case)
        if case == CASH_DIFFERENCE:
            side = "over" if is_over else "short"
            return getattr(account, side) if isinstance(account, OverShort) else None, f"{name}.{side}"
        return account if isinstance(account, str) else None, name

    cases = lines["business_case"].to_numpy(dtype=object)
    shown_rates = np.where(pd.isna(rates), NO_VAT, rates)
    found = _look_up(find, cases, shown_rates, lines["gross_cents"].to_numpy("int64") > 0)
    own_revenue = np.isin(cases, [case for case in REVENUE_CASES if case != DISCOUNT or not accounts.discount])
    named = own_revenue & ~pd.isna(revenue_account)
    of_row, distinct = pd.factorize(revenue_account)
    broken = named & np.array([*map(_is_broken, distinct), False])[of_row]
    # not replaced by another account: this one was named on purpose
    shown = clean_texts(np.asarray(distinct, dtype=object))
    setting = np.array([f"{_OF_THE_ERP} = '{text[:_LONGEST]}'" for text in shown] + [""], dtype=object)[of_row]
    account = np.where(named, revenue_account, found.account)
    account[broken] = None
    return RowAccounts(account, np.where(broken, setting, found.setting))


def _is_broken(account: str) -> bool:
    return not 0 < len(account) <= _LONGEST or account != account.strip() or not account.isprintable()


def tender_accounts(payments: pd.DataFrame, registers: Texts, ledger: Ledger) -> RowAccounts:
    """The account of each payment.

    The register's own accounts come before those of all registers, and a name's own before those of any name.

    Args:
        payments: Payments with tender and name; the name is compared without blanks around it.
        registers: The register that took each.
        ledger: The settings.

    Returns:
        The account or the missing setting, a row for each payment.
    """

    def find(tender: str, name: str, register: str) -> _Found:
        if tender == CASH:
            if (known := ledger.registers.get(register)) is None:
                return None, setting_name("registers", register)
            return known.cash_account, setting_name("registers", register, "cash_account")
        if tender == NO_TENDER:
            return None, ""
        missing = None
        for path, accounts in _entries_of(tender, register, ledger):
            if isinstance(accounts, str):
                return accounts, setting_name(*path)
            for key in (name, ANY_NAME):
                if key in accounts:
                    return accounts[key], setting_name(*path, key)
            # any name at this register would be any that all registers have accounts for, too
            missing = (name and missing) or setting_name(*path, name or ANY_NAME)
        path = ("accounts", "tenders", tender)
        return None, missing or setting_name(*path, *([name or ANY_NAME] if tender == NAMED_TENDER else []))

    tender = payments["tender"].to_numpy(dtype=object)
    # a key of the settings has no blanks around it, and is not empty
    name = usable_texts(payments["name"].to_numpy(dtype=object))
    return _look_up(find, tender, np.where(pd.isna(name), "", name), registers)


def is_by_name(tender: str, register: str, ledger: Ledger) -> bool:
    """Whether payments of a tender at a register have accounts by their names.

    Args:
        tender: The tender.
        register: The number of the register.
        ledger: The settings.

    Returns:
        False where one account is any name's.
    """
    (_, first), *_ = [*_entries_of(tender, register, ledger), ((), "")]
    return tender == NAMED_TENDER or not isinstance(first, str)


def _entries_of(tender: str, register: str, ledger: Ledger) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What the settings say of a tender, and where: of this register, then of all."""
    known = ledger.registers.get(register)
    for path, tenders in (
        (("registers", register, "tenders", tender), known.tenders if known else {}),
        (("accounts", "tenders", tender), ledger.accounts.tenders),
    ):
        if tender in tenders:
            yield path, tenders[tender]


def _look_up(find: Callable[..., _Found], *columns: Any) -> RowAccounts:
    """Calls `find` once for each distinct combination of the columns' values."""
    frame = pd.DataFrame(dict(enumerate(columns)))
    of_row = frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy("int64")
    distinct = frame.iloc[np.unique(of_row, return_index=True)[1]]
    account = np.empty(len(distinct), dtype=object)
    setting = np.empty(len(distinct), dtype=object)
    for position, values in enumerate(distinct.itertuples(index=False, name=None)):
        account[position], setting[position] = find(*values)
    return RowAccounts(account[of_row], setting[of_row])
