"""Upload items, and the mapping of API results to synced records. They are sent by upload.py."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.records import SyncedRecord
from cloudkasse_etl.tills.port import ItemResult


@dataclass
class Items:
    """Records to send: keys, contents' hashes (text), and the items themselves, which are made one at a time."""

    keys: list[str]
    hashes: list[str]
    items: Iterator[dict[str, Any]]

    def contents(self) -> Iterator[tuple[str, str]]:
        """Each key with its content's hash."""
        return zip(self.keys, self.hashes, strict=True)

    def without(self, resting: set[str]) -> Iterator[dict[str, Any]]:
        """The items without those of some keys."""
        return (item for key, item in zip(self.keys, self.items, strict=True) if key not in resting)


def accepted_as_desired(
    places: npt.NDArray[np.intp], hashes: npt.NDArray[np.int64], synced: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """Which records the cloud has accepted with the desired content, as active.

    Args:
        places: The row of each record in `synced`; -1 where it is missing.
        hashes: The hash of each record's desired content.
        synced: The accepted records, as `SyncedStore.all` has them.

    Returns:
        A mask over the records.
    """
    accepted: npt.NDArray[np.bool_] = places >= 0
    there = places[accepted]
    accepted[accepted] = (synced["content_hash"].to_numpy()[there] == hashes[accepted]) & synced["active"].to_numpy()[
        there
    ]
    return accepted


def accepted_record(key: str, content_hash: int, result: ItemResult) -> SyncedRecord:
    """Makes the row of a record that the cloud has accepted.

    Args:
        key: The record's key.
        content_hash: The hash of its content.
        result: The cloud's result.

    Returns:
        The record to store.
    """
    content = orjson.dumps(result.item).decode()
    return SyncedRecord(key, content_hash, content, bool(result.item.get("active", True)), result.cloud_id)


def kind_of(result: ItemResult, is_known: bool) -> str:
    """The count to which an accepted record is added."""
    if not result.item.get("active", True):
        return "deactivated"
    return "changed" if is_known else "new"


def fresh(rejection: Rejection) -> Rejection:
    """A rejection that is reported as a new one."""
    return replace(rejection, still=False)
