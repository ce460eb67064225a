"""The scope of a run: some articles, or everything and why. Determined by changed_articles.py, passed on by steps."""

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
    """The subset of articles an incremental run processes. Every result depends on one article's rows alone.

    Attributes:
        numbers: The articles' numbers.
        goods: The ERP's articles and prices, as if there were no others.
        header: The snapshot with which the rows were compared.
        rows: How many records each asset had when it was last up to date, by asset.
        lacking: Register's price group → how many articles lacked a price only there.
        turns: As in AssetReport, by asset, of all articles.
        old: The snapshot's rows of these articles, by table.
        others: The rows that share a bucket with one of theirs, by table.
        registers: How many changes of registers the cloud had accepted when this was determined.
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
        """The number of these articles."""
        return len(self.numbers)

    @property
    def reason(self) -> None:
        """None: there is no reason to process everything."""
        return None

    def widened(self, reason: Text) -> "Everything":
        """Processes everything instead, if other articles may have changed after all.

        Args:
            reason: Why that is so.

        Returns:
            The new scope; this one does not change.
        """
        return Everything(reason)

    def goods_of(self, erp: ErpFrames) -> GoodsFrames:
        """The articles and prices to process."""
        return self.goods

    def covers(self, rejection: Rejection) -> bool:
        """Whether a rejection is of one of these articles."""
        return article_of(rejection) in self.numbers

    def rows_with(self, asset: str, found: int) -> int:
        """The number of an asset's records in all, if `found` are of these articles."""
        table, column = _COUNTED[asset]
        return self.rows[asset] - int(self.old[table][column].sum()) + found

    def lacking_with(self, found: Mapping[str, int]) -> dict[str, int]:
        """How many articles lack a price in all, by register's group, if `found` of these do."""
        lacks = self.old["ART"]["further"].to_numpy()
        return {
            group: self.lacking[group] - int((lacks >> place & 1).sum()) + count
            for place, (group, count) in enumerate(sorted(found.items()))
        }

    def turns_with(self, asset: str, found: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
        """An asset's turns of all articles, if `found` are of these; the former turns of these still count."""
        known = self.turns.get(asset, (None, None))
        last = max((day for day in (known[0], found[0]) if day is not None), default=None)
        return last, min((day for day in (known[1], found[1]) if day is not None), default=None)


@dataclass(frozen=True)
class Everything:
    """All records.

    Attributes:
        reason: Why not the changed articles alone, as the end of a sentence (changes/reasons.py); None for kinds of
            record that are always processed completely.
    """

    reason: Text | None

    @property
    def count(self) -> None:
        """None: the articles are not counted."""
        return None

    def widened(self, reason: Text) -> "Everything":
        """Returns this scope: there is no larger one, and the first reason is kept.

        Args:
            reason: Why more than some articles may have changed.

        Returns:
            This scope.
        """
        return self

    def goods_of(self, erp: ErpFrames) -> GoodsFrames:
        """The articles and prices to process."""
        return erp.goods

    def covers(self, rejection: Rejection) -> bool:
        """Whether a rejection is of a record in this scope: always."""
        return True

    def rows_with(self, asset: str, found: int) -> int:
        """The number of an asset's records: those that were found."""
        return found

    def lacking_with(self, found: Mapping[str, int]) -> Mapping[str, int]:
        """How many articles lack a price, by register's group: those that were found."""
        return found

    def turns_with(self, asset: str, found: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
        """An asset's turns: those that were found."""
        return found


Scope: TypeAlias = Subset | Everything
NEVER_NARROWED = Everything(None)
"""The scope of kinds of record that do not depend on articles."""

_COUNTED = {
    ARTICLES.extract: ("ART", "counted"),
    PRICES.extract: ("ARPREIS", "counted"),
    GROSS_PRICES: ("ARPREIS", "further"),
}


def article_of(rejection: Rejection) -> str | None:
    """The article of a rejected record; None if its key does not name it."""
    if is_bounded(rejection.key):
        return None  # the article may be in the part that was cut off
    if rejection.asset in ARTICLES.assets or rejection.code == "price_missing":
        return rejection.key
    return rejection.key.rsplit("|", 3)[0]
