"""Which kind of till a company's receipts came from, and since when; and which parts of a till were read."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.retention import removal
from cloudkasse_etl.state.stores.books.receipt_status import Status


@dataclass(frozen=True, slots=True)
class TillInUse:
    """The till that receipts come from.

    Attributes:
        kind: Its kind.
        receipts_from: The first business day of receipts from it, where another till was in use before.
    """

    kind: str
    receipts_from: dt.date | None


class Tills:
    """The tills of one company, one after the other."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state

    def in_use(self) -> TillInUse | None:
        """The till of the last run; None where nothing was ever fetched."""
        table, company = self._state.tables.till, self._state.company
        newest = sa.select(table.c.kind, table.c.receipts_from).where(table.c.company == company)
        with self._state.reading() as connection:
            if found := connection.execute(newest.order_by(table.c.place.desc()).limit(1)).one_or_none():
                return TillInUse(*found)
            # before version 0014 there was one kind only
            cursor = self._state.tables.cursor
            is_used = connection.execute(
                sa.select(cursor.c.stream).where(cursor.c.company == company).limit(1)
            ).scalar()
        return TillInUse("cloudkasse", None) if is_used else None

    def last_day(self) -> dt.date | None:
        """The last business day of a receipt that is booked, or may be."""
        table = self._state.tables.receipt
        query = sa.select(sa.func.max(table.c.business_day)).where(
            table.c.company == self._state.company,
            table.c.status.not_in([Status.BEFORE_START.value, Status.DISMISSED.value]),
        )
        with self._state.reading() as connection:
            found: dt.date | None = connection.execute(query).scalar()
        return found

    def use(self, till: TillInUse) -> None:
        """Stores that receipts come from another till now."""
        table, company = self._state.tables.till, self._state.company
        with self._state.transaction() as connection:
            places = sa.select(sa.func.count()).where(table.c.company == company)
            connection.execute(
                table.insert().values(
                    company=company,
                    place=connection.execute(places).scalar(),
                    kind=till.kind,
                    receipts_from=till.receipts_from,
                    since=dt.datetime.now(dt.UTC),
                    run_id=self._state.run_id,
                )
            )


class Parts:
    """The parts of a till that were read to their end."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.part

    def taken(self) -> Mapping[str, str]:
        """Name of a part → its state when it was read."""
        table = self._table
        query = sa.select(table.c.name, table.c.state).where(table.c.target_id == self._state.target)
        with self._state.reading() as connection:
            return {str(name): str(state) for name, state in connection.execute(query)}

    def put(self, connection: sa.Connection, name: str, state: str) -> None:
        """Stores that a part was read, in the transaction that stores what was read last of it.

        Args:
            connection: With the transaction.
            name: The part.
            state: Its state when it was read.
        """
        table, target = self._table, self._state.target
        connection.execute(removal(table).where(table.c.target_id == target, table.c.name == name))
        connection.execute(
            table.insert().values(
                target_id=target,
                name=name,
                company=self._state.company,
                state=state,
                taken_at=dt.datetime.now(dt.UTC),
                run_id=self._state.run_id,
            )
        )
