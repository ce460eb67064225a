"""What a run looks at: some articles, or everything and why. Found by changed_articles.py, handed from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd

from cloudkasse_etl.entities import ARTICLES, GROSS_PRICES, PRICES
from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.database.keys import is_bounded
from cloudkasse_etl.state.stores.erp_rows import Header
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames
from cloudkasse_etl.sync.inputs.goods_frames import GoodsFrames


@dataclass(frozen=True)
class Subset:
    """Some articles, with all that the ERP holds of them. Whatever a run finds out hangs on one article's rows alone.

    Attributes:
        numbers: The articles' numbers.
        goods: The ERP as if it held no others.
        header: The snapshot that says what is unchanged.
        rows: How many records each asset held when it was last level, by asset.
        lacking: Register's price group → how many articles lacked a price only there.
        turns: As AssetReport has them, by asset, of all articles.
        old: The snapshot's rows of these articles, by table.
        others: The rows that share a bucket with one of theirs, by table.
        registers: How many changes of registers the cloud had accepted when this was found out.
    """

    numbers: frozenset[str]
    goods: GoodsFrames
    header: Header
    rows: Mapping[str, int]
    lacking: Mapping[str, int]
    turns: Mapping[str, tuple[str | None, str | None]]
    old: Mapping[str, pd.DataFrame]
    others: Mapping[str, pd.DataFrame]
    registers: int

    @property
    def count(self) -> int:
        """How many articles these are."""
        return len(self.numbers)

    @property
    def reason(self) -> None:
        """Nothing keeps a run from looking at these alone."""
        return None

    def widened(self, reason: Text) -> "Everything":
        """What is looked at instead, where more than these articles may have changed after all.

        Args:
            reason: Why that is so.

        Returns:
            A value of its own; this one stays as it is.
        """
        return Everything(reason)

    def goods_of(self, erp: ErpFrames) -> GoodsFrames:
        """The articles and prices to be looked at."""
        return self.goods

    def covers(self, rejection: Rejection) -> bool:
        """Whether a rejection is of one of these articles."""
        return article_of(rejection) in self.numbers

    def rows_with(self, asset: str, found: int) -> int:
        """How many records an asset holds in all, where `found` are of these articles."""
        table, column = _COUNTED[asset]
        return self.rows[asset] - int(self.old[table][column].sum()) + found

    def lacking_with(self, found: Mapping[str, int]) -> dict[str, int]:
        """How many articles lack a price in all, by register's group, where `found` of these do."""
        lacks = self.old["ART"]["further"].to_numpy()
        return {
            group: self.lacking[group] - int((lacks >> place & 1).sum()) + count
            for place, (group, count) in enumerate(sorted(found.items()))
        }

    def turns_with(self, asset: str, found: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
        """An asset's turns of all articles, where `found` are of these; those of what these were before remain."""
        known = self.turns.get(asset, (None, None))
        last = max((day for day in (known[0], found[0]) if day is not None), default=None)
        return last, min((day for day in (known[1], found[1]) if day is not None), default=None)


@dataclass(frozen=True)
class Everything:
    """All records.

    Attributes:
        reason: Why not the changed articles alone, as the end of a sentence (changes/reasons.py); None of the kinds of
            record of which a run never looks at some.
    """

    reason: Text | None

    @property
    def count(self) -> None:
        """They are not counted."""
        return None

    def widened(self, reason: Text) -> "Everything":
        """The same: there is no more to look at, and the first reason stands.

        Args:
            reason: Why more than some articles may have changed.

        Returns:
            This value.
        """
        return self

    def goods_of(self, erp: ErpFrames) -> GoodsFrames:
        """The articles and prices to be looked at."""
        return erp.goods

    def covers(self, rejection: Rejection) -> bool:
        """Whether a rejection is of a record that is looked at: they all are."""
        return True

    def rows_with(self, asset: str, found: int) -> int:
        """How many records an asset holds: those that were found."""
        return found

    def lacking_with(self, found: Mapping[str, int]) -> Mapping[str, int]:
        """How many articles lack a price, by register's group: those that were found."""
        return found

    def turns_with(self, asset: str, found: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
        """An asset's turns: those that were found."""
        return found


Scope: TypeAlias = Subset | Everything
NEVER_NARROWED = Everything(None)
"""Of kinds of record that hang on no article."""

_COUNTED = {
    ARTICLES.extract: ("ART", "counted"),
    PRICES.extract: ("ARPREIS", "counted"),
    GROSS_PRICES: ("ARPREIS", "further"),
}


def article_of(rejection: Rejection) -> str | None:
    """The article of a rejected record; None where its key does not tell."""
    if is_bounded(rejection.key):
        return None  # what was cut off may be what told it
    if rejection.asset in ARTICLES.assets or rejection.code == "price_missing":
        return rejection.key
    return rejection.key.rsplit("|", 3)[0]
