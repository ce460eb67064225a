"""The fixture `ui`: one UI with its daemon for all tests of this folder that change nothing which another one reads."""

from collections.abc import Iterator

import pytest

from tests.support.servers.ui_server import SharedUi, Ui, shared_ui_in


@pytest.fixture(scope="package")
def shared_ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedUi]:
    with shared_ui_in(tmp_path_factory.mktemp("ui")) as shared:
        yield shared


@pytest.fixture
def ui(shared_ui: SharedUi) -> Ui:
    return shared_ui.ui
