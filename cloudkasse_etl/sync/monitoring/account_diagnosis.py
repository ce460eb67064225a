"""Finds accounts of the settings that contradict each other, or that DATEV has none like.

Receipts balance across clearing, which ends at 0 in each (docs/rules.md, Posting): nothing else may be booked there.
And what was paid is not revenue: on one account a sale would leave nothing.
DATEV's files carry all of them, where its numbers are set.
"""

from collections import defaultdict
from collections.abc import Iterator

from cloudkasse_etl.config.record.setting_values import setting_name
from cloudkasse_etl.config.sections.account_settings import Accounts, OverShort
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.errors import Problem
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.transform.datev.row_refusals import is_carried

_Named = Iterator[tuple[str, str]]


def diagnose_accounts(settings: Settings) -> list[Problem]:
    """The accounts that contradict each other or that DATEV cannot carry, each with its cure."""
    accounts = settings.accounts
    revenue: dict[str, list[str]] = defaultdict(list)
    for name, account in _revenue(accounts):
        revenue[account].append(name)
    problems = [
        Problem(
            name,
            say(
                "The account {account} is accounts.clearing too: clearing would not end at 0, and nothing would show "
                "whether a receipt is booked whole.",
                account=account,
            ),
            say("Give it an account of its own; accounts.clearing is an interim account that nothing else uses."),
        )
        for name, account in (*_payments(settings), *_revenue(accounts), *_cases(accounts))
        if account == accounts.clearing
    ]
    problems += [
        Problem(
            name,
            say(
                "The account {account} is that of {revenue} too: what is sold and what is paid would cancel each other "
                "out there, and no revenue would be left.",
                account=account, revenue=", ".join(revenue[account]),
            ),
            say("Give the payment its own account: a bank's, or a clearing account of the payment service."),
        )
        for name, account in _payments(settings)
        if account in revenue
    ]  # fmt: skip
    return [*problems, *_not_for_datev(settings)]


def _not_for_datev(settings: Settings) -> Iterator[Problem]:
    datev, accounts = settings.datev, settings.accounts
    if datev.adviser is None and datev.client is None:
        return
    clearing = [] if accounts.clearing is None else [("accounts.clearing", accounts.clearing)]
    for name, account in (*clearing, *_payments(settings), *_revenue(accounts), *_cases(accounts)):
        if not is_carried(account, datev):
            yield Problem(
                name,
                say("DATEV has no account like {account}: a day with a posting on it cannot be exported.",
                    account=account),
                say(
                    "An account is a number of at most {length} digits, one more for customers and suppliers: correct "
                    "it here and in SelectLine before anything is booked on it, or correct datev.account_length.",
                    length=datev.account_length,
                ),
            )  # fmt: skip


def _payments(settings: Settings) -> _Named:
    for register in settings.registers:
        if register.cash_account is not None:
            yield setting_name("registers", register.number, "cash_account"), register.cash_account
        yield from _tenders(register.tenders, "registers", register.number)
    yield from _tenders(settings.accounts.tenders, "accounts")


def _tenders(tenders: dict[str, str | dict[str, str]], *path: str) -> _Named:
    for tender, found in tenders.items():
        if isinstance(found, str):
            yield setting_name(*path, "tenders", tender), found
        else:
            yield from ((setting_name(*path, "tenders", tender, name), account) for name, account in found.items())


def _revenue(accounts: Accounts) -> _Named:
    for rate, account in accounts.revenue.items():
        yield setting_name("accounts", "revenue", rate), account
    if accounts.discount is not None:
        yield "accounts.discount", accounts.discount


def _cases(accounts: Accounts) -> _Named:
    for case, found in accounts.business_cases.items():
        if isinstance(found, OverShort):
            yield setting_name("accounts", "business_cases", case, "short"), found.short
            yield setting_name("accounts", "business_cases", case, "over"), found.over
        else:
            yield setting_name("accounts", "business_cases", case), found
