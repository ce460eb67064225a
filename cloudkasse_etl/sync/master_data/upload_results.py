"""Records on their way to the cloud, and what its answers make of them. Who sends them: upload.py."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.records import SyncedRecord
from cloudkasse_etl.tills.cloudkasse.client import ItemResult


@dataclass
class Items:
    """Records on their way: keys, contents' hashes (text), and the items themselves, which are made one at a time."""

    keys: list[str]
    hashes: list[str]
    items: Iterator[dict[str, Any]]

    def contents(self) -> Iterator[tuple[str, str]]:
        """Each key with its content's hash."""
        return zip(self.keys, self.hashes, strict=True)

    def without(self, resting: set[str]) -> Iterator[dict[str, Any]]:
        """The items but for those of the keys that rest."""
        return (item for key, item in zip(self.keys, self.items, strict=True) if key not in resting)


def where_level(
    places: npt.NDArray[np.intp], hashes: npt.NDArray[np.int64], synced: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """Where the cloud's last accepted content is the desired one, and active; `places` are the records' in `synced`."""
    level: npt.NDArray[np.bool_] = places >= 0
    there = places[level]
    level[level] = (synced["content_hash"].to_numpy()[there] == hashes[level]) & synced["active"].to_numpy()[there]
    return level


def accepted_record(key: str, content_hash: int, result: ItemResult) -> SyncedRecord:
    """A record as it is stored once the cloud has taken it."""
    content = orjson.dumps(result.item).decode()
    return SyncedRecord(key, content_hash, content, bool(result.item.get("active", True)), result.cloud_id)


def kind_of(result: ItemResult, is_known: bool) -> str:
    """What an accepted record counts as."""
    if not result.item.get("active", True):
        return "deactivated"
    return "changed" if is_known else "new"


def fresh(rejection: Rejection) -> Rejection:
    """A rejection that is told as a new one."""
    return Rejection(
        rejection.asset, rejection.key, rejection.code, rejection.detail, rejection.content, rejection.since
    )
