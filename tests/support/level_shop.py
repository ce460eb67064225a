"""A shop that was synchronised once, to try one history after another on: a first run takes most of a second."""

import copy
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.worlds import World


class LevelFiles:
    """Databases in a folder that become again what they were; those that read and write them may stay open."""

    def __init__(self, folder: Path, *names: str) -> None:
        self._folder, self._names = folder, names
        for name in names:
            _copied(folder / name, folder / f"level-{name}")

    def restore(self) -> None:
        for name in self._names:
            _copied(self._folder / f"level-{name}", self._folder / name)


class LevelShop:
    """A shop that is made level again with its cloud before each history that is tried on it."""

    def __init__(self, shop: World) -> None:
        self._shop, self._settings, self._as_of = shop, copy.deepcopy(shop.settings), shop.as_of
        shop.sync(allow_retire=True)
        ours = ["state.db"] if shop.state_url else []
        self._files = LevelFiles(shop.folder, "erp.db", "cloud.db", *ours)

    def again(self) -> World:
        """The shop as it was after its first synchronisation."""
        self._files.restore()
        self._shop.settings = copy.deepcopy(self._settings)
        self._shop.as_of = self._as_of
        return self._shop


def _copied(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
