"""Staged closings, how far each stream was read, and the closing that a receipt belongs to."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.entities import STAGED_CLOSINGS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.books.decision_log import Decision, DecisionStore
from cloudkasse_etl.state.stores.store import StateStore


@dataclass(frozen=True, slots=True)
class ClosingRow:
    """A staged closing as a list shows it."""

    register: str
    number: int
    business_day: dt.date
    receipt_count: int
    verified: bool


def closing_number_of(receipt: sa.Table, closing: sa.Table) -> "sa.ColumnElement[Any]":
    """The number of the closing that a receipt belongs to; null where none is there yet. As the view has it.

    The one that it states. One that states none belongs to the closing whose range of numbers has it; where ranges
    overlap, to that of its own business day: a receipt that was begun on one day may be finished on the next.
    """
    covering = (
        sa.select(sa.func.min(closing.c.number))
        .where(closing.c.company == receipt.c.company, closing.c.register == receipt.c.register)
        .where(receipt.c.number.between(closing.c.first_receipt_number, closing.c.last_receipt_number))
        .correlate(receipt)
    )
    of_its_day = covering.where(closing.c.business_day == receipt.c.business_day)
    return sa.func.coalesce(receipt.c.closing_number, of_its_day.scalar_subquery(), covering.scalar_subquery())


class ClosingStore:
    """Closings of the store's company, and the cursors of its cloud."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._tables = store.tables
        self._company = store.company
        self._run_id = store.run_id

    def cursor(self, stream: str) -> str | None:
        """How far a stream was read; None where it never was."""
        table = self._tables.cursor
        query = sa.select(table.c.position).where(table.c.target_id == self._store.target, table.c.stream == stream)
        with self._store.reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def stage_closings(
        self, closings: Mapping[str, Mapping[str, Any]], rejections: Sequence[Rejection], *, cursor: str
    ) -> None:
        """Stores a page of new closings and the cursor behind it, in one transaction.

        Args:
            closings: By key: what was refused under it has ended, since it could not be read.
            rejections: Of closings that are refused now.
            cursor: Where to go on.
        """
        now = dt.datetime.now(dt.UTC)
        rows = [
            {"company": self._company, "verified": False, "staged_at": now, "staged_run_id": self._run_id, **closing}
            for closing in closings.values()
        ]
        with self._store.transaction() as connection:
            if rows:
                connection.execute(self._tables.closing.insert(), rows)
                self._store.drop_rejections(connection, STAGED_CLOSINGS, list(closings))
            self._store.put_rejections(connection, STAGED_CLOSINGS, rejections)
            self._move(connection, "closings", cursor, now)

    def known_closings(self) -> dict[str, str]:
        """The content hashes of the staged closings by key: register and number."""
        table = self._tables.closing
        query = sa.select(table.c.register, table.c.number, table.c.content_hash).where(
            table.c.company == self._company
        )
        with self._store.reading() as connection:
            return {f"{row[0]}|{row[1]}": row[2] for row in connection.execute(query)}

    def closing_rows(self) -> list[ClosingRow]:
        """The list of closings, by register and number."""
        table = self._tables.closing
        query = sa.select(*(table.c[name] for name in ClosingRow.__slots__)).where(table.c.company == self._company)
        with self._store.reading() as connection:
            return [ClosingRow(*row) for row in connection.execute(query.order_by(table.c.register, table.c.number))]

    def has_closing_place(self, key: str) -> bool:
        """Whether a key names a closing that is there, or a number that is missing between two that are."""
        register, _, number = key.rpartition("|")
        if not register or not number.isdecimal() or len(number) > 16:
            return False
        table = self._tables.closing
        here = (table.c.company == self._company) & (table.c.register == register)
        query = sa.select(sa.func.min(table.c.number), sa.func.max(table.c.number)).where(here)
        with self._store.reading() as connection:
            first, last = connection.execute(query).one()
        return first is not None and first <= int(number) <= last

    def decide_closing(self, decision: Decision, *, ended: Sequence[str], opened: Sequence[Rejection]) -> None:
        """Notes what was decided about a closing, ends rejections by their keys, and opens others again."""
        with self._store.transaction() as connection:
            self._store.drop_rejections(connection, STAGED_CLOSINGS, ended)
            self._store.put_rejections(connection, STAGED_CLOSINGS, opened)
            DecisionStore(self._store).put(connection, [decision])

    def _move(self, connection: sa.Connection, stream: str, cursor: str, now: dt.datetime) -> None:
        table = self._tables.cursor
        values = {"position": cursor, "moved_at": now, "run_id": self._run_id}
        here = (table.c.target_id == self._store.target) & (table.c.stream == stream)
        if connection.execute(table.update().where(here).values(values)).rowcount == 0:
            connection.execute(
                table.insert().values(target_id=self._store.target, stream=stream, company=self._company, **values)
            )
