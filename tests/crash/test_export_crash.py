"""Protects books from death at any moment while legal exports are read: killed at each file, commit and step.

As in test_crash_matrix.py: from one start a process dies at each boundary, and the next run leaves what an undisturbed
one left.
"""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudkasse_etl.sandbox.fiscal.fiscal_export import place_of, write_export
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from tests.crash.boundaries import COMMIT, FILE, STEP, kinds
from tests.crash.changing_shop import Shop
from tests.crash.killing import Product, killed_at_each, run, undisturbed
from tests.support import small_erp
from tests.support.books import with_accounts
from tests.support.selling.selling_shop import article, delivered, once, price, shop
from tests.support.worlds import TOKEN, World

SAMPLE = 8
RECEIPTS = Product(part="receipts")


@pytest.fixture
def exports(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose registers have written two exports, which have a closing in common, and of which nothing is read."""
    live = tmp_path / "live"
    live.mkdir()
    store = shop(articles=[article("A1", "19.00"), article("A2", "7.00")], prices=[price("A1", 1190), price("A2", 250)])
    sell(store, days=2, receipts=40, seed=3)
    receipts, closings = once(delivered(store)), delivered(store, "closings")
    store.close()
    (live / "dsfinvk").mkdir()
    for name, some in (("1", closings[:3]), ("2", closings[1:])):
        places = {(closing["register"], closing["number"]) for closing in some}
        theirs = [receipt for receipt in receipts if place_of(receipt, closings) in places]
        write_export(live / "dsfinvk" / name, theirs, some)
    url = f"sqlite:///{live / 'erp.db'}"
    small_erp.build(url)
    settings = with_accounts(copy.deepcopy(small_erp.SETTINGS))
    settings["registers"] = [
        {"number": name, "name": name, "warehouse": "1", "price_group": "1", "cash_account": "1000"}
        for name in ("K1", "K2")
    ]
    settings["receipts"] = {"days_back": 36000}
    settings["till"] = {"kind": "dsfinvk"}
    with SandboxServer(live / "cloud.db", token=TOKEN) as server:
        made = Shop(World(live, url, server, settings), tmp_path / "saved")
        made.save()
        yield made


def test_killed_at_each_file_and_commit_the_next_run_ends_as_if_nothing_had_been(exports: Shop, tmp_path: Path) -> None:
    points, expected = undisturbed(exports, tmp_path / "points", RECEIPTS)
    assert {FILE, COMMIT, STEP} == set(kinds(points))
    assert sum(expected["receipt"].values()) > 40
    assert sum(expected["closing"].values()) == 4
    assert sum(expected["posting"].values()) > 100
    killed_at_each(exports, points, expected, RECEIPTS, sample=SAMPLE)
    assert run(exports, product=RECEIPTS)
