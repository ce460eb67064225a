"""Reads the receipts, numbers and closings of business days."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import sqlalchemy as sa

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.books.receipt_reader import ReceiptRow
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_closings import closing_number_of
from cloudkasse_etl.state.stores.missing_numbers import Gap, OpenClosing


@dataclass(frozen=True, slots=True)
class DayReceipt:
    """A receipt of a day.

    Attributes:
        row: As a list has it, with the closing that it belongs to.
        refused_by: The asset that refused it; None where none did.
        counts_in_closing: Whether its closing's totals cover it.
        raw: As it came, in canonical form.
        original: As the till sent it, where that is another form.
    """

    row: ReceiptRow
    refused_by: str | None
    counts_in_closing: bool
    raw: bytes
    original: bytes | None

    @property
    def is_refused(self) -> bool:
        """Whether it was refused when it came: it was checked, and cannot be relied on."""
        return self.row.status == Status.REJECTED and self.refused_by == STAGED_RECEIPTS


@dataclass(frozen=True, slots=True)
class DayGap:
    """Numbers that are missing beside a day's receipts.

    Attributes:
        gap: The numbers.
        is_after: Whether they come after the day's last number: they may be of the day that follows.
    """

    gap: Gap
    is_after: bool


class DayReceipts:
    """Receipts and closings of a company, by register and business day."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._receipt, self._closing = state.tables.receipt, state.tables.closing

    def registers(self) -> list[str]:
        """All registers that ever had a receipt or a closing."""
        with self._state.reading() as connection:
            found = {
                name
                for table in (self._receipt, self._closing)
                for name in connection.execute(
                    sa.select(table.c.register).where(table.c.company == self._state.company).distinct()
                ).scalars()
            }
        return sorted(name for name in found if name is not None)

    def places(self, first: dt.date, last: dt.date) -> list[tuple[dt.date, str]]:
        """Business days (both ends included) and registers with receipts or closings, by day and register."""
        found: set[tuple[dt.date, str]] = set()
        with self._state.reading() as connection:
            for table in (self._receipt, self._closing):
                query = (
                    sa.select(table.c.business_day, table.c.register)
                    .where(table.c.company == self._state.company, table.c.business_day.between(first, last))
                    .where(table.c.register.is_not(None))
                    .distinct()
                )
                found.update((row[0], row[1]) for row in connection.execute(query))
        return sorted(found)

    def of(self, register: str, day: dt.date) -> list[DayReceipt]:
        """The receipts of a register's day, of any status, by number and id."""
        table = self._receipt
        derived = closing_number_of(table, self._closing)
        columns = [derived if name == "closing_number" else table.c[name] for name in ReceiptRow.__slots__]
        more = (table.c.refused_by, table.c.counts_in_closing, table.c.raw, table.c.original)
        query = sa.select(*columns, *more).where(
            table.c.company == self._state.company, table.c.register == register, table.c.business_day == day
        )
        with self._state.reading() as connection:
            found = [
                DayReceipt(
                    ReceiptRow(*row[: len(columns)]), row[-4], row[-3], bytes(row[-2]), row[-1] and bytes(row[-1])
                )
                for row in connection.execute(query)
            ]
        # not by the database: SQLite would take the index by number, and pass by all of the register's receipts
        return sorted(found, key=lambda one: (one.row.number is not None, one.row.number or 0, one.row.receipt_id))

    def days_before(self, register: str, day: dt.date, limit: int) -> list[dt.date]:
        """The business days of a register before a day.

        Args:
            register: The register.
            day: The day, not included.
            limit: How many at most.

        Returns:
            The days, the latest first.
        """
        table = self._receipt
        query = (
            sa.select(table.c.business_day)
            .where(table.c.company == self._state.company, table.c.register == register, table.c.business_day < day)
            .distinct()
            .order_by(table.c.business_day.desc())
            .limit(limit)
        )
        with self._state.reading() as connection:
            return list(connection.execute(query).scalars())

    def newest(self, register: str | None) -> dt.date | None:
        """The last business day with receipts, of a register or of all."""
        table = self._receipt
        query = sa.select(sa.func.max(table.c.business_day)).where(table.c.company == self._state.company)
        if register is not None:
            query = query.where(table.c.register == register)
        with self._state.reading() as connection:
            return connection.execute(query).scalar()

    def gaps(self, register: str, numbers: Iterable[int]) -> list[DayGap]:
        """Numbers of a register that are missing next to some of its receipts' numbers.

        Args:
            register: The register.
            numbers: The numbers of a day's receipts.

        Returns:
            Those that are missing before or between them, and right after the last one where a later one is there;
            those that a person dismissed too.
        """
        own = set(numbers)
        if not own:
            return []
        table, first, last = self._receipt, min(own), max(own)
        here = (table.c.company == self._state.company) & (table.c.register == register)
        before = sa.select(sa.func.max(table.c.number)).where(here, table.c.number < first)
        after = sa.select(sa.func.min(table.c.number)).where(here, table.c.number > last)
        between = sa.select(table.c.number).where(here, table.c.number.between(first, last)).distinct()
        with self._state.reading() as connection:
            beside = [connection.execute(query).scalar() for query in (before, after)]
            known = {*connection.execute(between).scalars(), *(number for number in beside if number is not None)}
        order = sorted(map(int, known))
        return [
            DayGap(Gap(register, one + 1, following - 1), following not in own)
            for one, following in pairwise(order)
            if following - one > 1 and (one in own or following in own)
        ]

    def closings(self, register: str, day: dt.date, numbers: Iterable[int]) -> list[OpenClosing]:
        """The closings of a register's day, and some others.

        Args:
            register: The register.
            day: The business day.
            numbers: The numbers of the others.

        Returns:
            The closings, by number.
        """
        table = self._closing
        columns = [table.c[name] for name in OpenClosing.__slots__]
        wanted = sa.or_(table.c.business_day == day, table.c.number.in_(sorted(set(numbers))))
        query = (
            sa.select(*columns)
            .where(table.c.company == self._state.company, table.c.register == register, wanted)
            .order_by(table.c.number)
        )
        with self._state.reading() as connection:
            return [OpenClosing(*row) for row in connection.execute(query)]

    def count_without_day(self) -> int:
        """How many receipts have no day that can be read: they are refused, and on no day's sheet."""
        table = self._receipt
        query = sa.select(sa.func.count()).where(
            table.c.company == self._state.company,
            table.c.status == Status.REJECTED,
            sa.or_(table.c.business_day.is_(None), table.c.register.is_(None)),
        )
        with self._state.reading() as connection:
            return int(connection.execute(query).scalar_one())
