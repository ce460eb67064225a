"""Sums up receipts of a day in every way that its sheet shows. Pure, exact cents (docs/rules.md, The sheet of a day).

Each way has all receipts in it, so that all of them come to the same sum. Nothing is taken from the postings: a sheet
that was made of these could not tell whether they are right.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from cloudkasse_etl.schemas.wire_receipts import BUSINESS_CASES, Line, Receipt
from cloudkasse_etl.transform.books.business_cases import CASH, SALE
from cloudkasse_etl.transform.turnover_cases import TURNOVER_CASES

ZERO_RATE: Final = "0.00"


@dataclass(frozen=True, slots=True)
class RateSum:
    """What was charged at a VAT rate.

    Attributes:
        vat_rate: The rate with 2 decimals; None for what carries no VAT.
        gross_cents: All of it, as the receipts' VAT tables have it.
        net_cents: Less the tax.
        tax_cents: The tax that was printed.
        turnover_cents: What of the gross amount is turnover, by lines.
    """

    vat_rate: str | None
    gross_cents: int
    net_cents: int
    tax_cents: int
    turnover_cents: int


@dataclass(frozen=True, slots=True)
class CaseSum:
    """The lines of a business case.

    Attributes:
        business_case: Its code.
        lines: How many lines.
        gross_cents: Their sum.
        is_turnover: Whether they are turnover.
    """

    business_case: str
    lines: int
    gross_cents: int
    is_turnover: bool


@dataclass(frozen=True, slots=True)
class TenderSum:
    """The payments with a tender.

    Attributes:
        tender: Its code.
        name: The till's own name of it; empty for cash, and where it has none.
        currency: In which it was paid.
        payments: How many payments.
        amount_cents: In that currency.
        base_cents: In the receipts' currency.
    """

    tender: str
    name: str
    currency: str
    payments: int
    amount_cents: int
    base_cents: int


@dataclass(frozen=True, slots=True)
class HourSum:
    """The turnover of an hour.

    Attributes:
        begins: The hour on the shop's clock, without its offset: an hour that comes twice is one; None where a time
            cannot be read.
        receipts: How many receipts with turnover ended in it.
        turnover_cents: Their turnover.
    """

    begins: dt.datetime | None
    receipts: int
    turnover_cents: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """What an auditor asks for first.

    Attributes:
        count: How many.
        cents: Their sum, with its sign.
    """

    count: int = 0
    cents: int = 0

    def __add__(self, other: "Corrected") -> "Corrected":
        return Corrected(self.count + other.count, self.cents + other.cents)


@dataclass(frozen=True)
class DaySums:
    """The sums of a day's receipts.

    Attributes:
        receipts: How many receipts.
        total_cents: The sum of their totals.
        rates: By VAT rate, the highest first, and what carries none last.
        cases: By business case: turnover first, then the others.
        tenders: By tender, name and currency.
        hours: By hour, in the order of the day.
        voids: Receipts that take back another one.
        returns: Sold lines below zero in other receipts: goods that came back, and lines entered with the other sign.
        cancelled_lines: Lines that were cancelled while they were keyed in; no other sum has them.
    """

    receipts: int
    total_cents: int
    rates: tuple[RateSum, ...]
    cases: tuple[CaseSum, ...]
    tenders: tuple[TenderSum, ...]
    hours: tuple[HourSum, ...]
    voids: Corrected
    returns: Corrected
    cancelled_lines: Corrected

    @property
    def turnover_cents(self) -> int:
        """The turnover, by business case."""
        return sum(case.gross_cents for case in self.cases if case.is_turnover)

    @property
    def tax_cents(self) -> int:
        """The tax that was printed."""
        return sum(rate.tax_cents for rate in self.rates)

    @property
    def totals(self) -> tuple[int, ...]:
        """The sum of all receipts in each way: their totals, by rate, by business case, by tender."""
        by_rate = sum(rate.gross_cents for rate in self.rates)
        by_case = sum(case.gross_cents for case in self.cases)
        return self.total_cents, by_rate, by_case, sum(tender.base_cents for tender in self.tenders)

    @property
    def turnovers(self) -> tuple[int, ...]:
        """The turnover in each way: by business case, by rate, by hour."""
        by_rate = sum(rate.turnover_cents for rate in self.rates)
        return self.turnover_cents, by_rate, sum(hour.turnover_cents for hour in self.hours)


def adds_up(receipt: Receipt) -> bool:
    """Whether lines, payments and total of a receipt are equal; of those that were dismissed some are not."""
    lines = sum(line.gross_cents for line in live(receipt))
    return lines == receipt.total_cents == sum(payment.base_amount_cents for payment in receipt.payments)


def live(receipt: Receipt) -> list[Line]:
    """The lines that were not cancelled."""
    return [line for line in receipt.lines if not line.cancelled]


def keyed_cents(receipt: Receipt) -> int:
    """What was keyed in on a receipt, cancelled lines included: what a receipt that was broken off would have been."""
    return sum(line.gross_cents for line in receipt.lines) if receipt.lines else receipt.total_cents


def sum_day(receipts: Sequence[Receipt], zone: ZoneInfo) -> DaySums:
    """Sums up receipts that a closing covers (of kind Beleg, not broken off), each of which adds up.

    Args:
        receipts: The receipts, of one currency.
        zone: The shop's time zone, for the hours.

    Returns:
        The sums; all zero without receipts.
    """
    tally = _Tally(zone)
    for receipt in receipts:
        tally.add(receipt)
    return tally.sums()


class _Tally:
    """Collects the sums receipt by receipt."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._receipts = self._total = 0
        self._gross: Counter[str | None] = Counter()
        self._tax: Counter[str | None] = Counter()
        self._turnover: Counter[str | None] = Counter()
        self._cases: dict[str, Corrected] = {}
        self._tenders: dict[tuple[str, str, str], list[int]] = {}
        self._hours: dict[dt.datetime | None, Corrected] = {}
        self._voids = self._returns = self._cancelled = Corrected()

    def add(self, receipt: Receipt) -> None:
        """Adds a receipt."""
        lines = live(receipt)
        is_void = receipt.reference_id is not None
        turnover = [line for line in lines if line.business_case in TURNOVER_CASES]
        self._receipts += 1
        self._total += receipt.total_cents
        self._add_rates(receipt, lines)
        for line in lines:
            case = self._cases.get(line.business_case, Corrected())
            self._cases[line.business_case] = case + Corrected(1, line.gross_cents)
        for line in turnover:
            self._turnover[line.vat_rate] += line.gross_cents
        for payment in receipt.payments:
            key = (payment.tender, "" if payment.tender == CASH else payment.name or "", payment.currency)
            sums = self._tenders.setdefault(key, [0, 0, 0])
            for at, value in enumerate((1, payment.amount_cents, payment.base_amount_cents)):
                sums[at] += value
        if turnover:
            hour = _hour(receipt.ended_at, self._zone)
            sold = Corrected(1, sum(line.gross_cents for line in turnover))
            self._hours[hour] = self._hours.get(hour, Corrected()) + sold
        if is_void:
            self._voids += Corrected(1, receipt.total_cents)
        else:
            self._returns += _of(line for line in lines if line.business_case == SALE and line.gross_cents < 0)
        self._cancelled += _of(line for line in receipt.lines if line.cancelled)

    def _add_rates(self, receipt: Receipt, lines: Sequence[Line]) -> None:
        """Gross and tax by rate as the receipt prints them; what its VAT table leaves out carries none.

        A table's row covers all lines of its rate, or all but the receivables; a row of 0 % need not be printed.
        """
        left: Counter[str | None] = Counter()
        for line in lines:
            left[line.vat_rate] += line.gross_cents
        for block in receipt.vat:
            self._gross[block.vat_rate] += block.gross_cents
            self._tax[block.vat_rate] += block.tax_cents
            left[block.vat_rate] -= block.gross_cents
        for rate, cents in left.items():
            self._gross[rate if rate == ZERO_RATE else None] += cents

    def sums(self) -> DaySums:
        """The sums so far."""
        rates = [
            RateSum(rate, gross, gross - self._tax[rate], self._tax[rate], self._turnover[rate])
            for rate in {*self._gross, *self._tax, *self._turnover}
            if (gross := self._gross[rate]) or self._tax[rate] or self._turnover[rate] or rate is not None
        ]
        cases = [CaseSum(case, found.count, found.cents, case in TURNOVER_CASES) for case, found in self._cases.items()]
        return DaySums(
            self._receipts,
            self._total,
            tuple(sorted(rates, key=lambda one: (one.vat_rate is None, -_points(one.vat_rate)))),
            tuple(sorted(cases, key=lambda one: (not one.is_turnover, _place(one.business_case), one.business_case))),
            tuple(TenderSum(*key, *sums) for key, sums in sorted(self._tenders.items())),
            tuple(HourSum(hour, *_pair(self._hours[hour])) for hour in self._hours_in_order()),
            self._voids,
            self._returns,
            self._cancelled,
        )

    def _hours_in_order(self) -> list[dt.datetime | None]:
        known: list[dt.datetime | None] = [*sorted(hour for hour in self._hours if hour is not None)]
        return [*known, None] if None in self._hours else known


def _of(lines: Iterable[Line]) -> Corrected:
    found = list(lines)
    return Corrected(len(found), sum(line.gross_cents for line in found))


def _pair(found: Corrected) -> tuple[int, int]:
    return found.count, found.cents


def _place(case: str) -> int:
    """The place of a business case in the standard's order; one that it does not know comes last."""
    return BUSINESS_CASES.index(case) if case in BUSINESS_CASES else len(BUSINESS_CASES)


def _points(rate: str | None) -> int:
    return int(rate.replace(".", "")) if rate else 0


def _hour(ended_at: str, zone: ZoneInfo) -> dt.datetime | None:
    """The hour on the shop's clock; a receipt's own offset may be another."""
    with suppress(ValueError, OverflowError):
        moment = dt.datetime.fromisoformat(ended_at.upper().replace(":60", ":59", 1))
        if moment.tzinfo is not None:
            return moment.astimezone(zone).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    return None
