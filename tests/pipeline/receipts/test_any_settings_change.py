"""Protects that what is booked follows the settings in force when it is booked, whatever they were before.

Receipts are fetched in parts and in any order, under settings that change from part to part, and imports in between
find no account to book on. In the end the books are those of a shop that had the last settings from the beginning
and was sent everything in order.
"""

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support import small_erp
from tests.support.books import Tables, book, fetch, tables, with_accounts
from tests.support.receipts.coffee_receipts import changed, in_kind, of_day
from tests.support.selling.selling_shop import Fields, delivered, once, shop
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

DAYS, RECEIPTS = (4, 90) if LONG else (3, 40)
# What a register of a shop would hardly write: of days long ago or to come, of a register that is not named, broken.
ODD: list[Fields] = [
    *(of_day(day, at) for at, day in enumerate(("2026-09-01", "2026-11-18", "2026-11-20", "2026-11-22"), 1)),
    in_kind(5),
    {**in_kind(6), "business_day": "2026-11-20"},
    of_day("2026-11-22", 7, register="K9"),
    of_day("2026-11-18", 8, register="K9"),
    changed(of_day("2026-11-22", 9), "total_cents", 1),
    of_day("2026-11-22", 10, kind="AVTraining"),
    of_day("2062-11-22", 11),
    changed(of_day("2026-11-20", 12, register="K9"), "ended_at", "yesterday"),
]
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


def days_of(arriving: list[Fields]) -> list[str]:
    """The days on which settings may begin or end, one before all of them among these."""
    return ["2026-09-01", *sorted({receipt["business_day"] for receipt in arriving})]


def some_settings(chance: random.Random, days: list[str]) -> Settings:
    """Settings of a shop that books everything, but for what they leave out at random."""
    settings = copy.deepcopy(small_erp.SETTINGS)
    settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "2", "price_group": "2"})
    settings = with_accounts(settings)
    accounts = settings["accounts"]
    settings["receipts"] = {
        "in_kind_moves_stock": chance.random() < 0.5,
        "days_back": chance.choice([1, 3, 92, 92]),
    }
    if chance.random() < 0.6:
        settings["receipts"]["start_date"] = chance.choice(days)
    if chance.random() < 0.5:
        settings["books"] = {"closed_until": chance.choice(days)}
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
    if chance.random() < 0.5:
        settings["registers"].append({**settings["registers"][0], "number": "K9"})
    return settings


def without_an_account(settings: Settings) -> Settings:
    """The same settings under which an import refuses every receipt, and goods taken in kind are not its business."""
    changed = copy.deepcopy(settings)
    del changed["accounts"]["clearing"]
    changed["receipts"]["in_kind_moves_stock"] = False
    return changed


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder, and the ERP that all shops share."""
    folder = tmp_path_factory.mktemp("any settings")
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url, articles=12)
    return folder, url


@contextmanager
def world_of(erp: tuple[Path, str], settings: Settings) -> Iterator[World]:
    """A shop with tables of its own, whose ERP it shares with others."""
    folder, url = erp
    place = Path(mkdtemp(dir=folder))
    with SandboxServer(None, token=TOKEN, page_items=10) as server:
        yield World(place, url, server, settings, state_url=f"sqlite:///{place / 'state.db'}")


def in_order(erp: tuple[Path, str], arriving: list[Fields], settings: Settings) -> Tables:
    """The books of a shop that had these settings from the beginning."""
    with world_of(erp, settings) as world:
        world.server.store.deliver_receipts(arriving)
        fetch(world)
        book(world)
        return tables(world)


def somehow(erp: tuple[Path, str], arriving: list[Fields], last: Settings, chance: random.Random) -> Tables:
    """The books after other settings, in any order of arrival; only the last import finds its accounts."""
    receipts, days = chance.sample(arriving, k=len(arriving)), days_of(arriving)
    parts = chance.choice([1, 2, 4])
    with world_of(erp, last) as world:
        all_is_fetched = False
        for part in range(parts):
            world.settings = some_settings(chance, days)
            world.server.store.deliver_receipts(receipts[part::parts])
            all_is_fetched = chance.random() < 0.8
            if all_is_fetched:
                fetch(world)
            if chance.random() < 0.5:
                world.settings = without_an_account(some_settings(chance, days))
                book(world)
        world.settings = last
        if not all_is_fetched or chance.random() < 0.5:
            fetch(world)  # else the import judges alone anew what has been fetched
        book(world)
        return tables(world)


@pytest.mark.parametrize("what", ["sold in a shop", "odd"])
@given(st.randoms(use_true_random=False))
@settings(max_examples=200 if LONG else 25)
def test_the_books_are_those_of_a_shop_that_always_had_the_last_settings(
    erp: tuple[Path, str], sold: list[Fields], what: str, chance: random.Random
) -> None:
    arriving = ODD if what == "odd" else sold
    last = some_settings(chance, days_of(arriving))
    expected = in_order(erp, arriving, last)
    found = somehow(erp, arriving, last, chance)
    for name, rows in expected.items():
        assert found[name] == rows, name


def test_the_sample_books_refuses_and_leaves_out_receipts(erp: tuple[Path, str], sold: list[Fields]) -> None:
    """Otherwise the law above would say nothing."""
    statuses: set[str] = set()
    for seed in range(8):
        found = in_order(erp, sold, some_settings(random.Random(seed), days_of(sold)))
        statuses |= {row["status"] for row in found["receipt"]}
    assert statuses >= {"imported", "rejected", "no_effect", "before_start"}
