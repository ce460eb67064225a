"""State as a dry run has it: what is there, and on top of it what would have been written. The database is only read.

The use cases run on these stores as they run on the real ones, so that a plan is what a synchronisation would do and
not a second opinion. A writer that is not overridden here finds no connection to write on, and breaks.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NoReturn, cast

import pandas as pd
import sqlalchemy as sa

from cloudkasse_etl.rejections.rejection import Rejection, merged
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.stores.records import Level, PendingAttempt, SyncedRecord
from cloudkasse_etl.state.stores.store import StateStore

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
