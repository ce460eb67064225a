"""Checked records of one kind, and the common functions of readers of the ERP. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from cloudkasse_etl.rejections.record_names import name_of
from cloudkasse_etl.rejections.rejection import Rejection


@dataclass(frozen=True)
class Extract:
    """Checked records of one kind.

    Attributes:
        frame: The records that are uploaded, as the Extract contract has them.
        rejections: The refused records.
        held: Keys of refused records, as far as they are known: they are in the ERP, so that nothing of
            them may be retired.
        passed_over: Keys of records that are in the ERP but are not uploaded (inactive, not chosen).
    """

    frame: pd.DataFrame
    rejections: tuple[Rejection, ...]
    held: frozenset[str] = frozenset()
    passed_over: pd.Series = field(default_factory=lambda: pd.Series(dtype="str"))


def keys_of(rejections: Iterable[Rejection]) -> frozenset[str]:
    """The keys of refused records."""
    return frozenset(rejection.key for rejection in rejections)


def rekeyed(rejections: Iterable[Rejection], key: str) -> tuple[Rejection, ...]:
    """The same rejections under the key by which a person knows the record."""
    return tuple(replace(r, key=key, record=name_of(r.asset, key, r.called.title)) for r in rejections)


def titled(rejections: Sequence[Rejection], frame: pd.DataFrame) -> tuple[Rejection, ...]:
    """The same rejections with the names that people gave the records, or those of their articles.

    Args:
        rejections: Of the frame's records, or of prices of its articles.
        frame: Columns number and name.

    Returns:
        The rejections; those of other records as they are.
    """
    bare = {r.called.titled for r in rejections if r.called.title is None}
    if not bare:
        return tuple(rejections)
    mine = frame[frame["number"].isin(list(bare)) & frame["name"].notna()]
    titles = dict(zip(mine["number"], mine["name"], strict=True))
    return tuple(
        replace(r, record=name_of(r.asset, r.key, titles[r.called.titled])) if r.called.titled in titles else r
        for r in rejections
    )
