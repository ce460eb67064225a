"""Open rejections by asset, with their reasons and beginnings. Waiting records are in waiting_records.py."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import orjson
import sqlalchemy as sa

from cloudkasse_etl.rejections.rejection import Rejection, merged
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import bounded_key, chunks
from cloudkasse_etl.state.database.retention import removal
from cloudkasse_etl.state.stores.named_records import STORED, TITLE_LENGTH, NamedRecords, rejection_of


def _every(rejection: Rejection) -> bool:
    return True


class RejectionStore(Protocol):
    """Open rejections."""

    def of(self, asset: str) -> list[Rejection]:
        """The open rejections of an asset with what their records are called, oldest first."""
        ...

    def named(self, rejections: Sequence[Rejection]) -> list[Rejection]:
        """The same rejections with what their records are called; those of a run's own have no names yet."""
        ...

    def replace(
        self, asset: str, found: Sequence[Rejection], checked: Callable[[Rejection], bool] = ...
    ) -> list[Rejection]:
        """Makes `found` the open rejections of an asset and ends all others whose records were checked.

        Args:
            asset: The asset.
            found: What was refused.
            checked: Whether an open rejection's record was checked; the others stay open.

        Returns:
            All open rejections with their `since`, and `still` where key, code and content are as before.
        """
        ...

    def end(self, asset: str, keys: Sequence[str]) -> None:
        """Ends the rejections of records that are no longer required or are up to date."""
        ...


class Rejections:
    """Rejections of one company with one cloud."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.rejection
        self._names = NamedRecords(state)

    def of(self, asset: str) -> list[Rejection]:
        """The open rejections of an asset with what their records are called, oldest first."""
        return self.named(self.nameless(asset))

    def named(self, rejections: Sequence[Rejection]) -> list[Rejection]:
        """The same rejections with what their records are called; those of a run's own have no names yet."""
        return self._names.named(rejections)

    def nameless(self, asset: str) -> list[Rejection]:
        """The open rejections of an asset as they are stored, oldest first."""
        table = self._table
        query = (
            sa.select(*(table.c[name] for name in STORED))
            .where(table.c.target_id == self._state.target_of(asset), table.c.asset == asset)
            .order_by(table.c.since, table.c.record_key)
        )
        with self._state.reading() as connection:
            return [rejection_of(row) for row in connection.execute(query)]

    def replace(
        self, asset: str, found: Sequence[Rejection], checked: Callable[[Rejection], bool] = _every
    ) -> list[Rejection]:
        """Makes `found` the open rejections of an asset and ends all others whose records were checked."""
        change = change_of(asset, self.of(asset), found, checked)
        if change.ended:
            with self._state.transaction() as connection:
                self.drop(connection, asset, change.ended)
                self.put(connection, asset, change.put)
        return change.open

    def end(self, asset: str, keys: Sequence[str]) -> None:
        """Ends the rejections of records that are no longer required or are up to date."""
        if keys:
            with self._state.transaction() as connection:
                self.drop(connection, asset, keys)

    def drop(self, connection: sa.Connection, asset: str, keys: Sequence[str]) -> None:
        """Ends the rejections of some keys.

        Args:
            connection: With the caller's transaction.
            asset: The asset.
            keys: The records' keys.
        """
        table, target = self._table, self._state.target_of(asset)
        for chunk in chunks([bounded_key(key) for key in keys]):
            connection.execute(
                removal(table).where(table.c.target_id == target, table.c.asset == asset, table.c.record_key.in_(chunk))
            )

    def put(self, connection: sa.Connection, asset: str, rejected: Sequence[Rejection]) -> None:
        """Stores rejections; those of the same keys end.

        Args:
            connection: With the caller's transaction.
            asset: The asset.
            rejected: The rejections.
        """
        if not rejected:
            return
        rejected, target = merged(rejected), self._state.target_of(asset)
        self.drop(connection, asset, [r.key for r in rejected])
        connection.execute(
            self._table.insert(),
            [
                {
                    "target_id": target,
                    "asset": asset,
                    "record_key": bounded_key(r.key),
                    "code": r.code[:80],
                    "company": self._state.company,
                    "detail": orjson.dumps(dict(r.detail)).decode(),
                    "content": r.content,
                    "since": r.since or dt.datetime.now(dt.UTC),
                    "first_run_id": r.first_run or self._state.run_id,
                    "run_id": self._state.run_id,
                    "title": title[:TITLE_LENGTH] if r.record and (title := r.record.title) else None,
                }
                for r in rejected
            ],
        )


@dataclass(frozen=True, slots=True)
class RejectionChange:
    """The changes that make some rejections the open ones of an asset.

    Attributes:
        open: All that are open afterwards.
        ended: Keys whose rejections end; none where nothing changes.
        put: The rejections that are stored instead.
    """

    open: list[Rejection]
    ended: list[str]
    put: list[Rejection]


def change_of(
    asset: str, stored: Sequence[Rejection], found: Sequence[Rejection], checked: Callable[[Rejection], bool] = _every
) -> RejectionChange:
    """Compares refused records with the open rejections.

    Args:
        asset: The asset.
        stored: Its open rejections.
        found: The rejections of now.
        checked: Whether an open rejection's record was checked; the others stay open.

    Returns:
        The change.
    """
    before = {(r.key, r.code): r for r in stored if checked(r)}
    now = dt.datetime.now(dt.UTC)
    result, renamed = [], list[str]()
    # merged first: stored rejections are merged too, and would never equal one of their parts
    for rejection in merged([replace(r, asset=asset, key=bounded_key(r.key)) for r in found]):
        old = before.get((rejection.key, rejection.code))
        still = old is not None and old.content == rejection.content
        record = rejection.record or (old.record if old else None)
        named = replace(rejection, since=now, still=still, record=record)
        result.append(named.refused_as(old) if still else named)
        if still and old and old.called.title != rejection.called.title and rejection.called.title is not None:
            renamed.append(rejection.key)
    kept = {(r.key, r.code) for r in result}
    ended = [r.key for r in before.values() if (r.key, r.code) not in kept] + [r.key for r in result if not r.still]
    ended += renamed
    # a key can have several codes: rejections that should not end with the key are stored again
    touched = set(ended)
    return RejectionChange(
        [r for r in stored if not checked(r)] + result, ended, [r for r in result if r.key in touched]
    )
