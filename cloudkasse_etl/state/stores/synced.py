"""The records that the cloud accepted: all of a kind, or those of some articles."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.bulk import insert_columns
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.database.retention import removal
from cloudkasse_etl.state.stores.attempts import Attempts
from cloudkasse_etl.state.stores.checkpoints import Checkpoints
from cloudkasse_etl.state.stores.records import SyncedRecord, contents_of
from cloudkasse_etl.state.stores.rejections import Rejections

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 20_000


class SyncedStore(Protocol):
    """Records that the cloud accepted."""

    def all(self, entity: str) -> "pd.DataFrame":
        """All records of an entity that the cloud accepted.

        Returns:
            key (str), content_hash (int64), active (bool); a row a record.
        """
        ...

    def ever(self, entity: str) -> set[str]:
        """The keys of an entity's records that were ever accepted by any cloud of the company, whatever its address."""
        ...

    def among(self, entity: str, keys: Collection[str]) -> "pd.DataFrame":
        """Those of some keys, as `all` has them."""
        ...

    def beneath(self, entity: str, firsts: Collection[str]) -> "pd.DataFrame":
        """Those whose key has one of `firsts` before its last three parts, as `all` has them.

        Args:
            entity: The kind of record, whose keys have four parts.
            firsts: Texts without `|`.
        """
        ...

    def active_count(self, entity: str) -> int:
        """How many records of an entity the cloud holds as active, as far as we know."""
        ...

    def active_among(self, entity: str, keys: Collection[str]) -> int:
        """How many records of some keys are active in the cloud."""
        ...

    def contents(self, entity: str, keys: Sequence[str]) -> dict[str, str]:
        """The content (JSON) of some records, by key, as the cloud accepted it."""
        ...

    def newest_content(self, entity: str, key: str) -> str | None:
        """The content (JSON) of a record as it was last accepted by any cloud of the company, whatever its address."""
        ...

    def forget(self, entity: str, keys: Sequence[str]) -> None:
        """Removes records that the cloud does not have after all: they are sent again as new ones."""
        ...

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
        """Stores the cloud's answers to some requests, in one transaction.

        Accepted records become the last synchronised state, their rejections end; rejected ones are
        kept with their reason; the requests are dropped.

        Args:
            asset: The asset that refused records are stored for.
            entity: The kind of record.
            answered: Keys of requests that were answered.
            accepted: Records as the cloud accepted them.
            rejected: Records that it refused.
            replaced: Those of the accepted keys that are stored already; where None, each of them may be.
            mended: Those of the accepted keys that are rejected; where None, each of them may be.
        """
        ...


class SyncedRecords:
    """Records of one company with one cloud."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._attempts, self._rejections, self._checkpoints = Attempts(state), Rejections(state), Checkpoints(state)

    def all(self, entity: str) -> "pd.DataFrame":
        """All records of an entity that the cloud accepted.

        Returns:
            key (str), content_hash (int64), active (bool); a row a record.
        """
        with self._state.reading() as connection:
            # the driver's own rows: converting them to SQLAlchemy's takes as long as reading them
            cursor: Any = connection.execute(self._records(entity)).cursor
            return _frame(iter(lambda: cursor.fetchmany(_ROWS), []))

    def ever(self, entity: str) -> set[str]:
        """The keys of an entity's records that were ever accepted by any cloud of the company, whatever its address."""
        table = self._state.tables.synced_record
        query = sa.select(table.c.record_key).where(self._of_any_cloud(), table.c.entity == entity)
        with self._state.reading() as connection:
            return set(connection.execute(query.distinct()).scalars())

    def among(self, entity: str, keys: Collection[str]) -> "pd.DataFrame":
        """Those of some keys, as `all` has them."""
        table = self._state.tables.synced_record
        rows: list[Any] = []
        with self._state.reading() as connection:
            for chunk in chunks(sorted(keys)):
                rows += connection.execute(self._records(entity).where(table.c.record_key.in_(chunk))).fetchall()
        return _frame([rows])

    def beneath(self, entity: str, firsts: Collection[str]) -> "pd.DataFrame":
        """Those whose key has one of `firsts` before its last three parts, as `all` has them.

        Args:
            entity: The kind of record, whose keys have four parts.
            firsts: Texts without `|`.
        """
        with self._state.reading() as connection:
            rows = [row for query in self._beneath(connection, entity, firsts) for row in connection.execute(query)]
        wanted = set(firsts)
        return _frame([[row for row in rows if row.record_key.rsplit("|", 3)[0] in wanted]])

    def _beneath(
        self, connection: sa.Connection, entity: str, firsts: Collection[str]
    ) -> Iterator["sa.Select[tuple[Any, ...]]"]:
        key, query = self._state.tables.synced_record.c.record_key, self._records(entity)
        if connection.dialect.name == "postgresql":
            # in most of its collations a prefix is not a range
            for chunk in chunks(sorted(firsts)):
                yield query.where(sa.func.split_part(key, "|", 1).in_(chunk))
        else:
            # these compare our keys byte for byte, so that the range is read from the key's index
            for first in sorted(firsts):
                yield query.where(key >= f"{first}|", key < f"{first}}}")

    def _of_any_cloud(self) -> sa.ColumnElement[bool]:
        """The company's records by the ids of its clouds: by the column `company` all that were ever sent are read."""
        target = self._state.tables.target
        mine = sa.select(target.c.target_id).where(target.c.company == self._state.company)
        return self._state.tables.synced_record.c.target_id.in_(mine)

    def _records(self, entity: str) -> "sa.Select[tuple[Any, ...]]":
        table = self._state.tables.synced_record
        return sa.select(table.c.record_key, table.c.content_hash, table.c.active).where(
            table.c.target_id == self._state.target, table.c.entity == entity
        )

    def active_count(self, entity: str) -> int:
        """How many records of an entity the cloud holds as active, as far as we know."""
        table = self._state.tables.synced_record
        query = sa.select(sa.func.count()).where(
            table.c.target_id == self._state.target, table.c.entity == entity, table.c.active == sa.true()
        )
        with self._state.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def active_among(self, entity: str, keys: Collection[str]) -> int:
        """How many records of some keys are active in the cloud."""
        return int(self.among(entity, keys)["active"].sum()) if keys else 0

    def contents(self, entity: str, keys: Sequence[str]) -> dict[str, str]:
        """The content (JSON) of some records, by key, as the cloud accepted it."""
        return contents_of(self._state, entity, keys)

    def newest_content(self, entity: str, key: str) -> str | None:
        """The content (JSON) of a record as it was last accepted by any cloud of the company, whatever its address."""
        table = self._state.tables.synced_record
        query = (
            sa.select(table.c.content)
            .where(self._of_any_cloud(), table.c.entity == entity, table.c.record_key == key)
            .order_by(table.c.synced_at.desc(), table.c.target_id.desc())
            .limit(1)
        )
        with self._state.reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def forget(self, entity: str, keys: Sequence[str]) -> None:
        """Removes records that the cloud does not have after all: they are sent again as new ones."""
        table = self._state.tables.synced_record
        with self._state.transaction() as connection:
            for chunk in chunks(keys):
                connection.execute(
                    removal(table).where(
                        table.c.target_id == self._state.target, table.c.entity == entity, table.c.record_key.in_(chunk)
                    )
                )

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
        """Stores the cloud's answers to some requests, in one transaction."""
        records = self._state.tables.synced_record
        here = (records.c.target_id == self._state.target) & (records.c.entity == entity)
        with self._state.transaction() as connection:
            keys = [record.key for record in accepted]
            for chunk in chunks(keys if replaced is None else replaced):
                connection.execute(removal(records).where(here, records.c.record_key.in_(chunk)))
            if accepted:
                columns: dict[str, Sequence[Any]] = {
                    "record_key": keys,
                    "content_hash": [record.content_hash for record in accepted],
                    "content": [record.content for record in accepted],
                    "active": [record.active for record in accepted],
                    "cloud_id": [record.cloud_id for record in accepted],
                }
                fixed = {
                    "target_id": self._state.target,
                    "entity": entity,
                    "company": self._state.company,
                    "synced_at": dt.datetime.now(dt.UTC),
                    "run_id": self._state.run_id,
                }
                insert_columns(connection, records, columns, fixed)
                self._checkpoints.grow(connection, asset, len(accepted))
            self._rejections.drop(connection, asset, keys if mended is None else mended)
            self._rejections.put(connection, asset, rejected)
            self._attempts.drop(connection, answered)


def _frame(parts: Iterable[Sequence[Any]]) -> "pd.DataFrame":
    """Rows as `all` has them; part by part, since Python objects take many times the memory of a column."""
    # imported here: half a second that the list of receipts need not wait for
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    keys = [pa.array([], pa.large_string())]
    hashes, active = [np.empty(0, np.int64)], [np.empty(0, np.bool_)]
    for rows in parts:
        if rows:
            columns = zip(*rows, strict=True)
            keys.append(pa.array(next(columns), pa.large_string()))
            hashes.append(np.array(next(columns), np.int64))
            active.append(np.array(next(columns), np.bool_))
    return pd.DataFrame(
        {
            "key": pd.array(pa.concat_arrays(keys), dtype="str"),
            "content_hash": np.concatenate(hashes),
            "active": np.concatenate(active),
        },
        copy=False,
    )
