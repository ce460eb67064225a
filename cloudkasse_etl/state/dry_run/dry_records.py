"""Records and requests in a dry run: those that the cloud accepted, and those that would be sent."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.dry_run.dry_checkpoints import DryCheckpoints
from cloudkasse_etl.state.dry_run.dry_rejections import DryRejections
from cloudkasse_etl.state.stores.attempts import Attempts
from cloudkasse_etl.state.stores.records import PendingAttempt, SyncedRecord
from cloudkasse_etl.state.stores.synced import SyncedRecords

_LOOKED_UP = 10_000  # beyond this many keys it is quicker to read all


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A record that would be sent to the cloud, and that counts as accepted.

    Attributes:
        key: The record's key.
        before: The record as the cloud last accepted it (JSON); None where it never had the record.
        after: The record as it would be sent (JSON).
        active: False if it would be retired.
    """

    key: str
    before: str | None
    after: str
    active: bool


class DryAttempts:
    """Unanswered requests, without those that this dry run would have finished."""

    def __init__(self, state: StateConnection) -> None:
        self._stored = Attempts(state)
        self._answered: set[str] = set()

    def record(self, attempts: Iterable[tuple[str, str, bytes]]) -> None:
        """Never called: the client of a dry run sends nothing."""
        raise AssertionError("A dry run sends nothing.")

    def pending(self, entity: str) -> list[PendingAttempt]:
        """Unanswered requests that this dry run has not finished."""
        return [attempt for attempt in self._stored.pending(entity) if attempt.key not in self._answered]

    def answer(self, keys: Sequence[str]) -> None:
        """Treats requests as finished."""
        self._answered.update(keys)


class DrySynced:
    """Records, read from the database, with all changes kept in memory.

    Args:
        state: Our own tables.
        attempts, rejections, checkpoints: Those of the same dry run: accepted records change them.
    """

    def __init__(
        self, state: StateConnection, attempts: DryAttempts, rejections: DryRejections, checkpoints: DryCheckpoints
    ) -> None:
        self._stored = SyncedRecords(state)
        self._attempts, self._rejections, self._checkpoints = attempts, rejections, checkpoints
        self._accepted: dict[str, dict[str, SyncedRecord]] = defaultdict(dict)
        self._before: dict[str, dict[str, str]] = defaultdict(dict)
        self._forgotten: dict[str, set[str]] = defaultdict(set)

    def acceptances(self, entity: str) -> list[Acceptance]:
        """The records of an entity that would be sent, in the order of sending."""
        before = self._before[entity]
        return [
            Acceptance(key, before.get(key), record.content, record.active)
            for key, record in self._accepted[entity].items()
        ]

    def all(self, entity: str) -> pd.DataFrame:
        """All records that the cloud holds, as `SyncedStore.all` has them."""
        return self._changed(entity, self._stored.all(entity), self._accepted[entity])

    def among(self, entity: str, keys: Collection[str]) -> pd.DataFrame:
        """Those of some keys."""
        accepted = self._accepted[entity]
        return self._changed(entity, self._stored.among(entity, keys), [key for key in keys if key in accepted])

    def beneath(self, entity: str, firsts: Collection[str]) -> pd.DataFrame:
        """Those whose key has one of some texts before its last three parts."""
        mine = [key for key in self._accepted[entity] if key.rsplit("|", 3)[0] in firsts]
        return self._changed(entity, self._stored.beneath(entity, firsts), mine)

    def _changed(self, entity: str, frame: pd.DataFrame, keys: Iterable[str]) -> pd.DataFrame:
        """The stored records, overlaid with the accepted ones among these keys."""
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

    def ever(self, entity: str) -> set[str]:
        """The keys of an entity's records that any cloud of the company ever accepted."""
        return self._stored.ever(entity)

    def active_count(self, entity: str) -> int:
        """How many records are active in the cloud."""
        accepted, forgotten = self._accepted[entity], self._forgotten[entity]
        if len(accepted) + len(forgotten) > _LOOKED_UP:
            return int(self.all(entity)["active"].sum())
        stored = self._stored.among(entity, {*accepted, *forgotten})
        fresh = sum(record.active for record in accepted.values())
        return self._stored.active_count(entity) - int(stored["active"].sum()) + fresh

    def active_among(self, entity: str, keys: Collection[str]) -> int:
        """How many records of some keys are active in the cloud."""
        return int(self.among(entity, keys)["active"].sum()) if keys else 0

    def contents(self, entity: str, keys: Sequence[str]) -> dict[str, str]:
        """The content (JSON) of some records, by key."""
        accepted, forgotten = self._accepted[entity], self._forgotten[entity]
        stored = self._stored.contents(entity, [key for key in keys if key not in accepted and key not in forgotten])
        return stored | {key: accepted[key].content for key in keys if key in accepted}

    def newest_content(self, entity: str, key: str) -> str | None:
        """The content (JSON) of a record as any cloud of the company last accepted it."""
        accepted = self._accepted[entity].get(key)
        return accepted.content if accepted else self._stored.newest_content(entity, key)

    def forget(self, entity: str, keys: Sequence[str]) -> None:
        """Treats the records as missing in the cloud."""
        self._forgotten[entity].update(keys)

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
        """Remembers what would be accepted and what would be refused."""
        mine, before = self._accepted[entity], self._before[entity]
        fresh = [record.key for record in accepted if record.key not in mine]
        before.update(self.contents(entity, fresh))
        mine.update((record.key, record) for record in accepted)
        self._attempts.answer(answered)
        self._checkpoints.grow(asset, len(accepted))
        self._rejections.end(asset, [record.key for record in accepted])
        self._rejections.put(asset, rejected)
