"""What is kept of a company's synchronisation with one cloud: attempts, rejections, levels. Records: synced.py.

Each write happens in a transaction that first proves that this run still holds the lease.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import sqlalchemy as sa

from cloudkasse_etl.rejections.rejection import Rejection, merged
from cloudkasse_etl.state.database.bulk import insert_columns
from cloudkasse_etl.state.database.keys import bounded_key, chunks
from cloudkasse_etl.state.stores.records import Level, PendingAttempt, SyncedRecord
from cloudkasse_etl.state.stores.synced import SyncedRecords


class StateStore(SyncedRecords):
    """State of one company with one cloud, written by one run."""

    # --- attempts

    def record_attempts(self, attempts: Iterable[tuple[str, str, bytes]]) -> None:
        """Stores requests (idempotency key, entity, body) before they are sent."""
        now = dt.datetime.now(dt.UTC)
        rows = [
            {
                "idempotency_key": key,
                "company": self.company,
                "target_id": self.target,
                "entity": entity,
                "body": body,
                "created_at": now,
                "run_id": self.run_id,
            }
            for key, entity, body in attempts
        ]
        with self.transaction() as connection:
            connection.execute(self.tables.attempt.insert(), rows)

    def pending_attempts(self, entity: str) -> list[PendingAttempt]:
        """Requests whose answers never came, oldest first."""
        table = self.tables.attempt
        query = (
            sa.select(table.c.idempotency_key, table.c.entity, table.c.body)
            .where(table.c.target_id == self.target, table.c.entity == entity)
            .order_by(table.c.created_at, table.c.idempotency_key)
        )
        with self.reading() as connection:
            return [PendingAttempt(*row) for row in connection.execute(query)]

    def settle(
        self,
        asset: str,
        entity: str,
        *,
        answered: Sequence[str],
        accepted: Sequence[SyncedRecord],
        rejected: Sequence[Rejection],
        replaced: Sequence[str] | None = None,
        mended: Sequence[str] | None = None,
    ) -> None:
        """Stores what the cloud answered to some requests, in one transaction.

        Accepted records become the last synchronised state, their rejections end; rejected ones are
        kept with their reason; the requests are dropped.

        Args:
            asset: In whose name records are refused.
            entity: The kind of record.
            answered: Keys of requests that were answered.
            accepted: Records as the cloud accepted them.
            rejected: Records that it refused.
            replaced: Those of the accepted keys that are stored already; where None, each of them may be.
            mended: Those of the accepted keys that stand rejected; where None, each of them may.
        """
        now = dt.datetime.now(dt.UTC)
        records, attempts = self.tables.synced_record, self.tables.attempt
        here = (records.c.target_id == self.target) & (records.c.entity == entity)
        with self.transaction() as connection:
            keys = [record.key for record in accepted]
            for chunk in chunks(keys if replaced is None else replaced):
                connection.execute(records.delete().where(here, records.c.record_key.in_(chunk)))
            if accepted:
                columns: dict[str, Sequence[Any]] = {
                    "record_key": keys,
                    "content_hash": [record.content_hash for record in accepted],
                    "content": [record.content for record in accepted],
                    "active": [record.active for record in accepted],
                    "cloud_id": [record.cloud_id for record in accepted],
                }
                fixed = {
                    "target_id": self.target,
                    "entity": entity,
                    "company": self.company,
                    "synced_at": now,
                    "run_id": self.run_id,
                }
                insert_columns(connection, records, columns, fixed)
                self._grow(connection, asset, len(accepted))
            self.drop_rejections(connection, asset, keys if mended is None else mended)
            self.put_rejections(connection, asset, rejected)
            for chunk in chunks(answered):
                connection.execute(attempts.delete().where(attempts.c.idempotency_key.in_(chunk)))

    # --- rejections

    def rejections(self, asset: str) -> list[Rejection]:
        """The open rejections of an asset, oldest first."""
        table = self.tables.rejection
        query = (
            sa.select(table)
            .where(table.c.target_id == self._target_of(asset), table.c.asset == asset)
            .order_by(table.c.since, table.c.record_key)
        )
        with self.reading() as connection:
            return [
                Rejection(
                    asset=row["asset"],
                    key=row["record_key"],
                    code=row["code"],
                    detail=orjson.loads(row["detail"]),
                    content=row["content"],
                    since=row["since"],
                    still=True,
                )
                for row in connection.execute(query).mappings()
            ]

    def replace_rejections(
        self, asset: str, found: Sequence[Rejection], judged: Callable[[Rejection], bool] = lambda rejection: True
    ) -> list[Rejection]:
        """Makes `found` the open rejections of an asset and ends all others that were judged.

        Args:
            asset: The asset.
            found: What was refused.
            judged: Whether an open rejection's record was looked at; one that was not stays as it is.

        Returns:
            All open rejections with their `since`, and `still` where key, code and content are as before.
        """
        stored = self.rejections(asset)
        before = {(r.key, r.code): r for r in stored if judged(r)}
        now = dt.datetime.now(dt.UTC)
        result = []
        # merged first: what is stored is merged too, and would never be the same as one of its parts
        for rejection in merged([replace(r, asset=asset, key=bounded_key(r.key)) for r in found]):
            old = before.get((rejection.key, rejection.code))
            still = old is not None and old.content == rejection.content
            result.append(replace(rejection, since=old.since if old and still else now, still=still))
        fresh = [r for r in result if not r.still]
        gone = [r for r in before.values() if (r.key, r.code) not in {(n.key, n.code) for n in result}]
        if fresh or gone:
            with self.transaction() as connection:
                self.drop_rejections(connection, asset, [r.key for r in gone] + [r.key for r in fresh])
                keys = {r.key for r in gone} | {r.key for r in fresh}
                # a key can carry several codes: what was not meant to end with the key is put back
                self.put_rejections(connection, asset, [r for r in result if r.key in keys])
        return [r for r in stored if not judged(r)] + result

    def end_rejections(self, asset: str, keys: Sequence[str]) -> None:
        """Ends the rejections of records that are no longer wanted or turned out level."""
        if keys:
            with self.transaction() as connection:
                self.drop_rejections(connection, asset, keys)

    def drop_rejections(self, connection: sa.Connection, asset: str, keys: Sequence[str]) -> None:
        """Ends the rejections of some keys, in the caller's transaction."""
        table, target = self.tables.rejection, self._target_of(asset)
        for chunk in chunks([bounded_key(key) for key in keys]):
            connection.execute(
                table.delete().where(table.c.target_id == target, table.c.asset == asset, table.c.record_key.in_(chunk))
            )

    def put_rejections(self, connection: sa.Connection, asset: str, rejected: Sequence[Rejection]) -> None:
        """Stores rejections in the caller's transaction; those of the same keys end."""
        if not rejected:
            return
        rejected, target = merged(rejected), self._target_of(asset)
        self.drop_rejections(connection, asset, [r.key for r in rejected])
        connection.execute(
            self.tables.rejection.insert(),
            [
                {
                    "target_id": target,
                    "asset": asset,
                    "record_key": bounded_key(r.key),
                    "code": r.code[:80],
                    "company": self.company,
                    "detail": orjson.dumps(dict(r.detail)).decode(),
                    "content": r.content,
                    "since": r.since or dt.datetime.now(dt.UTC),
                    "first_run_id": self.run_id,
                    "run_id": self.run_id,
                }
                for r in rejected
            ],
        )

    # --- levels

    def level(self, asset: str) -> Level | None:
        """The sources' state at which the asset was last level, if it ever was."""
        table = self.tables.level
        query = sa.select(table.c.fingerprint, table.c.details, table.c.generation, table.c.run_id).where(
            table.c.target_id == self._target_of(asset), table.c.asset == asset
        )
        with self.reading() as connection:
            row = connection.execute(query).one_or_none()
        return Level(*row) if row else None

    def generation(self, asset: str) -> int:
        """How many changes the cloud has ever accepted for an asset."""
        level = self.level(asset)
        return level.generation if level else 0

    def set_level(self, asset: str, fingerprint: str, details: str) -> None:
        """Notes that the asset is level with its sources as of `fingerprint`, and what is told of it (JSON)."""
        with self.transaction() as connection:
            self.put_level(connection, asset, fingerprint, details)

    def put_level(self, connection: sa.Connection, asset: str, fingerprint: str, details: str) -> None:
        """Notes the same in the caller's transaction."""
        self._grow(connection, asset, 0, fingerprint=fingerprint, details=details)

    def _grow(self, connection: sa.Connection, asset: str, changes: int, **values: str) -> None:
        table, target = self.tables.level, self._target_of(asset)
        # What was level before is so no longer: a run that dies now must not look finished to a later one
        # that meets the old sources again.
        values = {"fingerprint": "", **values}
        done = connection.execute(
            table.update()
            .where(table.c.target_id == target, table.c.asset == asset)
            .values(generation=table.c.generation + changes, run_id=self.run_id, **values)
        )
        if done.rowcount == 0:
            defaults = {"details": "{}", **values}
            connection.execute(
                table.insert().values(
                    target_id=target,
                    asset=asset,
                    company=self.company,
                    generation=changes,
                    run_id=self.run_id,
                    **defaults,
                )
            )
