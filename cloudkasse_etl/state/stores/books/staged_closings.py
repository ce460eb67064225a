"""Staged closings, and the closing that a receipt belongs to."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import sqlalchemy as sa

from cloudkasse_etl.entities import STAGED_CLOSINGS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.checkpoints import Checkpoints
from cloudkasse_etl.state.stores.rejections import Rejections
from cloudkasse_etl.state.stores.tills import Parts


@dataclass(frozen=True, slots=True)
class ClosingRow:
    """A staged closing for a list."""

    register: str
    number: int
    business_day: dt.date
    receipt_count: int
    verified: bool


def closing_number_of(receipt: sa.Table, closing: sa.Table) -> "sa.ColumnElement[Any]":
    """The number of the closing that a receipt belongs to; null where there is none yet. The same rule as in the view.

    The number that it states. A receipt without one belongs to the closing whose range of numbers contains it; where
    ranges overlap, to that of its own business day: a receipt that was begun on one day may be finished on the next.
    """
    covering = (
        sa.select(sa.func.min(closing.c.number))
        .where(closing.c.company == receipt.c.company, closing.c.register == receipt.c.register)
        .where(receipt.c.number.between(closing.c.first_receipt_number, closing.c.last_receipt_number))
        .correlate(receipt)
    )
    of_its_day = covering.where(closing.c.business_day == receipt.c.business_day)
    return sa.func.coalesce(receipt.c.closing_number, of_its_day.scalar_subquery(), covering.scalar_subquery())


@dataclass(frozen=True, slots=True)
class ArrivedClosings:
    """Closings that arrived together, and what of them could not be read.

    Attributes:
        rows: New closings by key; rejections of unreadable items under the same keys end.
        rejections: Of closings that are refused now.
        settled: Keys of further rejections that end.
        parts: Name → state of what was read to its end with them.
    """

    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rejections: Sequence[Rejection] = ()
    settled: Sequence[str] = ()
    parts: Mapping[str, str] = field(default_factory=dict)


class ClosingStore(Protocol):
    """Closings, as a run stages them."""

    def stage(self, arrived: ArrivedClosings, *, cursor: str | None) -> None:
        """Stores a page of new closings and the cursor after it, in one transaction.

        Args:
            arrived: The closings.
            cursor: The position after the page; None leaves it unchanged.
        """
        ...

    def known(self) -> dict[str, str]:
        """The content hashes of the staged closings by key: register and number."""
        ...

    def count(self) -> int:
        """How many closings are staged."""
        ...


class StagedClosings:
    """Closings of a company."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.closing
        self._rejections, self._checkpoints, self._parts = Rejections(state), Checkpoints(state), Parts(state)

    def stage(self, arrived: ArrivedClosings, *, cursor: str | None) -> None:
        """Stores a page of new closings and the cursor after it, in one transaction."""
        with self._state.transaction() as connection:
            self.put(connection, arrived)
            if cursor is not None:
                self._checkpoints.move(connection, "closings", cursor)

    def put(self, connection: sa.Connection, arrived: ArrivedClosings) -> None:
        """Stores closings in the caller's transaction.

        Args:
            connection: With the transaction.
            arrived: The closings.
        """
        now = dt.datetime.now(dt.UTC)
        rows = [
            {
                "company": self._state.company,
                "verified": False,
                "staged_at": now,
                "staged_run_id": self._state.run_id,
                **closing,
            }
            for closing in arrived.rows.values()
        ]
        if rows:
            connection.execute(self._table.insert(), rows)
        if ended := [*arrived.rows, *arrived.settled]:
            self._rejections.drop(connection, STAGED_CLOSINGS, ended)
        self._rejections.put(connection, STAGED_CLOSINGS, arrived.rejections)
        for name, state in arrived.parts.items():
            self._parts.put(connection, name, state)

    def known(self) -> dict[str, str]:
        """The content hashes of the staged closings by key: register and number."""
        table = self._table
        query = sa.select(table.c.register, table.c.number, table.c.content_hash).where(
            table.c.company == self._state.company
        )
        with self._state.reading() as connection:
            return {f"{row[0]}|{row[1]}": row[2] for row in connection.execute(query)}

    def count(self) -> int:
        """How many closings are staged."""
        query = sa.select(sa.func.count()).where(self._table.c.company == self._state.company)
        with self._state.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def rows(self) -> list[ClosingRow]:
        """The list of closings, by register and number."""
        table = self._table
        query = sa.select(*(table.c[name] for name in ClosingRow.__slots__)).where(
            table.c.company == self._state.company
        )
        with self._state.reading() as connection:
            return [ClosingRow(*row) for row in connection.execute(query.order_by(table.c.register, table.c.number))]

    def has_place(self, key: str) -> bool:
        """Whether a key names a stored closing, or a missing number between two stored ones."""
        register, _, number = key.rpartition("|")
        if not register or not number.isdecimal() or len(number) > 16:
            return False
        table = self._table
        here = (table.c.company == self._state.company) & (table.c.register == register)
        query = sa.select(sa.func.min(table.c.number), sa.func.max(table.c.number)).where(here)
        with self._state.reading() as connection:
            first, last = connection.execute(query).one()
        return first is not None and first <= int(number) <= last
