"""Protects SelectLine's stock when an import is undone whose stock has moved there: it is as booked, and that once."""

from collections.abc import Iterator

import pytest

from cloudkasse_etl.erp.selectline_api.storage_api import StorageApi
from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE
from cloudkasse_etl.sync.deliveries.retraction import retract_delivery
from cloudkasse_etl.sync.dry_run.delivery_plan import plan_delivery
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from tests.support.books import book, decider, deliver, fetch_and_book, stock, told
from tests.support.selectline.delivering import DeliveringShop, delivering, mixed_receipts
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True)


@pytest.fixture
def shop(world: World) -> Iterator[DeliveringShop]:
    with delivering(world, documents="storage", grain="day") as made:
        yield made


def sold(shop: DeliveringShop) -> None:
    deliver(shop.world, *mixed_receipts(1, 8))
    fetch_and_book(shop.world)


def undo(shop: DeliveringShop, *receipts: str) -> None:
    undo_import(decider(shop.world, "wrong"), Scope(receipts))


def in_stock(shop: DeliveringShop, article: str, quantity: float) -> None:
    """Sets what there is of an article, which is no movement."""
    changed = [row for row in shop.books()["stock"] if row["article"] == article]
    shop.world.erp(f"UPDATE LAGERBESTAND SET Bestand = {quantity} WHERE Artikelnummer = '{article}'")
    for row in shop.before["stock"]:
        for now in changed:
            if (row["article"], row["warehouse"]) == (now["article"], now["warehouse"]):
                row["quantity"] += quantity - now["quantity"]


def assert_selectline_has_what_is_booked(shop: DeliveringShop) -> None:
    assert shop.moved() == {
        (article, house): milli / 1000 for (house, article), milli in stock(shop.world).items() if milli
    }


def keys(shop: DeliveringShop) -> list[str]:
    return [f"{one.key} {one.status}" for one in shop.deliveries(STORAGE) if one.line_count]


def test_what_has_moved_there_is_taken_back_by_a_storage_of_its_own(shop: DeliveringShop) -> None:
    sold(shop)
    shop.deliver()
    undo(shop, "R1", "R2", "R4")
    (planned,) = plan_delivery(shop.world.configuration()).documents
    assert planned.key == "storage:1|K1|day 2026-11-23 undone|1"
    assert told(shop.deliver()) == {"new": 1}  # without an import after it, too
    assert_selectline_has_what_is_booked(shop)
    book(shop.world)
    report = shop.deliver()
    assert (told(report), report.warnings) == ({"new": 1}, ())
    assert keys(shop) == [
        "storage:1|K1|day 2026-11-23|1 delivered",
        "storage:1|K1|day 2026-11-23 undone|1 delivered",
        "storage:1|K1|day 2026-11-23|2 delivered",
    ]
    assert_selectline_has_what_is_booked(shop)
    assert told(shop.deliver()) == {}


def test_an_import_that_is_undone_again_and_again_has_moved_once(shop: DeliveringShop) -> None:
    sold(shop)
    shop.deliver()
    for _ in range(3):
        undo(shop, "R4")
        book(shop.world)
        assert told(shop.deliver()) == {"new": 2}
    assert len(keys(shop)) == 1 + 2 * 3
    assert_selectline_has_what_is_booked(shop)


def test_a_return_that_is_undone_waits_until_there_is_enough_and_is_not_lost(shop: DeliveringShop) -> None:
    sold(shop)
    shop.deliver()
    in_stock(shop, "A1", 0)
    undo(shop, "R1", "R5")  # returns of A1: taking them back takes goods out
    report = shop.deliver()
    assert [one.code for one in report.rejections] == ["storage_stock_short"]
    book(shop.world)
    shop.deliver()
    in_stock(shop, "A1", 10)
    shop.deliver()
    assert {one.status for one in shop.deliveries(STORAGE)} == {"delivered"}
    assert_selectline_has_what_is_booked(shop)


def test_lines_that_waited_for_stock_when_their_import_was_undone_come_to_what_is_booked(shop: DeliveringShop) -> None:
    sold(shop)
    in_stock(shop, "A2", 0.1)
    assert [one.code for one in shop.deliver().rejections] == ["storage_stock_short"]
    undo(shop, "R2")
    for _ in range(3):
        shop.deliver()
    in_stock(shop, "A2", 50)
    book(shop.world)
    shop.deliver()
    assert told(shop.deliver()) == {}
    assert_selectline_has_what_is_booked(shop)


def test_it_can_be_retracted_instead_until_it_is_taken_back(shop: DeliveringShop) -> None:
    sold(shop)
    shop.deliver()
    undo(shop, "R4")
    retract_delivery(decider(shop.world, "all of it"), 1)
    book(shop.world)
    assert told(shop.deliver()) == {"new": 1}
    assert_selectline_has_what_is_booked(shop)
    undo(shop, "R4")
    shop.deliver()
    with pytest.raises(Exception, match="is taken back by delivery 3"):
        retract_delivery(decider(shop.world, "too late"), 2)
    retract_delivery(decider(shop.world, "both"), 3)
    retract_delivery(decider(shop.world, "both"), 2)
    book(shop.world)
    shop.deliver()
    assert_selectline_has_what_is_booked(shop)


def test_where_selectline_deletes_it_no_more_the_message_names_undo(
    shop: DeliveringShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold(shop)
    shop.deliver()
    monkeypatch.setattr(StorageApi, "delete_storage", lambda *_: None)
    with pytest.raises(ContractError, match="CK00000001") as refused:
        retract_delivery(decider(shop.world, "wrong"), 1)
    assert "cloudkasse-etl undo" in str(refused.value.hint)
    undo(shop, "R1")
    book(shop.world)
    assert told(shop.deliver()) == {"new": 2}
    assert_selectline_has_what_is_booked(shop)
