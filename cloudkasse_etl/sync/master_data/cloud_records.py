"""Reads the till's actual records page by page, and adopts them as our state of the cloud. Comparing: comparison/.

Only a synchronisation with a full comparison reads them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
import orjson
import pandas as pd

from cloudkasse_etl.entities import Kind
from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.stores.records import SyncedRecord
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.master_data.desired_records import FLOWS
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.port import record_key
from cloudkasse_etl.transform.digest import item_digests

Item = dict[str, Any]


def learn_what_the_cloud_holds(session: SyncSession, kind: Kind) -> None:
    """Replaces our state of the cloud by the cloud's actual records, for records that were ever sent from here.

    Records that were changed, retired or lost there then count as different, and are sent again. Records that were
    never sent from here are ignored.
    """
    store, columns = session.store, list(FLOWS[kind.name].payload.to_schema().columns)
    synced = store.synced.all(kind.name)
    known, hashes = pd.Index(synced["key"]), synced["content_hash"].to_numpy()
    seen = np.zeros(len(known), dtype=bool)
    for keys, page in pages(session, kind):
        items = completed(session, kind, keys, page, lambda keys: _as_sent(store, kind, keys))
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
            store.synced.settle(kind.cloud, kind.name, answered=(), accepted=accepted, rejected=())
    store.synced.forget(kind.name, [str(key) for key in known[~seen]])


def missing_in_the_cloud(session: SyncSession, kind: Kind, active: int) -> int | None:
    """How many records the cloud reports, if these are fewer than in our state.

    Args:
        session: The run, or a check for new data.
        kind: The kind of record.
        active: The number of active records in our state.

    Returns:
        The number that the cloud reports; None if it is not smaller or not reported.
    """
    counted = session.cloud_status.counts.get(kind.name)
    return None if counted is None or counted >= active else counted


def pages(session: SyncSession, kind: Kind) -> Iterator[tuple[list[str], list[Item]]]:
    """The records of the cloud page by page, with their keys."""
    for page in session.client.records(kind.name):
        try:
            keys = [record_key(kind.name, item) for item in page]
        except KeyError as error:
            raise ContractError(
                say("The till's list of {entity} has a record without {field}.", entity=kind.name, field=str(error)),
                hint=say("Report it to the till's maker; nothing was compared."),
            ) from None
        _refuse_broken(kind, page)
        yield keys, page


def completed(
    session: SyncSession,
    kind: Kind,
    keys: Sequence[str],
    items: Sequence[Item],
    ours: Callable[[Sequence[str]], Mapping[str, Item]],
) -> Sequence[Item]:
    """Records of the cloud with the fields that it has no place for, as they are here: these cannot differ.

    Args:
        session: The run.
        kind: The kind of record.
        keys: The records' keys.
        items: The records.
        ours: Returns our own records of some keys.

    Returns:
        The records; the same ones where the cloud has a place for every field.
    """
    without = session.till.without.get(kind.name)
    if not without:
        return items
    mine = ours(keys)
    return [
        {**{name: mine.get(key, {}).get(name) for name in without - item.keys()}, **item}
        for key, item in zip(keys, items, strict=True)
    ]


def _as_sent(store: StateStores, kind: Kind, keys: Sequence[str]) -> dict[str, Item]:
    return {key: orjson.loads(content) for key, content in store.synced.contents(kind.name, keys).items()}


def _refuse_broken(kind: Kind, page: Sequence[Item]) -> None:
    """Raises where a value has another type than in the contract: it must not be adopted.

    A record under a broken key would count as missing, and one that is no longer required would never be retired.
    """
    for name, column in FLOWS[kind.name].payload.to_schema().columns.items():
        dtype = str(column.dtype)
        wanted = bool if dtype == "bool" else int if dtype.startswith("int") else str
        values = [item.get(name) for item in page]
        if not set(map(type, values)) <= {wanted, NoneType}:
            value = next(value for value in values if type(value) not in (wanted, NoneType))
            raise ContractError(
                say(
                    "The till's list of {entity} has a record whose {field} is '{value}'.",
                    entity=kind.name, field=name, value=str(value)[:40],
                ),
                hint=say("Report it to the till's maker; nothing was compared."),
            )  # fmt: skip


def _id(item: Item) -> str | None:
    return item["id"] if isinstance(item.get("id"), str) else None
