"""A shop that was synchronised once, to try one history after another on: a first run takes most of a second."""

import copy
import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support import small_erp
from tests.support.worlds import World

TODAY = dt.date(2026, 11, 24)


class LevelShop:
    """A shop that is made level again with its cloud before each history that is tried on it: by copies of both."""

    FILES = ("erp.db", "cloud.db")

    def __init__(self, shop: World) -> None:
        self._shop = shop
        shop.sync()
        for name in self.FILES:
            _copied(shop.folder / name, shop.folder / f"level-{name}")

    def again(self) -> World:
        """The shop as it was after its first synchronisation."""
        for name in self.FILES:
            _copied(self._shop.folder / f"level-{name}", self._shop.folder / name)
        self._shop.settings = copy.deepcopy(small_erp.SETTINGS)
        self._shop.as_of = TODAY
        return self._shop


def _copied(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
