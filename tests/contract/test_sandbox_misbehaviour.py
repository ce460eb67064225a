"""Protects the sandbox's misbehaviour: each fault is the real one on a real connection, and a seed repeats it.

What the program makes of all this is in tests/faults.
"""

import datetime as dt
import json
import socket
import uuid
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.faults import faults_endpoint
from cloudkasse_etl.sandbox.faults.body_faults import UNKNOWN_FIELD
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.faults.faults_endpoint import misbehave_remotely
from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support.patience import HANG_SECONDS, wait_until

TOKEN = {"Authorization": "Bearer sandbox"}
REGISTER = {"number": "K1", "name": "Laden", "price_group": "1", "warehouse": None, "currency": None, "active": True}
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxServer]:
    with SandboxServer(None, page_items=3) as server:
        server.store.deliver_receipts({"id": f"R{number}", "tse": {"a": 1}} for number in range(8))
        yield server


@pytest.fixture
def server(running: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    monkeypatch.setattr(faults_endpoint, "TIMEOUT_SECONDS", HANG_SECONDS)
    yield running
    running.control.set(FaultPlan())


def get(server: SandboxServer, path: str = "/v1/receipts", **query: Any) -> requests.Response:
    return requests.get(server.url + path, params=query, headers=TOKEN, timeout=HANG_SECONDS)


def post(server: SandboxServer, name: str) -> requests.Response:
    headers = TOKEN | {"Idempotency-Key": uuid.uuid4().hex}
    items = [REGISTER | {"number": name}]
    url = server.url + "/v1/registers/batch"
    return requests.post(url, json={"items": items}, headers=headers, timeout=HANG_SECONDS)


def misbehave(server: SandboxServer, faults: str) -> None:
    server.control.set(FaultPlan.parse(faults))


def holds(server: SandboxServer, name: str) -> bool:
    return any(record["number"] == name for record in server.store.records("registers"))


def chain(server: SandboxServer, calm_after: int = 1000) -> tuple[list[list[str]], str]:
    """The ids on all pages to the end, and the last cursor."""
    pages, cursor = [], None
    for number in range(20):
        if number == calm_after:
            misbehave(server, "off")
        page = get(server, after=cursor).json()
        pages.append([item["id"] for item in page["items"]])
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return pages, cursor
    pytest.fail("no end")


@pytest.mark.parametrize(("fault", "status"), [("rate_limited", 429), ("unavailable", 503)])
def test_retry_after_comes_in_both_forms_by_the_clouds_own_clock(
    server: SandboxServer, fault: str, status: int
) -> None:
    misbehave(server, f"{fault}:1,retry_after_seconds=7")
    forms = set()
    for _ in range(12):
        answer = get(server)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        asked = answer.headers["Retry-After"]
        forms.add(asked.isdigit())
        if asked.isdigit():
            assert asked == "7"
        else:
            waits = parsedate_to_datetime(asked) - parsedate_to_datetime(answer.headers["Date"])
            assert waits == dt.timedelta(seconds=7)
    assert forms == {True, False}


@pytest.mark.parametrize(
    ("fault", "done"), [("closed_before", {False}), ("closed_after", {True}), ("cut_body", {True})]
)
def test_a_broken_connection_is_a_broken_connection_and_the_work_is_done_or_not(
    server: SandboxServer, fault: str, done: set[bool]
) -> None:
    misbehave(server, f"{fault}:1")
    names = [f"{fault}{number}" for number in range(12)]
    for name in names:
        with pytest.raises(BROKEN):
            post(server, name)
    assert {holds(server, name) for name in names} == done


@pytest.mark.parametrize("fault", ["closed_before", "closed_after"])
def test_connections_are_reset_and_closed_in_order(server: SandboxServer, fault: str) -> None:
    misbehave(server, f"{fault}:1")
    assert {ending(server) for _ in range(12)} == {"reset", "closed"}


def ending(server: SandboxServer) -> str:
    """How the server ends the connection of a request that has been sent as a whole.

    By a bare socket: who is still sending, as `requests` may be, meets a reset as a broken pipe or as no answer at all.
    """
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=HANG_SECONDS) as connection:
        connection.sendall(
            f"GET /v1/receipts HTTP/1.1\r\nHost: sandbox\r\nAuthorization: {TOKEN['Authorization']}\r\n\r\n".encode()
        )
        try:
            answer = connection.recv(1)
        except ConnectionResetError:
            return "reset"
    assert not answer
    return "closed"


@pytest.mark.parametrize("fault", ["server_error", "proxy_page"])
def test_a_failing_server_or_proxy_has_passed_the_work_on_or_not(server: SandboxServer, fault: str) -> None:
    misbehave(server, f"{fault}:1")
    names = [f"{fault}{number}" for number in range(12)]
    answers = [post(server, name) for name in names]
    if fault == "server_error":
        assert {answer.status_code for answer in answers} == {500}
    else:
        assert {answer.status_code for answer in answers} == {200, 502, 504}
        assert {answer.headers["Content-Type"] for answer in answers} == {"text/html; charset=utf-8"}
    assert {holds(server, name) for name in names} == {True, False}


def test_a_slow_answer_comes_after_the_client_has_gone_and_the_work_is_done(server: SandboxServer) -> None:
    misbehave(server, "slow:1,slow_seconds=5")
    for number in range(4):
        headers = TOKEN | {"Idempotency-Key": uuid.uuid4().hex}
        items = [REGISTER | {"number": f"slow{number}"}]
        url = server.url + "/v1/registers/batch"
        # the patience is for the answer alone: to connect takes as long as it takes
        with pytest.raises(requests.ReadTimeout):
            requests.post(url, json={"items": items}, headers=headers, timeout=(HANG_SECONDS, 0.1))
    assert server.control.under_way == 4
    wait_until(lambda: all(holds(server, f"slow{number}") for number in range(4)), "the work is not done")
    wait_until(lambda: not server.control.under_way, "a slow request is not answered")
    misbehave(server, "slow:1,slow_seconds=0.3")
    assert get(server).elapsed.total_seconds() > 0.29


def test_items_come_again_and_none_is_missing(server: SandboxServer) -> None:
    expected = [f"R{number}" for number in range(8)]
    misbehave(server, "repeated_items:1")
    pages, _ = chain(server)
    found = [name for page in pages for name in page]
    assert sorted(set(found)) == expected
    assert len(found) > len(expected)
    assert any(name in page for name in pages[0] for page in pages[1:]), "items of an earlier page"


@pytest.mark.parametrize("calm_after", [1, 2, 1000])
def test_swapped_pages_lose_nothing_whenever_it_ends(server: SandboxServer, calm_after: int) -> None:
    misbehave(server, "swapped_pages:1")
    pages, last = chain(server, calm_after)
    assert pages[:2] == [["R3", "R4", "R5"], ["R0", "R1", "R2"]]
    assert sorted(name for page in pages for name in page) == [f"R{number}" for number in range(8)]
    assert last == get(server, "/v1/status").json()["heads"]["receipts"]


def test_what_arrives_between_two_swapped_pages_is_not_lost() -> None:
    with SandboxServer(None, page_items=3) as server:
        server.store.deliver_receipts({"id": f"R{number}"} for number in range(5))
        misbehave(server, "swapped_pages:1")
        swapped = get(server).json()
        assert [item["id"] for item in swapped["items"]] == ["R3", "R4"]
        misbehave(server, "off")
        server.store.deliver_receipts([{"id": "R5"}])
        left_out = get(server, after=swapped["next_cursor"]).json()
        assert [item["id"] for item in left_out["items"]] == ["R0", "R1", "R2"]
        assert left_out["has_more"]
        assert [item["id"] for item in get(server, after=left_out["next_cursor"]).json()["items"]] == ["R5"]
        assert get(server, after="swapped.bm9uc2Vuc2U").status_code == 410


def test_a_cursor_stands_still_and_another_one_is_forgotten(server: SandboxServer) -> None:
    cursor = get(server).json()["next_cursor"]
    misbehave(server, "standing_cursor:1")
    page = get(server, after=cursor).json()
    assert (page["next_cursor"], page["has_more"]) == (cursor, True)
    misbehave(server, "expired_cursor:1")
    assert get(server, after=cursor).status_code == 410
    assert get(server).status_code == 200


def test_new_fields_stand_in_every_object_that_the_contract_describes(server: SandboxServer) -> None:
    misbehave(server, "unknown_fields:1")
    page = get(server).json()
    assert UNKNOWN_FIELD in page
    assert all(UNKNOWN_FIELD in item and item["tse"] == {"a": 1} for item in page["items"])


def test_one_field_has_a_wrong_type(server: SandboxServer) -> None:
    right = get(server).json()
    misbehave(server, "wrong_types:1")
    wrong = [get(server).json() for _ in range(12)]
    assert all(page != right for page in wrong)
    assert len({json.dumps(page) for page in wrong}) > 3


def test_a_clock_that_is_off_is_off_in_body_and_header(server: SandboxServer) -> None:
    misbehave(server, "clock_off:1")
    offsets = set()
    for _ in range(8):
        answer = get(server, "/v1/status")
        now = dt.datetime.now(dt.UTC)
        body = dt.datetime.fromisoformat(answer.json()["time"]) - now
        header = parsedate_to_datetime(answer.headers["Date"]) - now
        assert abs((body - header).total_seconds()) < 5
        offsets.add(round(body.total_seconds() / 3600))
    assert offsets == {-1, 1}


def test_the_same_seed_repeats_the_same_faults_and_another_one_does_not(server: SandboxServer) -> None:
    def outcomes(seed: int) -> list[str]:
        misbehave(server, f"all:0.5,seed={seed},slow_seconds=0,retry_after_seconds=0")
        found = []
        for _ in range(40):
            try:
                answer = get(server)
                found.append(f"{answer.status_code} {answer.headers.get('Retry-After', '').isdigit()}")
            except BROKEN:
                found.append("broken")
        return found

    first = outcomes(7)
    assert outcomes(7) == first
    assert outcomes(8) != first
    assert 10 <= sum(server.control.done.values()) <= 30
    assert len(server.control.done) > 5


def test_it_is_steered_while_it_runs_and_says_what_it_has_done(server: SandboxServer) -> None:
    state = misbehave_remotely(server.url, "sandbox", "server_error:1")
    assert state == {"faults": "server_error:1,seed=1,slow_seconds=65,retry_after_seconds=1", "done": {}}
    get(server)
    assert get(server, "/sandbox/faults").json()["done"] == {"server_error": 1}
    assert get(server, "/sandbox/requests").status_code == 200, "what is the sandbox's own never goes wrong"
    assert misbehave_remotely(server.url, "sandbox", "off") == {"faults": "off", "done": {}}
    assert get(server).status_code == 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cut:0.1", "no fault 'cut'.*cut_body"),
        ("all:20", "no share from 0 to 1"),
        ("all:x", "no share"),
        ("all:nan", "no share"),
        ("all:0.6,slow:0.5", "more than 1"),
        ("seed=x", "cannot be read at 'seed=x'"),
        ("slow_seconds=-1", "cannot be read"),
        ("al", 'Write it like "all:0.2,seed=7"'),
    ],
)
def test_what_cannot_be_read_is_told_with_what_there_is(server: SandboxServer, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        FaultPlan.parse(text)
    order = {"faults": text}
    answer = requests.post(server.url + "/sandbox/faults", json=order, headers=TOKEN, timeout=HANG_SECONDS)
    assert answer.status_code == 400


def test_a_sandbox_that_is_not_there_or_takes_another_token_is_told(server: SandboxServer) -> None:
    with pytest.raises(ConfigurationError, match="token"):
        misbehave_remotely(server.url, "wrong", "off")
    with pytest.raises(ConfigurationError, match="cannot be reached"):
        misbehave_remotely("http://127.0.0.1:9", "sandbox", "off")
    assert FaultPlan.parse(str(FaultPlan.parse("all:0.25,slow:0.1,seed=3"))) == FaultPlan.parse(
        "slow:0.1,all:0.25,seed=3"
    )
