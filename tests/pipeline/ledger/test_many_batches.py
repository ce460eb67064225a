"""Protects whole weeks of two registers in the ledger, to the cent, and that requests are as described."""

import io
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from cloudkasse_etl.sync.deliveries.delivery_diagnosis import diagnose_delivery
from cloudkasse_etl.sync.deliveries.retraction import retract_delivery
from tests.support.books import closing_of_sales, decider, deliver, fetch_and_book, sell_at_two_registers, told
from tests.support.receipts.receipt_factory import Fields
from tests.support.selectline.delivering import mixed_receipts
from tests.support.selectline.posting import PostingShop
from tests.support.selectline.selectline_description import faults_of_request, needs_description

pytestmark = pytest.mark.shop(accounts=True, page_items=500)

DAYS, RECEIPTS = 3, 40


def receipts_of(register: str, closing: int) -> list[Fields]:
    day = f"2026-10-{closing:02}"
    times = {"started_at": f"{day}T10:00:00+02:00", "ended_at": f"{day}T10:01:00+02:00"}
    return [
        {**one, "id": f"{register}-{one['id']}", "register": register, "business_day": day, "closing_number": closing}
        | times
        for one in mixed_receipts((closing - 1) * RECEIPTS + 1, RECEIPTS)
    ]


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
            deliver(shop.world, *receipts_of(register, number), closings=({**closing, **of_register, **no_sums},))
    fetch_and_book(shop.world)
    assert told(shop.post()) == {"new": 2 * DAYS}
    postings = [posting for some in shop.posted().values() for posting in some]
    assert len(postings) == 2 * DAYS * (RECEIPTS if grain == "receipt" else 2)
    shop.process_all()
    assert told(shop.post()) == {"changed": 2 * DAYS}
    assert shop.ledger() == shop.booked()


@needs_description
def test_each_request_is_as_selectlines_description_has_it(shop: PostingShop, monkeypatch: pytest.MonkeyPatch) -> None:
    send = requests.Session.send
    seen: dict[str, list[str]] = {}

    def looked_at(session: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        if parts.path.startswith("/slmobileApi"):
            path, body = parts.path.removeprefix("/slmobileApi"), request.body
            content = json.loads(body.getvalue()) if isinstance(body, io.BytesIO) else None
            faults = faults_of_request(str(request.method), path, dict(parse_qsl(parts.query)), content)
            seen[f"{request.method} {path}"] = list(map(str, faults))
        return send(session, request, **more)

    monkeypatch.setattr(requests.Session, "send", looked_at)
    deliver(shop.world, *receipts_of("K1", 1)[:4], closings=(closing_of_sales(1, 1, 4),))
    fetch_and_book(shop.world)
    shop.post()
    retract_delivery(decider(shop.world, "nur eine Probe"), 1)
    shop.post()
    diagnose_delivery(shop.world.configuration())
    assert {what: faults for what, faults in seen.items() if faults} == {}
    batches = "/Accounting/BatchPostings"
    assert {"POST /Login", "POST /Logout", "PUT /Users/Current", f"POST {batches}", f"GET {batches}"} <= seen.keys()
    assert {f"POST {batches}/1/Postings", f"GET {batches}/1/Postings", f"DELETE {batches}/1"} <= seen.keys()
    assert {"GET /Accounting/Tenants/SL_MSHOP", "GET /Accounting/Accounts", "GET /Accounting/TaxCodes"} <= seen.keys()
