"""Protects whole weeks of two registers: a document a closing, and SelectLine's stock and revenue as in our books; and
that each request is as SelectLine's own description has it."""

from collections.abc import Callable

import pytest

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.sync.deliveries.delivered_books import delivery_warnings
from cloudkasse_etl.sync.deliveries.delivery_diagnosis import diagnose_delivery
from cloudkasse_etl.sync.deliveries.retraction import retract_delivery
from cloudkasse_etl.sync.deliveries.storage.storage_books import storage_warnings
from cloudkasse_etl.sync.run.session import SyncSession
from tests.support.books import balances, decider, deliver, fetch_and_book, sell_at_two_registers, stock, told
from tests.support.harness.statements import statements
from tests.support.selectline.delivering import DeliveringShop, mixed_receipts, receipts_of_closing
from tests.support.selectline.described_requests import DescribedRequests
from tests.support.selectline.selectline_description import needs_description
from tests.support.torture.torture_figures import LONG

pytestmark = pytest.mark.shop(accounts=True, page_items=500)

DAYS, RECEIPTS = 4, 40
SINGLE_RECEIPTS = 1_000 if LONG else 100


def sell(shop: DeliveringShop) -> None:
    for register in ("K1", "K2"):
        for number in range(1, DAYS + 1):
            deliver(
                shop.world, *receipts_of_closing(register, number, RECEIPTS), closings=({
                    "register": register, "number": number, "created_at": f"2026-10-{number:02}T20:00:00+02:00",
                    "business_day": f"2026-10-{number:02}", "first_receipt_number": (number - 1) * RECEIPTS + 1,
                    "last_receipt_number": number * RECEIPTS, "receipt_count": RECEIPTS, "business_cases": [],
                    "tenders": [],
                },),
            )  # fmt: skip
    fetch_and_book(shop.world)


def test_each_closing_of_each_register_is_a_document_and_all_together_are_the_books(shop: DeliveringShop) -> None:
    sell_at_two_registers(shop.world)
    sell(shop)
    assert told(shop.deliver()) == {"new": 2 * DAYS}
    assert len(shop.documents()) == 2 * DAYS
    shop.clerk("take-over")
    assert told(shop.deliver()) == {"changed": 2 * DAYS}
    assert len(is_in_selectline_as_in_our_tables(shop)) == 3


def test_each_of_many_receipts_is_a_document_and_all_together_are_the_books(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["grain"] = "receipt"
    deliver(shop.world, *mixed_receipts(1, SINGLE_RECEIPTS))
    fetch_and_book(shop.world)
    assert told(shop.deliver()) == {"new": SINGLE_RECEIPTS}
    assert shop.writes() == ["POST /TransferDocuments"] * SINGLE_RECEIPTS
    assert len(shop.clerk("take-over")) == SINGLE_RECEIPTS
    assert told(shop.deliver()) == {"changed": SINGLE_RECEIPTS}
    delivered = shop.deliveries()
    assert len({one.destination for one in delivered}) == SINGLE_RECEIPTS
    assert sum(one.amount_cents for one in delivered) == -balances(shop.world)["8400"]
    assert len(is_in_selectline_as_in_our_tables(shop)) == 3


@pytest.mark.parametrize(("documents", "warnings"), [("transfer", delivery_warnings), ("storage", storage_warnings)])
def test_the_books_are_asked_once_for_all_documents(
    shop: DeliveringShop, documents: str, warnings: Callable[[SyncSession], list[Rejection]]
) -> None:
    shop.world.settings["delivery"] |= {"documents": documents, "grain": "receipt"}
    asked = []
    for first, count in ((1, 2), (3, 18)):
        deliver(shop.world, *mixed_receipts(first, count))
        fetch_and_book(shop.world)
        assert told(shop.deliver()) == {"new": count}
        with shop.world.session() as session, statements() as found:
            assert warnings(session) == []
        asked.append(len(found))
    assert asked[0] == asked[1] <= 3


def is_in_selectline_as_in_our_tables(shop: DeliveringShop) -> dict[tuple[str, str], float]:
    """Compares revenue to the cent and stock to the thousandth; returns what has moved."""
    revenue = {row["account"]: row["amount_cents"] for row in shop.books()["revenue"]}
    assert revenue == {"8400": -balances(shop.world)["8400"]}
    moved = {(article, house): milli / 1000 for (house, article), milli in stock(shop.world).items() if milli}
    assert shop.moved() == moved
    return moved


@needs_description
def test_each_request_is_as_selectlines_description_has_it(
    shop: DeliveringShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = DescribedRequests(monkeypatch)
    shop.world.settings["delivery"]["transfer"]["customer"] = "10000"
    deliver(shop.world, *receipts_of_closing("K1", 1, RECEIPTS)[:3])
    shop.world.settings["delivery"]["grain"] = "receipt"
    fetch_and_book(shop.world)
    shop.deliver()
    retract_delivery(decider(shop.world, "nur eine Probe"), 1)
    shop.deliver()
    diagnose_delivery(shop.world.configuration())
    assert requests.are_valid("POST /Login", "POST /Logout", "PUT /Users/Current", "POST /TransferDocuments")
    assert requests.are_valid("DELETE /TransferDocuments/1", "GET /DocumentKinds")
