"""What is kept of a company's synchronisation with one cloud: records, attempts, rejections, levels.

Each write happens in a transaction that first proves that this run still holds the lease.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from cloudkasse_etl.errors import LeaseLostError, StateUnavailableError
from cloudkasse_etl.failures import Rejection, merged
from cloudkasse_etl.state.bulk import insert_columns
from cloudkasse_etl.state.engine import database_errors
from cloudkasse_etl.state.keys import bounded_key, chunks
from cloudkasse_etl.state.lease import Lease
from cloudkasse_etl.state.records import Level, PendingAttempt, SyncedRecord
from cloudkasse_etl.state.tables import StateTables
from cloudkasse_etl.state.targets import EVERY_CLOUD, NO_TARGET, find_target, is_of_the_company
from cloudkasse_etl.wording import say

if TYPE_CHECKING:
    import pandas as pd


class StateStore:
    """State of one company with one cloud, written by one run.

    Args:
        engine: The engine of our own tables, migrated.
        tables: Our own tables.
        company: The company's number.
        api_url: The cloud's address: state of one cloud says nothing of another.
        lease: The run's lease; None for one that only reads.
        run_id: Stands in what is written.
    """

    def __init__(
        self, engine: sa.Engine, tables: StateTables, *, company: str, api_url: str, lease: Lease | None, run_id: str
    ) -> None:
        self._engine = engine
        self.tables = tables
        self.company = company
        self._lease = lease
        self.run_id = run_id
        self._api_url = api_url

    @property
    def lost(self) -> LeaseLostError | None:
        """That this run has lost its lease, and to whom, as soon as it is known."""
        return self._lease.lost if self._lease else None

    @property
    def target(self) -> int:
        """Our number for this company with this cloud; one that nothing is kept under where only reading found none."""
        return self.targets[0]

    def _target_of(self, asset: str) -> int:
        return self.targets[is_of_the_company(asset)]

    @cached_property
    def targets(self) -> tuple[int, int]:
        """Our numbers for the company with this cloud, and for the company alone."""
        mine, every = (self._find_target(url) for url in (self._api_url, EVERY_CLOUD))
        return mine, every

    def _find_target(self, api_url: str) -> int:
        with self.reading() as connection:
            found = find_target(connection, self.tables, self.company, api_url)
        if found == NO_TARGET and self._lease is not None:
            with self._writing(self._lease) as connection:
                connection.execute(self.tables.target.insert().values(company=self.company, api_url=api_url))
                found = find_target(connection, self.tables, self.company, api_url)
        return found

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A transaction that only the holder of the lease can commit.

        Raises:
            LeaseLostError: Somebody else took the lease.
            StateUnavailableError: The database cannot be reached or written.
        """
        if self._lease is None:
            raise LeaseLostError(say("Our own tables were opened for reading only."))
        _ = self.targets  # found beforehand: a second connection could not write while this one does
        with self._writing(self._lease) as connection:
            yield connection

    @contextmanager
    def _writing(self, lease: Lease) -> Iterator[sa.Connection]:
        try:
            with database_errors(self._engine), self._engine.begin() as connection:
                lease.fence(connection)
                yield connection
        except StateUnavailableError:
            # the database may have ended the transaction of a run that stood still: who took over tells more
            lease.raise_if_lost()
            raise

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to read from.

        Raises:
            StateUnavailableError: The database cannot be reached.
        """
        with database_errors(self._engine), self._engine.connect().execution_options(read=True) as connection:
            yield connection

    # --- synchronised records

    def synced(self, entity: str) -> "pd.DataFrame":
        """All records of an entity that the cloud accepted.

        Returns:
            key (str), content_hash (int64), active (bool); a row a record.
        """
        table = self.tables.synced_record
        query = sa.select(table.c.record_key, table.c.content_hash, table.c.active).where(
            table.c.target_id == self.target, table.c.entity == entity
        )
        with self.reading() as connection:
            rows = connection.execute(query).fetchall()
        import pandas as pd  # half a second that the list of receipts needs not wait for

        keys, hashes, active = zip(*rows, strict=True) if rows else ((), (), ())
        return pd.DataFrame(
            {
                "key": pd.Series(keys, dtype="str"),
                "content_hash": pd.Series(hashes, dtype="int64"),
                "active": pd.Series(active, dtype="bool"),
            }
        )

    def active_count(self, entity: str) -> int:
        """How many records of an entity the cloud holds as active, as far as we know."""
        table = self.tables.synced_record
        query = sa.select(sa.func.count()).where(
            table.c.target_id == self.target, table.c.entity == entity, table.c.active == sa.true()
        )
        with self.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def contents(self, entity: str, keys: Sequence[str]) -> dict[str, str]:
        """The content (JSON) of some records, by key, as the cloud accepted it."""
        table = self.tables.synced_record
        found: dict[str, str] = {}
        with self.reading() as connection:
            for chunk in chunks(keys):
                query = sa.select(table.c.record_key, table.c.content).where(
                    table.c.target_id == self.target, table.c.entity == entity, table.c.record_key.in_(chunk)
                )
                found.update((row.record_key, row.content) for row in connection.execute(query))
        return found

    def forget(self, entity: str, keys: Sequence[str]) -> None:
        """Forgets records that the cloud turned out not to hold: they go up again as new ones."""
        table = self.tables.synced_record
        with self.transaction() as connection:
            for chunk in chunks(keys):
                connection.execute(
                    table.delete().where(
                        table.c.target_id == self.target, table.c.entity == entity, table.c.record_key.in_(chunk)
                    )
                )

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

    def replace_rejections(self, asset: str, found: Sequence[Rejection]) -> list[Rejection]:
        """Makes `found` the open rejections of an asset and ends all others.

        Returns:
            The same rejections with their `since`, and `still` where key, code and content are as before.
        """
        before = {(r.key, r.code): r for r in self.rejections(asset)}
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
        return result

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
        query = sa.select(table.c.fingerprint, table.c.details, table.c.generation).where(
            table.c.target_id == self.target, table.c.asset == asset
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
            self._grow(connection, asset, 0, fingerprint=fingerprint, details=details)

    def _grow(self, connection: sa.Connection, asset: str, changes: int, **values: str) -> None:
        table = self.tables.level
        # What was level before is so no longer: a run that dies now must not look finished to a later one
        # that meets the old sources again.
        values = {"fingerprint": "", **values}
        done = connection.execute(
            table.update()
            .where(table.c.target_id == self.target, table.c.asset == asset)
            .values(generation=table.c.generation + changes, run_id=self.run_id, **values)
        )
        if done.rowcount == 0:
            defaults = {"details": "{}", **values}
            connection.execute(
                table.insert().values(
                    target_id=self.target,
                    asset=asset,
                    company=self.company,
                    generation=changes,
                    run_id=self.run_id,
                    **defaults,
                )
            )
