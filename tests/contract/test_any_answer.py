"""Protects the client from whatever answers: any JSON or bytes, at every endpoint, end in an error or a rejection."""

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.errors import CloudkasseError, ContractError
from cloudkasse_etl.http import transport
from cloudkasse_etl.schemas.lenient_json import read_json
from cloudkasse_etl.schemas.wire_receipts import MalformedError, parse_receipt
from cloudkasse_etl.tills.cloudkasse.client import CloudClient
from tests.support.receipts.receipt_factory import item, line
from tests.support.servers.scripted_server import API, Reply, ScriptedServer, articles, client, status
from tests.support.torture.torture_figures import LONG, Promise, holds

ONCE = API.model_copy(update={"attempts": 1})
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("A0")
ANY = st.recursive(
    PLAIN, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part), max_leaves=6
)
KNOWN = [
    "items", "next_cursor", "has_more", "results", "index", "key", "status", "id", "error", "code", "number", "active",
    "api_version", "time", "company", "limits", "counts", "heads", "receipts", "closings", "batch_items", "page_items",
]  # fmt: skip
# Half of it nearly right: names of the contract, with anything in them.
NEAR = st.recursive(
    ANY,
    lambda part: st.dictionaries(st.sampled_from(KNOWN), part, max_size=6) | st.lists(part, max_size=3),
    max_leaves=9,
)
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 400, 409, 410, 413, 422, 500])


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(lambda _: Reply()) as running:
        yield running


CALLS: dict[str, Callable[[CloudClient], Any]] = {
    "status": lambda opened: opened.status(),
    "records": lambda opened: list(opened.records("articles")),
    "pages": lambda opened: [read_json(text) for page in opened.pages("receipts", None) for text in page.texts],
    "batch": lambda opened: list(opened.send("articles", articles(2))),
}


@pytest.mark.parametrize("name", CALLS)
@given(answer=NEAR | st.binary(max_size=30), code=STATUSES)
@settings(max_examples=600 if LONG else 60)
def test_any_answer_ends_in_a_clear_error_or_a_result(
    server: ScriptedServer, name: str, answer: Any, code: int
) -> None:
    disturbed = Reply(code, b"" if code == 204 else answer)
    path = {"records": "/v1/articles", "pages": "/v1/receipts", "batch": "/v1/articles/batch"}.get(name, "/v1/status")
    server.script = lambda request: disturbed if request.path == path else status()
    with client(server.url, api=ONCE) as opened:
        try:
            found = CALLS[name](opened)
        except CloudkasseError as error:
            found, message, hint = [], error.message, error.hint
        else:
            message, hint = "", None
    assert not message or (message.endswith(".") and hint)
    if name == "batch" and not message:
        results = [result for outcome in found for result in outcome.results]
        assert len(results) == 2, "each record comes back once"
    holds(Promise.BAD_INPUT)


def test_a_list_of_records_without_keys_is_no_list(server: ScriptedServer) -> None:
    page = Reply(body={"items": [{"id": "x"}], "next_cursor": None})
    server.script = lambda request: page if request.path == "/v1/articles" else status()
    with client(server.url, api=ONCE) as opened, pytest.raises(CloudkasseError, match="not as the contract says"):
        list(opened.records("articles"))


BROKEN: dict[str, tuple[bytes, bytes, bool]] = {
    "half an emoji in a text": (b'"text": "Umsatz"', b'"text": "\\ud83d"', True),
    "half an emoji in an id": (b'"R1"', b'"R\\ude00"', True),
    "a byte that is no UTF-8": (b'"K1"', b'"K\xff"', True),
    "a tab in a text": (b'"K1"', b'"K\t1"', True),
    "NaN": (b"4711", b"NaN", False),
    "minus infinity": (b"4711", b"-Infinity", False),
    "a number beyond floats": (b"4711", b"1e999", False),
    "a number of 5,000 digits": (b"4711", b"9" * 5000, False),
    "a number as a text": (b"4711", b'"4711"', False),
    "a key twice": (b'"number": 4711', b'"number": 1, "number": 2', True),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_receipt_of_broken_text_does_not_hold_up_its_page(server: ScriptedServer, name: str) -> None:
    old, new, is_good = BROKEN[name]
    good = json.dumps(item(line(), id="G", number=12)).encode()
    broken = json.dumps(item(line(), id="R1", number=4711)).encode()
    assert old in broken
    body = b'{"items": [' + broken.replace(old, new) + b", " + good + b'], "next_cursor": "c", "has_more": false}'
    server.script = lambda request: Reply(body=body) if request.path == "/v1/receipts" else status()
    with client(server.url, api=ONCE) as opened:
        (page,) = list(opened.pages("receipts", None))
    first, second = map(read_json, page.texts)
    assert parse_receipt(second).id == "G"
    json.dumps(first).encode("utf-8")
    try:
        parse_receipt(first)
    except MalformedError:
        assert not is_good
    else:
        assert is_good


def test_texts_that_differ_in_half_a_character_still_differ(server: ScriptedServer) -> None:
    body = b'{"items": [{"id": "\\ud83d"}, {"id": "\\ud83e"}, {"id": "\xff"}], "next_cursor": "c", "has_more": false}'
    server.script = lambda request: Reply(body=body) if request.path == "/v1/receipts" else status()
    with client(server.url, api=ONCE) as opened:
        (page,) = list(opened.pages("receipts", None))
    assert len({found["id"] for found in map(read_json, page.texts)}) == 3


@pytest.mark.parametrize("body", [b'{"a":' * 5000, b'{"items":' + b"[" * 2000 + b"]" * 2000 + b"}"])
def test_an_answer_nested_beyond_bounds_is_none(server: ScriptedServer, body: bytes) -> None:
    server.script = lambda request: Reply(body=body)
    with client(server.url, api=ONCE) as opened, pytest.raises(ContractError, match="not CloudKasse's JSON"):
        opened.status()


def test_a_small_answer_that_unpacks_to_a_huge_one_is_given_up(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 2**20)
    bomb = Reply(body=gzip.compress(bytes(64 * 2**20), 1), headers={"Content-Encoding": "gzip"})
    server.script = lambda request: bomb
    tracemalloc.start()
    try:
        with client(server.url, api=ONCE) as opened, pytest.raises(CloudkasseError):
            opened.status()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 * 2**20, "not even half of it was ever unpacked"
