"""Protects that every fault of SelectLine's API leaves each movement there once: none lost, none twice."""

from collections.abc import Iterator

import pytest

from cloudkasse_etl.sandbox.selectline.selectline_faults import SelectlineFault
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE
from tests.support.books import deliver, fetch_and_book, stock, told
from tests.support.selectline.delivering import DeliveringShop, delivering, mixed_receipts
from tests.support.selectline.faulty import faulty, try_on
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True)

RUNS = 5
# At how many of 100 requests a fault happens: often enough that a run meets several, seldom enough that it gets on.
OFTEN = 0.25


@pytest.fixture
def shop(world: World) -> Iterator[DeliveringShop]:
    with delivering(world, licences=2, documents="storage", grain="receipt") as made:
        made.world.settings["api"]["attempts"] = 2  # each further one is a pause, and nothing else
        yield made


def sell(shop: DeliveringShop, count: int) -> None:
    deliver(shop.world, *mixed_receipts(1, count))
    fetch_and_book(shop.world)


def is_in_selectline_as_in_our_movements(shop: DeliveringShop) -> bool:
    moved = {(article, house): milli / 1000 for (house, article), milli in stock(shop.world).items() if milli}
    assert shop.moved() == moved
    assert shop.books()["revenue"] == []
    return True


@pytest.mark.parametrize("fault", [str(fault) for fault in SelectlineFault])
def test_after_any_fault_selectline_holds_each_movement_once(shop: DeliveringShop, fault: str) -> None:
    sell(shop, 4)
    with faulty(shop.server, f"{fault}:{OFTEN},seed=1"):
        try_on(shop.deliver, RUNS)
    report = shop.deliver()
    assert report.rejections == ()
    assert report.warnings == ()
    assert {one.status for one in shop.deliveries(STORAGE)} == {"delivered"}
    assert is_in_selectline_as_in_our_movements(shop)
    assert shop.server.sessions.open == []


def test_with_all_faults_at_once_and_too_little_stock_it_is_the_same(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["grain"] = "day"
    sell(shop, 8)
    shop.world.erp("UPDATE LAGERBESTAND SET Bestand = 0.1 WHERE Artikelnummer = 'A2'")
    shop.before = shop.books()
    plan = ",".join(f"{fault}:0.05" for fault in SelectlineFault)
    with faulty(shop.server, f"{plan},seed=11"):
        try_on(shop.deliver, RUNS)
        shop.world.erp("UPDATE LAGERBESTAND SET Bestand = Bestand + 100 WHERE Artikelnummer = 'A2'")
        for row in shop.before["stock"]:
            if row["article"] == "A2":
                row["quantity"] += 100
        try_on(shop.deliver, RUNS)
    assert shop.deliver().rejections == ()
    assert {one.status for one in shop.deliveries(STORAGE)} == {"delivered"}
    assert is_in_selectline_as_in_our_movements(shop)
    assert told(shop.deliver()) == {}
