"""Protects what is read from CloudKasse: its status, what it holds, and what has arrived (docs/cloudkasse-api.md).

A broken chain of pages is never taken for all there is, and ends; a stray entry holds up nothing.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.tills.cloudkasse import pagination
from cloudkasse_etl.tills.port import CursorExpired
from tests.support.servers.scripted_server import (
    Reply,
    Request,
    Script,
    client,
    cloud,
    in_turn,
    problem,
    status,
)

# --- status and pages


def test_the_status_tells_limits_counts_heads_and_how_far_the_clocks_are_apart() -> None:
    def ahead(_: Request) -> Reply:
        clock = datetime.now(UTC) + timedelta(seconds=90)
        return status(time=clock.isoformat(), company={"number": "1", "name": None})

    with cloud(ahead) as (opened, server, _):
        began = datetime.now(UTC)
        found = opened.status()
        took_seconds = (datetime.now(UTC) - began).total_seconds()
    assert (found.company_number, found.company_name) == ("1", None)
    assert (found.batch_items, found.page_items, found.counts) == (500, 1000, {"articles": 7})
    assert found.heads == {"receipts": "r9", "closings": "c3"}
    assert found.clock_offset_seconds == pytest.approx(90, abs=took_seconds)
    assert server.requests[0].headers["user-agent"].startswith("cloudkasse-etl/")


def paged(**pages: Any) -> Script:
    """Pages by the cursor that is asked for; `start` is the first."""

    def script(request: Request) -> Reply:
        if request.path == "/v1/status":
            return status()
        return Reply(body=pages[request.query.get("cursor") or request.query.get("after") or "start"])

    return script


def test_records_are_read_page_by_page_to_the_end() -> None:
    pages = {"start": {"items": [{"number": "1"}], "next_cursor": "b"}, "b": {"items": [], "next_cursor": None}}
    with cloud(paged(**pages)) as (opened, server, _):
        assert list(opened.records("articles")) == [[{"number": "1"}], []]
    assert server.requests[-1].query == {"cursor": "b", "limit": "1000"}


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        pytest.param(
            {"start": {"items": [{"number": "1"}], "next_cursor": "start"}}, "in a circle", id="standing cursor"
        ),
        pytest.param(
            {
                "start": {"items": [{"number": "1"}], "next_cursor": "b"},
                "b": {"items": [{"number": "1"}], "next_cursor": "start"},
            },
            "in a circle",
            id="two pages that point at each other",
        ),
        pytest.param(
            {"start": {"items": [{"number": "1"}]}}, "not as the contract", id="no next_cursor is not the end"
        ),
        pytest.param({"start": {"items": ["A1"], "next_cursor": None}}, "not as the contract", id="no object"),
    ],
)
def test_a_broken_chain_of_records_is_never_taken_for_all_there_is(pages: dict[str, Any], words: str) -> None:
    with cloud(paged(**pages)) as (opened, _, _), pytest.raises(ContractError, match=words):
        list(opened.records("articles"))


@pytest.mark.parametrize("items", [[], [{"number": "1"}]], ids=["empty pages", "full pages"])
def test_pages_without_end_are_given_up(items: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MAX_PAGES", 20)
    monkeypatch.setattr(pagination, "MAX_EMPTY_PAGES", 10)

    def script(request: Request) -> Reply:
        cursor = str(int(request.query.get("cursor", 0)) + 1)
        return status() if request.path == "/v1/status" else Reply(body={"items": items, "next_cursor": cursor})

    with cloud(script) as (opened, _, _), pytest.raises(ContractError, match="do not come to an end"):
        list(opened.records("articles"))


def test_receipts_are_read_from_the_cursor_on_and_each_entry_comes_as_it_is() -> None:
    pages = {
        "r1": {"items": [{"id": "x"}, "stray"], "next_cursor": "r2", "has_more": True},
        "r2": {"items": [], "next_cursor": "r2", "has_more": False},
    }
    with cloud(paged(**pages)) as (opened, server, _):
        first, last = opened.pages("receipts", "r1", 50)
    assert ([*map(orjson.loads, first.texts)], first.next_cursor) == ([{"id": "x"}, "stray"], "r2")
    assert (last.texts, last.next_cursor, last.has_more) == ((), "r2", False)
    assert [request.query["after"] for request in server.requests] == ["r1", "r2"]


def test_a_standing_cursor_that_announces_more_is_an_error() -> None:
    page = {"items": [{"id": "x"}], "next_cursor": "r1", "has_more": True}
    with cloud(paged(r1=page)) as (opened, _, _), pytest.raises(ContractError, match="in a circle"):
        list(opened.pages("receipts", "r1", 50))


def test_a_cursor_that_stood_still_once_is_a_broken_answer_and_asked_for_again() -> None:
    standing = {"items": [{"id": "x"}], "next_cursor": "r1", "has_more": True}
    right = {"items": [{"id": "x"}], "next_cursor": "r2", "has_more": False}
    with cloud(in_turn(Reply(body=standing), Reply(body=right))) as (opened, server, _):
        (page,) = opened.pages("receipts", "r1", 50)
    assert page.next_cursor == "r2"
    assert len(server.requests) == 2


def test_an_expired_cursor_has_an_error_of_its_own() -> None:
    with cloud(in_turn(problem(410, "cursor_expired"))) as (opened, _, _), pytest.raises(CursorExpired):
        list(opened.pages("closings", "old", 50))


@pytest.mark.parametrize(
    ("page", "words"),
    [
        pytest.param({"items": [], "next_cursor": None, "has_more": False}, "not as the contract", id="no cursor"),
        pytest.param({"items": [], "next_cursor": "b", "has_more": 1}, "not as the contract", id="ill-typed has_more"),
        pytest.param({"items": {}, "next_cursor": "b", "has_more": False}, "not as the contract", id="no list"),
        pytest.param(
            {"items": [], "next_cursor": "b\0", "has_more": False}, "not as the contract", id="PostgreSQL keeps no NUL"
        ),
    ],
)
def test_a_broken_page_of_receipts_is_not_taken(page: dict[str, Any], words: str) -> None:
    with cloud(paged(start=page)) as (opened, _, _), pytest.raises(ContractError, match=words):
        list(opened.pages("receipts", None))


def test_a_refused_page_is_no_expired_cursor() -> None:
    with cloud(in_turn(problem(400))) as (opened, _, _), pytest.raises(ContractError) as told:
        list(opened.pages("receipts", "r1", 50))
    assert not isinstance(told.value, CursorExpired)


def test_an_unknown_entity_is_a_mistake_of_the_caller() -> None:
    with client("http://127.0.0.1:9") as opened, pytest.raises(ValueError, match="no entity"):
        opened.send("vouchers", [])
