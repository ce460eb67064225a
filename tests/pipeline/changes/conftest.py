"""A shop that is level with its cloud: what happens to it then is what these tests are about."""

import copy
import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support import small_erp
from tests.support.worlds import TOKEN, World


@pytest.fixture(scope="module")
def level_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """A shop that is level with its cloud, and copies of both as they are then."""
    folder = tmp_path_factory.mktemp("shop")
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url)
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        shop = World(folder, url, server, copy.deepcopy(small_erp.SETTINGS), as_of=dt.date(2026, 11, 24))
        shop.sync()
        for name in ("erp.db", "cloud.db"):
            _copied(folder / name, folder / f"level-{name}")
        yield shop, folder


@pytest.fixture
def shop(level_shop: tuple[World, Path]) -> World:
    """The shop, level again."""
    shop, folder = level_shop
    for name in ("erp.db", "cloud.db"):
        _copied(folder / f"level-{name}", folder / name)
    shop.settings = copy.deepcopy(small_erp.SETTINGS)
    return shop


def _copied(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
