"""How pytest goes about these tests: where their files lie, in which order and by how many processes they run."""

import gc
import os
import sys
from typing import Any

import hypothesis
import pytest

from tests.support.harness.engines import share_dialects
from tests.support.harness.memory import folder_in_memory
from tests.support.harness.own_tables import repeat_migrations
from tests.support.harness.two_lanes import SHARED_UI, TwoLanes
from tests.support.torture.torture_figures import LONG, QUICK

# Parts of the tests' paths, in the order in which they are begun; the rest comes afterwards.
LONGEST = (*SHARED_UI, "/e2e/", "/faults/", "/crash/", "/lock/", "/benchmarks/", "/pipeline/")

FEW_EXAMPLES = 5  # of a law, where somebody who changes the code waits for it

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
    """Spares what is done again and again, and puts the tests' folders into memory where there is room.

    Half of the time went into waiting for the disk. Every commit of Dagster's and ours waits for it (fsync). No test
    takes the power away, and to a killed process memory is as good a disk as any.
    """
    share_dialects()
    repeat_migrations()
    # pandera looks for it in all folders whenever it checks a frame, since Python remembers no import that failed
    sys.modules.setdefault("geopandas", None)  # type: ignore[arg-type]
    folder = folder_in_memory()
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ and not config.option.basetemp and folder:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers a core: half of them have a test that mostly waits for a daemon, as long as there is one."""
    return (os.cpu_count() or 1) * 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with one at the end; few examples in the quick form."""
    items.sort(key=lambda item: next((n for n, path in enumerate(LONGEST) if path in item.nodeid), len(LONGEST)))
    for item in items if QUICK else ():
        law: Any = getattr(item, "obj", None)
        wanted = getattr(law, "_hypothesis_internal_use_settings", None)
        if wanted:
            few = min(wanted.max_examples, FEW_EXAMPLES)
            law._hypothesis_internal_use_settings = hypothesis.settings(wanted, max_examples=few)


def pytest_collection_finish() -> None:
    """Keeps the collector from looking through all that is loaded by then again and again: a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each file's tests run in one worker, and those of the files that share a UI as well."""
    return TwoLanes(config, log)
