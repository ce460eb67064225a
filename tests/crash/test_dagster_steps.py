"""Protects books, cloud and history from death between two steps of a run, as a user starts it by a command.

The next command ends as if nothing had been, and the history says of the dead run that it was killed.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.instance import tags
from assets.instance.home import HOME_VARIABLE, Home, find_home, open_instance
from assets.instance.storage import VARIABLE as STORAGE_VARIABLE
from tests.crash.changing_shop import Shop, changed_shop, lost_and_doubled, state_of
from tests.crash.dagster_steps import sync_by_command
from tests.support.processes.forked import end_of, preloaded, start
from tests.support.torture.torture_figures import LONG, Promise, record

SAMPLE = ["after staged_receipts"]
KILLED = -9


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    preloads = preloaded("tests.crash.dagster_steps", "assets.definitions", "assets.cli.running")
    with preloads, changed_shop(tmp_path) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv(HOME_VARIABLE, "")
    monkeypatch.setenv(STORAGE_VARIABLE, str(tmp_path / "dagster"))
    return find_home()


def sync(shop: Shop, home: Home, point: str | None = None, listing: Path | None = None) -> int:
    """The command in a process of its own; its exit code."""
    environment = {
        **shop.world.environment, HOME_VARIABLE: str(home.folder), STORAGE_VARIABLE: str(home.storage),
    }  # fmt: skip
    return end_of(start(sync_by_command, environment, point, listing))


def test_killed_before_or_after_a_step_the_next_command_ends_as_if_nothing_had_been(
    shop: Shop, home: Home, tmp_path: Path
) -> None:
    listing = tmp_path / "points"
    shop.put_back()
    code = sync(shop, home, listing=listing)
    points, expected = listing.read_text(encoding="utf-8").splitlines(), state_of(shop.world)
    assert code == 10  # something is refused in this shop
    assert len(points) >= 2 * 15 + 2, points
    assert set(SAMPLE) < set(points)
    lost: list[str] = []
    doubled: list[str] = []
    tried = points if LONG else SAMPLE
    for point in tried:
        shop.put_back()
        assert sync(shop, home, point) == KILLED, point
        assert sync(shop, home) in (0, 10), point
        gone, twice = lost_and_doubled(expected, state_of(shop.world))
        lost += [f"{point}: {row}" for row in gone]
        doubled += [f"{point}: {row}" for row in twice]
    with open_instance(home) as instance:
        runs = [run.tags for run in instance.get_runs()]
    killed = [found for found in runs if "was killed" in found[tags.MESSAGE]]
    record(Promise.KILLED_ANYWHERE, len(tried), len(lost), len(doubled), database="SQLite")
    assert not lost
    assert not doubled
    assert len(runs) == 1 + 2 * len(tried)
    # one that dies after its end has ended as it should
    assert len(killed) == len(tried) - tried.count("after the run")
    assert {found[tags.OUTCOME] for found in killed} == {"failed"}
