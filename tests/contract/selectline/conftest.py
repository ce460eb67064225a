"""A bundled SelectLine over the demo's shop, for each test of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudkasse_etl.sandbox.selectline.demo_erp import build_demo_shop
from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer


@pytest.fixture
def erp_url(tmp_path: Path) -> str:
    path = tmp_path / "erp.db"
    build_demo_shop(path)
    return f"sqlite:///{path.as_posix()}"


@pytest.fixture
def selectline(erp_url: str) -> Iterator[SelectlineServer]:
    with SelectlineServer(erp_url) as running:
        yield running
