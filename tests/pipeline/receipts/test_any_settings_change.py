"""Protects that what is booked follows the settings in force when it is booked, whatever they were before.

Receipts are fetched in parts and in any order, under settings that change from part to part, and imports in between
find no account to book on. In the end the books are those of a shop that had the last settings from the beginning
and was sent everything in order.
"""

import copy
import datetime as dt
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support import small_erp
from tests.support.books import Tables, book, fetch, tables, with_accounts
from tests.support.selling.selling_shop import Fields, delivered, once, shop
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

SEEDS = range(200) if LONG else range(25)
DAYS, RECEIPTS = 4, 90
Settings = dict[str, Any]


@pytest.fixture(scope="module")
def sold() -> list[Fields]:
    """What two registers wrote in a few days, goods taken in kind and voids among it; in the order of sale."""
    store = shop()
    sell(store, days=DAYS, receipts=RECEIPTS, seed=11)
    receipts = [receipt for receipt in once(delivered(store)) if _posts_something(receipt)]
    store.close()
    voided = {receipt["reference"]["receipt_id"] for receipt in receipts if receipt["reference"]}
    plain = [receipt for receipt in receipts if receipt["kind"] == "Beleg" and not receipt["reference"]]
    for receipt in [receipt for receipt in plain if receipt["id"] not in voided][3::20]:
        receipt["kind"] = "AVSachbezug"
    assert {receipt["register"] for receipt in receipts} == {"K1", "K2"}
    assert any(receipt["reference"] for receipt in receipts)
    return sorted(receipts, key=lambda receipt: (receipt["ended_at"], receipt["register"], receipt["number"]))


def _posts_something(receipt: Fields) -> bool:
    """Leaves out opening cash alone: it needs no account, so an import under whatever settings takes it."""
    return any(line["business_case"] != "Anfangsbestand" for line in receipt["lines"])


def some_settings(chance: random.Random, days: Sequence[dt.date]) -> Settings:
    """Settings of a shop that books everything, but for what they leave out at random."""
    settings = copy.deepcopy(small_erp.SETTINGS)
    settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "2", "price_group": "2"})
    settings = with_accounts(settings)
    accounts = settings["accounts"]
    settings["receipts"] = {"in_kind_moves_stock": chance.random() < 0.5}
    if chance.random() < 0.6:
        settings["receipts"]["start_date"] = str(chance.choice(days))
    if chance.random() < 0.5:
        settings["books"] = {"closed_until": str(chance.choice(days))}
    for case in chance.sample(sorted(accounts["business_cases"]), k=3):
        if chance.random() < 0.4:
            del accounts["business_cases"][case]
    for tender in ("ECKarte", "Kreditkarte", "Guthabenkarte"):
        if chance.random() < 0.3:
            accounts["tenders"].pop(tender, None)
        elif chance.random() < 0.3:
            accounts["tenders"][tender] = chance.choice(["1365", "1366"])
    accounts["revenue"]["19.00"] = chance.choice(["8400", "8401"])
    for register in settings["registers"]:
        register["cash_account"] = chance.choice(["1000", "1001", "1002"])
        register["warehouse"] = chance.choice(["1", "2"])
    if chance.random() < 0.25:
        settings["registers"].pop()
    return settings


def without_an_account(settings: Settings) -> Settings:
    """The same settings under which an import refuses every receipt, and goods taken in kind are not its business."""
    changed = copy.deepcopy(settings)
    del changed["accounts"]["clearing"]
    changed["receipts"]["in_kind_moves_stock"] = False
    return changed


@contextmanager
def world_of(settings: Settings) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'erp.db'}"
        small_erp.build(url, articles=12)
        with SandboxServer(folder / "cloud.db", token=TOKEN, page_items=40) as server:
            yield World(folder, url, server, settings)


def in_order(sold: list[Fields], settings: Settings) -> Tables:
    """The books of a shop that had these settings from the beginning."""
    with world_of(settings) as world:
        world.server.store.deliver_receipts(sold)
        fetch(world)
        book(world)
        return tables(world)


def somehow(sold: list[Fields], last: Settings, chance: random.Random, days: Sequence[dt.date]) -> Tables:
    """The books after other settings, in any order of arrival; only the last import finds its accounts."""
    receipts = chance.sample(sold, k=len(sold))
    parts = chance.choice([1, 2, 4])
    with world_of(last) as world:
        for part in range(parts):
            world.settings = some_settings(chance, days)
            world.server.store.deliver_receipts(receipts[part::parts])
            fetch(world)
            if chance.random() < 0.5:
                world.settings = without_an_account(some_settings(chance, days))
                book(world)
        world.settings = last
        if chance.random() < 0.5:
            fetch(world)
        book(world)
        return tables(world)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_are_those_of_a_shop_that_always_had_the_last_settings(sold: list[Fields], seed: int) -> None:
    chance = random.Random(seed)
    days = sorted({dt.date.fromisoformat(receipt["business_day"]) for receipt in sold})
    last = some_settings(chance, days)
    expected = in_order(sold, last)
    found = somehow(sold, last, chance, days)
    for name, rows in expected.items():
        assert found[name] == rows, name


def test_the_sample_books_refuses_and_leaves_out_receipts(sold: list[Fields]) -> None:
    """Otherwise the law above would say nothing."""
    days = sorted({dt.date.fromisoformat(receipt["business_day"]) for receipt in sold})
    statuses: set[str] = set()
    for seed in range(8):
        found = in_order(sold, some_settings(random.Random(seed), days))
        statuses |= {row["status"] for row in found["receipt"]}
    assert statuses >= {"imported", "rejected", "no_effect", "before_start"}
