"""Reads what has to be kept of a period, table by table, in an order that is the same in every database.

A receipt belongs to a period if its business day does, or the day of a posting or movement of it, or the business day
of its closing; one whose day cannot be read, if it was fetched in the period. Then everything of it belongs to it.
So the parts of a period hold together what the whole one holds, and late bookings are in both their months.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.entities import DELIVERED, STAGED_CLOSINGS
from cloudkasse_etl.rejections.record_names import OF_RECEIPTS, name_of
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.stores.books.decision_log import Subject
from cloudkasse_etl.state.stores.books.staged_closings import closing_number_of
from cloudkasse_etl.state.stores.missing_numbers import numbers_of

Row = Mapping[Any, Any]
Condition = sa.ColumnElement[bool]
_ROWS = 1_000
_LONGEST_NUMBER = 17


@dataclass(frozen=True)
class Period:
    """Some days in a time zone.

    Attributes:
        first: The first day; None: from the beginning.
        last: The last day, included.
        zone: The time zone.
    """

    first: dt.date | None
    last: dt.date
    zone: dt.tzinfo

    def days(self, column: "sa.ColumnElement[Any]") -> Condition:
        """Whether a column's day is one of them."""
        return column <= self.last if self.first is None else column.between(self.first, self.last)

    def moments(self, column: "sa.ColumnElement[Any]") -> Condition:
        """Whether a column's moment is within them."""
        found = column < self._begin(self.last + dt.timedelta(days=1))
        return found if self.first is None else found & (column >= self._begin(self.first))

    def holds(self, moment: dt.datetime) -> bool:
        """Whether a moment is within them."""
        day = moment.astimezone(self.zone).date()
        return day <= self.last and (self.first is None or day >= self.first)

    def _begin(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), self.zone)


class ArchivedRows:
    """What a company has to keep of a period.

    Args:
        connection: One that sees a single moment (`StateConnection.snapshot`).
        tables: Our own tables.
        company: The company.
        period: The days.
    """

    def __init__(self, connection: sa.Connection, tables: StateTables, company: str, period: Period) -> None:
        self._connection, self._tables, self._company, self._period = connection, tables, company, period

    def days(self) -> tuple[dt.date, dt.date] | None:
        """The first and the last business day of the receipts; None where there are none with a day."""
        receipt = self._tables.receipt
        query = sa.select(sa.func.min(receipt.c.business_day), sa.func.max(receipt.c.business_day))
        first, last = self._connection.execute(query.where(self._receipts())).one()
        return None if first is None else (first, last)

    def receipts(self) -> Iterator[Row]:
        """Receipts by day, register, number and id, each with the number of the closing to which it belongs."""
        receipt = self._tables.receipt
        number = closing_number_of(receipt, self._tables.closing).label("closing_number")
        columns = [number if column.name == "closing_number" else column for column in receipt.columns]
        order = (receipt.c.business_day, receipt.c.register, receipt.c.number, receipt.c.receipt_id)
        return self._read(sa.select(*columns).where(self._receipts()), *order)

    def closings(self, more: "frozenset[tuple[str, int]]") -> Iterator[Row]:
        """Closings by register and number.

        Args:
            more: Register and number of those that belong to it although their business day does not.
        """
        closing = self._tables.closing
        # a closing is large, and the other ones are few: only their keys are compared here
        query = sa.select(
            closing.c.register, closing.c.number, _flag(self._period.days(closing.c.business_day), "mine")
        )
        found = self._connection.execute(query.where(closing.c.company == self._company)).all()
        keys = sorted((row.register, row.number) for row in found if row.mine or (row.register, row.number) in more)
        for register in sorted({key[0] for key in keys}):
            for part in chunks([number for name, number in keys if name == register]):
                here = (closing.c.company == self._company) & (closing.c.register == register)
                yield from self._read(sa.select(closing).where(here, closing.c.number.in_(part)), closing.c.number)

    def postings(self) -> Iterator[Row]:
        """Postings by day, register, receipt and posting."""
        posting = self._tables.posting
        names = ("posting_date", "register", "receipt_number", "receipt_id", "posting_id")
        return self._read(sa.select(posting).where(self._postings()), *(posting.c[name] for name in names))

    def movements(self) -> Iterator[Row]:
        """Stock movements by day, register, receipt and movement."""
        movement = self._tables.stock_movement
        mine = self._period.days(movement.c.movement_date) | movement.c.receipt_id.in_(self._receipt_ids())
        names = ("movement_date", "register", "receipt_id", "line_number", "movement_id")
        query = sa.select(movement).where(movement.c.company == self._company, mine)
        return self._read(query, *(movement.c[name] for name in names))

    def deliveries(self) -> Iterator[Row]:
        """Deliveries of these days, and those that cover receipts of the period."""
        delivery = self._tables.delivery
        return self._read(sa.select(delivery).where(self._deliveries()), delivery.c.delivery_id)

    def delivery_receipts(self) -> Iterator[Row]:
        """The receipts that these deliveries cover."""
        table, delivery = self._tables.delivery_receipt, self._tables.delivery
        ids = sa.select(delivery.c.delivery_id).where(self._deliveries())
        query = sa.select(table).where(table.c.company == self._company, table.c.delivery_id.in_(ids))
        return self._read(query, table.c.delivery_id, table.c.receipt_id)

    def datev_files(self) -> Iterator[Row]:
        """The files for DATEV with postings of the period, each with `written_at`."""
        file, written = self._tables.datev_file, self._tables.datev_written
        numbers = sa.select(self._tables.datev_posting.c.file_number).where(self._exported())
        there = (written.c.company == file.c.company) & (written.c.file_number == file.c.file_number)
        query = (
            sa.select(file, written.c.written_at)
            .select_from(file.outerjoin(written, there))
            .where(file.c.company == self._company, file.c.file_number.in_(numbers))
        )
        return self._read(query, file.c.file_number)

    def datev_postings(self) -> Iterator[Row]:
        """In which files and rows the postings of the period are."""
        link = self._tables.datev_posting
        query = sa.select(link).where(self._exported())
        return self._read(query, link.c.file_number, link.c.row_number, link.c.posting_id, link.c.repetition)

    def decisions(self, closings: "frozenset[tuple[str, int]]") -> Iterator[Row]:
        """Decisions about what belongs to the period, oldest first.

        Args:
            closings: Register and number of the closings that belong to it.

        Yields:
            Decision. One about missing receipt numbers has no day: it belongs to a period in which the register has a
            number beside them, and to that in which it was made.
        """
        table, last = self._tables.decision, 0
        while True:
            query = sa.select(table).where(table.c.company == self._company, table.c.decision_id > last)
            rows = self._connection.execute(query.order_by(table.c.decision_id).limit(_ROWS)).mappings().all()
            if not rows:
                return
            last = rows[-1]["decision_id"]
            about = {
                Subject.RECEIPT: [row["record_key"] for row in rows if row["subject"] == Subject.RECEIPT],
                Subject.LINE: [_of_line(row["record_key"]) for row in rows if row["subject"] == Subject.LINE],
            }
            receipts = self._known([*about[Subject.RECEIPT], *about[Subject.LINE]])
            delivery = self._tables.delivery
            deliveries = set(
                self._values(delivery.c.delivery_id, self._deliveries(), delivery.c.delivery_id, _numbers(rows))
            )
            for row in rows:
                subject, key = row["subject"], row["record_key"]
                is_mine = {
                    Subject.RECEIPT: key in receipts,
                    Subject.LINE: _of_line(key) in receipts,
                    Subject.CLOSING: _closing(key) in closings,
                    Subject.DELIVERY: key.isdecimal() and int(key) in deliveries,
                }
                if is_mine.get(Subject(subject), False) or (subject == Subject.NUMBERS and self._are_beside(row)):
                    yield row

    def rejections(self, closings: "frozenset[tuple[str, int]]") -> Iterator[Row]:
        """Open rejections of what belongs to the period; those of closings that are kept nowhere by when they began.

        Args:
            closings: Register and number of the closings that belong to it.
        """
        table = self._tables.rejection
        assets = (*OF_RECEIPTS, STAGED_CLOSINGS, *DELIVERED)
        query = sa.select(table, _flag(self._period.moments(table.c.since), "is_of_these_days")).where(
            table.c.company == self._company, table.c.asset.in_(assets)
        )
        order = (table.c.asset, table.c.record_key, table.c.code, table.c.target_id)
        rows = self._connection.execute(self._sorted(query, *order)).mappings().all()
        receipts = self._known([name_of(row["asset"], row["record_key"]).key for row in rows])
        for row in rows:
            asset, key = row["asset"], row["record_key"]
            if asset in OF_RECEIPTS:
                is_mine = name_of(asset, key).key in receipts
            else:
                is_mine = bool(row["is_of_these_days"]) or _closing(key) in closings
            if is_mine:
                yield row

    def run_settings(self, run_ids: Sequence[str]) -> Iterator[Row]:
        """Under which settings some runs worked, by run; those of earlier releases noted nothing."""
        table = self._tables.run_settings
        for chunk in chunks(run_ids):
            query = sa.select(table).where(table.c.company == self._company, table.c.run_id.in_(chunk))
            yield from sorted(self._connection.execute(query).mappings(), key=lambda row: str(row["run_id"]))

    def settings_changes(self, newest: int) -> Iterator[Row]:
        """The changes of the settings up to one of them."""
        table = self._tables.settings_change
        query = sa.select(table).where(table.c.company == self._company, table.c.change_number <= newest)
        return self._read(query, table.c.change_number)

    def _are_beside(self, decision: Row) -> bool:
        """Whether missing receipt numbers are beside a receipt of the period, or were decided about in it."""
        receipt, decided = self._tables.receipt, decision["decided_at"]
        if decided is not None and self._period.holds(decided):
            return True
        missing = numbers_of(decision["record_key"])
        if missing is None:
            return False
        beside = receipt.c.number.between(missing.first - 1, missing.last + 1)
        query = sa.select(receipt.c.receipt_id).where(self._receipts(), receipt.c.register == missing.register, beside)
        return self._connection.execute(query.limit(1)).first() is not None

    def _known(self, receipt_ids: Sequence[str]) -> set[str]:
        receipt = self._tables.receipt
        return set(self._values(receipt.c.receipt_id, self._receipts(), receipt.c.receipt_id, receipt_ids))

    def _values(
        self,
        wanted: "sa.ColumnElement[Any]",
        mine: Condition,
        column: "sa.ColumnElement[Any]",
        keys: Sequence[Any],
    ) -> Iterator[Any]:
        for chunk in chunks(list(dict.fromkeys(keys))):
            yield from self._connection.execute(sa.select(wanted).where(mine, column.in_(chunk))).scalars()

    def _receipts(self) -> Condition:
        receipt = self._tables.receipt
        of_unknown_day = receipt.c.business_day.is_(None) & self._period.moments(receipt.c.staged_at)
        mine = self._period.days(receipt.c.business_day) | of_unknown_day | receipt.c.receipt_id.in_(self._by_others())
        return (receipt.c.company == self._company) & mine

    def _by_others(self) -> "sa.CompoundSelect[Any]":
        """Ids of receipts that belong to the period by a posting, a movement or their closing."""
        posting, movement = self._tables.posting, self._tables.stock_movement
        booked = [
            sa.select(table.c.receipt_id).where(table.c.company == self._company, self._period.days(day))
            for table, day in ((posting, posting.c.posting_date), (movement, movement.c.movement_date))
        ]
        receipt: Any = self._tables.receipt.alias()
        closing = self._tables.closing.alias()
        there = (receipt.c.company == closing.c.company) & (receipt.c.register == closing.c.register)
        stated = there & (receipt.c.closing_number == closing.c.number)
        # two queries, so that each one has its index
        in_range = receipt.c.number.between(closing.c.first_receipt_number, closing.c.last_receipt_number)
        derived = there & receipt.c.closing_number.is_(None) & in_range
        derived &= closing_number_of(receipt, self._tables.closing) == closing.c.number
        closed = [
            sa.select(receipt.c.receipt_id)
            .select_from(closing.join(receipt, how))
            .where(closing.c.company == self._company, self._period.days(closing.c.business_day))
            for how in (stated, derived)
        ]
        return sa.union(*booked, *closed)

    def _receipt_ids(self) -> "sa.Select[Any]":
        return sa.select(self._tables.receipt.c.receipt_id).where(self._receipts())

    def _postings(self) -> Condition:
        posting = self._tables.posting
        mine = self._period.days(posting.c.posting_date) | posting.c.receipt_id.in_(self._receipt_ids())
        return (posting.c.company == self._company) & mine

    def _deliveries(self) -> Condition:
        delivery, link = self._tables.delivery, self._tables.delivery_receipt
        covering = sa.select(link.c.delivery_id).where(
            link.c.company == self._company, link.c.receipt_id.in_(self._receipt_ids())
        )
        mine = self._period.days(delivery.c.day) | delivery.c.delivery_id.in_(covering)
        return (delivery.c.company == self._company) & mine

    def _exported(self) -> Condition:
        link, posting = self._tables.datev_posting, self._tables.posting
        ids = sa.select(posting.c.posting_id).where(self._postings())
        return (link.c.company == self._company) & link.c.posting_id.in_(ids)

    def _read(self, query: "sa.Select[Any]", *order: "sa.ColumnElement[Any]") -> Iterator[Row]:
        yield from self._connection.execute(
            self._sorted(query, *order), execution_options={"yield_per": _ROWS}
        ).mappings()

    def _sorted(self, query: "sa.Select[Any]", *order: "sa.ColumnElement[Any]") -> "sa.Select[Any]":
        """Sorts byte by byte, and null first: a database's own order changes with its locale and its version."""
        found: list[sa.ColumnElement[Any]] = []
        for column in order:
            if column.nullable:
                found.append(sa.case((column.is_(None), 0), else_=1))
            is_text = isinstance(column.type, sa.String)
            found.append(
                sa.collate(column, "C") if is_text and self._connection.dialect.name == "postgresql" else column
            )
        return query.order_by(*found)


def _flag(condition: Condition, name: str) -> "sa.Label[int]":
    """A condition as a column, 1 or 0: SQL Server has no truth values."""
    return sa.case((condition, 1), else_=0).label(name)


def _of_line(key: str) -> str:
    """The receipt of a decision about a line."""
    return key.rpartition("|")[0]


def _closing(key: str) -> tuple[str, int]:
    """Register and number of a closing's key; a number that there is not where it has none."""
    register, _, number = key.rpartition("|")
    return register, int(number) if number.isdecimal() and len(number) < _LONGEST_NUMBER else -1


def _numbers(rows: Sequence[Row]) -> list[int]:
    return [
        int(row["record_key"]) for row in rows if row["subject"] == Subject.DELIVERY and row["record_key"].isdecimal()
    ]
