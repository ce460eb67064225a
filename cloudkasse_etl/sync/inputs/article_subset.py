"""The part of the shop that a run looks at, where only some articles have changed; found by changed_articles.py."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cloudkasse_etl.entities import ARTICLES, GROSS_PRICES, PRICES
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.database.keys import is_bounded
from cloudkasse_etl.state.stores.erp_rows import Header
from cloudkasse_etl.sync.inputs.goods_frames import GoodsFrames


@dataclass(frozen=True)
class Part:
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
