"""Protects SelectLine's ledger from a death while batches are posted: killed at each request and commit.

From one start a process dies at each boundary, and the next run leaves what an undisturbed one left: each posting once,
each batch once, the session of the dead ended.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.boundaries import COMMIT, STEP, kinds
from tests.crash.changing_shop import State
from tests.crash.killing import Product, killed_at_each, undisturbed
from tests.support.archives.table_triggers import emptied
from tests.support.books import closing_of_sales, deliver, fetch_and_book, with_accounts
from tests.support.selectline.delivering import mixed_receipts
from tests.support.selectline.posting import PostingShop, posting
from tests.support.small_erp import SETTINGS
from tests.support.worlds import World, small_world

LEDGER = Product(part="ledger")
OURS = ("cloudkasse_delivery", "cloudkasse_delivery_receipt", "cloudkasse_api_session")
THEIRS = ("_STAPEL", "_STAPELBUCHUNG")


@dataclass
class CrashingLedger:
    """A shop whose receipts are booked and not posted yet, and its SelectLine."""

    shop: PostingShop
    world: World

    def put_back(self) -> None:
        """Puts both back to the moment before the first batch."""
        self.shop.server.sessions.end_all()
        emptied(self.world, (*OURS, *THEIRS))
        for table in THEIRS:  # numbers are part of requests' names
            self.world.erp(f"DELETE FROM sqlite_sequence WHERE name = '{table}'")

    def state(self) -> State:
        """Batches with their receipts, what SelectLine's ledger holds, and who is logged in there."""
        sessions = len(self.shop.server.sessions.open)
        posted = self.shop.posted()
        return {
            "deliveries": Counter(f"{one.key} {one.status} {one.amount_cents}" for one in self.shop.batches()),
            "selectline": Counter(posted.keys()),
            "postings": Counter(
                f"{key} {one['PostingDocument']} {one['Positions']}" for key, some in posted.items() for one in some
            ),
            "sessions": Counter({"open": sessions}),
        }


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[CrashingLedger]:
    # a session whose token died with its process ends with the next login of its user, where there is a licence
    settings = with_accounts(SETTINGS)
    with small_world(tmp_path, settings=settings) as world, posting(world, licences=2, grain="receipt") as shop:
        deliver(world, *mixed_receipts(1, 4), closings=[closing_of_sales(n, 2 * n - 1, 2 * n) for n in (1, 2)])
        fetch_and_book(world)
        yield CrashingLedger(shop, world)


def test_killed_at_each_request_and_commit_the_next_run_leaves_each_posting_once(
    crashing: CrashingLedger, tmp_path: Path
) -> None:
    undisturbed(crashing, tmp_path / "first", LEDGER)  # which makes what every later run finds
    points, expected = undisturbed(crashing, tmp_path / "points", LEDGER)
    assert {"GET", "POST", "PUT", COMMIT, STEP} <= set(kinds(points))
    assert sum(expected["postings"].values()) == 4
    assert sum(expected["deliveries"].values()) == sum(expected["selectline"].values()) == 2
    assert killed_at_each(crashing, points, expected, LEDGER) == []
