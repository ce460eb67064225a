"""Reads what of a day's receipts was booked, delivered into the ERP, and exported for DATEV."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.schemas.booked_rows import FIRST as FIRST_IMPORT
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.datev_files import FIRST
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE

_BOOKED_BY = ("posting_date", "business_case", "tender", "vat_rate", "flag", "reason")


@dataclass(frozen=True, slots=True)
class BookedSum:
    """Postings with the same day, case, tender, rate and flag; those on clearing are not among them.

    Attributes:
        posting_date: The day on which they are booked.
        business_case, tender: Of which one is None.
        vat_rate: The rate; None without VAT.
        flag: Why a person should look at them, as it is stored.
        reason: Why they take others back; None where they are no counter-entries.
        postings: How many.
        amount_cents: Their sum; a sale is a credit, below zero.
        tax_cents: Their tax, with the same sign.
    """

    posting_date: dt.date
    business_case: str | None
    tender: str | None
    vat_rate: str | None
    flag: str | None
    reason: str | None
    postings: int
    amount_cents: int
    tax_cents: int


@dataclass(frozen=True, slots=True)
class BookedEntries:
    """All postings with the same day that were booked first, booked again after an undo, or take others back.

    Attributes:
        posting_date: The day on which they are booked.
        is_again: Whether an earlier import of their receipts was undone.
        reason: Why they take others back; None where they are no counter-entries.
        receipts: Of how many receipts they are.
        postings: How many, those on clearing too.
        debit_cents: The sum of what they debit.
        cases: What each business case comes to, but for clearing; a sale is a credit, below zero.
    """

    posting_date: dt.date
    is_again: bool
    reason: str | None
    receipts: int
    postings: int
    debit_cents: int
    cases: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DeliveredSum:
    """Receipts of the day that are in one delivery.

    Attributes:
        delivery_id: Its id.
        target, status: What it is in the ERP, and what became of it.
        number: Its number there; None where it is not known.
        is_counter: Whether it takes back what another one has brought there.
        receipts: How many of the day's receipts it covers.
        total_cents: The sum of their totals, with the other sign where it takes them back.
    """

    delivery_id: int
    target: str
    status: str
    number: str | None
    is_counter: bool
    receipts: int
    total_cents: int


@dataclass(frozen=True, slots=True)
class ExportedSum:
    """Postings of the day in one of DATEV's files, or in none.

    Attributes:
        file: Its name; None for those in none.
        postings: How many of the day's postings.
        debit_cents: The sum of what they debit.
    """

    file: str | None
    postings: int
    debit_cents: int


class DayBookings:
    """The bookings of a company, by their receipts: those of a day, whenever they were booked."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._receipt, self._posting = state.tables.receipt, state.tables.posting

    def booked(self, receipt_ids: Sequence[str], currency: str) -> tuple[list[BookedSum], list[BookedEntries]]:
        """What is booked of some receipts: sums without what is posted on clearing, and all postings by their days.

        Which account was clearing is told by the postings: it comes to 0 in each import of a receipt, and has no rate.
        The settings may name another one by now.

        Args:
            receipt_ids: The receipts.
            currency: Theirs.

        Returns:
            The sums, by day of posting, case, tender and rate; and the postings, by day and what they are.
        """
        table = self._posting
        # summed up here: SQLite would look for the groups in the index by day, and pass by all postings
        names = ("receipt_id", "account", "generation", *_BOOKED_BY, "amount_cents", "tax_cents")
        rows: list[Any] = []
        for chunk in chunks(receipt_ids):
            query = sa.select(*(table.c[name] for name in names)).where(
                table.c.company == self._state.company, table.c.receipt_id.in_(chunk), table.c.currency == currency
            )
            with self._state.reading() as connection:
                rows += connection.execute(query)
        balances: Counter[tuple[Any, ...]] = Counter()
        for row in rows:
            balances[_import_of(row)] += row.amount_cents
        with_rate = {_import_of(row) for row in rows if row.vat_rate is not None}
        clearing = {place for place, cents in balances.items() if not cents and place not in with_rate}
        found: dict[tuple[Any, ...], list[int]] = {}
        for row in rows:
            if _import_of(row) not in clearing:
                _add(found, tuple(row[3:-2]), (1, row.amount_cents, row.tax_cents))
        sums = [BookedSum(*key, *values) for key, values in found.items()]
        sums.sort(key=lambda one: (one.posting_date, one.business_case or "~", one.tender or "", repr(one)))
        return sums, _entries(rows, clearing)

    def booking_runs(self, receipt_ids: Sequence[str]) -> set[str]:
        """The runs that booked some receipts."""
        table = self._posting
        found: set[str] = set()
        for chunk in chunks(receipt_ids):
            query = sa.select(table.c.run_id).where(
                table.c.company == self._state.company, table.c.receipt_id.in_(chunk)
            )
            with self._state.reading() as connection:
                found.update(connection.execute(query.distinct()).scalars())
        return found

    def delivered(self, receipt_ids: Sequence[str]) -> list[DeliveredSum]:
        """The deliveries that some receipts are in, without those that were taken back."""
        delivery, covered, receipt = self._state.tables.delivery, self._state.tables.delivery_receipt, self._receipt
        names = ("delivery_id", "target", "status", "destination", "remote_id")
        by = [*(delivery.c[name] for name in names), covered.c.is_counter]
        own = (receipt.c.company == covered.c.company) & (receipt.c.receipt_id == covered.c.receipt_id)
        found: dict[tuple[Any, ...], list[int]] = {}
        for chunk in chunks(receipt_ids):
            query = (
                sa.select(*by, sa.func.count(), sa.func.sum(sa.func.coalesce(receipt.c.total_cents, 0)))
                .select_from(covered.join(delivery, delivery.c.delivery_id == covered.c.delivery_id).join(receipt, own))
                .where(covered.c.company == self._state.company, covered.c.receipt_id.in_(chunk))
                .where(covered.c.is_live == sa.true(), delivery.c.line_count > 0)
                .group_by(*by)
            )
            self._sums(query, len(by), found)
        rows = []
        for (key, target, status, destination, remote_id, is_counter), (count, cents) in found.items():
            number, total = _number(target, destination, remote_id), -cents if is_counter else cents
            rows.append(DeliveredSum(key, target, status, number, bool(is_counter), count, total))
        return sorted(rows, key=lambda one: (one.delivery_id, one.is_counter))

    def exported(self, receipt_ids: Sequence[str]) -> list[ExportedSum]:
        """The postings of some receipts by DATEV's file, those in none first."""
        table, link, file = self._posting, self._state.tables.datev_posting, self._state.tables.datev_file
        there = (
            (link.c.company == table.c.company)
            & (link.c.posting_id == table.c.posting_id)
            & (link.c.repetition == FIRST)
        )
        named = (file.c.company == link.c.company) & (file.c.file_number == link.c.file_number)
        debit = sa.func.sum(sa.case((table.c.amount_cents > 0, table.c.amount_cents), else_=0))
        found: dict[tuple[Any, ...], list[int]] = {}
        for chunk in chunks(receipt_ids):
            query = (
                sa.select(file.c.file_number, file.c.name, sa.func.count(), debit)
                .select_from(table.outerjoin(link, there).outerjoin(file, named))
                .where(table.c.company == self._state.company, table.c.receipt_id.in_(chunk))
                .group_by(file.c.file_number, file.c.name)
            )
            self._sums(query, 2, found)
        rows = sorted(found.items(), key=lambda row: row[0][0] or 0)
        return [ExportedSum(name, *values) for (_, name), values in rows]

    def _sums(self, query: "sa.Select[Any]", keys: int, found: dict[tuple[Any, ...], list[int]]) -> None:
        """Adds the rows of a query to sums by their first columns."""
        with self._state.reading() as connection:
            for row in connection.execute(query):
                _add(found, tuple(row[:keys]), row[keys:])


def _import_of(row: Any) -> tuple[Any, ...]:
    """The account of a posting, and whose it is: of which receipt, by which import, and whether it takes that back."""
    return row.receipt_id, row.generation, row.reason is None, row.account


def _entries(rows: Sequence[Any], clearing: Collection[tuple[Any, ...]]) -> list[BookedEntries]:
    """All postings by day and by what they are."""
    groups: dict[tuple[dt.date, bool, str | None], list[Any]] = {}
    for row in rows:
        is_again = row.reason is None and row.generation > FIRST_IMPORT
        groups.setdefault((row.posting_date, is_again, row.reason), []).append(row)
    found = []
    for key, each in groups.items():
        cases: Counter[str] = Counter()
        for row in each:
            if row.business_case is not None and _import_of(row) not in clearing:
                cases[row.business_case] += row.amount_cents
        receipts = len({row.receipt_id for row in each})
        found.append(BookedEntries(*key, receipts, len(each), sum(max(row.amount_cents, 0) for row in each), cases))
    return sorted(found, key=lambda one: (one.posting_date, one.is_again, one.reason or ""))


def _add(found: dict[tuple[Any, ...], list[int]], key: tuple[Any, ...], values: Sequence[Any]) -> None:
    sums = found.setdefault(key, [0] * len(values))
    for at, value in enumerate(values):
        sums[at] += int(value)


def _number(target: str, destination: str | None, remote_id: int | None) -> str | None:
    """The number by which a delivery is found in the ERP; a manual storage has none of the ERP's."""
    if destination:
        return destination
    return None if target == STORAGE or remote_id is None else str(remote_id)
