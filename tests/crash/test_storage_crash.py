"""Protects SelectLine's stock from death while stock movements are delivered: killed at each request and commit.

From one start a process dies at each boundary, and the next run leaves what an undisturbed one left: each movement
once, no document besides, the session of the dead ended.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE
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
OPENING = "SELECT Bestand FROM opening WHERE opening.LAGERBESTAND_ID = LAGERBESTAND.LAGERBESTAND_ID"


@dataclass
class CrashingStock:
    """A shop whose receipts are booked, with too little stock of one article, and its SelectLine."""

    shop: DeliveringShop
    world: World

    def put_back(self) -> None:
        """Puts both back to the moment before the first delivery."""
        self.shop.server.sessions.end_all()
        emptied(self.world, (*OURS, "BELEG", "BELEGP", "cloudkasse_rejection"))
        self.world.erp(f"UPDATE LAGERBESTAND SET Bestand = ({OPENING})")

    def state(self) -> State:
        """Deliveries, what has moved in SelectLine and by which documents, and who is logged in there."""
        with self.world.session() as session:
            numbers = [
                number
                for number in (f"CK{serial:08}" for serial in range(1, 9))
                if session.selectline.storages.storage(number) is not None
            ]
        found = self.shop.deliveries(STORAGE)
        return {
            "deliveries": Counter(f"{one.key} {one.status} {one.line_count}" for one in found),
            "moved": Counter(f"{article} {quantity}" for article, quantity in self.shop.moved().items()),
            "documents": Counter(numbers),
            "sessions": Counter({"open": len(self.shop.server.sessions.open)}),
        }


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[CrashingStock]:
    with (
        small_world(tmp_path, settings=with_accounts(SETTINGS)) as world,
        delivering(world, licences=2, documents="storage", grain="day") as shop,
    ):
        deliver(world, *mixed_receipts(1, 8))
        fetch_and_book(world)
        world.erp("UPDATE LAGERBESTAND SET Bestand = 0.1 WHERE Artikelnummer = 'A2'")
        world.erp("CREATE TABLE opening AS SELECT * FROM LAGERBESTAND")
        shop.before = shop.books()
        yield CrashingStock(shop, world)


def test_killed_at_each_request_and_commit_the_next_run_leaves_each_movement_once(
    crashing: CrashingStock, tmp_path: Path
) -> None:
    undisturbed(crashing, tmp_path / "first", DELIVERIES)  # which makes what every later run finds
    points, expected = undisturbed(crashing, tmp_path / "points", DELIVERIES)
    assert {"GET", "POST", "PUT", COMMIT, STEP} <= set(kinds(points))
    assert sum(expected["deliveries"].values()) == 2  # what there was enough of, and what waits
    assert sum(expected["documents"].values()) == 1
    assert killed_at_each(crashing, points, expected, DELIVERIES) == []
