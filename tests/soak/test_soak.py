"""Protects a computer on which this runs for months: memory, open files, threads and history do not grow.

While it is sold in a shop and its cloud and network fail now and then, it is synchronised again and again: in this
process, where a leak would be seen soonest, and in the long form by the UI's own daemon as a user has it.
"""

import copy
import gc
import itertools
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from cloudkasse_etl.http import transport
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support import small_erp
from tests.support.books import complete, fetch_and_book, run_all, tables, with_accounts
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.servers.ui_server import AUTOMATION, Ui, switch, sync_by_command, ui_of
from tests.support.torture.torture_figures import LONG, Promise, record
from tests.support.worlds import TOKEN, World

RUNS = 400 if LONG else 6
# Of the runs before things are counted for the first time: caches fill, pools open.
WARM = RUNS // 4
API = {"connections": 2, "connect_seconds": 2, "read_seconds": 0.5, "attempts": 4, "retry_seconds": 5}
FAULTS = (
    "rate_limited:0.05,unavailable:0.05,server_error:0.05,proxy_page:0.05,cut_body:0.05,closed_before:0.05,"
    "closed_after:0.05,slow:0.02,repeated_items:0.1,swapped_pages:0.1,standing_cursor:0.02,expired_cursor:0.05"
)
# In an hour of the shop, one look a minute and a fetch every quarter, six times as fast.
MINUTES, LOOK_SECONDS = 10, 10
BOOKS = ("receipt", "posting", "stock_movement")


@contextmanager
def soaking_world(folder: Path) -> Iterator[World]:
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url, articles=24)
    settings = with_accounts(copy.deepcopy(small_erp.SETTINGS))
    with SandboxServer(folder / "cloud.db", token=TOKEN, batch_items=8, page_items=50) as server:
        yield World(folder, url, server, settings)


def hour_passes(world: World, number: int) -> None:
    """It is sold, and somebody works in the ERP."""
    sell(world.server.store, days=1, receipts=6, seed=number)
    world.erp(f"UPDATE ART SET Bezeichnung = 'Ware {number}' WHERE ART_ID % 8 = {number % 8}")
    world.erp(f"UPDATE ARPREIS SET Preis = {1 + number % 90} WHERE ARPREIS_ID % 8 = {number % 8}")


def misbehave(world: World, seed: int) -> None:
    plan = FaultPlan.parse(f"{FAULTS},seed={seed},slow_seconds=0.6,retry_after_seconds=0")
    world.server.control.set(plan)
    world.settings["api"] = API


def behave(world: World) -> None:
    world.server.control.set(FaultPlan())
    world.settings["api"] = small_erp.SETTINGS["api"]


@dataclass(frozen=True)
class Size:
    """How much of the machine some processes hold."""

    memory: int
    files: int
    threads: int
    objects: int = 0

    @classmethod
    def of(cls, *processes: psutil.Process, objects: int = 0) -> "Size":
        return cls(
            sum(process.memory_info().rss for process in processes),
            sum(process.num_fds() for process in processes),
            sum(process.num_threads() for process in processes),
            objects,
        )


def damage(world: World) -> tuple[list[str], list[str]]:
    """Rows of the books that are missing or too many, against books that are made from the cloud in one go."""
    found = tables(world)
    afresh = World(world.folder, world.erp_url, world.server, world.settings, f"sqlite:///{world.folder / 'fresh.db'}")
    with afresh.session():
        pass  # the register is known by the settings; makes the tables
    fetch_and_book(afresh)
    expected = tables(afresh)
    assert len(expected["posting"]) > 100
    lost, doubled = [], []
    for name in BOOKS:
        ours, theirs = Counter(map(repr, found[name])), Counter(map(repr, expected[name]))
        lost += [f"{name}: {row}" for row in (theirs - ours).elements()]
        doubled += [f"{name}: {row}" for row in (ours - theirs).elements()]
    return lost, doubled


def test_a_shop_that_runs_for_long_does_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "BACKOFF_LIMIT_SECONDS", 0.02)
    me = psutil.Process()
    with soaking_world(tmp_path) as world:
        world.sync()
        for number in range(RUNS):
            if number == WARM:
                gc.collect()
                before = Size.of(me, objects=len(gc.get_objects()))
            hour_passes(world, number)
            misbehave(world, number)
            run_all(world)
            world.server.requests.clear()
        gc.collect()
        after = Size.of(me, objects=len(gc.get_objects()))
        behave(world)
        assert not run_all(world, retry_rejected=True)[1]
        lost, doubled = damage(world)
        assert not complete(world).receipt_gaps
    record(
        Promise.FOR_MONTHS, RUNS, len(lost), len(doubled), database="SQLite",
        memory_mb=[round(size.memory / 2**20) for size in (before, after)],
    )  # fmt: skip
    assert not lost
    assert not doubled
    assert after.files <= before.files + 2
    assert after.threads <= before.threads + 1
    # what other tests of this process left behind comes and goes, some hundreds of objects
    assert after.objects < before.objects + 500 + 20 * (RUNS - WARM)
    assert after.memory < before.memory * 1.1 + 20 * 2**20


@pytest.mark.skipif(not LONG, reason="long form")
def test_a_shop_that_runs_by_itself_does_not_grow(tmp_path: Path) -> None:
    """The UI, its daemon and the code server as a user has them; sensor and schedule start the runs."""
    with soaking_world(tmp_path) as world:
        world.settings["automation"] = {**AUTOMATION, "look_seconds": LOOK_SECONDS}
        world.settings["receipts"] = {"import": "direct"}
        with ui_of(world) as ui:
            sync_by_command(ui.program)
            switch(ui, "Sensor", "new_data", on=True)
            switch(ui, "Schedule", "receipts_in_opening_hours", on=True)
            sizes: list[dict[str, Size]] = []
            until = time.monotonic() + MINUTES * 60
            for number in itertools.count():
                hour_passes(world, number)
                misbehave(world, number)
                if number % 10 == 9:
                    age_history(ui)
                    prune(ui)
                    sizes.append(family(ui))
                if time.monotonic() > until:
                    break
                time.sleep(LOOK_SECONDS)
            switch(ui, "Sensor", "new_data", on=False)
            switch(ui, "Schedule", "receipts_in_opening_hours", on=False)
            wait_until(lambda: not going_on(ui), "a run does not end")
            behave(world)
            sync_by_command(ui.program, "--import", "--retry-rejected")
            kept, files = history(ui)
        lost, doubled = damage(world)
    runs = number + 1
    record(
        Promise.FOR_MONTHS, runs, len(lost), len(doubled), database="SQLite",
        memory_mb={name: [round(size[name].memory / 2**20) for size in sizes] for name in sizes[0]},
    )  # fmt: skip
    assert not lost
    assert not doubled
    assert files <= kept + 1, "the history keeps files of runs that are gone"
    assert kept < 40, "the history grows beyond what is to be kept"
    half = len(sizes) // 2
    for name in sizes[0]:
        before, after = sizes[half][name], sizes[-1][name]
        assert after.files <= before.files + 10, name
        assert after.memory < before.memory * 1.15 + 30 * 2**20, name


def prune(ui: Ui) -> None:
    """Removes the old runs, by the command."""
    process = ui.program.start("history", "prune", "--keep-days", "1")
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 0, err


def family(ui: Ui) -> dict[str, Size]:
    """Memory and files of the processes that stay, by what they are; runs come and go."""
    found: dict[str, list[psutil.Process]] = {"webserver": [], "daemon": [], "code server": []}
    me = psutil.Process()
    for process in me.children(recursive=True):
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            kind = {"dagster_webserver": "webserver", "dagster._daemon": "daemon", "api grpc": "code server"}
            for words, name in kind.items():
                if words in line:
                    found[name].append(process)
    return {name: Size.of(*processes) for name, processes in found.items() if processes}


def age_history(ui: Ui) -> None:
    """Lets two days pass for all runs that have ended."""
    with closing(sqlite3.connect(ui.program.home.storage / "history" / "runs.db")) as runs, runs:
        runs.execute(
            "UPDATE runs SET create_timestamp = datetime(create_timestamp, '-2 days'), "
            "update_timestamp = datetime(update_timestamp, '-2 days') WHERE status IN ('SUCCESS', 'FAILURE')"
        )


def history(ui: Ui) -> tuple[int, int]:
    """How many runs the history has, and how many files of events."""
    storage = ui.program.home.storage / "history"
    with closing(sqlite3.connect(storage / "runs.db")) as runs:
        kept = runs.execute("SELECT count(*) FROM runs").fetchone()[0]
    names = {path.stem for path in (storage / "runs").glob("*.db")} - {"index"}
    return int(kept), len(names)


def going_on(ui: Ui) -> bool:
    with closing(sqlite3.connect(ui.program.home.storage / "history" / "runs.db")) as runs:
        query = "SELECT count(*) FROM runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED')"
        return bool(runs.execute(query).fetchone()[0])
