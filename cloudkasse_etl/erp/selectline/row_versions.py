"""Rows together with what tells whether they have changed: their numbers and rowversions, read in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from cloudkasse_etl.schemas.contract import UNREADABLE

VERSION = "row_version"
FOREIGN = "foreign keys"
"""Marks a frame some of whose keys were no text: by the text that is shown for them they need not be found."""
Numbers: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
_LIMIT = 2**52  # far past what a database hands out; below it sums of a bucket are exact


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table, and as of when.

    Attributes:
        frame: The rows.
        versions: row_id (int64, ascending, each once), version (int64), article (str, never null): a row a row read.
            None where the table does not tell: it lacks TS or row numbers, or holds odd ones.
    """

    frame: pd.DataFrame
    versions: pd.DataFrame | None


def row_versions(frame: pd.DataFrame, key: str, version: "pd.Series[int]", row_id: str) -> pd.DataFrame | None:
    """A frame's `Rows.versions`.

    Args:
        frame: Read; its index holds the rows' numbers.
        key: Its column with the article's number.
        version: The rows' rowversions.
        row_id: What its index is called where it does.
    """
    if frame.index.name != row_id:
        return None
    return checked_versions(frame.index.to_numpy(), version.to_numpy(), frame[key])


def checked_versions(ids: Numbers, versions: Numbers, articles: "pd.Series[str]") -> pd.DataFrame | None:
    """The same of columns; None where they cannot tell whether a row has changed."""
    if not len(ids):
        return pd.DataFrame({"row_id": np.empty(0, np.int64), "version": np.empty(0, np.int64), "article": articles})
    usable = (
        ids.dtype == np.int64
        and versions.dtype == np.int64
        and ids[0] > 0
        and bool((np.diff(ids) > 0).all())
        and bool(((versions >= 0) & (versions < _LIMIT)).all())
    )
    if not usable:
        return None
    articles = articles.fillna("").reset_index(drop=True)
    return pd.DataFrame({"row_id": ids, "version": versions, "article": articles}, copy=False)


def together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Readings of one table as one, in the order of the rows' numbers, with what is known of unreadable cells."""
    if len(parts) == 1:
        return parts[0]
    attributes = [part.attrs for part in parts]
    for part in parts:
        part.attrs = {}  # pandas compares them
    frame = pd.concat(parts).sort_index(kind="stable")
    for known in attributes:
        frame.attrs.update({name: value for name, value in known.items() if name != UNREADABLE})
        for column, cells in known.get(UNREADABLE, {}).items():
            frame.attrs.setdefault(UNREADABLE, {}).setdefault(column, {}).update(cells)
    return frame
