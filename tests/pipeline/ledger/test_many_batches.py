"""Protects whole weeks of two registers in the ledger, to the cent, and that requests are as described."""

from typing import Any

import pytest

from cloudkasse_etl.sync.deliveries.delivery_diagnosis import diagnose_delivery
from cloudkasse_etl.sync.deliveries.ledger.ledger_books import ledger_warnings
from cloudkasse_etl.sync.deliveries.retraction import retract_delivery
from tests.support.books import closing_of_sales, decider, deliver, fetch_and_book, sell_at_two_registers, told
from tests.support.harness.statements import statements
from tests.support.selectline.delivering import mixed_receipts, receipts_of_closing
from tests.support.selectline.described_requests import DescribedRequests
from tests.support.selectline.posting import PostingShop
from tests.support.selectline.selectline_description import needs_description

pytestmark = pytest.mark.shop(accounts=True, page_items=500)

DAYS, RECEIPTS = 3, 40


@pytest.mark.parametrize("grain", ["closing", "receipt"])
def test_each_closing_of_each_register_is_a_batch_and_all_together_are_the_books(shop: PostingShop, grain: str) -> None:
    shop.world.settings["delivery"]["grain"] = grain
    sell_at_two_registers(shop.world)
    for register in ("K1", "K2"):
        for number in range(1, DAYS + 1):
            closing = closing_of_sales(number, (number - 1) * RECEIPTS + 1, number * RECEIPTS)
            day = f"2026-10-{number:02}"
            of_register = {"register": register, "business_day": day, "created_at": f"{day}T20:00:00+02:00"}
            no_sums: dict[str, list[Any]] = {"business_cases": [], "tenders": []}
            deliver(
                shop.world,
                *receipts_of_closing(register, number, RECEIPTS),
                closings=({**closing, **of_register, **no_sums},),
            )
    fetch_and_book(shop.world)
    assert told(shop.post()) == {"new": 2 * DAYS}
    postings = [posting for some in shop.posted().values() for posting in some]
    assert len(postings) == 2 * DAYS * (RECEIPTS if grain == "receipt" else 2)
    shop.process_all()
    assert told(shop.post()) == {"changed": 2 * DAYS}
    assert shop.ledger() == shop.booked()


def test_the_books_are_asked_once_for_all_batches(shop: PostingShop) -> None:
    asked = []
    for first, last in ((1, 1), (2, 8)):
        closings = [closing_of_sales(number, 4 * number - 3, 4 * number) for number in range(first, last + 1)]
        deliver(shop.world, *mixed_receipts(4 * first - 3, 4 * (last - first + 1)), closings=closings)
        fetch_and_book(shop.world)
        assert told(shop.post()) == {"new": len(closings)}
        with shop.world.session() as session, statements() as found:
            assert ledger_warnings(session) == []
        asked.append(len(found))
    assert asked[0] == asked[1] <= 3


@needs_description
def test_each_request_is_as_selectlines_description_has_it(shop: PostingShop, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = DescribedRequests(monkeypatch)
    deliver(shop.world, *receipts_of_closing("K1", 1, RECEIPTS)[:4], closings=(closing_of_sales(1, 1, 4),))
    fetch_and_book(shop.world)
    shop.post()
    retract_delivery(decider(shop.world, "nur eine Probe"), 1)
    shop.post()
    diagnose_delivery(shop.world.configuration())
    batches = "/Accounting/BatchPostings"
    assert requests.are_valid("POST /Login", "POST /Logout", "PUT /Users/Current", f"POST {batches}", f"GET {batches}")
    assert requests.are_valid(f"POST {batches}/1/Postings", f"GET {batches}/1/Postings", f"DELETE {batches}/1")
    assert requests.are_valid(
        "GET /Accounting/Tenants/SL_MSHOP", "GET /Accounting/Accounts", "GET /Accounting/TaxCodes"
    )
