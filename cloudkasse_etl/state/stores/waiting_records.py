"""Waiting records and since when they wait: for other records, or receipts for their import. No rejections."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson
import sqlalchemy as sa

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import bounded_key, chunks
from cloudkasse_etl.state.database.retention import removal
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.named_records import STORED, NamedRecords, rejection_of

SHOWN_EXAMPLES = 5
KEPT = 100
"""How many keys are kept of the records that wait for one thing."""
KEPT_RECEIPTS = 1000
"""How many of the receipts that wait for their import are told one by one."""
AWAITED = "receipt_original"
"""The code under which voids wait for their originals."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Records of an asset that wait for one thing.

    Attributes:
        code: What they wait for, as a key of the failures' catalogue.
        awaited: The key of the thing, such as an article's number; empty where there is only one.
        count: How many records wait for it.
        examples: Keys of the first few.
        since: Since when one has waited for it; None until it is stored.
        asset: The asset; empty until it is stored.
    """

    code: str
    awaited: str
    count: int
    examples: tuple[str, ...] = ()
    since: dt.datetime | None = None
    asset: str = ""


@dataclass(frozen=True, slots=True)
class StagedLong:
    """Receipts that are staged and not imported.

    Attributes:
        count: How many.
        since: When the first of them was staged; None where there is none.
        examples: The ids of the first few.
    """

    count: int
    since: dt.datetime | None
    examples: tuple[str, ...]


class WaitingStore(Protocol):
    """Waiting records, by asset."""

    def replace(self, asset: str, found: Iterable[Waiting]) -> None:
        """Makes `found` the waiting records of an asset; earlier waits keep their beginning, and all others end."""
        ...

    def of(self, asset: str) -> list[Waiting]:
        """All waiting records of an asset."""
        ...

    def waiting_since_before(self, moment: dt.datetime) -> list[Waiting]:
        """Records that have waited since before a moment, longest first."""
        ...

    def rejected_since_before(self, moment: dt.datetime) -> list[Rejection]:
        """Records that have been rejected since before a moment, longest first."""
        ...

    def rejected_count(self) -> int:
        """How many records are rejected now, over all assets."""
        ...

    def staged_since_before(self, moment: dt.datetime, besides: Collection[str] = ()) -> StagedLong:
        """Receipts that have been staged since before a moment and were not imported; some ids are left out."""
        ...


class WaitingRecords:
    """Waiting records of one company with one cloud."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.waiting
        self._names = NamedRecords(state)

    def replace(self, asset: str, found: Iterable[Waiting]) -> None:
        """Makes `found` the waiting records of an asset; earlier waits keep their beginning, and all others end."""
        now = dt.datetime.now(dt.UTC)
        before = {(w.code, w.awaited): w for w in self.of(asset)}
        after = {(w.code[:80], bounded_key(w.awaited)): w for w in found}
        same = {
            key for key, w in after.items() if key in before and (before[key].count, before[key].examples) == _shown(w)
        }
        if len(same) == len(before) == len(after):
            return
        with self._state.transaction() as connection:
            for code in {code for code, _ in before}:
                keys = [awaited for known, awaited in before if known == code and (known, awaited) not in same]
                for chunk in chunks(keys):
                    connection.execute(
                        removal(self._table).where(
                            *self._of(asset), self._table.c.code == code, self._table.c.awaited.in_(chunk)
                        )
                    )
            rows = [
                {
                    "target_id": self._state.target,
                    "asset": asset,
                    "code": code,
                    "awaited": awaited,
                    "company": self._state.company,
                    "record_count": waiting.count,
                    "examples": orjson.dumps(waiting.examples[:KEPT]).decode(),
                    "since": old.since if (old := before.get((code, awaited))) is not None else now,
                    "run_id": self._state.run_id,
                }
                for (code, awaited), waiting in after.items()
                if (code, awaited) not in same
            ]
            if rows:
                connection.execute(self._table.insert(), rows)

    def waiting_since_before(self, moment: dt.datetime) -> list[Waiting]:
        """Records that have waited since before a moment, longest first."""
        query = (
            self._rows()
            .where(self._table.c.target_id == self._state.target, self._table.c.since < moment)
            .order_by(self._table.c.since, self._table.c.asset, self._table.c.code, self._table.c.awaited)
        )
        return self._read(query)

    def rejected_since_before(self, moment: dt.datetime) -> list[Rejection]:
        """Records that have been rejected since before a moment, longest first."""
        table = self._state.tables.rejection
        query = (
            sa.select(*(table.c[name] for name in STORED))
            .where(table.c.target_id.in_(self._state.targets), table.c.since < moment)
            .order_by(table.c.since, table.c.asset, table.c.record_key)
        )
        with self._state.reading() as connection:
            found = [rejection_of(row) for row in connection.execute(query)]
        return self._names.named(found)

    def rejected_count(self) -> int:
        """How many records are rejected now, over all assets."""
        table = self._state.tables.rejection
        records = sa.select(table.c.asset, table.c.record_key).where(table.c.target_id.in_(self._state.targets))
        with self._state.reading() as connection:
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(records.distinct().subquery())).scalar_one()
            )

    def staged_since_before(self, moment: dt.datetime, besides: Collection[str] = ()) -> StagedLong:
        """Receipts that have been staged since before a moment and were not imported; some ids are left out."""
        left_out, limit = set(besides), KEPT_RECEIPTS + len(set(besides))
        table = self._state.tables.receipt
        here = (
            table.c.company == self._state.company,
            table.c.status == str(Status.STAGED),
            table.c.staged_at < moment,
        )
        # the index alone knows the moments; only the first receipts are read whole, since their contents are long
        oldest = sa.select(table.c.staged_at).where(*here).order_by(table.c.staged_at).limit(limit).subquery()
        first = (
            sa.select(table.c.receipt_id, table.c.staged_at)
            .where(*here, table.c.staged_at <= sa.select(sa.func.max(oldest.c.staged_at)).scalar_subquery())
            .order_by(table.c.staged_at, table.c.register, table.c.number)
            .limit(limit)
        )
        every = sa.select(sa.func.count()).select_from(table).where(*here)
        with self._state.reading() as connection:
            count = int(connection.execute(every).scalar_one())
            found = connection.execute(first).all() if count else []
            for chunk in chunks(list(left_out)) if count else []:
                count -= int(connection.execute(every.where(table.c.receipt_id.in_(chunk))).scalar_one())
        examples = [row for row in found if row.receipt_id not in left_out][:KEPT_RECEIPTS]
        since = examples[0].staged_at if examples else None
        return StagedLong(count, since, tuple(row.receipt_id for row in examples))

    def of(self, asset: str) -> list[Waiting]:
        """All waiting records of an asset."""
        return self._read(self._rows().where(*self._of(asset)))

    def _rows(self) -> "sa.Select[tuple[object, ...]]":
        columns = ("code", "awaited", "record_count", "examples", "since", "asset")
        return sa.select(*(self._table.c[name] for name in columns))

    def _read(self, query: "sa.Select[tuple[object, ...]]") -> list[Waiting]:
        with self._state.reading() as connection:
            return [
                Waiting(
                    row.code, row.awaited, row.record_count, tuple(orjson.loads(row.examples)), row.since, row.asset
                )
                for row in connection.execute(query)
            ]

    def _of(self, asset: str) -> Sequence[sa.ColumnElement[bool]]:
        return (self._table.c.target_id == self._state.target, self._table.c.asset == asset)


def _shown(waiting: Waiting) -> tuple[int, tuple[str, ...]]:
    return waiting.count, waiting.examples[:KEPT]
