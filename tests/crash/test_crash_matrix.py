"""Protects cloud and books from death at any moment: a `sync all` with import, killed by SIGKILL at each boundary.

Boundaries are before and after each HTTP request, each commit and each step, and a run that nobody disturbs lists
them. From one and the same start a process dies at each; the next run leaves what the undisturbed one left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
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


def run(shop: Shop, point: str | None = None, listing: Path | None = None, broken: str | None = None) -> bool:
    """A synchronisation in a process of its own; False where it was killed."""
    return not was_killed(start(sync_all, shop.world.environment, shop.world.folder, point, listing, broken))


def undisturbed(shop: Shop, listing: Path, broken: str | None = None) -> tuple[list[str], State]:
    """The boundaries of a run that nobody disturbs, and what it leaves."""
    shop.put_back()
    assert run(shop, listing=listing, broken=broken)
    return listing.read_text(encoding="utf-8").splitlines(), state_of(shop.world)


@dataclass
class Damage:
    """What is wrong after all deaths, by the point and the row."""

    tried: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


def killed_at(shop: Shop, points: list[str], expected: State, broken: str | None = None) -> Damage:
    """Dies at each of the points, each time from the same start, and lets the next run go on from there."""
    damage = Damage()
    for point in points:
        shop.put_back()
        if run(shop, point, broken=broken):
            continue  # requests in flight at once are stored by one commit or by several, as it happens
        damage.tried.append(point)
        assert run(shop, broken=broken), point
        lost, doubled = lost_and_doubled(expected, state_of(shop.world))
        damage.lost += [f"{point}: {row}" for row in lost]
        damage.doubled += [f"{point}: {row}" for row in doubled]
        if not broken:
            asked = len(shop.world.server.requests)
            assert run(shop)
            assert len(shop.world.server.requests) == asked + 1, f"not level after the second run: {point}"
    return damage


def test_killed_at_each_boundary_the_next_run_ends_as_if_nothing_had_been(shop: Shop, tmp_path: Path) -> None:
    points, expected = undisturbed(shop, tmp_path / "points")
    assert len(points) >= 200
    assert set(kinds(points)) == {"GET", "POST", COMMIT, STEP}
    assert {row.split("'status': '")[1].split("'")[0] for row in expected["receipt"]} == {
        "imported", "no_effect", "rejected",
    }  # fmt: skip
    assert not expected["attempt"]
    damage = killed_at(shop, points if LONG else spread(points, SAMPLE), expected)
    tried, lost, doubled = damage.tried, damage.lost, damage.doubled
    database = "PostgreSQL" if shop.template else "SQLite"
    record(PROMISE, len(tried), len(lost), len(doubled), database=database, kinds=kinds(tried))
    assert not lost
    assert not doubled
    assert len(tried) >= (200 if LONG else SAMPLE - 2)


@pytest.fixture(scope="module")
def broken_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with changed_shop(tmp_path_factory.mktemp("broken")) as made:
        yield made


@pytest.mark.parametrize(
    ("broken", "near", "lost", "doubled"),
    [
        pytest.param("cursor_before_page", "after commit of stage_receipts", "receipt", "", id="cursor before page"),
        pytest.param(
            "state_before_answer", "before POST /v1/articles/batch", "cloud.articles", "", id="state before answer"
        ),
        pytest.param(
            "status_before_postings", "after commit of import_receipts", "posting", "", id="status before postings"
        ),
        pytest.param(
            "postings_before_status", "after commit of import_receipts", "", "posting", id="postings before status"
        ),
    ],
)
def test_a_product_that_breaks_the_promise_is_found(
    broken_shop: Shop, tmp_path: Path, broken: str, near: str, lost: str, doubled: str
) -> None:
    """Otherwise the 0 of the test above would prove nothing."""
    points, expected = undisturbed(broken_shop, tmp_path / "points", broken)
    damage = killed_at(broken_shop, [point for point in points if point.startswith(near)][-3:], expected, broken)
    for found, table in ((damage.lost, lost), (damage.doubled, doubled)):
        if table:
            assert [row for row in found if f": {table}: " in row], damage
