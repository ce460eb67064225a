"""Compares the sums of a day's imported receipts with their postings. No I/O."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cloudkasse_etl.state.stores.days.day_bookings import BookedEntries, BookedSum
from cloudkasse_etl.transform.books.business_cases import CASH
from cloudkasse_etl.transform.day_sheet.day_sums import DaySums
from cloudkasse_etl.transform.turnover_cases import TURNOVER_CASES

TURNOVER: Final = "turnover"
TAX: Final = "tax"


@dataclass(frozen=True, slots=True)
class BookedPair:
    """An amount as the imported receipts have it, and as it is booked, in cents with the sign of a sale.

    Attributes:
        what: `turnover`, `tax`, or a tender.
        vat_rate: The rate of turnover and tax; None without VAT and for tenders.
        receipts_cents: What the receipts come to.
        booked_cents: What the postings come to.
    """

    what: str
    vat_rate: str | None
    receipts_cents: int
    booked_cents: int


@dataclass(frozen=True, slots=True)
class EntrySum:
    """Postings of one day: booked on another one than the receipts', booked again, or counter-entries.

    Attributes:
        posting_date: The day on which they are booked.
        reason: Of counter-entries, why they take others back.
        receipts: Of how many receipts they are.
        postings: How many, those on clearing too.
        debit_cents: The sum of what they debit.
        turnover_cents: The turnover that they book, or take back.
    """

    posting_date: dt.date
    reason: str | None
    receipts: int
    postings: int
    debit_cents: int
    turnover_cents: int


def booked_pairs(sums: DaySums, opening_cents: int, booked: Sequence[BookedSum]) -> tuple[BookedPair, ...]:
    """Imported receipts beside their postings: turnover and tax by rate, and tenders.

    Args:
        sums: The sums of the imported receipts.
        opening_cents: The opening cash that they state: neither it nor its payment is booked.
        booked: Their postings.

    Returns:
        The pairs that are not 0 on both sides.
    """
    ours: Counter[tuple[str, str | None]] = Counter()
    theirs: Counter[tuple[str, str | None]] = Counter()
    for rate in sums.rates:
        ours[TURNOVER, rate.vat_rate] += rate.turnover_cents
        ours[TAX, rate.vat_rate] += rate.tax_cents
    for tender in sums.tenders:
        ours[tender.tender, None] += tender.base_cents
    ours[CASH, None] -= opening_cents
    for one in booked:
        if one.tender is not None:
            theirs[one.tender, None] += one.amount_cents
        if one.business_case in TURNOVER_CASES:
            theirs[TURNOVER, one.vat_rate] -= one.amount_cents
        theirs[TAX, one.vat_rate] -= one.tax_cents
    keys = sorted(ours.keys() | theirs.keys(), key=_place)
    return tuple(BookedPair(*key, ours[key], theirs[key]) for key in keys if ours[key] or theirs[key])


def _place(key: tuple[str, str | None]) -> tuple[int, bool, float, str]:
    what, rate = key
    return (TURNOVER, TAX).index(what) if what in (TURNOVER, TAX) else 2, rate is None, -float(rate or 0), what


def late_sums(day: dt.date, entries: Sequence[BookedEntries]) -> tuple[EntrySum, ...]:
    """What was booked first on other days than the receipts' own, because that was closed."""
    return tuple(_sum(one) for one in entries if one.posting_date != day and not one.is_again and one.reason is None)


def undone_sums(entries: Sequence[BookedEntries]) -> tuple[EntrySum, ...]:
    """What was taken back of some receipts, by day and reason."""
    return tuple(_sum(one) for one in entries if one.reason is not None)


def again_sums(entries: Sequence[BookedEntries]) -> tuple[EntrySum, ...]:
    """What was booked again of receipts whose import was undone, by day."""
    return tuple(_sum(one) for one in entries if one.is_again)


def _sum(one: BookedEntries) -> EntrySum:
    turnover = sum(cents for case, cents in one.cases.items() if case in TURNOVER_CASES)
    is_credit = one.reason is None
    cents = -turnover if is_credit else turnover
    return EntrySum(one.posting_date, one.reason, one.receipts, one.postings, one.debit_cents, cents)
