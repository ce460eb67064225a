"""Requests to the cloud, stored before they are sent, so that a run that died can be finished by the next one."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Protocol

import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.database.retention import removal
from cloudkasse_etl.state.stores.records import PendingAttempt


class AttemptStore(Protocol):
    """Requests that were not answered yet."""

    def record(self, attempts: Iterable[tuple[str, str, bytes]]) -> None:
        """Stores requests (idempotency key, entity, body) before they are sent."""
        ...

    def pending(self, entity: str) -> list[PendingAttempt]:
        """Requests that were never answered, oldest first."""
        ...


class Attempts:
    """Requests of one company to one cloud."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.attempt

    def record(self, attempts: Iterable[tuple[str, str, bytes]]) -> None:
        """Stores requests (idempotency key, entity, body) before they are sent."""
        now = dt.datetime.now(dt.UTC)
        rows = [
            {
                "idempotency_key": key,
                "company": self._state.company,
                "target_id": self._state.target,
                "entity": entity,
                "body": body,
                "created_at": now,
                "run_id": self._state.run_id,
            }
            for key, entity, body in attempts
        ]
        with self._state.transaction() as connection:
            connection.execute(self._table.insert(), rows)

    def pending(self, entity: str) -> list[PendingAttempt]:
        """Requests that were never answered, oldest first."""
        table = self._table
        query = (
            sa.select(table.c.idempotency_key, table.c.entity, table.c.body)
            .where(table.c.target_id == self._state.target, table.c.entity == entity)
            .order_by(table.c.created_at, table.c.idempotency_key)
        )
        with self._state.reading() as connection:
            return [PendingAttempt(*row) for row in connection.execute(query)]

    def drop(self, connection: sa.Connection, keys: Sequence[str]) -> None:
        """Removes requests that were answered, in the caller's transaction."""
        for chunk in chunks(keys):
            connection.execute(removal(self._table).where(self._table.c.idempotency_key.in_(chunk)))
