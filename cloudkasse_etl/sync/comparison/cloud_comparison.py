"""Compares the till's actual records, one by one, with those that the ERP requires now. Nothing is changed.

A synchronisation compares with what the cloud last accepted and requests no records. This requests every record, page
by page, so it runs on demand and with a full comparison only.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import REGISTERS, Kind
from cloudkasse_etl.schemas.contract import check
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.sync.comparison.comparison_report import SHOWN, Comparison, Cure, Difference, FieldDifference
from cloudkasse_etl.sync.dry_run.plan_session import open_plan
from cloudkasse_etl.sync.inputs.article_subset import NEVER_NARROWED
from cloudkasse_etl.sync.master_data.cloud_records import Item, completed, pages
from cloudkasse_etl.sync.master_data.desired_records import FLOWS
from cloudkasse_etl.sync.master_data.record_titles import names_by_key
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform import payloads
from cloudkasse_etl.transform.digest import digests, item_digests, item_text


def compare_all(
    configuration: Configuration, kinds: Sequence[str] | None = None, *, as_of: dt.date | None = None
) -> tuple[Comparison, ...]:
    """Compares the records that the ERP requires now with the till's. Takes no lease, writes nothing, uses GET only.

    Args:
        configuration: Settings and connections.
        kinds: The names of the kinds of record to compare; all that the till takes where None.
        as_of: The day whose prices and VAT rates apply; the shop's today where None.

    Returns:
        A comparison for each kind.

    Raises:
        CloudkasseError: ERP, cloud or our own tables cannot be read.
    """
    with open_plan(configuration, as_of=as_of) as session:
        session.cloud_status  # noqa: B018 -- raises its errors before the ERP is read needlessly
        return tuple(compare_with_cloud(session, kind) for kind in session.kinds if kinds is None or kind.name in kinds)


def compare_with_cloud(session: SyncSession, kind: Kind) -> Comparison:
    """Compares one kind of record.

    A record that is rejected, or waits in order, does not count as a difference: it is reported elsewhere. Of the
    cloud's pages only keys and the first few differences are kept in memory.
    """
    desired = FLOWS[kind.name].desired(session, NEVER_NARROWED)
    checked = check(desired.payload, FLOWS[kind.name].payload, asset=kind.cloud, key_columns=kind.key)
    refused = {rejection.key for rejection in (*checked.rejections, *session.store.rejections.of(kind.cloud))}
    waits = kind.needs_register and session.store.synced.active_count(REGISTERS.name) == 0
    found = _Comparing(session, kind, checked.frame, {bounded_key(key) for key in refused})
    for keys, items in pages(session, kind):
        found.take(keys, items)
    superfluous = pd.Series(list(dict.fromkeys(found.unwanted)), dtype="str")
    superfluous = superfluous[desired.may_retire(superfluous)] if len(superfluous) else superfluous
    missing, waiting = found.missing(), sum(deferral.count for deferral in desired.waiting)
    wanted = int(np.count_nonzero(~found.is_refused))
    if waits:
        missing, waiting, wanted = [], waiting + len(missing), wanted - len(missing)
    return Comparison(
        entity=kind.name,
        asset=kind.cloud,
        wanted=wanted,
        missing=len(missing),
        different=found.different,
        superfluous=len(superfluous),
        refused=len(refused),
        waiting=waiting,
        differences=found.shown(missing, list(superfluous[:SHOWN])),
    )


@dataclass
class _Comparing:
    """Compares the required records with the cloud's, page by page."""

    session: SyncSession
    kind: Kind
    payload: pd.DataFrame
    refused: set[str]
    unwanted: list[str] = field(default_factory=list)
    different: int = 0
    first: list[tuple[int, Item]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = list(self.payload.columns)
        self.hashes = digests(self.payload)
        self.keys = pd.Index(payloads.keys(self.kind.name, self.payload))
        self.seen = np.zeros(len(self.keys), dtype=bool)
        self.is_refused = np.array([bounded_key(key) in self.refused for key in self.keys], dtype=bool)

    def take(self, keys: list[str], items: Sequence[Item]) -> None:
        """Compares a page."""
        places = self.keys.get_indexer(pd.Index(keys, dtype="str"))
        self.unwanted += [
            key
            for key, place, item in zip(keys, places.tolist(), items, strict=True)
            if place < 0 and item.get("active") is not False and bounded_key(key) not in self.refused
        ]
        # a record may appear twice if the list changes while it is read: it counts once
        _, there = np.unique(places, return_index=True)
        there = np.sort(there[(places[there] >= 0) & ~self.seen[places[there]]]) if len(self.keys) else there[:0]
        items = completed(self.session, self.kind, keys, items, self._wanted)
        self.seen[places[there]] = True
        held = item_digests([items[at] for at in there.tolist()], self.columns)
        other = there[(held != self.hashes[places[there]]) & ~self.is_refused[places[there]]]
        self.different += len(other)
        self.first += [(int(places[at]), items[at]) for at in other[: SHOWN - len(self.first)]]

    def _wanted(self, keys: Sequence[str]) -> dict[str, Item]:
        """The required records of some keys."""
        places = [place for place in self.keys.get_indexer(pd.Index(list(keys), dtype="str")).tolist() if place >= 0]
        found = payloads.items(self.payload.iloc[places])
        return dict(zip((str(self.keys[place]) for place in places), found, strict=True))

    def missing(self) -> list[int]:
        """Places of records that the cloud lacks for no known reason."""
        return [int(place) for place in np.flatnonzero(~self.seen & ~self.is_refused)]

    def shown(self, missing: Sequence[int], superfluous: Sequence[str]) -> tuple[Difference, ...]:
        """The first differences, field by field."""
        state = self.session.store.synced.all(self.kind.name).set_index("key")
        places = [*(place for place, _ in self.first), *missing[:SHOWN]]
        wanted = dict(zip(places, payloads.items(self.payload.iloc[places]), strict=True)) if places else {}
        found = [
            Difference(str(self.keys[at]), "different", self._cure(at, state), tuple(_fields(wanted[at], item)))
            for at, item in self.first
        ]
        found += [
            Difference(str(self.keys[at]), "missing", self._cure(at, state), item=wanted[at]) for at in missing[:SHOWN]
        ]
        found += [Difference(key, "superfluous", _cure_of_superfluous(key, state)) for key in superfluous]
        names = names_by_key(self.session.store, self.kind, [difference.key for difference in found[:SHOWN]])
        return tuple(replace(difference, called=names[difference.key]) for difference in found[:SHOWN])

    def _cure(self, place: int, state: pd.DataFrame) -> Cure:
        """The synchronisation that resolves it: any if our state knows the difference, else a full one."""
        key = self.keys[place]
        if key not in state.index:
            return "next"
        is_equal = state.at[key, "active"] and state.at[key, "content_hash"] == self.hashes[place]
        return "full" if is_equal else "next"


def _cure_of_superfluous(key: str, state: pd.DataFrame) -> Cure:
    if key not in state.index:
        return "foreign"
    return "next" if state.at[key, "active"] else "full"


def _fields(wanted: Item, held: Item) -> Iterable[FieldDifference]:
    return (
        FieldDifference(name, value, held.get(name))
        for name, value in wanted.items()
        if item_text(value) != item_text(held.get(name))
    )
