"""Rows together with their numbers and rowversions, which show whether they have changed, read in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from cloudkasse_etl.schemas.contract import UNREADABLE

VERSION = "row_version"
FOREIGN = "foreign keys"
"""Marks a frame with keys that were not stored as text: searching for the text that is shown may not find them."""
Numbers: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
_LIMIT = 2**52  # far beyond what a database assigns; below it sums of a bucket are exact


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table, and their versions when they were read.

    Attributes:
        frame: The rows.
        versions: row_id (int64, ascending, each once), version (int64), article (str, never null): a row a row read.
            None where the table's data does not allow it: it lacks TS or row numbers, or has invalid ones.
    """

    frame: pd.DataFrame
    versions: pd.DataFrame | None


def row_versions(frame: pd.DataFrame, key: str, version: "pd.Series[int]", row_id: str) -> pd.DataFrame | None:
    """Makes a frame's `Rows.versions`.

    Args:
        frame: As it was read; its index holds the rows' numbers.
        key: Its column with the article's number.
        version: The rows' rowversions.
        row_id: The name that its index has if it holds row numbers.

    Returns:
        As `Rows.versions`; None also where the frame's index holds no row numbers.
    """
    if frame.index.name != row_id:
        return None
    return checked_versions(frame.index.to_numpy(), version.to_numpy(), frame[key])


def checked_versions(ids: Numbers, versions: Numbers, articles: "pd.Series[str]") -> pd.DataFrame | None:
    """Makes `Rows.versions` of its columns.

    Args:
        ids: The rows' numbers.
        versions: Their rowversions.
        articles: Their articles' numbers.

    Returns:
        As `Rows.versions`; None where a row number or rowversion is invalid.
    """
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
    """Joins several readings of one table, ordered by row number, with the information about unreadable cells."""
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
