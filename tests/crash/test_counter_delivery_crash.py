"""Protects SelectLine from a death while it is told what was undone and imported again: at each request and commit.

Documents were taken over, batches processed, stock has moved; then imports were undone and booked otherwise. From there
a process dies at each boundary, and the next run leaves stock, revenue and ledger as an undisturbed one did.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, STORAGE, TRANSFER
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from tests.crash.boundaries import COMMIT, STEP, kinds
from tests.crash.changing_shop import State
from tests.crash.killing import Product, killed_at_each, undisturbed
from tests.support.books import book, closing_of_sales, decider, deliver, fetch_and_book, stock, with_accounts
from tests.support.selectline.delivering import mixed_receipts
from tests.support.selectline.posting import PostingShop, posting
from tests.support.small_erp import SETTINGS
from tests.support.worlds import World, small_world

OTHER = "8409"
UNDONE = ("R1", "R2", "R4")


@dataclass
class CorrectedShop:
    """A shop whose imports were undone and made again after SelectLine had them.

    Attributes:
        shop: The shop.
        world: Its settings and databases.
        target: As what it delivers.
    """

    shop: PostingShop
    world: World
    target: str

    def keep(self) -> None:
        """Keeps this moment."""
        self._copied(self.world.erp_file, self._kept)

    def put_back(self) -> None:
        """Puts all back to that moment."""
        self.shop.server.sessions.end_all()
        self._copied(self._kept, self.world.erp_file)

    @property
    def _kept(self) -> Path:
        return self.world.folder / "kept.db"

    def _copied(self, source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)

    def state(self) -> State:
        """Deliveries, who is logged in, and SelectLine's books once all that waits there is taken over."""
        found = self.shop.deliveries(self.target)
        self.settle()
        books = self.shop.books()
        return {
            "deliveries": Counter(f"{one.key} {one.status} {one.amount_cents} {one.line_count}" for one in found),
            "stock": Counter(str(row) for row in books["stock"]),
            "revenue": Counter(str(row) for row in books["revenue"]),
            "ledger": Counter(str(row) for row in books["ledger"]),
            "sessions": Counter({"open": len(self.shop.server.sessions.open)}),
        }

    def settle(self) -> None:
        """Lets the clerk take over, and the bookkeeper process."""
        self.shop.clerk("take-over")
        self.shop.process_all()


def corrected(world: World, shop: PostingShop, target: str, bring: Callable[[], object]) -> CorrectedShop:
    made = CorrectedShop(shop, world, target)
    deliver(world, *mixed_receipts(1, 6), closings=[closing_of_sales(n, 3 * n - 2, 3 * n) for n in (1, 2)])
    fetch_and_book(world)
    bring()
    made.settle()
    bring()
    undo_import(decider(world, "wrong account"), Scope(UNDONE))
    if target == BATCH:
        world.settings["registers"][0]["cash_account"] = "1001"
    else:
        world.settings["accounts"]["revenue"]["19.00"] = OTHER
    book(world)
    made.keep()
    return made


@pytest.fixture(params=[TRANSFER, STORAGE, BATCH])
def crashing(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CorrectedShop]:
    target = request.param
    settings = {"ledger": "batch"} if target == BATCH else {"documents": target, "ledger": "none"}
    with (
        small_world(tmp_path, settings=with_accounts(SETTINGS)) as world,
        posting(world, licences=2, **settings) as shop,
    ):
        yield corrected(world, shop, target, shop.post if target == BATCH else shop.deliver)


def test_killed_at_each_request_and_commit_selectlines_books_are_as_if_nothing_had_been(
    crashing: CorrectedShop, tmp_path: Path
) -> None:
    product = Product(part="ledger" if crashing.target == BATCH else "deliveries")
    undisturbed(crashing, tmp_path / "first", product)  # which makes what every later run finds
    points, expected = undisturbed(crashing, tmp_path / "points", product)
    assert {"GET", "POST", "PUT", COMMIT, STEP} <= set(kinds(points))
    of_counters = [key for key in expected["deliveries"] if " undone|" in key]
    assert len(of_counters) == 2
    assert sum(expected["deliveries"].values()) == 2 + 2 + 2
    if crashing.target == STORAGE:
        assert crashing.shop.moved() == {
            (article, house): milli / 1000 for (house, article), milli in stock(crashing.world).items() if milli
        }
    if crashing.target == BATCH:
        assert crashing.shop.ledger() == crashing.shop.booked()
    assert killed_at_each(crashing, points, expected, product) == []
