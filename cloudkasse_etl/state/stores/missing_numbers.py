"""Finds missing data among staged receipts and closings: gaps, duplicate numbers, closings to compare."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.books.decision_log import Action, DecisionLog, Subject
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_closings import closing_number_of

TO = "–"


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a register that are missing between two stored ones; both ends included."""

    register: str
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many numbers are missing."""
        return self.last - self.first + 1

    @property
    def numbers(self) -> str:
        """The numbers as a person reads them: `4711` or `4711–4715`."""
        return str(self.first) if self.first == self.last else f"{self.first}{TO}{self.last}"


@dataclass(frozen=True, slots=True)
class Doubled:
    """A number that several receipts of a register have."""

    register: str
    number: int
    count: int


@dataclass(frozen=True, slots=True)
class OpenClosing:
    """A closing that has not been found equal to its receipts yet."""

    register: str
    number: int
    business_day: dt.date
    first_receipt_number: int
    last_receipt_number: int
    raw: bytes


def numbers_of(key: str) -> Gap | None:
    """The numbers that a decision's key names: register `|` number, or register `|` first `-` last."""
    register, _, numbers = key.rpartition("|")
    first, _, last = numbers.partition("-")
    if not register or not first.isdecimal() or not (last or first).isdecimal():
        return None
    return Gap(register, int(first), int(last or first))


def _left(gaps: Iterable[Gap], dismissed: Iterable[Gap | None]) -> Iterator[Gap]:
    """The gaps without the numbers that were dismissed."""
    by_register: dict[str, list[Gap]] = {}
    for done in dismissed:
        if done is not None:
            by_register.setdefault(done.register, []).append(done)
    for gap in gaps:
        first = gap.first
        for done in sorted(by_register.get(gap.register, ()), key=lambda d: d.first):
            if done.first > first and done.first <= gap.last:
                yield Gap(gap.register, first, done.first - 1)
            if done.first <= gap.last:
                first = max(first, done.last + 1)
        if first <= gap.last:
            yield Gap(gap.register, first, gap.last)


class Completeness:
    """Queries the staged receipts and closings of a company."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._receipt, self._closing = state.tables.receipt, state.tables.closing

    def receipt_gaps(self) -> list[Gap]:
        """Receipt numbers that are missing, from the first one of each register on; not those that were dismissed."""
        return self.without_dismissed(self._gaps(self._receipt), Subject.NUMBERS)

    def closing_gaps(self) -> list[Gap]:
        """Closing numbers that are missing, from the first one of each register on; not those that were dismissed."""
        return self.without_dismissed(self._gaps(self._closing), Subject.CLOSING)

    def without_dismissed(self, gaps: Iterable[Gap], subject: Subject) -> list[Gap]:
        """Gaps without the numbers that a person has dismissed since they were found."""
        return list(_left(gaps, map(numbers_of, self._dismissed(subject))))

    def _dismissed(self, subject: Subject) -> frozenset[str]:
        """The keys that a person has dismissed."""
        return frozenset(DecisionLog(self._state).holding(subject, Action.DISMISS))

    def _gaps(self, table: sa.Table) -> list[Gap]:
        before = sa.func.lag(table.c.number).over(partition_by=table.c.register, order_by=table.c.number)
        numbers = (
            sa.select(table.c.register, table.c.number, before.label("before"))
            .where(table.c.company == self._state.company, table.c.number.is_not(None))
            .subquery()
        )
        query = sa.select(numbers).where(numbers.c.number - numbers.c.before > 1)
        with self._state.reading() as connection:
            rows = connection.execute(query.order_by(numbers.c.register, numbers.c.number)).all()
        return [Gap(row.register, row.before + 1, row.number - 1) for row in rows]

    def doubled_numbers(self) -> list[Doubled]:
        """Numbers that several receipts of a register have; all are stored, since all may be real sales.

        Dismissed receipts do not count.
        """
        table = self._receipt
        # an index alone answers which numbers occur twice; only of those the rows are read
        twice = (
            sa.select(table.c.register, table.c.number)
            .where(table.c.company == self._state.company, table.c.number.is_not(None))
            .group_by(table.c.register, table.c.number)
            .having(sa.func.count() > 1)
            .subquery()
        )
        count = (
            sa.select(sa.func.count())
            .where(table.c.company == self._state.company, table.c.status != Status.DISMISSED)
            .where(table.c.register == twice.c.register, table.c.number == twice.c.number)
            .scalar_subquery()
        )
        counted = sa.select(twice, count.label("count")).subquery()
        query = sa.select(counted).where(counted.c["count"] > 1).order_by(counted.c.register, counted.c.number)
        with self._state.reading() as connection:
            return [Doubled(*row) for row in connection.execute(query)]

    def open_closings(self) -> list[OpenClosing]:
        """Closings that have not been found equal to their receipts yet nor were dismissed, by register and number."""
        table = self._closing
        columns = [table.c[name] for name in OpenClosing.__slots__]
        query = sa.select(*columns).where(table.c.company == self._state.company, table.c.verified == sa.false())
        with self._state.reading() as connection:
            rows = [OpenClosing(*row) for row in connection.execute(query.order_by(table.c.register, table.c.number))]
        dismissed = self._dismissed(Subject.CLOSING)
        return [row for row in rows if f"{row.register}|{row.number}" not in dismissed]

    def receipts_of(self, closing: OpenClosing) -> tuple[list[bytes], list[int]]:
        """The receipts that a closing's totals cover, as they arrived, and the numbers of those that were refused.

        They are those that state its number, and those of its range that state none and belong to no other closing.
        """
        table = self._receipt
        query = (
            sa.select(table.c.raw, table.c.status, table.c.number, table.c.refused_by)
            .where(table.c.company == self._state.company, table.c.register == closing.register)
            .where(sa.or_(table.c.counts_in_closing == sa.true(), table.c.status == Status.REJECTED))
        )
        in_range = table.c.number.between(closing.first_receipt_number, closing.last_receipt_number)
        derived = closing_number_of(table, self._closing)
        queries = (
            query.where(table.c.closing_number == closing.number),
            query.where(table.c.closing_number.is_(None), in_range, derived == closing.number),
        )
        good, refused = [], []
        with self._state.reading() as connection:
            for part in queries:
                for raw, status, number, refused_by in connection.execute(part):
                    # a receipt that only the import refused counts like any other here
                    if status == Status.REJECTED and refused_by == STAGED_RECEIPTS:
                        refused.append(int(number))
                    else:
                        good.append(bytes(raw))
        return good, sorted(refused)

    def unbalanced(self) -> list[str]:
        """Receipts whose postings do not sum to 0; there should never be any, but it is checked."""
        table = self._state.tables.posting
        query = (
            sa.select(table.c.receipt_id)
            .where(table.c.company == self._state.company)
            .group_by(table.c.receipt_id)
            .having(sa.func.sum(table.c.amount_cents) != 0)
        )
        with self._state.reading() as connection:
            return sorted(connection.execute(query).scalars())

    def balance_of(self, account: str) -> int:
        """The balance of an account over all postings, in cents."""
        table = self._state.tables.posting
        query = sa.select(sa.func.coalesce(sa.func.sum(table.c.amount_cents), 0)).where(
            table.c.company == self._state.company, table.c.account == account
        )
        with self._state.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def mark(self) -> str:
        """A value that changes with everything that the findings depend on: staged receipts, their checks, bookings."""
        receipt, closing, posting = self._receipt, self._closing, self._state.tables.posting
        decision = self._state.tables.decision
        company = self._state.company
        refused = sa.func.sum(sa.case((receipt.c.refused_by == STAGED_RECEIPTS, 1), else_=0))
        dismissed = sa.func.sum(sa.case((receipt.c.status == Status.DISMISSED, 1), else_=0))
        queries = (
            # two, since each is answered from an index alone
            sa.select(sa.func.count(), refused, dismissed).where(receipt.c.company == company),
            sa.select(sa.func.sum(receipt.c.closing_number)).where(receipt.c.company == company),
            sa.select(sa.func.count()).where(closing.c.company == company),
            sa.select(sa.func.count()).where(posting.c.company == company),
            sa.select(sa.func.count()).where(decision.c.company == company),
        )
        with self._state.reading() as connection:
            return repr([tuple(connection.execute(query).one()) for query in queries])

    def set_verified(self, closings: Sequence[OpenClosing]) -> None:
        """Stores that closings were found equal to their receipts: they need not be compared again."""
        table = self._closing
        if not closings:
            return
        with self._state.transaction() as connection:
            for closing in closings:
                connection.execute(
                    table.update()
                    .where(table.c.company == self._state.company, table.c.register == closing.register)
                    .where(table.c.number == closing.number)
                    .values(verified=True)
                )
