"""Protects SelectLine and our books from death while documents are delivered: killed at each request and commit.

From one start a process dies at each boundary, and the next run leaves what an undisturbed one left: each document
once, the session of the dead ended, its licence free again.
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
from tests.support.books import deliver, fetch_and_book, with_accounts
from tests.support.selectline.delivering import DeliveringShop, delivering, mixed_receipts
from tests.support.small_erp import SETTINGS
from tests.support.worlds import World, small_world

DELIVERIES = Product(part="deliveries")
OURS = ("cloudkasse_delivery", "cloudkasse_delivery_receipt", "cloudkasse_api_session")


@dataclass
class CrashingShop:
    """A shop whose receipts are booked and not delivered yet, and its SelectLine."""

    shop: DeliveringShop
    world: World

    def put_back(self) -> None:
        """Puts both back to the moment before the first delivery."""
        self.shop.server.sessions.end_all()
        emptied(self.world, (*OURS, "SLM_TRANSFER"))
        self.world.erp("DELETE FROM sqlite_sequence WHERE name = 'SLM_TRANSFER'")  # ids are part of requests' names

    def state(self) -> State:
        """Deliveries with their receipts, what SelectLine holds, and who is logged in there."""
        sessions = len(self.shop.server.sessions.open)
        documents = self.shop.documents()
        return {
            "deliveries": Counter(f"{one.key} {one.status} {one.amount_cents}" for one in self.shop.deliveries()),
            "selectline": Counter(
                f"{document['CustomFields']['Text1']} {document['StateKind']} {document['CalculationSummary']}"
                for document in documents
            ),
            "sessions": Counter({"open": sessions}),
        }


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[CrashingShop]:
    # a session whose token died with its process ends with the next login of its user, where there is a licence
    settings = with_accounts(SETTINGS)
    with (
        small_world(tmp_path, settings=settings) as world,
        delivering(world, licences=2, grain="receipt") as shop,
    ):
        deliver(world, *mixed_receipts(1, 4))
        fetch_and_book(world)
        yield CrashingShop(shop, world)


def test_killed_at_each_request_and_commit_the_next_run_ends_as_if_nothing_had_been(
    crashing: CrashingShop, tmp_path: Path
) -> None:
    undisturbed(crashing, tmp_path / "first", DELIVERIES)  # which makes what every later run finds
    points, expected = undisturbed(crashing, tmp_path / "points", DELIVERIES)
    assert {"GET", "POST", "PUT", COMMIT, STEP} <= set(kinds(points))
    assert sum(expected["deliveries"].values()) == sum(expected["selectline"].values()) == 4
    assert killed_at_each(crashing, points, expected, DELIVERIES) == []
