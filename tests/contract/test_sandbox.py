"""Protects the bundled CloudKasse: that it keeps the contract that the client is tested against.

Everything goes over a real socket. What the OpenAPI document promises is tested in test_sandbox_schema.py.
"""

import json
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support.patience import HANG_SECONDS

JSON = "application/json"
Item = dict[str, Any]


def company(**changes: Any) -> Item:
    empty = dict.fromkeys(
        ("name2", "street", "postal_code", "city", "vat_id", "tax_number", "phone", "email", "website")
    )
    return {"number": "1", "name": "Weltladen", "country": "DE", "currency": "EUR"} | empty | changes


def register(number: str = "K1", **changes: Any) -> Item:
    fields = {"name": "Laden", "price_group": "1", "warehouse": "1", "currency": "EUR", "active": True}
    return {"number": number} | fields | changes


def employee(**changes: Any) -> Item:
    return {"number": "M1", "first_name": "Zoë", "last_name": None, "display_name": "Zoë", "active": True} | changes


def article(number: Any = "A100", **changes: Any) -> Item:
    empty = dict.fromkeys(("description", "gtin", "group", "group_name", "unit", "tax_code"))
    flags = {"stock_item": True, "discountable": True, "open_price": False, "active": True}
    return {"number": number, "name": "Kaffee 250 g", "vat_rate": "19.00"} | empty | flags | changes


def price(number: str = "A100", **changes: Any) -> Item:
    period = {"valid_from": None, "valid_to": None}
    fields = {"price_group": "1", "min_quantity": "0.000", "gross_cents": 1190, "currency": "EUR", "active": True}
    return {"article": number} | fields | period | changes


class Cloud:
    """A client that adds nothing of its own but token and idempotency key."""

    def __init__(self, url: str, http: requests.Session) -> None:
        self.url = url
        self.http = http
        self.http.headers["Authorization"] = "Bearer sandbox"

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.http.get(self.url + path, params=parameters, timeout=HANG_SECONDS)

    def post(self, path: str, body: bytes, *, key: str | None = None, **headers: str) -> requests.Response:
        every = {"Idempotency-Key": key or uuid.uuid4().hex, "Content-Type": JSON} | headers
        return self.http.post(self.url + path, data=body, headers=every, timeout=HANG_SECONDS)

    def send(self, entity: str, *items: Any, key: str | None = None) -> list[dict[str, Any]]:
        answer = self.post(f"/v1/{entity}/batch", json.dumps({"items": items}).encode(), key=key)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    def refused(self, entity: str, item: Any) -> tuple[str, str]:
        [result] = self.send(entity, item)
        assert result["status"] == "rejected"
        assert result["error"]["message"]
        return result["error"]["code"], result["error"]["field"]


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(None, page_items=100) as running:
        yield running


@pytest.fixture
def cloud(server: SandboxServer) -> Iterator[Cloud]:
    with requests.Session() as session:
        yield Cloud(server.url, session)


@pytest.fixture
def shop(cloud: Cloud) -> Cloud:
    cloud.send("registers", register())
    cloud.send("articles", article())
    return cloud


@pytest.fixture(scope="module")
def strict() -> Iterator[Cloud]:
    """A shop for tests that leave it as they found it: starting a server for each of them takes too long."""
    with SandboxServer(None) as running, requests.Session() as session:
        client = Cloud(running.url, session)
        client.send("registers", register())
        client.send("articles", article())
        yield client


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


def assert_problem(answer: requests.Response, status: int, code: str) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem.keys() == {"type", "title", "status", "detail", "code"}


# --- token and errors


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic sandbox", "sandbox", "Bearer sandbox x"])
@pytest.mark.parametrize("path", ["/v1/status", "/v1/articles", "/v1/nothing", "/v1"])
def test_nothing_under_v1_answers_without_the_token(strict: Cloud, header: str | None, path: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(strict.url + path, headers=headers, timeout=HANG_SECONDS)
    assert_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/sandbox/requests"])
def test_documents_need_no_token(strict: Cloud, path: str) -> None:
    assert requests.get(strict.url + path, timeout=HANG_SECONDS).status_code == 200


def test_unknown_urls_and_methods_are_answered_with_problems(cloud: Cloud) -> None:
    assert_problem(cloud.get("/v1/nothing"), 404, "not_found")
    assert_problem(cloud.get("/v1/status/"), 404, "not_found")
    answer = cloud.http.delete(cloud.url + "/v1/status", timeout=HANG_SECONDS)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


def test_an_unexpected_failure_is_a_problem_without_its_details(
    server: SandboxServer, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise KeyError("inner matter")

    with monkeypatch.context() as broken:
        broken.setattr(server.store, "summary", fail)
        answer = cloud.get("/v1/status")
    assert_problem(answer, 500, "internal_error")
    assert "inner" not in answer.text
    assert answer.headers["Server-Timing"].startswith("app;dur=")
    assert cloud.get("/v1/status").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"", 400, "malformed", id="nothing"),
        pytest.param(b"{", 400, "malformed", id="cut short"),
        pytest.param(b'{"items": [NaN]}', 400, "malformed", id="NaN is not JSON"),
        pytest.param(b'{"items": ["\\ud800"]}', 400, "malformed", id="half a surrogate pair"),
        pytest.param(b'{"items": ["\xff"]}', 400, "malformed", id="not UTF-8"),
        pytest.param(b"[" * 100_000, 400, "malformed", id="deeper than any stack"),
        pytest.param(b"[]", 400, "malformed", id="no envelope"),
        pytest.param(b'{"items": {}}', 400, "malformed", id="items is no array"),
        pytest.param(b'{"items": []}', 400, "malformed", id="no items"),
        pytest.param(b'{"items": [1], "more": 1}', 400, "malformed", id="something beside the items"),
        pytest.param(b'{"items": [' + b"1," * 500 + b"1]}", 413, "too_many_items", id="501 items"),
        pytest.param(b" " * 10_000_000, 413, "body_too_large", id="10 MB"),
    ],
)
def test_a_body_that_is_no_batch_is_refused_and_not_remembered(
    strict: Cloud, body: bytes, status: int, code: str
) -> None:
    key = uuid.uuid4().hex
    assert_problem(strict.post("/v1/registers/batch", body, key=key), status, code)
    assert statuses(strict.send("registers", register(), key=key)) == ["unchanged"]


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json; charset=latin-1", "application/x-ndjson"])
def test_a_body_must_call_itself_json(strict: Cloud, kind: str) -> None:
    answer = strict.post("/v1/registers/batch", b'{"items": [1]}', **{"Content-Type": kind})
    assert_problem(answer, 400, "malformed")


def test_a_body_may_name_its_charset(cloud: Cloud) -> None:
    body = json.dumps({"items": [register()]}).encode()
    answer = cloud.post("/v1/registers/batch", body, **{"Content-Type": 'Application/JSON; charset="UTF-8"'})
    assert answer.status_code == 200


@pytest.mark.parametrize("size", [1, 10_000_000])
def test_a_refused_sender_hears_why_however_much_it_sends(strict: Cloud, size: int) -> None:
    answer = requests.post(strict.url + "/v1/articles/batch", data=b"x" * size, timeout=HANG_SECONDS)
    assert_problem(answer, 401, "unauthorized")


def test_a_body_cut_off_by_the_network_changes_nothing(server: SandboxServer, cloud: Cloud) -> None:
    body = json.dumps({"items": [register()]}).encode()
    head = "POST /v1/registers/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sandbox\r\nIdempotency-Key: k\r\n"
    head += f"Content-Type: {JSON}\r\nContent-Length: {len(body) + 1}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as raw:
        raw.sendall(head.encode() + body)
    time.sleep(0.1)
    assert cloud.get("/v1/registers").json()["items"] == []


# --- idempotency


def test_a_write_needs_an_idempotency_key(strict: Cloud) -> None:
    for key in (b"", b"\xe4", b"a b", b"x" * 256):
        headers: dict[str, str | bytes] = {"Idempotency-Key": key, "Content-Type": JSON}
        answer = strict.http.post(strict.url + "/v1/registers/batch", data=b"{}", headers=headers, timeout=HANG_SECONDS)
        assert_problem(answer, 400, "idempotency_key_required")


def test_the_same_key_and_body_give_the_same_bytes_although_the_cloud_has_changed(shop: Cloud) -> None:
    body = json.dumps({"items": [article("A1"), article("A2", gtin="1")]}).encode()
    first = shop.post("/v1/articles/batch", body, key="k")
    shop.send("articles", article("A1", name="Tee"))
    shop.send("registers", register(active=False))
    again = shop.post("/v1/articles/batch", body, key="k")
    assert (again.status_code, again.content) == (200, first.content)
    assert shop.get("/v1/articles").json()["items"][1]["name"] == "Tee"


def test_a_key_belongs_to_one_body_at_one_url(shop: Cloud) -> None:
    body = json.dumps({"items": [1]}).encode()
    assert shop.post("/v1/articles/batch", body, key="k").status_code == 200
    assert_problem(shop.post("/v1/articles/batch", body + b" ", key="k"), 422, "idempotency_key_reused")
    assert_problem(shop.post("/v1/prices/batch", body, key="k"), 422, "idempotency_key_reused")


def test_of_many_requests_with_one_key_one_does_the_work(shop: Cloud) -> None:
    body = json.dumps({"items": [article(f"N{number}") for number in range(500)]}).encode()
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: shop.post("/v1/articles/batch", body, key="k"), range(16)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert statuses(answers[0].json()["results"]) == ["created"] * 500
    assert shop.get("/v1/status").json()["counts"]["articles"] == {"active": 501, "total": 501}


def test_writers_at_the_same_time_do_not_lose_each_others_records(shop: Cloud) -> None:
    def write(writer: int) -> list[str]:
        return statuses(shop.send("articles", *(article(f"{writer}-{number}") for number in range(50))))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(write, range(8))) == [["created"] * 50] * 8
    assert shop.get("/v1/status").json()["counts"]["articles"] == {"active": 401, "total": 401}


# --- what becomes of an item


def test_an_item_is_created_updated_unchanged_retired_and_brought_back(shop: Cloud) -> None:
    retired = article("A1", active=False)
    steps = [
        (article("A1"), "created"),
        (article("A1", name="Tee"), "updated"),
        (article("A1", name="Tee"), "unchanged"),
        (retired, "deactivated"),
        (retired, "unchanged"),
        (article("A1"), "updated"),
    ]
    ids = set()
    for item, expected in steps:
        [result] = shop.send("articles", item)
        assert (result["key"], result["status"], result["error"]) == ("A1", expected, None)
        ids.add(result["id"])
    assert len(ids) == 1


def test_of_one_key_twice_in_a_batch_the_later_wins(shop: Cloud) -> None:
    results = shop.send("articles", article("A1"), article("A1", name="Tee"), article("A1", name="Tee"))
    assert statuses(results) == ["created", "updated", "unchanged"]
    assert len({result["id"] for result in results}) == 1
    assert shop.get("/v1/articles").json()["items"][1]["name"] == "Tee"


def test_a_rejected_item_does_not_hold_up_the_others(shop: Cloud) -> None:
    results = shop.send("articles", article("A1"), article("A2", gtin="4006381333932"), 7, article("A3"))
    assert [(result["index"], result["key"], result["status"]) for result in results] == [
        (0, "A1", "created"),
        (1, "A2", "rejected"),
        (2, "", "rejected"),
        (3, "A3", "created"),
    ]
    assert [result["id"] is None for result in results] == [False, True, True, False]


def test_a_rejected_change_leaves_the_record_as_it_was(shop: Cloud) -> None:
    [result] = shop.send("articles", article(name="x" * 81))
    assert result["id"] == shop.get("/v1/articles").json()["items"][0]["id"]
    assert shop.get("/v1/articles").json()["items"][0]["name"] == "Kaffee 250 g"


@pytest.mark.parametrize(
    ("entity", "item", "code", "field"),
    [
        ("articles", article(gtin="4006381333932"), "gtin_invalid", "gtin"),
        ("articles", article(gtin="4006-381333931"), "gtin_invalid", "gtin"),
        ("articles", article(gtin="٤٠٠٦٣٨١٣٣٣٩٣١"), "gtin_invalid", "gtin"),
        ("articles", article(name="x" * 81), "too_long", "name"),
        ("articles", article(name=""), "required", "name"),
        ("articles", article(name=None), "required", "name"),
        ("articles", article(unit=""), "invalid_value", "unit"),
        ("articles", article(number="A\n1"), "invalid_value", "number"),
        ("articles", article(number={"a": [1]}), "invalid_type", "number"),
        ("articles", article(active=1), "invalid_type", "active"),
        ("articles", article(vat_rate="19"), "invalid_value", "vat_rate"),
        ("articles", article(vat_rate=19.0), "invalid_type", "vat_rate"),
        ("articles", article(colour="red"), "unknown_field", "colour"),
        ("articles", {k: v for k, v in article().items() if k != "unit"}, "missing_field", "unit"),
        ("articles", [], "invalid_type", ""),
        ("articles", None, "invalid_type", ""),
        ("prices", price("A999"), "article_unknown", "article"),
        ("prices", price(gross_cents=-1), "price_negative", "gross_cents"),
        ("prices", price(gross_cents=11.9), "invalid_type", "gross_cents"),
        ("prices", price(gross_cents=True), "invalid_type", "gross_cents"),
        ("prices", price(gross_cents=10**30), "invalid_type", "gross_cents"),
        ("prices", price(gross_cents=2**63), "price_too_high", "gross_cents"),
        ("prices", price(price_group="9"), "price_group_unknown", "price_group"),
        ("prices", price(min_quantity="1"), "invalid_value", "min_quantity"),
        ("prices", price(valid_from="2026-02-30"), "date_invalid", "valid_from"),
        ("prices", price(valid_from="20260201"), "date_invalid", "valid_from"),
        ("prices", price(valid_from="2026-02-02", valid_to="2026-02-01"), "period_invalid", "valid_to"),
        ("companies", company(country="Germany"), "invalid_value", "country"),
        ("companies", company(currency="€"), "invalid_value", "currency"),
        ("employees", employee(display_name="x" * 81), "too_long", "display_name"),
        ("registers", register(currency="eur"), "invalid_value", "currency"),
    ],
)
def test_an_item_is_rejected_with_its_reason(strict: Cloud, entity: str, item: Any, code: str, field: str) -> None:
    assert strict.refused(entity, item) == (code, field)


def test_a_rejected_megabyte_is_not_sent_back(shop: Cloud) -> None:
    body = json.dumps({"items": [article("A" * 1_000_000), article(**{"f" * 1_000_000: 1})]}).encode()
    assert len(shop.post("/v1/articles/batch", body).content) < 2000


@pytest.mark.parametrize(
    ("entity", "item", "key"),
    [
        ("companies", company(), "1"),
        ("registers", register(name="x" * 80), "K1"),
        ("employees", employee(), "M1"),
        ("articles", article("Ä|1", gtin="40123455", description="😀\0"), "Ä|1"),
        ("prices", price(), "A100|1|0.000|"),
        ("prices", price(valid_from="2026-01-01", valid_to="2026-01-01", gross_cents=0), "A100|1|0.000|2026-01-01"),
    ],
)
def test_a_record_is_given_back_as_it_was_sent(shop: Cloud, entity: str, item: Item, key: str) -> None:
    [result] = shop.send(entity, item)
    assert (result["key"], result["status"] in {"created", "updated"}) == (key, True)
    assert shop.get(f"/v1/{entity}").json()["items"][-1] == item | {"id": result["id"]}


def test_numbers_with_a_bar_in_them_are_not_mixed_up(shop: Cloud) -> None:
    shop.send("registers", register(price_group="1"), register("K2", price_group="B|1"))
    shop.send("articles", article("A"), article("A|B"))
    results = shop.send("prices", price("A", price_group="B|1"), price("A|B", price_group="1"))
    assert statuses(results) == ["created", "created"]
    assert results[0]["key"] == results[1]["key"]


def test_a_price_can_be_retired_after_the_last_register_left_its_group(shop: Cloud) -> None:
    shop.send("prices", price())
    shop.send("registers", register(price_group="2"))
    assert statuses(shop.send("prices", price(), price(active=False))) == ["unchanged", "deactivated"]


@pytest.mark.parametrize("entity", ["articles", "prices"])
def test_articles_and_prices_need_an_active_register(cloud: Cloud, entity: str) -> None:
    body = json.dumps({"items": [article() if entity == "articles" else price()]}).encode()
    assert_problem(cloud.post(f"/v1/{entity}/batch", body, key="k"), 409, "register_required")
    cloud.send("registers", register(active=False))
    assert_problem(cloud.post(f"/v1/{entity}/batch", body, key="k"), 409, "register_required")
    cloud.send("registers", register())
    assert cloud.post(f"/v1/{entity}/batch", body, key="k").status_code == 200


def test_the_licence_counts_active_articles() -> None:
    with SandboxServer(None, article_limit=2) as server, requests.Session() as session:
        cloud = Cloud(server.url, session)
        cloud.send("registers", register())
        results = cloud.send("articles", article("A1"), article("A2"), article("A3"), article("A4", active=False))
        assert statuses(results) == ["created", "created", "rejected", "created"]
        assert results[2]["error"]["code"] == "limit_reached"
        results = cloud.send(
            "articles", article("A2", name="x"), article("A1", active=False), article("A4"), article("A1")
        )
        assert statuses(results) == ["updated", "deactivated", "updated", "rejected"]
