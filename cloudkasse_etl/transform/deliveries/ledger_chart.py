"""What SelectLine's ledger knows of accounts, tax codes and its fiscal year, as postings are held against it. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

PERSONAL: Final = ("Debtor", "Creditor")
_CENT, _FIVE_CENTIMES = Decimal(1), Decimal(5)


@dataclass(frozen=True, slots=True)
class Account:
    """An account.

    Attributes:
        locked_from: The day from which it is locked; None for never.
        is_barred: Whether a batch cannot post on it on any day: only indirectly, with open items, or without the right.
    """

    locked_from: dt.date | None = None
    is_barred: bool = False

    def takes(self, day: dt.date) -> bool:
        """Whether it may be posted on a day."""
        return not self.is_barred and (self.locked_from is None or day < self.locked_from)


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax code.

    Attributes:
        rates: First and last day of each rate, and the rate as `19.00`.
        is_changeable: Whether a posting may state another VAT than its rate comes to (ChangeableTaxSum).
        rounds_to_five: Whether SelectLine rounds its VAT to five centimes.
        is_of_sales: Whether it is one of sales, not of purchases.
    """

    rates: Sequence[tuple[dt.date, dt.date, str]]
    is_changeable: bool
    rounds_to_five: bool = False
    is_of_sales: bool = True

    def rate_on(self, day: dt.date) -> str | None:
        """Its rate on a day; None where it has none."""
        return next((rate for first, last, rate in self.rates if first <= day <= last), None)

    def due_cents(self, gross_cents: int, rate: str) -> int:
        """The VAT in a gross amount, as SelectLine computes it."""
        exact = gross_cents * Decimal(rate) / (100 + Decimal(rate))
        step = _FIVE_CENTIMES if self.rounds_to_five else _CENT
        return int((exact / step).quantize(Decimal(1), ROUND_HALF_UP) * step)


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """A fiscal year.

    Attributes:
        name: Its database.
        first, last: Its days.
        periods: How many months of it can be posted in; None where the API does not say.
    """

    name: str
    first: dt.date
    last: dt.date
    periods: int | None = None

    def has(self, day: dt.date) -> bool:
        """Whether a day is in it, and in one of its periods."""
        month = (day.year - self.first.year) * 12 + day.month - self.first.month
        return self.first <= day <= self.last and (self.periods is None or month < self.periods)


@dataclass(frozen=True, slots=True)
class LedgerChart:
    """A ledger's master data.

    Attributes:
        year: The fiscal year that is posted in.
        years: All fiscal years of its tenant.
        accounts: By number.
        tax_codes: By code.
    """

    year: FiscalYear
    years: Sequence[FiscalYear]
    accounts: Mapping[str, Account]
    tax_codes: Mapping[str, TaxCode]

    def year_of(self, day: dt.date) -> FiscalYear | None:
        """The fiscal year that a day is in; None where there is none."""
        return next((year for year in self.years if year.has(day)), None)


def read_years(rows: Iterable[Mapping[str, Any]]) -> list[FiscalYear]:
    """The fiscal years of a tenant as the API tells them; one without a first or last day is left out."""
    found = []
    for row in rows:
        first, last = _day(row.get("StartDate")), _day(row.get("EndDate"))
        if first is not None and last is not None:
            months = row.get("PostingMonths")
            periods = months if isinstance(months, int) and months > 0 else None
            found.append(FiscalYear(str(row.get("DatabaseName") or ""), first, last, periods))
    return found


def read_accounts(rows: Iterable[Mapping[str, Any]]) -> dict[str, Account]:
    """Accounts as the API tells them, by number."""
    found = {}
    for row in rows:
        options = row.get("Options")
        is_indirect = isinstance(options, Mapping) and options.get("OnlyPostAccountIndirectly") is True
        is_barred = is_indirect or row.get("Type") in PERSONAL or row.get("UserAccess") is False
        found[str(row.get("Account") or "")] = Account(_day(row.get("PostingBlockFrom")), is_barred)
    return found


def read_tax_codes(rows: Iterable[Mapping[str, Any]]) -> dict[str, TaxCode]:
    """Tax codes as the API tells them, by code."""
    found = {}
    for row in rows:
        options = row.get("TaxCodeOptions")
        told: Mapping[str, Any] = options if isinstance(options, Mapping) else {}
        rates = []
        for one in row.get("Validities") or ():
            rate, first, last = _rate(one.get("Tax")), _day(one.get("ValidFrom")), _day(one.get("ValidTill"))
            if rate is not None:
                rates.append((first or dt.date.min, last or dt.date.max, rate))
        found[str(row.get("TaxCodeNumber") or "")] = TaxCode(
            rates,
            is_changeable=told.get("ChangeableTaxSum") is True,
            rounds_to_five=told.get("RoundOffTaxSumTo5Centimes") is True,
            is_of_sales=row.get("TaxType") in (None, "SalesTax"),
        )
    return found


def _day(value: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _rate(value: object) -> str | None:
    try:
        return f"{Decimal(str(value)):.2f}"
    except InvalidOperation:
        return None
