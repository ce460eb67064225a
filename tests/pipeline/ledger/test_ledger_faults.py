"""Protects that every fault of SelectLine's API leaves each posting in the ledger once: none lost, none twice."""

from collections.abc import Iterator

import pytest

from cloudkasse_etl.sandbox.selectline.selectline_faults import SelectlineFault
from tests.support.books import closing_of_sales, deliver, fetch_and_book, told
from tests.support.selectline.delivering import mixed_receipts
from tests.support.selectline.faulty import faulty, try_on
from tests.support.selectline.posting import PostingShop, posting
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True)

RUNS = 5
OF_OTHERS = ("partial_positions", "stock_short")  # never happen to a request of the ledger
FAULTS = [str(fault) for fault in SelectlineFault if fault not in OF_OTHERS]


@pytest.fixture
def shop(world: World) -> Iterator[PostingShop]:
    # where the answer to a login is lost, nobody can end that session; it ends with the next login of its user
    with posting(world, licences=2, grain="receipt") as made:
        made.world.settings["api"]["attempts"] = 2  # each further one is a pause, and nothing else
        yield made


def sell(shop: PostingShop) -> None:
    """Two closings of two receipts."""
    closings = [closing_of_sales(number, 2 * number - 1, 2 * number) for number in (1, 2)]
    deliver(shop.world, *mixed_receipts(1, 4), closings=closings)
    fetch_and_book(shop.world)


def is_in_the_ledger_as_in_our_books(shop: PostingShop) -> bool:
    """Lets all be processed, and compares each account."""
    shop.process_all()
    assert shop.ledger() == shop.booked()
    return True


@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_fault_the_ledger_has_each_posting_once(shop: PostingShop, fault: str) -> None:
    sell(shop)
    with faulty(shop.server, f"{fault}:0.25,seed=1"):
        try_on(shop.post, RUNS)
    assert shop.post().rejections == ()
    assert [one.status for one in shop.batches()] == ["delivered", "delivered"]
    documents = [posting["PostingDocument"] for postings in shop.posted().values() for posting in postings]
    assert sorted(documents) == ["K1-1", "K1-2", "K1-3", "K1-4"]
    assert is_in_the_ledger_as_in_our_books(shop)
    assert shop.server.sessions.open == []
    assert shop.server.sessions.most_at_once == 1


def test_with_all_faults_at_once_it_is_the_same(shop: PostingShop) -> None:
    sell(shop)
    plan = ",".join(f"{fault}:0.03" for fault in FAULTS)
    with faulty(shop.server, f"{plan},seed=11"):
        try_on(shop.post, RUNS)
    assert shop.post().rejections == ()
    assert is_in_the_ledger_as_in_our_books(shop)
    shop.post()
    assert {one.status for one in shop.batches()} == {"assumed"}
    assert told(shop.post()) == {}
