"""Protects that a running sandbox can be asked to sell: the endpoint of its own, and what a command is told."""

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import SELL_PATH, sell_remotely
from tests.support.patience import HANG_SECONDS

ORDER = {"days": 1, "receipts": 40, "seed": 1}
TOKEN = {"Authorization": "Bearer sandbox"}
MASTER_DATA: dict[str, dict[str, Any]] = {
    "registers": {
        "number": "K1", "name": "Laden", "price_group": "1", "warehouse": None, "currency": "EUR", "active": True,
    },
    "articles": {
        "number": "A1", "name": "Kaffee", "description": None, "gtin": None, "group": None, "group_name": None,
        "unit": "Stk", "tax_code": "3", "vat_rate": "19.00", "stock_item": True, "discountable": True,
        "open_price": False, "active": True,
    },
    "prices": {
        "article": "A1", "price_group": "1", "min_quantity": "0.000", "valid_from": None, "valid_to": None,
        "gross_cents": 599, "currency": "EUR", "active": True,
    },
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(None) as running:
        yield running


@pytest.fixture
def stocked(server: SandboxServer) -> SandboxServer:
    for entity, item in MASTER_DATA.items():
        headers = TOKEN | {"Idempotency-Key": uuid.uuid4().hex}
        url = f"{server.url}/v1/{entity}/batch"
        answer = requests.post(url, json={"items": [item]}, headers=headers, timeout=HANG_SECONDS)
        assert answer.json()["results"][0]["status"] == "created"
    return server


def order(server: SandboxServer, body: Any, **headers: str) -> requests.Response:
    return requests.post(server.url + SELL_PATH, json=body, headers=TOKEN | headers, timeout=HANG_SECONDS)


def test_what_was_sold_comes_down_as_receipts_and_closings(stocked: SandboxServer) -> None:
    summary = sell_remotely(stocked.url + "/", "sandbox", days=2, receipts=40, seed=1)
    assert (summary["receipts"], summary["days"], summary["closings"]) == (40, ["2026-10-05", "2026-10-06"], 2)
    page = requests.get(stocked.url + "/v1/receipts", headers=TOKEN, timeout=HANG_SECONDS).json()
    assert len(page["items"]) == sum(summary["by_kind"].values()) + summary["repeated"]
    closings = requests.get(stocked.url + "/v1/closings", headers=TOKEN, timeout=HANG_SECONDS).json()["items"]
    assert [closing["number"] for closing in closings] == [1, 2]
    heads = requests.get(stocked.url + "/v1/status", headers=TOKEN, timeout=HANG_SECONDS).json()["heads"]
    assert heads["receipts"] == page["next_cursor"]


def test_a_second_sale_goes_on_where_the_first_ended(stocked: SandboxServer) -> None:
    first = sell_remotely(stocked.url, "sandbox", days=1, receipts=5, seed=1, first_day=date(2026, 11, 2))
    second = sell_remotely(stocked.url, "sandbox", days=1, receipts=5, seed=1)
    assert (first["days"], second["days"]) == (["2026-11-02"], ["2026-11-03"])
    with pytest.raises(ConfigurationError, match="already sold up to 2026-11-03"):
        sell_remotely(stocked.url, "sandbox", days=1, receipts=5, seed=1, first_day=date(2026, 11, 2))


def test_two_sales_at_once_do_not_hand_out_the_same_numbers(stocked: SandboxServer) -> None:
    threads = [threading.Thread(target=sell_remotely, args=(stocked.url, "sandbox"), kwargs=ORDER) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    items = requests.get(stocked.url + "/v1/receipts", headers=TOKEN, timeout=HANG_SECONDS).json()["items"]
    numbers = sorted({(item["number"], item["id"]) for item in items})
    assert [number for number, _ in numbers] == list(range(1, len(numbers) + 1))


def test_nothing_synchronised_is_told_with_its_cure(server: SandboxServer) -> None:
    answer = order(server, {"days": 1, "receipts": 1, "seed": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_sell")
    with pytest.raises(ConfigurationError, match=r"no active register.*cloudkasse-etl sync master-data"):
        sell_remotely(server.url, "sandbox", days=1, receipts=1, seed=1)


@pytest.mark.parametrize(
    "body",
    [
        {"days": 0, "receipts": 1, "seed": 1},
        {"days": 1, "receipts": -1, "seed": 1},
        {"days": "1", "receipts": 1, "seed": 1},
        {"days": 1, "receipts": 1},
        {"days": 1, "receipts": 1, "seed": 1, "first_day": "2026-13-01"},
        {"days": 1, "receipts": 1, "seed": 1, "more": 1},
        [],
    ],
    ids=str,
)
def test_a_malformed_order_sells_nothing(stocked: SandboxServer, body: Any) -> None:
    answer = order(stocked, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert requests.get(stocked.url + "/v1/receipts", headers=TOKEN, timeout=HANG_SECONDS).json()["items"] == []


def test_what_is_no_json_or_too_long_is_refused(stocked: SandboxServer) -> None:
    headers = TOKEN | {"Content-Type": "application/json"}
    url = stocked.url + SELL_PATH
    assert requests.post(url, data=b"{", headers=headers, timeout=HANG_SECONDS).status_code == 400
    assert requests.post(url, data=b"{}", headers=TOKEN, timeout=HANG_SECONDS).status_code == 400
    assert requests.post(url, data=b" " * 20_000, headers=headers, timeout=HANG_SECONDS).status_code == 413


def test_without_the_token_nothing_is_sold(stocked: SandboxServer) -> None:
    assert order(stocked, {"days": 1, "receipts": 1, "seed": 1}, Authorization="Bearer wrong").status_code == 401
    with pytest.raises(ConfigurationError, match="token"):
        sell_remotely(stocked.url, "wrong", days=1, receipts=1, seed=1)
    assert requests.get(stocked.url + "/v1/receipts", headers=TOKEN, timeout=HANG_SECONDS).json()["items"] == []


def test_a_sandbox_that_is_not_there_is_told_plainly(server: SandboxServer) -> None:
    for url in ("http://127.0.0.1:1", "http://user:secret@127.0.0.1:1", "no url"):
        with pytest.raises(ConfigurationError, match="cannot be reached") as raised:
            sell_remotely(url, "sandbox", days=1, receipts=1, seed=1)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>"), (200, b"[]"), (200, b"{}"), (404, b'{"code": "not_found"}'), (302, b""), (500, b"oops")],
)
def test_what_is_no_sandbox_is_told_so(status: int, body: bytes) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        thread = threading.Thread(target=other.handle_request)
        thread.start()
        with pytest.raises(ConfigurationError, match="no sandbox"):
            sell_remotely(f"http://127.0.0.1:{other.server_port}", "sandbox", days=1, receipts=1, seed=1)
        thread.join()


def test_a_server_that_is_stopped_while_selling_ends_soon() -> None:
    with SandboxServer(None) as running:
        for entity, item in MASTER_DATA.items():
            headers = TOKEN | {"Idempotency-Key": uuid.uuid4().hex}
            requests.post(
                f"{running.url}/v1/{entity}/batch", json={"items": [item]}, headers=headers, timeout=HANG_SECONDS
            )
        statuses: list[int] = []
        body = {"days": 1000, "receipts": 500_000, "seed": 1}
        thread = threading.Thread(target=lambda: statuses.append(order(running, body).status_code))
        thread.start()
        while b'"items":[]' in running.store.feed_page("receipts", None, 1):
            time.sleep(0.05)
    thread.join()
    assert statuses == [503]  # sold to the end it would have been 200, many minutes later


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_document_describes_the_endpoint_and_that_it_is_of_the_sandbox_only(
    server: SandboxServer, mode: GenerationMode
) -> None:
    operation = schemathesis.openapi.from_url(server.url + "/openapi.json")[SELL_PATH]["POST"]
    assert "Sandbox only" in str(operation.definition.raw["summary"])
    conformance = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.ignored_auth,
    ]

    # Nothing is synchronised here, so a good order is refused too, and no order takes long.
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=25)
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=TOKEN, checks=conformance, timeout=HANG_SECONDS)

    check()


def test_the_answer_is_as_the_document_says(stocked: SandboxServer) -> None:
    operation = schemathesis.openapi.from_url(stocked.url + "/openapi.json")[SELL_PATH]["POST"]
    case = operation.Case(body={"days": 1, "receipts": 210, "seed": 3}, media_type="application/json")
    answer = case.call_and_validate(headers=TOKEN, checks=[checks.response_schema_conformance], timeout=HANG_SECONDS)
    assert answer.status_code == 200
