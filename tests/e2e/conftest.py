"""The fixture `ui`: one UI with its daemon for all tests of this folder that change nothing which another one reads.

And a browser for each file that has one.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.support.servers.ui_server import SharedUi, Ui, shared_ui_in
from tests.support.servers.visitor import find_chromium, opened_page


@pytest.fixture(scope="package")
def shared_ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedUi]:
    with shared_ui_in(tmp_path_factory.mktemp("ui")) as shared:
        yield shared


@pytest.fixture
def ui(shared_ui: SharedUi) -> Ui:
    return shared_ui.ui


@pytest.fixture(scope="module")
def chromium() -> str:
    return find_chromium()


@pytest.fixture(scope="module")
def page(chromium: str) -> Iterator[Page]:
    with opened_page(chromium) as opened:
        yield opened
