"""Protects stock alone in SelectLine: moved there once, by what our movements say, and never below zero."""

from collections.abc import Iterator

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE, Delivery
from cloudkasse_etl.sync.deliveries.delivery_diagnosis import diagnose_delivery
from cloudkasse_etl.sync.deliveries.retraction import retract_delivery
from cloudkasse_etl.sync.dry_run.delivery_plan import plan_delivery
from tests.support.books import change_booked, closing_of_sales, decider, deliver, fetch_and_book, sale, stock, told
from tests.support.selectline.delivering import DeliveringShop, delivering, mixed_receipts
from tests.support.selectline.described_requests import DescribedRequests
from tests.support.selectline.selectline_description import needs_description
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True)


@pytest.fixture
def shop(world: World) -> Iterator[DeliveringShop]:
    with delivering(world, documents="storage", grain="receipt") as made:
        yield made


def sell(shop: DeliveringShop, first: int, count: int) -> None:
    deliver(shop.world, *mixed_receipts(first, count))
    fetch_and_book(shop.world)


def storages(shop: DeliveringShop) -> list[Delivery]:
    return [one for one in shop.deliveries(STORAGE) if one.line_count]


def moved_here(shop: DeliveringShop) -> dict[tuple[str, str], float]:
    """What our movements come to, by article and warehouse."""
    return {(article, house): milli / 1000 for (house, article), milli in stock(shop.world).items() if milli}


def in_stock(shop: DeliveringShop, article: str, quantity: float) -> None:
    shop.world.erp(f"UPDATE LAGERBESTAND SET Bestand = {quantity} WHERE Artikelnummer = '{article}'")
    shop.before = shop.books()


def is_there(shop: DeliveringShop, number: str) -> bool:
    with shop.world.session() as session:
        return session.selectline.storages.storage(number) is not None


def test_stock_moves_once_and_no_revenue_is_made(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["grain"] = "closing"
    deliver(shop.world, *(sale(number) for number in (1, 2, 3)), closings=(closing_of_sales(1, 1, 3),))
    fetch_and_book(shop.world)
    assert told(shop.deliver()) == {"new": 1}
    (one,) = storages(shop)
    assert (one.status, one.destination, one.line_count) == ("delivered", "CK00000001", 1)
    assert shop.moved() == moved_here(shop) == {("A1", "1"): -6.0}
    assert shop.books()["revenue"] == []
    asked = len(shop.server.requests)
    assert told(shop.deliver()) == {}
    assert len(shop.server.requests) == asked  # nobody takes it over: there is nothing to follow
    assert shop.writes() == ["POST /ManualStorages", "POST /ManualStorages/CK00000001/Positions/Store"]
    assert shop.server.sessions.open == []


def test_each_receipt_is_one_with_a_number_of_its_own_and_all_are_the_movements(shop: DeliveringShop) -> None:
    sell(shop, 1, 8)
    planned = plan_delivery(shop.world.configuration())
    assert told(shop.deliver()) == {"new": 8}
    assert sorted(draft.key for draft in planned.documents) == sorted(one.key for one in storages(shop))
    assert len({one.destination for one in storages(shop)}) == 8
    assert shop.moved() == moved_here(shop)
    sell(shop, 9, 2)
    report = shop.deliver()
    assert told(report) == {"new": 2}
    assert report.warnings == ()
    assert shop.moved() == moved_here(shop)
    assert diagnose_delivery(shop.world.configuration()) == []


def test_a_line_without_enough_stock_waits_by_itself_and_all_else_goes(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["grain"] = "day"
    sell(shop, 1, 8)
    in_stock(shop, "A2", 0.1)
    report = shop.deliver()
    assert told(report) == {"new": 1, "rejected": 1}
    assert [one.code for one in report.rejections] == ["storage_stock_short"]
    assert "A2 (1)" in report.rejections[0].text("en")
    assert report.warnings == ()  # the two together are what is booked
    whole, part = storages(shop)
    assert (whole.status, part.status, part.line_count) == ("delivered", "intended", 1)
    rest = {at: quantity for at, quantity in moved_here(shop).items() if at[0] != "A2"}
    assert shop.moved() == rest
    writes = len(shop.writes())
    assert told(shop.deliver()) == {"still_rejected": 1}
    assert len(shop.writes()) == writes  # the stock is looked at first
    in_stock(shop, "A2", 50)
    assert told(shop.deliver()) == {"new": 1}
    assert shop.moved() == {("A2", "1"): moved_here(shop)["A2", "1"]}
    assert {one.status for one in storages(shop)} == {"delivered"}


def test_where_nothing_can_go_no_empty_document_is_left(shop: DeliveringShop) -> None:
    deliver(shop.world, sale(1))
    fetch_and_book(shop.world)
    in_stock(shop, "A1", 0)
    assert told(shop.deliver()) == {"rejected": 1}
    assert not is_there(shop, "CK00000001")
    in_stock(shop, "A1", 2)
    assert told(shop.deliver()) == {"new": 1}
    assert shop.moved() == {("A1", "1"): -2.0}


def test_what_is_taken_back_goes_with_its_parts_and_is_made_anew(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["grain"] = "day"
    sell(shop, 1, 8)
    in_stock(shop, "A2", 0.1)
    shop.deliver()
    whole, part = storages(shop)
    with pytest.raises(ConfigurationError, match=f"part of delivery {whole.delivery_id}"):
        retract_delivery(decider(shop.world, "nein"), part.delivery_id)
    retract_delivery(decider(shop.world, "falsch"), whole.delivery_id)
    assert shop.moved() == {}
    in_stock(shop, "A2", 50)
    assert told(shop.deliver()) == {"new": 1}
    assert [one.status for one in storages(shop)] == ["retracted", "retracted", "delivered"]
    assert shop.moved() == moved_here(shop)


def test_a_number_that_is_somebody_elses_is_left_alone(shop: DeliveringShop) -> None:
    with shop.world.session() as session:
        session.selectline.storages.create_storage(b'{"Number": "CK00000001", "WarehouseNumber": "1"}')
    deliver(shop.world, sale(1))
    fetch_and_book(shop.world)
    report = shop.deliver()
    assert [one.code for one in report.rejections] == ["storage_number_taken"]
    retract_delivery(decider(shop.world, "Nummer"), storages(shop)[0].delivery_id)
    assert told(shop.deliver()) == {"new": 1}
    assert is_there(shop, "CK00000001")
    assert storages(shop)[-1].destination == "CK00000002"
    assert shop.moved() == {("A1", "1"): -2.0}


def test_what_went_as_a_document_does_not_go_as_stock_once_more(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["documents"] = "transfer"
    sell(shop, 1, 2)
    assert told(shop.deliver()) == {"new": 2}
    shop.world.settings["delivery"]["documents"] = "storage"
    sell(shop, 3, 1)
    assert told(shop.deliver()) == {"new": 1}
    shop.world.settings["delivery"]["documents"] = "transfer"
    assert told(shop.deliver()) == {}
    shop.clerk("take-over")
    assert shop.moved() == moved_here(shop)


def test_another_storage_under_our_number_is_left_for_a_person_to_compare(shop: DeliveringShop) -> None:
    deliver(shop.world, sale(1))
    fetch_and_book(shop.world)
    in_stock(shop, "A1", 0)
    shop.deliver()  # the number is ours from now on, and nothing stands under it
    with shop.world.session() as session:
        session.selectline.storages.create_storage(
            b'{"Number": "CK00000001", "WarehouseNumber": "1", "Date": "2026-01-02T00:00:00"}'
        )
    in_stock(shop, "A1", 2)
    report = shop.deliver()
    assert [one.code for one in report.rejections] == ["storage_differs"]
    assert "CK00000001" in report.rejections[0].text()
    assert shop.moved() == {}


def test_a_movement_that_was_changed_afterwards_is_named(shop: DeliveringShop) -> None:
    deliver(shop.world, sale(1))
    fetch_and_book(shop.world)
    shop.deliver()
    change_booked(shop.world, "UPDATE cloudkasse_stock_movement SET quantity_milli = -3000")
    (warning,) = shop.deliver().warnings
    assert warning.code == "storage_not_as_moved"
    assert "A1/1: -3 / -2" in warning.text()


@needs_description
def test_each_request_is_as_selectlines_description_has_it(
    shop: DeliveringShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = DescribedRequests(monkeypatch)
    sell(shop, 1, 3)
    in_stock(shop, "A2", 0)
    shop.deliver()
    retract_delivery(decider(shop.world, "nur eine Probe"), 1)
    shop.deliver()
    diagnose_delivery(shop.world.configuration())
    assert requests.are_valid("POST /ManualStorages", "DELETE /ManualStorages/CK00000001")
