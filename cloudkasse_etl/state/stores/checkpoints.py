"""Checkpoints: the fingerprint of the sources at which each asset was last up to date, and the cursors of streams."""

import datetime as dt
from typing import Protocol

import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.records import Checkpoint


class CheckpointStore(Protocol):
    """Checkpoints of assets and streams."""

    def of(self, asset: str) -> Checkpoint | None:
        """The fingerprint of the sources at which the asset was last up to date, if it ever was."""
        ...

    def generation(self, asset: str) -> int:
        """The number of changes that the cloud has ever accepted for an asset."""
        ...

    def set(self, asset: str, fingerprint: str, details: str) -> None:
        """Stores that the asset is up to date with its sources.

        Args:
            asset: The asset.
            fingerprint: The fingerprint of its sources.
            details: Further facts (JSON).
        """
        ...

    def cursor(self, stream: str) -> str | None:
        """The cursor up to which a stream was read; None where it never was."""
        ...


class Checkpoints:
    """Checkpoints of one company with one cloud."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.level

    def of(self, asset: str) -> Checkpoint | None:
        """The fingerprint of the sources at which the asset was last up to date, if it ever was."""
        table = self._table
        query = sa.select(table.c.fingerprint, table.c.details, table.c.generation, table.c.run_id).where(
            table.c.target_id == self._state.target_of(asset), table.c.asset == asset
        )
        with self._state.reading() as connection:
            row = connection.execute(query).one_or_none()
        return Checkpoint(*row) if row else None

    def generation(self, asset: str) -> int:
        """The number of changes that the cloud has ever accepted for an asset."""
        found = self.of(asset)
        return found.generation if found else 0

    def set(self, asset: str, fingerprint: str, details: str) -> None:
        """Stores that the asset is up to date with its sources, with details (JSON)."""
        with self._state.transaction() as connection:
            self.put(connection, asset, fingerprint, details)

    def put(self, connection: sa.Connection, asset: str, fingerprint: str, details: str) -> None:
        """Stores the same in the caller's transaction.

        Args:
            connection: With the transaction.
            asset: The asset.
            fingerprint: The fingerprint of its sources.
            details: Further facts (JSON).
        """
        self.grow(connection, asset, 0, fingerprint=fingerprint, details=details)

    def grow(self, connection: sa.Connection, asset: str, changes: int, **values: str) -> None:
        """Counts changes that the cloud accepted, in the caller's transaction; the asset is no longer up to date.

        Args:
            connection: With the transaction.
            asset: The asset.
            changes: How many there were.
            **values: Other columns that are set with it.
        """
        table, target = self._table, self._state.target_of(asset)
        # The fingerprint is removed: if this run dies, a later one must not treat its work as finished
        # when it finds the old sources again.
        values = {"fingerprint": "", **values}
        done = connection.execute(
            table.update()
            .where(table.c.target_id == target, table.c.asset == asset)
            .values(generation=table.c.generation + changes, run_id=self._state.run_id, **values)
        )
        if done.rowcount == 0:
            defaults = {"details": "{}", **values}
            connection.execute(
                table.insert().values(
                    target_id=target,
                    asset=asset,
                    company=self._state.company,
                    generation=changes,
                    run_id=self._state.run_id,
                    **defaults,
                )
            )

    def cursor(self, stream: str) -> str | None:
        """The cursor up to which a stream was read; None where it never was."""
        table = self._state.tables.cursor
        query = sa.select(table.c.position).where(table.c.target_id == self._state.target, table.c.stream == stream)
        with self._state.reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def move(self, connection: sa.Connection, stream: str, cursor: str) -> None:
        """Stores the cursor of a stream, in the transaction that stores what was read.

        Args:
            connection: With the transaction.
            stream: The stream.
            cursor: The position up to which it was read.
        """
        table, state = self._state.tables.cursor, self._state
        values = {"position": cursor, "moved_at": dt.datetime.now(dt.UTC), "run_id": state.run_id}
        here = (table.c.target_id == state.target) & (table.c.stream == stream)
        if connection.execute(table.update().where(here).values(values)).rowcount == 0:
            connection.execute(
                table.insert().values(target_id=state.target, stream=stream, company=state.company, **values)
            )
