"""Protects what the bundled CloudKasse keeps and gives back: pages, feeds, status, and its life as a process.

A kill at any moment, a restart, a second process at the same file, a wrong file: nothing that was answered is lost,
and nothing is half there. What becomes of an item is tested in test_sandbox.py.
"""

import contextlib
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox import app as cloud_app
from cloudkasse_etl.sandbox import gate, web_server
from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import Limits
from cloudkasse_etl.sandbox.server import SandboxServer, serve
from tests.support.patience import HANG_SECONDS, calls_of, wait_until
from tests.support.servers.sandbox_calls import HEADERS, assert_problem, batch, get, post, process

# Twice what is usual. A loop within the loop over the items would come to hundreds.
CALLS_AN_ITEM = 26


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(None, page_items=100) as running:
        yield running


# --- pages and feeds


def test_all_records_come_in_pages_once_each_and_retired_ones_too(server: SandboxServer) -> None:
    numbers = [f"K{number}" for number in range(250)]
    post(server.url, batch(*numbers))
    post(server.url, batch("K7").replace(b"true", b"false"))
    items: list[dict[str, Any]] = []
    cursor, sizes = "", []
    while cursor is not None:
        page = get(server.url, "/v1/registers", cursor=cursor, limit="").json()
        sizes.append(len(page["items"]))
        items += page["items"]
        cursor = page["next_cursor"]
        post(server.url, batch("K3", name=f"changed {len(items)}"))
    assert sizes == [100, 100, 50]
    assert [item["number"] for item in items] == numbers
    assert [item["number"] for item in items if not item["active"]] == ["K7"]


def test_what_is_created_between_two_pages_comes_on_the_later_one(server: SandboxServer) -> None:
    post(server.url, batch("K1", "K2", "K3"))
    cursor = get(server.url, "/v1/registers", limit=2).json()["next_cursor"]
    post(server.url, batch("K4"))
    page = get(server.url, "/v1/registers", limit=2, cursor=cursor).json()
    assert [item["number"] for item in page["items"]] == ["K3", "K4"]
    assert page["next_cursor"] is None


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1.5", "x", "1_0", "٣", " 1", "9" * 5000])
@pytest.mark.parametrize("path", ["/v1/registers", "/v1/receipts"])
def test_a_limit_out_of_range_is_refused(server: SandboxServer, path: str, limit: str) -> None:
    assert_problem(get(server.url, path, limit=limit), 400, "limit_invalid")


def test_a_cursor_of_another_list_or_sandbox_or_of_nothing_has_expired(server: SandboxServer) -> None:
    server.store.deliver_receipts([{"id": "1"}])
    heads = get(server.url, "/v1/status").json()["heads"]
    with contextlib.closing(Store(None)) as other:
        other.deliver_receipts([{"id": "1"}])
        foreign = other.summary()["heads"]["receipts"]
    for cursor in (heads["closings"], foreign, heads["receipts"] + "=", "x", "é", "====", "\0", "A" * 5000):
        assert_problem(get(server.url, "/v1/receipts", after=cursor), 410, "cursor_expired")
    assert_problem(get(server.url, "/v1/registers", cursor=heads["receipts"]), 410, "cursor_expired")
    twice = requests.get(server.url + "/v1/receipts?after=a&after=b", headers=HEADERS, timeout=HANG_SECONDS)
    assert_problem(twice, 400, "malformed")


@pytest.mark.parametrize("feed", ["receipts", "closings"])
def test_a_feed_follows_the_order_of_arrival_and_ends_at_its_head(server: SandboxServer, feed: str) -> None:
    deliver = getattr(server.store, f"deliver_{feed}")
    late_and_twice = [{"id": str(number % 7), "text": "Käse\u2028"} for number in (5, 3, 4, 3, 12)]
    empty = get(server.url, f"/v1/{feed}").json()
    assert empty == {"items": [], "next_cursor": get(server.url, "/v1/status").json()["heads"][feed], "has_more": False}
    deliver(late_and_twice)
    server.store.deliver_receipts([{"id": "between"}])
    cursor, pages = empty["next_cursor"], list[Any]()
    while not pages or pages[-1]["has_more"]:
        pages.append(get(server.url, f"/v1/{feed}", after=cursor, limit=2).json())
        cursor = pages[-1]["next_cursor"]
    items = [item for page in pages for item in page["items"]]
    assert [item for item in items if item["id"] != "between"] == late_and_twice
    assert cursor == get(server.url, "/v1/status").json()["heads"][feed]
    deliver([{"id": "new"}])
    assert get(server.url, f"/v1/{feed}", after=cursor).json()["items"] == [{"id": "new"}]


def test_the_status_tells_what_the_cloud_holds(server: SandboxServer) -> None:
    status = get(server.url, "/v1/status").json()
    assert (status["api_version"], status["company"]) == ("1.0", None)
    assert status["limits"] == {"batch_items": 500, "page_items": 100}
    post(server.url, batch("K1", "K2"))
    post(server.url, batch("K2").replace(b"true", b"false"))
    nothing = {"active": 0, "total": 0}
    counts = get(server.url, "/v1/status").json()["counts"]
    assert counts == dict.fromkeys(Entity, nothing) | {"registers": {"active": 1, "total": 2}}


def test_requests_are_counted_for_tests_in_this_and_other_processes(server: SandboxServer) -> None:
    get(server.url, "/v1/status")
    get(server.url, "/v1/status")
    requests.get(server.url + "/v1/status", timeout=HANG_SECONDS)
    assert server.requests == [("GET", "/v1/status", 200)] * 2 + [("GET", "/v1/status", 401)]
    for _ in range(2):
        assert get(server.url, "/sandbox/requests").json()["requests"] == [
            {"method": "GET", "path": "/v1/status", "status": 200, "count": 2},
            {"method": "GET", "path": "/v1/status", "status": 401, "count": 1},
        ]


def test_a_batch_costs_a_few_calls_an_item_however_many_there_are(server: SandboxServer) -> None:
    def calls(count: int) -> int:
        body = batch(*(f"K{number}" for number in range(count)), name=f"{count} at once")
        return calls_of(
            lambda: server.store.write_batch(Entity.REGISTERS, body, key=f"{count}", limits=Limits(batch_items=count))
        )

    few, many = calls(50), calls(500)
    assert (many - few) / 450 < CALLS_AN_ITEM


# --- life of a server


def test_leaving_the_block_ends_thread_and_socket_and_waits_for_no_idle_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def patient(app: ASGIApp) -> uvicorn.Config:
        found = config(app)
        found.timeout_graceful_shutdown = found.timeout_keep_alive = int(2 * HANG_SECONDS)
        return found

    config = web_server._config
    monkeypatch.setattr(web_server, "_config", patient)  # who waits for the client waits for long
    before = set(threading.enumerate())
    with SandboxServer(None) as server, requests.Session() as idle:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _, url=server.url: post(url, batch("K1")), range(20)))
        idle.get(server.url + "/openapi.json", timeout=HANG_SECONDS)
        began = time.monotonic()
        server.__exit__(None, None, None)
        waited = time.monotonic() - began
    assert waited < HANG_SECONDS
    assert set(threading.enumerate()) == before
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=HANG_SECONDS)


@pytest.mark.parametrize("token", ["sandbox", "wrong"])
def test_a_client_that_is_still_sending_is_told_that_the_server_stops(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noticing(token: str) -> Callable[[Scope], Response | None]:
        check = gate.token_check(token)

        def noticed(scope: Scope) -> Response | None:
            under_way.append(True)
            return check(scope)

        return noticed

    under_way: list[bool] = []
    monkeypatch.setattr(cloud_app, "token_check", noticing)
    head = f"POST /v1/registers/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: k\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    with SandboxServer(None) as server:
        slow = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
        slow.sendall(head.encode())
        wait_until(lambda: under_way, "the request does not arrive")
    with slow, slow.makefile("rb") as answer:
        assert answer.readline() == b"HTTP/1.1 503 Service Unavailable\r\n"
        assert b'"code":"stopping"' in answer.read()
    assert server.requests == [("POST", "/v1/registers/batch", 503)]


def test_a_port_in_use_is_an_error_before_anything_is_announced(tmp_path: Path) -> None:
    announced: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=str(port)):
            serve(tmp_path / "cloud.db", port=port, token="t", announce=announced.append)
        with pytest.raises(ConfigurationError, match=str(port)), SandboxServer(None, port=port):
            pass
    with pytest.raises(ConfigurationError, match="99999"):
        serve(tmp_path / "cloud.db", port=99999, token="t", announce=announced.append)
    assert announced == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with process(tmp_path / "cloud.db") as (running, url), requests.Session() as idle:
        idle.get(url + "/v1/status", timeout=HANG_SECONDS)
        running.send_signal(number)
        assert running.communicate(timeout=HANG_SECONDS)[0] == "ended\n"
        assert running.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["cloud.db"]


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread")
def test_serving_returns_to_its_caller_and_gives_the_signals_back(tmp_path: Path) -> None:
    former = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    urls: list[str] = []

    def announce(url: str) -> None:
        urls.append(url)
        signal.raise_signal(signal.SIGTERM)

    serve(tmp_path / "cloud.db", port=0, token="t", announce=announce)
    assert len(urls) == 1
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == former


def test_a_restart_keeps_records_feeds_cursors_and_answers(tmp_path: Path) -> None:
    data = tmp_path / "cloud.db"
    with SandboxServer(data) as server:
        first = post(server.url, batch("K1", "K2"), "k").content
        server.store.deliver_receipts([{"id": "1"}, {"id": "2"}])
        cursor = get(server.url, "/v1/receipts", limit=1).json()["next_cursor"]
        held = get(server.url, "/v1/registers").content
    with SandboxServer(data) as server:
        assert post(server.url, batch("K1", "K2"), "k").content == first
        assert get(server.url, "/v1/registers").content == held
        assert get(server.url, "/v1/receipts", after=cursor).json()["items"] == [{"id": "2"}]


def test_a_kill_in_the_middle_of_writing_leaves_whole_batches_only(tmp_path: Path) -> None:
    data = tmp_path / "cloud.db"
    sent: dict[str, bytes] = {}
    answered: dict[str, bytes] = {}

    def write(writer: str) -> None:
        with contextlib.suppress(requests.RequestException):
            for number in range(10_000):
                key = f"{writer}-{number}"
                sent[key] = batch(*(f"{key}-{item}" for item in range(100)))
                answered[key] = post(url, sent[key], key).content

    for _ in range(3):
        with process(data) as (running, url), ThreadPoolExecutor(4) as threads:
            enough = len(answered) + 20
            writers = [threads.submit(write, uuid.uuid4().hex[:8]) for _ in range(4)]
            while len(answered) < enough:
                time.sleep(0.02)
            os.kill(running.pid, signal.SIGKILL)
            for writer in writers:
                writer.result()
    assert answered
    assert len(sent) > len(answered)
    with SandboxServer(data) as server:
        total = get(server.url, "/v1/status").json()["counts"]["registers"]["total"]
        assert total % 100 == 0
        assert total // 100 in range(len(answered), len(sent) + 1)
        for key, body in sent.items():
            content = post(server.url, body, key).content
            assert content.count(b'"created"') == 100
            assert content == answered.get(key, content)
        assert get(server.url, "/v1/status").json()["counts"]["registers"]["total"] == len(sent) * 100
