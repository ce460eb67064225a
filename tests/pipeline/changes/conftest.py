"""A shop that is level with its cloud: what happens to it then is what these tests are about."""

import copy
import datetime as dt
from collections.abc import Iterator

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support import small_erp
from tests.support.level_shop import LevelShop
from tests.support.worlds import TOKEN, World


@pytest.fixture(scope="module")
def level_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LevelShop]:
    folder = tmp_path_factory.mktemp("shop")
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url)
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        yield LevelShop(World(folder, url, server, copy.deepcopy(small_erp.SETTINGS), as_of=dt.date(2026, 11, 24)))


@pytest.fixture
def shop(level_shop: LevelShop) -> World:
    """The shop, level again."""
    return level_shop.again()
