"""Finds the names that people gave records of the cloud: an article's own, and for a price its article's."""

from collections.abc import Iterable

import orjson

from cloudkasse_etl.entities import Kind
from cloudkasse_etl.rejections.record_names import RecordName, name_of, title_of
from cloudkasse_etl.state.stores.state_stores import StateStores


def names_by_key(store: StateStores, kind: Kind, keys: Iterable[str]) -> dict[str, RecordName]:
    """The names of some records as the till last accepted them, in a dry run with what it would accept.

    Args:
        store: Our own tables.
        kind: The kind of record.
        keys: The records' keys; each of them gets a name.

    Returns:
        Key → name.
    """
    bare = {key: name_of(kind.cloud, key) for key in keys}
    wanted = sorted({name.titled for name in bare.values()})
    contents = store.synced.contents(kind.whole.name, wanted) if wanted else {}
    titles = {key: title_of(orjson.loads(content)) for key, content in contents.items()}
    return {key: name_of(kind.cloud, key, titles.get(name.titled)) for key, name in bare.items()}
