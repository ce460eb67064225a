"""What CloudKasse really holds, record by record: compared with what the ERP wants now, or taken for our own state.

A synchronisation compares with what the cloud last accepted and asks nothing. These ask for every record, page by page,
so they run on demand and with a full comparison only.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

import numpy as np
import orjson
import pandas as pd

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import KINDS, REGISTERS, Kind
from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.contract import check
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.state.stores.records import SyncedRecord
from cloudkasse_etl.sync.comparison.comparison_report import SHOWN, Comparison, Cure, Difference, FieldDifference
from cloudkasse_etl.sync.dry_run.plan_session import open_plan
from cloudkasse_etl.sync.master_data.desired_records import FLOWS
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.cloudkasse.client import record_key
from cloudkasse_etl.transform import payloads
from cloudkasse_etl.transform.digest import digests, item_digests, item_text

Item = dict[str, Any]


def compare_all(
    configuration: Configuration, kinds: Sequence[Kind] = KINDS, *, as_of: dt.date | None = None
) -> tuple[Comparison, ...]:
    """Compares what the ERP wants now with what CloudKasse holds. Takes no lease, writes nothing, asks with GET alone.

    Args:
        configuration: Settings and connections.
        kinds: Which kinds of record.
        as_of: The day whose prices and VAT rates hold; the shop's today where None.

    Raises:
        CloudkasseError: ERP, cloud or our own tables cannot be read.
    """
    with open_plan(configuration, as_of=as_of) as session:
        session.cloud_status  # noqa: B018 -- asked for its errors, before the ERP is read in vain
        return tuple(compare_with_cloud(session, kind) for kind in kinds)


def compare_with_cloud(session: SyncSession, kind: Kind) -> Comparison:
    """Compares one kind of record.

    A record that stands rejected, or waits in order, is no difference: that it is not level is known and told
    elsewhere. Of the cloud's pages no more is kept than keys, and the first few differences.
    """
    desired = FLOWS[kind].desired(session)
    checked = check(desired.payload, FLOWS[kind].payload, asset=kind.cloud, key_columns=kind.key)
    refused = {rejection.key for rejection in (*checked.rejections, *session.store.rejections(kind.cloud))}
    waits = kind.needs_register and session.store.active_count(REGISTERS.name) == 0
    found = _Comparing(session, kind, checked.frame, {bounded_key(key) for key in refused})
    for keys, items in _pages(session, kind):
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


def learn_what_the_cloud_holds(session: SyncSession, kind: Kind) -> None:
    """Takes what the cloud holds for what it last accepted, of the records that ever went up from here.

    What somebody changed, retired or lost there is then no longer level, and goes up again. Records that never went
    up from here are nobody's business of ours.
    """
    store, columns = session.store, list(FLOWS[kind].payload.to_schema().columns)
    synced = store.synced(kind.name)
    known, hashes = pd.Index(synced["key"]), synced["content_hash"].to_numpy()
    seen = np.zeros(len(known), dtype=bool)
    for keys, items in _pages(session, kind):
        found = item_digests(items, columns)
        places = known.get_indexer(pd.Index(keys, dtype="str"))
        seen[places[places >= 0]] = True
        other = (places >= 0) & (hashes[places] != found) if len(known) else places >= 0
        accepted = [
            SyncedRecord(
                str(known[places[at]]),
                int(found[at]),
                orjson.dumps({name: items[at].get(name) for name in columns}).decode(),
                items[at].get("active") is not False,
                _id(items[at]),
            )
            for at in np.flatnonzero(other).tolist()
        ]
        if accepted:
            store.settle(kind.cloud, kind.name, answered=(), accepted=accepted, rejected=())
    store.forget(kind.name, [str(key) for key in known[~seen]])


def _pages(session: SyncSession, kind: Kind) -> Iterator[tuple[list[str], list[Item]]]:
    """Page by page the records that the cloud holds, with their keys."""
    for page in session.client.records(kind.name):
        try:
            keys = [record_key(kind.name, item) for item in page]
        except KeyError as error:
            raise ContractError(
                say("CloudKasse's list of {entity} has a record without {field}.", entity=kind.name, field=str(error)),
                hint=say("Report it to CloudKasse; nothing was compared."),
            ) from None
        _refuse_broken(kind, page)
        yield keys, page


def _refuse_broken(kind: Kind, page: Sequence[Item]) -> None:
    """Raises where a value is of another type than the contract's: it must not be taken for what the cloud holds.

    A record under a broken key would count as missing, and one that nobody wants any more would never be retired.
    """
    for name, column in FLOWS[kind].payload.to_schema().columns.items():
        dtype = str(column.dtype)
        wanted = bool if dtype == "bool" else int if dtype.startswith("int") else str
        values = [item.get(name) for item in page]
        if not set(map(type, values)) <= {wanted, NoneType}:
            value = next(value for value in values if type(value) not in (wanted, NoneType))
            raise ContractError(
                say(
                    "CloudKasse's list of {entity} has a record whose {field} is '{value}'.",
                    entity=kind.name, field=name, value=str(value)[:40],
                ),
                hint=say("Report it to CloudKasse; nothing was compared."),
            )  # fmt: skip


def _id(item: Item) -> str | None:
    return item["id"] if isinstance(item.get("id"), str) else None


@dataclass
class _Comparing:
    """Compares page by page with the wanted records."""

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
        # a record may come twice where the list moves while it is read: it counts once
        _, there = np.unique(places, return_index=True)
        there = np.sort(there[(places[there] >= 0) & ~self.seen[places[there]]]) if len(self.keys) else there[:0]
        self.seen[places[there]] = True
        held = item_digests([items[at] for at in there.tolist()], self.columns)
        other = there[(held != self.hashes[places[there]]) & ~self.is_refused[places[there]]]
        self.different += len(other)
        self.first += [(int(places[at]), items[at]) for at in other[: SHOWN - len(self.first)]]

    def missing(self) -> list[int]:
        """Places of the records that the cloud does not hold, and that nothing explains."""
        return [int(place) for place in np.flatnonzero(~self.seen & ~self.is_refused)]

    def shown(self, missing: Sequence[int], superfluous: Sequence[str]) -> tuple[Difference, ...]:
        """The first differences, field by field."""
        state = self.session.store.synced(self.kind.name).set_index("key")
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
        return tuple(found[:SHOWN])

    def _cure(self, place: int, state: pd.DataFrame) -> Cure:
        """What is not level as far as we know goes up by itself; the rest was changed behind our back."""
        key = self.keys[place]
        if key not in state.index:
            return "next"
        is_level = state.at[key, "active"] and state.at[key, "content_hash"] == self.hashes[place]
        return "full" if is_level else "next"


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
