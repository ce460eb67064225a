"""Protects that it does not matter how receipts come: in which order, how often, on which pages, in how many runs.

What is compared at the end is every column of every table but run ids and times of processing.
"""

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport
from tests.support import small_erp
from tests.support.books import Tables, book, complete, fetch, tables, with_accounts
from tests.support.selling.selling_shop import Fields, delivered, once, shop
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

# In the short form as many orders of a smaller shop.
SEEDS = range(25)
RECEIPTS = 560 if LONG else 80


@dataclass(frozen=True)
class Sold:
    """What the registers wrote: receipts, those without a closing number, with one, and broken ones; and closings."""

    receipts: list[Fields]
    closings: list[Fields]


@pytest.fixture(scope="module")
def sold() -> Sold:
    store = shop()
    sell(store, days=4, receipts=RECEIPTS, seed=11)
    receipts, closings = once(delivered(store)), delivered(store, "closings")
    store.close()
    assert len(receipts) > RECEIPTS
    for number, receipt in enumerate(receipts):  # what is refused must not depend on the order either
        if number % 101 == 7:
            receipt["total_cents"] += 1
        if number % 101 == 50:
            receipt["lines"] = "none"
        if number % 151 == 60:
            receipt["register"] = "K9"
    return Sold(receipts, closings)


@contextmanager
def world_of(folder: Path, url: str, page_items: int) -> Iterator[World]:
    """A shop whose ERP lacks some of the articles that are sold, and whose settings lack two accounts."""
    small_erp.build(url, articles=12)
    settings = copy.deepcopy(small_erp.SETTINGS)
    settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "2", "price_group": "2"})
    settings = with_accounts(settings)
    del settings["accounts"]["business_cases"]["Lohnzahlung"]
    del settings["accounts"]["tenders"]["Kreditkarte"]
    with SandboxServer(folder / "cloud.db", token=TOKEN, page_items=page_items) as server:
        yield World(folder, url, server, settings)


def at_the_end(world: World) -> tuple[Tables, CompletenessReport]:
    found = complete(world)
    return tables(world), found


@pytest.fixture(scope="module")
def expected(sold: Sold, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, CompletenessReport]:
    """What comes of it in order, at once."""
    folder = tmp_path_factory.mktemp("in order")
    with world_of(folder, f"sqlite:///{folder / 'erp.db'}", page_items=1000) as world:
        world.server.store.deliver_receipts(sold.receipts)
        world.server.store.deliver_closings(sold.closings)
        fetch(world)
        book(world)
        found = at_the_end(world)
    codes = {row["code"] for row in found[0]["rejection"]}
    assert codes >= {"receipt_malformed", "receipt_lines_total", "receipt_register_unknown", "account_missing"}
    assert "stock_article_unknown" in codes
    assert len(found[0]["posting"]) > 5 * RECEIPTS
    return found


def with_its_closing(receipt: Fields, closings: list[Fields]) -> Fields:
    """A receipt as it is delivered again once its day is closed."""
    for closing in closings:
        first, last = closing["first_receipt_number"], closing["last_receipt_number"]
        if closing["register"] == receipt["register"] and first <= receipt["number"] <= last:
            return {**receipt, "closing_number": closing["number"]}
    return receipt


def deliver_somehow(world: World, sold: Sold, chance: random.Random) -> None:
    """Shuffles, repeats, splits, and fetches and imports in between."""
    repeats = [
        with_its_closing(receipt, sold.closings) for receipt in chance.choices(sold.receipts, k=len(sold.receipts) // 7)
    ]
    receipts, closings = [*sold.receipts, *repeats], [*sold.closings, *chance.choices(sold.closings, k=3)]
    chance.shuffle(receipts)
    chance.shuffle(closings)
    parts = chance.choice([1, 2, 5])
    for part in range(parts):
        world.server.store.deliver_receipts(receipts[part::parts])
        world.server.store.deliver_closings(closings[part::parts])
        fetch(world)
        if chance.random() < 0.6:
            book(world)
        if chance.random() < 0.5:
            complete(world)
    book(world)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_any_order_with_repeats_and_any_page_size_the_tables_are_the_same(
    sold: Sold,
    expected: tuple[Tables, CompletenessReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr("cloudkasse_etl.sync.receipts.receipt_import.BATCH", chance.choice([20, 70, 5000]))
    with world_of(tmp_path, f"sqlite:///{tmp_path / 'erp.db'}", page_items=chance.randint(7, 100)) as world:
        deliver_somehow(world, sold, chance)
        found = at_the_end(world)
    for name, rows in expected[0].items():
        assert found[0][name] == rows, name
    assert found[1] == expected[1]


def test_on_postgresql_the_tables_are_the_same_as_on_sqlite(
    sold: Sold, expected: tuple[Tables, CompletenessReport], tmp_path: Path, postgres_url: str
) -> None:
    chance = random.Random(99)
    with world_of(tmp_path, postgres_url, page_items=120) as world:
        deliver_somehow(world, sold, chance)
        found = at_the_end(world)
    for name, rows in expected[0].items():
        assert found[0][name] == rows, name
    assert found[1] == expected[1]
