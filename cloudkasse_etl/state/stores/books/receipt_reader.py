"""Reads stored receipts: as they arrived, by status, and as a list."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.rejections.record_names import OF_RECEIPTS
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.bulk import rows_of_receipts
from cloudkasse_etl.state.database.keys import bounded_key, chunks
from cloudkasse_etl.state.stores.books.receipt_status import UNBOOKED, Status
from cloudkasse_etl.state.stores.books.staged_closings import closing_number_of


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A staged receipt for a list."""

    receipt_id: str
    register: str | None
    number: int | None
    kind: str | None
    business_day: dt.date | None
    ended_at: str | None
    total_cents: int | None
    status: str
    closing_number: int | None
    came_as: str | None
    reference_id: str | None = None
    no_effect: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The receipts that a list shows; None does not restrict it.

    Attributes:
        register, day: As they were printed.
        numbers: The first and the last of the numbers that were printed.
        beginning: The beginning of the id.
    """

    register: str | None = None
    numbers: tuple[int, int] | None = None
    day: dt.date | None = None
    beginning: str | None = None

    def conditions(self, table: sa.Table) -> "list[sa.ColumnElement[bool]]":
        """The conditions of a query."""
        equal = {"register": self.register, "business_day": self.day}
        found = [table.c[name] == value for name, value in equal.items() if value is not None]
        if self.numbers is not None:
            found.append(table.c.number.between(*self.numbers))
        if self.beginning is not None:
            found.append(table.c.receipt_id.startswith(self.beginning, autoescape=True))
        return found


EVERY = Wanted()


@dataclass(frozen=True, slots=True)
class Refusal:
    """That a receipt, or a stock line of it, is refused.

    Attributes:
        since: When it was refused first.
        first_run: By which run.
        last_run: Which run refused it last, with whatever reason; it can be the first.
    """

    since: dt.datetime
    first_run: str
    last_run: str


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt with what only one who looks at it alone needs.

    Attributes:
        raw: The item as it arrived (JSON).
        staged_at, staged_run_id: When it was fetched, and by which run.
        imported_at, imported_run_id: When it was booked, and by which run; None where it is not booked.
        refused: Since when it, or a stock line of it, is refused; None where nothing is.
        closing_number: The closing that it belongs to, also if it does not state it itself; None if there is none yet.
        closing_verified: Whether that closing was found equal to its receipts; None where it has not arrived.
    """

    raw: bytes
    staged_at: dt.datetime
    staged_run_id: str
    imported_at: dt.datetime | None
    imported_run_id: str | None
    refused: Refusal | None
    closing_number: int | None
    closing_verified: bool | None


class ReceiptStore(Protocol):
    """Receipts of any status."""

    def raw(
        self, *, status: Status, refused_by: str | None = None, size: int = 1000
    ) -> Iterator[list[tuple[str, bytes]]]:
        """Receipts of a status as they arrived, in batches, by id; one that changes its status meanwhile is skipped.

        Args:
            status: The status.
            refused_by: The asset that refused them; None for any.
            size: How many are read at once.

        Yields:
            Batches of id and JSON.
        """
        ...

    def raw_pending_stock(self, *, size: int = 1000) -> Iterator[list[tuple[str, bytes]]]:
        """Imported receipts with stock lines that may be booked later, as they arrived, in batches."""
        ...

    def raw_of(self, receipt_ids: Sequence[str]) -> dict[str, bytes]:
        """Some receipts as they arrived, by id; those that are not staged are missing."""
        ...

    def original_of(self, receipt_id: str) -> bytes | None:
        """A receipt in the till's own form; None where it came in the canonical one, or is not staged."""
        ...

    def status_of(self, receipt_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Status of some receipts, and which asset refused them, by id."""
        ...

    def count(self, status: Status) -> int:
        """How many receipts have a status."""
        ...

    def count_refused(self) -> int:
        """How many receipts an import has refused."""
        ...

    def count_voids_staged_before(self, moment: dt.datetime) -> int:
        """How many receipts that refer to another one have been staged since before a moment."""
        ...

    def count_pending_stock(self) -> int:
        """How many booked receipts have stock lines that are still to be booked."""
        ...

    def has_unbooked(self) -> bool:
        """Whether there is any receipt whose status can still change with the settings."""
        ...


_STORED = ("raw", "staged_at", "staged_run_id", "imported_at", "imported_run_id", "closing_number")


class ReceiptReader:
    """Receipts of a company."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.receipt

    def raw(
        self, *, status: Status, refused_by: str | None = None, size: int = 1000
    ) -> Iterator[list[tuple[str, bytes]]]:
        """Receipts of a status as they arrived, in batches, by id; one that changes its status meanwhile is skipped."""
        refused = {} if refused_by is None else {"refused_by": refused_by}
        return self._batches(size, status=str(status), **refused)

    def raw_pending_stock(self, *, size: int = 1000) -> Iterator[list[tuple[str, bytes]]]:
        """Imported receipts with stock lines that may be booked later, as they arrived, in batches."""
        return self._batches(size, stock_pending=True)

    def _batches(self, size: int, **wanted: str | bool) -> Iterator[list[tuple[str, bytes]]]:
        """Batches of receipts that have some values, by id.

        Which receipts those are is asked once, of an index: a search batch by batch in the order of ids would pass by
        all receipts that were ever booked.
        """
        table = self._table
        here = [table.c[name] == value for name, value in wanted.items()]
        query = sa.select(table.c.receipt_id).where(table.c.company == self._state.company, *here)
        with self._state.reading() as connection:
            ids = sorted(connection.execute(query).scalars())
        names, values = ("receipt_id", "raw", *wanted), tuple(wanted.values())
        for start in range(0, len(ids), size):
            with self._state.reading() as connection:
                found = rows_of_receipts(connection, table, names, self._state.company, ids[start : start + size])
                rows = sorted((row[0], bytes(row[1])) for row in found if tuple(row[2:]) == values)
            if rows:
                yield rows

    def raw_of(self, receipt_ids: Sequence[str]) -> dict[str, bytes]:
        """Some receipts as they arrived, by id; those that are not staged are missing."""
        with self._state.reading() as connection:
            rows = rows_of_receipts(connection, self._table, ("receipt_id", "raw"), self._state.company, receipt_ids)
            return {row[0]: bytes(row[1]) for row in rows}

    def original_of(self, receipt_id: str) -> bytes | None:
        """A receipt in the till's own form; None where it came in the canonical one, or is not staged."""
        with self._state.reading() as connection:
            rows = rows_of_receipts(connection, self._table, ("original",), self._state.company, [receipt_id])
            return next((bytes(row[0]) for row in rows if row[0] is not None), None)

    def status_of(self, receipt_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Status of some receipts, and which asset refused them, by id."""
        names = ("receipt_id", "status", "refused_by")
        with self._state.reading() as connection:
            rows = rows_of_receipts(connection, self._table, names, self._state.company, receipt_ids)
            return {row[0]: (row[1], row[2]) for row in rows}

    def count(self, status: Status) -> int:
        """How many receipts have a status."""
        table = self._table
        query = sa.select(sa.func.count()).where(table.c.company == self._state.company, table.c.status == status)
        with self._state.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def count_refused(self) -> int:
        """How many receipts an import has refused."""
        table = self._table
        return self._count(table.c.status == Status.REJECTED, table.c.refused_by == REVENUE_POSTINGS)

    def count_voids_staged_before(self, moment: dt.datetime) -> int:
        """How many receipts that refer to another one have been staged since before a moment."""
        table = self._table
        staged = (table.c.status == Status.STAGED) & table.c.reference_id.is_not(None)
        return self._count(staged, table.c.staged_at < moment)

    def count_pending_stock(self) -> int:
        """How many booked receipts have stock lines that are still to be booked."""
        return self._count(self._table.c.stock_pending == sa.true())

    def _count(self, *where: "sa.ColumnElement[bool]") -> int:
        query = sa.select(sa.func.count()).where(self._table.c.company == self._state.company, *where)
        with self._state.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def has_unbooked(self) -> bool:
        """Whether there is any receipt whose status can still change with the settings."""
        table = self._table
        query = sa.select(table.c.receipt_id).where(
            table.c.company == self._state.company, table.c.status.in_(UNBOOKED)
        )
        with self._state.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def of_number(self, register: str, number: int) -> list[ReceiptRow]:
        """The receipts of a register's number, by id: more than one where a register gave it twice."""
        table = self._table
        return self._listed(table.c.register == register, table.c.number == number)

    def with_number(self, number: int) -> list[ReceiptRow]:
        """The receipts with a number, of any register, by id."""
        return self._listed(self._table.c.number == number)

    def with_id(self, beginning: str, *, limit: int) -> list[ReceiptRow]:
        """The receipts whose ids begin so, at most `limit` of them, by id."""
        return self._listed(self._table.c.receipt_id.startswith(beginning, autoescape=True), limit=limit)

    def referring_to(self, receipt_id: str) -> list[ReceiptRow]:
        """The receipts of any status that refer to one, by id."""
        return self._listed(self._table.c.reference_id == receipt_id)

    def with_ids(self, *receipt_ids: str) -> dict[str, ReceiptRow]:
        """A few receipts by id, those that are stored."""
        return {row.receipt_id: row for row in self._listed(self._table.c.receipt_id.in_(receipt_ids))}

    def stored(self, receipt_id: str) -> StoredReceipt:
        """A stored receipt as it arrived, and where it went."""
        table, closing = self._table, self._state.tables.closing
        number = closing_number_of(table, closing)
        columns = [number if name == "closing_number" else table.c[name] for name in _STORED]
        query = sa.select(*columns, table.c.register).where(
            table.c.company == self._state.company, table.c.receipt_id == receipt_id
        )
        with self._state.reading() as connection:
            raw, staged_at, staged_by, imported_at, imported_by, at, register = tuple(connection.execute(query).one())
            here = (closing.c.company == self._state.company) & (closing.c.register == register)
            verified = sa.select(closing.c.verified).where(here, closing.c.number == at)
            is_verified = None if at is None else connection.execute(verified).scalar_one_or_none()
        refused = self._refused(receipt_id)
        return StoredReceipt(bytes(raw), staged_at, staged_by, imported_at, imported_by, refused, at, is_verified)

    def _refused(self, receipt_id: str) -> Refusal | None:
        table, key = self._state.tables.rejection, bounded_key(receipt_id)
        its = (table.c.record_key == key) | table.c.record_key.startswith(f"{key}|", autoescape=True)
        query = sa.select(table.c.since, table.c.first_run_id, table.c.run_id).where(
            table.c.company == self._state.company, table.c.asset.in_(OF_RECEIPTS), its
        )
        with self._state.reading() as connection:
            found = connection.execute(query.order_by(table.c.since).limit(1)).first()
        return None if found is None else Refusal(*found)

    def _listed(self, *where: "sa.ColumnElement[bool]", limit: int | None = None) -> list[ReceiptRow]:
        table = self._table
        columns = [table.c[name] for name in ReceiptRow.__slots__]
        query = sa.select(*columns).where(table.c.company == self._state.company, *where)
        with self._state.reading() as connection:
            rows = connection.execute(query.order_by(table.c.receipt_id).limit(limit))
            return [ReceiptRow(*row) for row in rows]

    def rows(self, status: str | None = None, *, also: Sequence[str] = (), wanted: Wanted = EVERY) -> list[ReceiptRow]:
        """The list of receipts of a status, by register and number; after them some others by their ids.

        Args:
            status: The status; None for any.
            also: Ids of receipts of any other status.
            wanted: Which of all these.

        Returns:
            The receipts; each with the closing that it belongs to, also if it does not state it itself.
        """
        table = self._table
        derived = closing_number_of(table, self._state.tables.closing)
        columns = [derived if name == "closing_number" else table.c[name] for name in ReceiptRow.__slots__]
        query = sa.select(*columns).where(table.c.company == self._state.company, *wanted.conditions(table))
        queries = [query if status is None else query.where(table.c.status == status)]
        queries += [query.where(table.c.receipt_id.in_(part), table.c.status != status) for part in chunks(also)]
        found: list[ReceiptRow] = []
        with self._state.reading() as connection:
            for one in queries:
                rows = connection.execute(one.order_by(table.c.register, table.c.number, table.c.receipt_id))
                found += [ReceiptRow(*row) for row in rows]
        return found
