"""Protects cloud and books from death at any moment: a `sync all` with import, killed by SIGKILL at each boundary.

Boundaries are before and after each HTTP request, each commit and each step, and a run that nobody disturbs lists
them. From one and the same start a process dies at each; the next run leaves what the undisturbed one left.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.boundaries import COMMIT, STEP, kinds, spread
from tests.crash.changing_shop import Shop, State, changed_shop, lost_and_doubled, state_of
from tests.crash.observed import sync_all
from tests.forked import start, was_killed
from tests.torture_figures import LONG, record

SAMPLE = 10
PROMISE = "Killed anywhere, the next run ends as if nothing had been"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[] if LONG else pytest.mark.skip("long form"))])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with changed_shop(tmp_path, url) as made:
        yield made


def run(shop: Shop, point: str | None = None, listing: Path | None = None) -> bool:
    """A synchronisation in a process of its own; False where it was killed."""
    return not was_killed(start(sync_all, shop.world.environment, shop.world.folder, point, listing))


def undisturbed(shop: Shop, listing: Path) -> tuple[list[str], State]:
    """The boundaries of a run that nobody disturbs, and what it leaves."""
    shop.put_back()
    assert run(shop, listing=listing)
    return listing.read_text(encoding="utf-8").splitlines(), state_of(shop.world)


def test_killed_at_each_boundary_the_next_run_ends_as_if_nothing_had_been(shop: Shop, tmp_path: Path) -> None:
    points, expected = undisturbed(shop, tmp_path / "points")
    assert len(points) >= 200
    assert set(kinds(points)) == {"GET", "POST", COMMIT, STEP}
    assert {row.split("'status': '")[1].split("'")[0] for row in expected["receipt"]} == {
        "imported", "no_effect", "rejected",
    }  # fmt: skip
    assert not expected["attempt"]
    tried: list[str] = []
    lost: list[str] = []
    doubled: list[str] = []
    for point in points if LONG else spread(points, SAMPLE):
        shop.put_back()
        if run(shop, point):
            continue  # requests in flight at once are stored by one commit or by several, as it happens
        tried.append(point)
        assert run(shop), point
        gone, twice = lost_and_doubled(expected, state_of(shop.world))
        lost += [f"{point}: {row}" for row in gone]
        doubled += [f"{point}: {row}" for row in twice]
        asked = len(shop.world.server.requests)
        assert run(shop)
        assert len(shop.world.server.requests) == asked + 1, f"not level after the second run: {point}"
    database = "PostgreSQL" if shop.template else "SQLite"
    record(PROMISE, len(tried), len(lost), len(doubled), database=database, kinds=kinds(tried))
    assert not lost
    assert not doubled
    assert len(tried) >= (200 if LONG else SAMPLE - 2)
