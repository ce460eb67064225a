"""Protects that every fault of SelectLine's API leaves each document there once: none lost, none twice, to the cent."""

from collections.abc import Iterator

import pytest

from cloudkasse_etl.sandbox.selectline.selectline_faults import SelectlineFault
from tests.support.books import balances, deliver, fetch_and_book, stock, told
from tests.support.selectline.delivering import DeliveringShop, delivering, mixed_receipts
from tests.support.selectline.faulty import faulty, try_on
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True)

RUNS = 5
# At how many of 100 requests a fault happens: often enough that a run meets several, seldom enough that it gets on.
OFTEN = 0.25


@pytest.fixture
def shop(world: World) -> Iterator[DeliveringShop]:
    # where the answer to a login is lost, nobody can end that session; it ends with the next login of its user, as long
    # as there is a licence for that
    with delivering(world, licences=2) as made:
        made.world.settings["api"]["attempts"] = 2  # each further one is a pause, and nothing else
        yield made


def sell(shop: DeliveringShop, count: int) -> None:
    shop.world.settings["delivery"]["grain"] = "receipt"
    deliver(shop.world, *mixed_receipts(1, count))
    fetch_and_book(shop.world)


def is_in_selectline_as_in_our_books(shop: DeliveringShop) -> bool:
    """Takes everything over and compares revenue and stock."""
    shop.clerk("take-over")
    revenue = {row["account"]: row["amount_cents"] for row in shop.books()["revenue"]}
    booked = {account: -cents for account, cents in balances(shop.world).items() if account == "8400"}
    moved = {(article, house): milli / 1000 for (house, article), milli in stock(shop.world).items() if milli}
    assert revenue == booked
    assert shop.moved() == moved
    return True


@pytest.mark.parametrize("fault", [str(fault) for fault in SelectlineFault])
def test_after_any_fault_selectline_holds_each_document_once(shop: DeliveringShop, fault: str) -> None:
    sell(shop, 4)
    with faulty(shop.server, f"{fault}:{OFTEN},seed=1"):
        try_on(shop.deliver, RUNS)
    report = shop.deliver()
    assert report.rejections == ()
    assert {one.status for one in shop.deliveries()} == {"delivered"}
    keys = [document["CustomFields"]["Text1"] for document in shop.documents()]
    assert len(keys) == len(set(keys)) == len(shop.deliveries()) == 4
    assert is_in_selectline_as_in_our_books(shop)
    assert shop.server.sessions.open == []
    assert shop.server.sessions.most_at_once == 1


def test_with_all_faults_at_once_it_is_the_same(shop: DeliveringShop) -> None:
    sell(shop, 8)
    plan = ",".join(f"{fault}:0.03" for fault in SelectlineFault)
    with faulty(shop.server, f"{plan},seed=11"):
        try_on(shop.deliver, RUNS)
    assert shop.deliver().rejections == ()
    assert len(shop.documents()) == 8
    assert is_in_selectline_as_in_our_books(shop)
    shop.deliver()
    assert {one.status for one in shop.deliveries()} == {"assumed"}
    assert told(shop.deliver()) == {}
