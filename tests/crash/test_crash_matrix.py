"""Protects cloud and books from death at any moment: a `sync all` with import, killed by SIGKILL at each boundary.

Boundaries are before and after each HTTP request, each commit and each step, and a run that nobody disturbs lists
them. From one and the same start a process dies at each; the next run leaves what the undisturbed one left.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.boundaries import COMMIT, STEP, from_the_middle, kinds, spread
from tests.crash.changing_shop import Shop, changed_shop
from tests.crash.killing import Damage, Product, killed_at, run, undisturbed
from tests.support.torture.torture_figures import LONG, Promise, record

SAMPLE = 6
# Of the long form: each a test of its own, so that as many run at once as there are processors.
SHARES = 24 if LONG else 1
ONLY_LONG = pytest.mark.skipif(not LONG, reason="long form")


@pytest.fixture(scope="module")
def sqlite_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with changed_shop(tmp_path_factory.mktemp("shop")) as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=ONLY_LONG)])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_shop")
    else:
        with changed_shop(tmp_path, request.getfixturevalue("postgres_url")) as made:
            yield made


@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_each_boundary_the_next_run_ends_as_if_nothing_had_been(
    shop: Shop, tmp_path: Path, share: int
) -> None:
    points, expected = undisturbed(shop, tmp_path / "points")
    assert len(points) >= 200
    assert set(kinds(points)) == {"GET", "POST", COMMIT, STEP}
    assert {row.split("'status': '")[1].split("'")[0] for row in expected["receipt"]} == {
        "imported", "no_effect", "rejected",
    }  # fmt: skip
    assert not expected["attempt"]
    damage = Damage()
    chosen = points[share::SHARES] if LONG else spread(points, SAMPLE)
    for point in chosen:
        # in the long form each fourth time: a third run adds half of the time again
        if killed_at(shop, point, expected, damage) and not (LONG and len(damage.tried) % 4):
            asked = len(shop.world.server.requests)
            assert run(shop)
            assert len(shop.world.server.requests) == asked + 1, f"not level after the second run: {point}"
    tried, lost, doubled = damage.tried, damage.lost, damage.doubled
    database = "PostgreSQL" if shop.template else "SQLite"
    record(Promise.KILLED_ANYWHERE, len(tried), len(lost), len(doubled), database=database, kinds=kinds(tried))
    assert not lost
    assert not doubled
    assert len(tried) >= len(chosen) * 0.8


@pytest.mark.parametrize(
    ("broken", "part", "near", "table"),
    [
        pytest.param("cursor_before_page", "receipts", "after commit of stage_receipts", "receipt", id="receipts"),
        pytest.param(
            "state_before_answer", "master data", "before POST /v1/articles", "cloud.articles",
            id="cloud", marks=ONLY_LONG,
        ),
        pytest.param(
            "status_before_postings", "receipts", "after commit of import_receipts", "posting",
            id="books", marks=ONLY_LONG,
        ),
    ],
)  # fmt: skip
def test_a_product_that_loses_something_is_found(
    sqlite_shop: Shop, tmp_path: Path, broken: str, part: str, near: str, table: str
) -> None:
    """Otherwise the 0 of the test above would prove nothing."""
    product = Product(broken, part)
    points, expected = undisturbed(sqlite_shop, tmp_path / "points", product)
    damage = Damage()
    for point in from_the_middle([point for point in points if point.startswith(near)]):
        killed_at(sqlite_shop, point, expected, damage, product)
        if [row for row in damage.lost if f": {table}: " in row]:
            return
    pytest.fail(f"not found at {damage.tried}")


def test_a_product_that_books_twice_is_found(sqlite_shop: Shop, tmp_path: Path) -> None:
    product = Product("postings_before_status", "receipts")
    points, expected = undisturbed(sqlite_shop, tmp_path / "points", product)
    damage = Damage()
    for point in from_the_middle([point for point in points if point.startswith("after commit of import_receipts")]):
        killed_at(sqlite_shop, point, expected, damage, product)
        if [row for row in damage.doubled if ": posting: " in row]:
            return
    pytest.fail(f"not found at {damage.tried}")
