"""Protects the client from whatever answers: any JSON or bytes, at every endpoint, end in an error or a rejection."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted_server import API, Reply, ScriptedServer, articles, client, status

from cloudkasse_etl.cloudkasse.client import CloudClient
from cloudkasse_etl.errors import CloudkasseError

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
    "pages": lambda opened: list(opened.pages("receipts", None)),
    "batch": lambda opened: list(opened.send("articles", articles(2))),
}


@pytest.mark.parametrize("name", CALLS)
@given(answer=NEAR | st.binary(max_size=30), code=STATUSES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
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


def test_a_list_of_records_without_keys_is_no_list(server: ScriptedServer) -> None:
    page = Reply(body={"items": [{"id": "x"}], "next_cursor": None})
    server.script = lambda request: page if request.path == "/v1/articles" else status()
    with client(server.url, api=ONCE) as opened, pytest.raises(CloudkasseError, match="not as the contract says"):
        list(opened.records("articles"))
