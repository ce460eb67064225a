"""Checked records of one kind, and the common functions of readers of the ERP. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

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
    return tuple(Rejection(r.asset, key, r.code, r.detail, r.content) for r in rejections)
