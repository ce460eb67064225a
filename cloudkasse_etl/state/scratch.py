"""State as a dry run has it: what is there, and on top of it what would have been written. The database is only read.

The use cases run on these stores as they run on the real ones, so that a plan is what a synchronisation would do and
not a second opinion. A writer that is not overridden here finds no connection to write on, and breaks.
"""

import datetime as dt
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NoReturn, cast

import pandas as pd
import sqlalchemy as sa

from cloudkasse_etl.failures import Rejection, merged
from cloudkasse_etl.state.decisions import Decision
from cloudkasse_etl.state.keys import bounded_key, chunks
from cloudkasse_etl.state.receipts import ReceiptStore
from cloudkasse_etl.state.records import Level, PendingAttempt, SyncedRecord
from cloudkasse_etl.state.staging import UNBOOKED, KnownReceipt, StagedReceipt, Status, UnbookedReceipt
from cloudkasse_etl.state.store import StateStore
from cloudkasse_etl.state.tables import StateTables
from cloudkasse_etl.state.targets import CLOSINGS, IMPORT, MOVEMENTS, STAGING

_KNOWN = ("hash", "status", "refused_by", "closing_number", "came_as")
_GONE = "gone"
_LOOKED_UP = 10_000  # past this many keys it is quicker to read all


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A record that the cloud would be sent, and that is taken to be accepted.

    Attributes:
        key: The record's key.
        before: What the cloud last accepted (JSON); None where it never had the record.
        after: What it would be sent (JSON).
        active: False where that retires it.
    """

    key: str
    before: str | None
    after: str
    active: bool


class _NoConnection:
    def execute(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError("A dry run writes nothing.")


class ScratchStore(StateStore):
    """A company's state, read from the database, with all changes kept in memory.

    Args:
        engine: From `untouched_state`.
        tables: Likewise.
        company: The company's number.
        api_url: The cloud's address.
    """

    def __init__(self, engine: sa.Engine, tables: StateTables, *, company: str, api_url: str) -> None:
        super().__init__(engine, tables, company=company, api_url=api_url, lease=None, run_id="")
        self._accepted: dict[str, dict[str, SyncedRecord]] = defaultdict(dict)
        self._before: dict[str, dict[str, str]] = defaultdict(dict)
        self._forgotten: dict[str, set[str]] = defaultdict(set)
        self._answered: set[str] = set()
        self._rejections: dict[str, dict[str, dict[str, Rejection]]] = {}  # asset → key → code
        self._grown: Counter[str] = Counter()
        self._levels: dict[str, tuple[str, str]] = {}

    def acceptances(self, entity: str) -> list[Acceptance]:
        """What the cloud would be sent of an entity, in the order of sending."""
        before = self._before[entity]
        return [
            Acceptance(key, before.get(key), record.content, record.active)
            for key, record in self._accepted[entity].items()
        ]

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Nothing to write on: what is overridden here does not use it, and anything else must not."""
        yield cast("sa.Connection", _NoConnection())

    def synced(self, entity: str) -> pd.DataFrame:
        """All records that the cloud holds, as `StateStore.synced` has them."""
        return self._changed(entity, super().synced(entity), self._accepted[entity])

    def synced_among(self, entity: str, keys: Collection[str]) -> pd.DataFrame:
        """Those of some keys."""
        accepted = self._accepted[entity]
        return self._changed(entity, super().synced_among(entity, keys), [key for key in keys if key in accepted])

    def synced_beneath(self, entity: str, firsts: Collection[str]) -> pd.DataFrame:
        """Those whose key has one of some texts before its last three parts."""
        mine = [key for key in self._accepted[entity] if key.rsplit("|", 3)[0] in firsts]
        return self._changed(entity, super().synced_beneath(entity, firsts), mine)

    def _changed(self, entity: str, frame: pd.DataFrame, keys: Iterable[str]) -> pd.DataFrame:
        """What is stored, with those of the accepted records that belong to it."""
        accepted, forgotten = self._accepted[entity], self._forgotten[entity]
        if not accepted and not forgotten:
            return frame
        kept = frame[~frame["key"].isin({*accepted, *forgotten})]
        records = [accepted[key] for key in keys]
        added = pd.DataFrame(
            {
                "key": pd.Series([record.key for record in records], dtype="str"),
                "content_hash": pd.Series([record.content_hash for record in records], dtype="int64"),
                "active": pd.Series([record.active for record in records], dtype="bool"),
            }
        )
        return pd.concat([kept, added], ignore_index=True)

    def active_count(self, entity: str) -> int:
        """How many records the cloud holds as active."""
        accepted, forgotten = self._accepted[entity], self._forgotten[entity]
        if len(accepted) + len(forgotten) > _LOOKED_UP:
            return int(self.synced(entity)["active"].sum())
        stored = super().synced_among(entity, {*accepted, *forgotten})
        fresh = sum(record.active for record in accepted.values())
        return super().active_count(entity) - int(stored["active"].sum()) + fresh

    def contents(self, entity: str, keys: Sequence[str]) -> dict[str, str]:
        """The content (JSON) of some records, by key."""
        accepted, forgotten = self._accepted[entity], self._forgotten[entity]
        stored = super().contents(entity, [key for key in keys if key not in accepted and key not in forgotten])
        return stored | {key: accepted[key].content for key in keys if key in accepted}

    def newest_content(self, entity: str, key: str) -> str | None:
        """The content (JSON) of a record as any cloud of the company last accepted it."""
        accepted = self._accepted[entity].get(key)
        return accepted.content if accepted else super().newest_content(entity, key)

    def forget(self, entity: str, keys: Sequence[str]) -> None:
        """Takes the records for such as the cloud does not hold."""
        self._forgotten[entity].update(keys)

    def pending_attempts(self, entity: str) -> list[PendingAttempt]:
        """Requests whose answers never came and that were not finished here."""
        return [attempt for attempt in super().pending_attempts(entity) if attempt.key not in self._answered]

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
        """Notes what would be accepted and what would be refused."""
        mine, before = self._accepted[entity], self._before[entity]
        fresh = [record.key for record in accepted if record.key not in mine]
        before.update(self.contents(entity, fresh))
        mine.update((record.key, record) for record in accepted)
        self._answered.update(answered)
        self._grown[asset] += len(accepted)
        with self.transaction() as connection:
            self.drop_rejections(connection, asset, [record.key for record in accepted])
            self.put_rejections(connection, asset, rejected)

    def rejections(self, asset: str) -> list[Rejection]:
        """The open rejections of an asset, oldest first."""
        found = [rejection for by_code in self._open(asset).values() for rejection in by_code.values()]
        return sorted(found, key=lambda r: (r.since or dt.datetime.max.replace(tzinfo=dt.UTC), r.key))

    def drop_rejections(self, connection: sa.Connection, asset: str, keys: Sequence[str]) -> None:
        """Ends the rejections of some keys."""
        found = self._open(asset)
        for key in keys if found else ():
            found.pop(bounded_key(key), None)

    def put_rejections(self, connection: sa.Connection, asset: str, rejected: Sequence[Rejection]) -> None:
        """Notes rejections; those of the same keys end."""
        if not rejected:
            return
        self.drop_rejections(connection, asset, [rejection.key for rejection in rejected])
        now = dt.datetime.now(dt.UTC)
        found = self._open(asset)
        for rejection in merged(rejected):
            key, code = bounded_key(rejection.key), rejection.code[:80]
            found.setdefault(key, {})[code] = replace(
                rejection, asset=asset, key=key, code=code, since=rejection.since or now, still=True
            )

    def _open(self, asset: str) -> dict[str, dict[str, Rejection]]:
        if asset not in self._rejections:
            found: dict[str, dict[str, Rejection]] = {}
            for rejection in super().rejections(asset):
                found.setdefault(rejection.key, {})[rejection.code] = rejection
            self._rejections[asset] = found
        return self._rejections[asset]

    def level(self, asset: str) -> Level | None:
        """The sources' state at which the asset was last level."""
        stored = super().level(asset)
        if asset not in self._levels and not self._grown[asset]:
            return stored
        fingerprint, details = self._levels.get(asset, ("", "{}"))
        return Level(fingerprint, details, (stored.generation if stored else 0) + self._grown[asset])

    def set_level(self, asset: str, fingerprint: str, details: str) -> None:
        """Takes the asset to be level, for what comes after it in this dry run."""
        self._levels[asset] = (fingerprint, details)


class ScratchReceipts(ReceiptStore):
    """Receipts, read from the database, with those that would be staged kept in a temporary file of SQLite's.

    That file has no name, stays in memory while it is small, and goes with the process: a backlog of any length is
    looked at in bounded memory.

    Attributes:
        on_staged: Told which receipts would be staged, or would now be judged otherwise.
        on_closings: Told which closings would be staged.
        on_booked: Told which postings (RevenuePosting) and movements (StockMovement) would be written, and of how
            many receipts; no postings where stock is made up for.
    """

    def __init__(self, store: ScratchStore) -> None:
        super().__init__(store)
        self.on_staged: Callable[[Sequence[StagedReceipt]], None] = lambda receipts: None
        self.on_closings: Callable[[Sequence[Mapping[str, Any]]], None] = lambda closings: None
        self.on_booked: Callable[[pd.DataFrame | None, pd.DataFrame, int], None] = lambda postings, movements, count: (
            None
        )
        self._moved: Counter[str] = Counter()
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute(
            "CREATE TABLE receipt (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, hash TEXT, status TEXT, "
            "refused_by TEXT, closing_number INTEGER, came_as TEXT, raw BLOB)"
        )

    def close(self) -> None:
        """Drops the temporary file."""
        self._scratch.close()

    def known(self, receipt_ids: Sequence[str]) -> dict[str, KnownReceipt]:
        """Those receipts that are stored already, by id."""
        here = {row[0]: KnownReceipt(*row[1:]) for row in self._kept("id, " + ", ".join(_KNOWN), receipt_ids)}
        found = super().known(receipt_ids) | here
        return {key: known for key, known in found.items() if known.status != _GONE}

    def stage(
        self,
        receipts: Sequence[StagedReceipt],
        *,
        cursor: str | None,
        mended: Sequence[StagedReceipt] = (),
        decisions: Sequence[Decision] = (),
        closings: Mapping[str, int] | None = None,
        dropped: Sequence[str] = (),
    ) -> None:
        """Notes receipts that would be staged; the cursor stays, and so do the closings that receipts state."""
        if mended:
            self.restage(mended)
        self._keep(receipts)
        self._put(STAGING, [rejection for receipt in receipts for rejection in receipt.rejections])
        self.on_staged([receipt for receipt in receipts if receipt.status is not Status.DISMISSED])
        self._count_moved(dropped)
        self._drop(STAGING, dropped)
        self._scratch.executemany(
            "INSERT OR REPLACE INTO receipt (id, hash, status, raw) VALUES (?, '', ?, x'')",
            [(key, _GONE) for key in dropped],
        )

    def restage(
        self,
        receipts: Sequence[StagedReceipt],
        *,
        among: Collection[Status] = UNBOOKED,
        decisions: Sequence[Decision] = (),
    ) -> int:
        """Notes what judging receipts anew would come to."""
        self._count_moved([receipt.receipt_id for receipt in receipts])
        self._keep(receipts)
        for asset in (STAGING, IMPORT):
            self._drop(asset, [receipt.receipt_id for receipt in receipts])
        self._put(STAGING, [rejection for receipt in receipts for rejection in receipt.rejections])
        self.on_staged([receipt for receipt in receipts if receipt.status is not Status.REJECTED])
        return len(receipts)

    def _count_moved(self, receipt_ids: Sequence[str]) -> None:
        """Notes as what those of them count in the database that were not kept here before."""
        here = {row[0] for row in self._kept("id", receipt_ids)}
        stored = super().known([key for key in receipt_ids if key not in here])
        self._moved.update(known.status for known in stored.values())

    def unbooked(
        self, *, statuses: Collection[Status] = UNBOOKED, second: bool = False, size: int = 1000
    ) -> Iterator[list[UnbookedReceipt]]:
        """Receipts that are not booked, of those that are stored; what is kept here was judged already."""
        for rows in super().unbooked(statuses=statuses, second=second, size=size):
            moved = {row[0] for row in self._kept("id", [row.receipt_id for row in rows])}
            if left := [row for row in rows if row.receipt_id not in moved]:
                yield left

    def stage_closings(
        self, closings: Mapping[str, Mapping[str, Any]], rejections: Sequence[Rejection], *, cursor: str
    ) -> None:
        """Notes closings that would be staged; the cursor stays."""
        self._drop(CLOSINGS, list(closings))
        self._put(CLOSINGS, rejections)
        self.on_closings(list(closings.values()))

    def raw(
        self, *, status: Status, refused_by: str | None = None, size: int = 1000
    ) -> Iterator[list[tuple[str, bytes]]]:
        """Receipts of a status as they came, in batches; what is kept here while this goes on is passed by."""
        last = self._scratch.execute("SELECT coalesce(max(place), 0) FROM receipt").fetchone()[0]
        for rows in super().raw(status=status, refused_by=refused_by, size=size):
            moved = {row[0] for row in self._kept("id", [receipt_id for receipt_id, _ in rows])}
            if left := [row for row in rows if row[0] not in moved]:
                yield left
        place = 0
        while True:
            found = self._scratch.execute(
                "SELECT place, id, raw FROM receipt WHERE place > ? AND place <= ? AND status = ? "
                "AND (? IS NULL OR refused_by = ?) ORDER BY place LIMIT ?",
                (place, last, str(status), refused_by, refused_by, size),
            ).fetchall()
            if not found:
                return
            place = found[-1][0]
            yield [(row[1], row[2]) for row in found]

    def raw_of(self, receipt_ids: Sequence[str]) -> dict[str, bytes]:
        """Some receipts as they came, by id."""
        return super().raw_of(receipt_ids) | {row[0]: row[1] for row in self._kept("id, raw", receipt_ids)}

    def count(self, status: Status) -> int:
        """How many receipts have a status."""
        query = "SELECT count(*) FROM receipt WHERE status = ?"
        here = int(self._scratch.execute(query, (str(status),)).fetchone()[0])
        return super().count(status) + here - self._moved[str(status)]

    def book(
        self,
        *,
        booked: Sequence[str],
        pending_stock: Sequence[str],
        postings: pd.DataFrame,
        movements: pd.DataFrame,
        refused: Sequence[Rejection],
        refused_lines: Sequence[Rejection],
    ) -> None:
        """Notes what would be booked. The receipts stay as they are: an import reads each of them once."""
        self._drop(IMPORT, [*booked, *(rejection.key for rejection in refused)])
        self._put(IMPORT, refused)
        self._put(MOVEMENTS, refused_lines)
        self.on_booked(postings, movements, len(booked))

    def make_up_stock(
        self,
        *,
        complete: Sequence[str],
        movements: pd.DataFrame,
        ended: Sequence[str],
        renewed: Sequence[Rejection] = (),
    ) -> None:
        """Notes movements that would be made up for, and the reasons that the others would have."""
        self._drop(MOVEMENTS, ended)
        self._put(MOVEMENTS, renewed)
        self.on_booked(None, movements, 0)

    def _keep(self, receipts: Sequence[StagedReceipt]) -> None:
        rows = [
            (
                r.receipt_id,
                r.content_hash,
                str(r.status),
                STAGING if r.status is Status.REJECTED else None,
                r.closing_number,
                r.came_as,
                r.raw,
            )
            for r in receipts
        ]
        self._scratch.execute("BEGIN")
        self._scratch.executemany(
            f"INSERT OR REPLACE INTO receipt (id, {', '.join(_KNOWN)}, raw) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 -- our own words
            rows,
        )
        self._scratch.execute("COMMIT")

    def _kept(self, columns: str, receipt_ids: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for chunk in chunks(receipt_ids):
            marks = ", ".join("?" * len(chunk))
            yield from self._scratch.execute(f"SELECT {columns} FROM receipt WHERE id IN ({marks})", chunk)  # noqa: S608 -- our own words

    def _drop(self, asset: str, keys: Sequence[str]) -> None:
        with self._store.transaction() as connection:
            self._store.drop_rejections(connection, asset, keys)

    def _put(self, asset: str, rejections: Sequence[Rejection]) -> None:
        with self._store.transaction() as connection:
            self._store.put_rejections(connection, asset, rejections)
