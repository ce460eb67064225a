"""Protects the sending of master data to CloudKasse (docs/cloudkasse-api.md), on a real socket.

No record is lost, doubled or taken for accepted, whatever the network or the other side does; no bad record holds up
the others; what was not answered can be finished after a restart.
"""

import json
import threading
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.errors import AuthorizationError, ContractError, NetworkError, StoppedError
from cloudkasse_etl.http.transport import Transport
from cloudkasse_etl.tills.cloudkasse import batches
from cloudkasse_etl.tills.cloudkasse.results import check_results
from cloudkasse_etl.tills.port import Attempt, record_key
from tests.support.patience import HANG_SECONDS
from tests.support.servers.scripted_server import (
    API,
    TOKEN,
    Journal,
    Reply,
    Request,
    Script,
    ScriptedServer,
    articles,
    batches_by,
    client,
    cloud,
    in_turn,
    problem,
    result,
    sent,
    taken,
)


def client_threads() -> list[str]:
    # a sandbox is another test's: the UI that several share lasts as long as the process
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("cloudkasse") and name != "cloudkasse-sandbox"]


# --- sending: attempts, keys, journal


def test_batches_keep_to_the_servers_limit_and_every_record_has_its_result() -> None:
    with cloud(batches_by(taken, batch_items=3)) as (opened, server, journal):
        results = journal.store(opened.send("articles", articles(8)))
    assert sorted(len(request.items) for request in sent(server)) == [2, 3, 3]
    assert sorted(found.item["number"] for found in results) == [item["number"] for item in articles(8)]
    assert {found.status for found in results} == {"created"}
    assert journal.attempts == {}


def test_batches_keep_to_a_bearable_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_BODY_BYTES", 1000)
    items = [{"number": str(index), "name": "x" * 400} for index in range(7)] + [{"number": "8", "name": "x" * 2000}]
    with cloud(batches_by(taken)) as (opened, server, journal):
        assert len(journal.store(opened.send("articles", items))) == 8
    assert sorted(len(request.items) for request in sent(server)) == [1, 1, 2, 2, 2]


def test_only_a_window_of_the_records_is_read_ahead() -> None:
    read = 0

    def endless() -> Any:
        nonlocal read
        while True:
            read += 1
            yield {"number": str(read)}

    with cloud(batches_by(taken, batch_items=10)) as (opened, _, _):
        outcomes = opened.send("articles", endless())
        next(outcomes)
        assert read <= 10 * (API.connections + 1) + 1
        close(outcomes)


def close(outcomes: Iterator[Any]) -> None:
    assert isinstance(outcomes, Generator)
    outcomes.close()


def test_an_attempt_is_journaled_before_it_reaches_the_server_and_by_the_calling_thread() -> None:
    seen, threads = [], set()

    class Watched(Journal):
        def record(self, attempts: Any) -> None:
            threads.add(threading.current_thread())
            super().record(attempts)

    journal = Watched()

    def script(request: Request) -> Reply:
        seen.append(journal.attempts[request.key].body == request.body)
        return taken(request)

    with ScriptedServer(batches_by(script, batch_items=2)) as server, client(server.url, journal) as opened:
        journal.store(opened.send("articles", articles(10)))
    assert seen == [True] * 5
    assert threads == {threading.current_thread()}


def test_a_lost_answer_is_repeated_under_the_same_key_and_body() -> None:
    with cloud(batches_by(in_turn(Reply(drop=True), Reply(503), Reply(missing=4)))) as (opened, server, journal):
        with pytest.raises(NetworkError):
            journal.store(opened.send("articles", articles(1)))
        assert len(sent(server)) == 3
        (attempt,) = journal.attempts.values()
        assert {(request.key, request.body) for request in sent(server)} == {(attempt.key, attempt.body)}


def test_what_was_never_answered_is_finished_after_a_restart_under_its_own_key() -> None:
    with cloud(batches_by(in_turn(Reply(drop=True)))) as (opened, _, journal), pytest.raises(NetworkError):
        journal.store(opened.send("articles", articles(2)))
    (attempt,) = journal.recorded
    with ScriptedServer(batches_by(taken)) as server, client(server.url, journal) as opened:
        results = journal.store(opened.resend(list(journal.attempts.values())))
    assert [(request.key, request.body) for request in sent(server)] == [(attempt.key, attempt.body)]
    assert [found.item for found in results] == articles(2)
    assert journal.attempts == {}
    assert journal.recorded == [attempt]


def test_attempts_of_the_past_are_finished_in_their_order() -> None:
    journal = Journal()
    old = [Attempt(f"k{n}", "articles", json.dumps({"items": [{"number": "A", "v": n}]}).encode()) for n in range(5)]
    with ScriptedServer(batches_by(taken)) as server, client(server.url, journal) as opened:
        journal.record(old)
        journal.store(opened.resend(old))
    assert [request.key for request in sent(server)] == ["k0", "k1", "k2", "k3", "k4"]


def test_two_attempts_at_the_same_content_never_share_a_key() -> None:
    with cloud(batches_by(taken)) as (opened, server, journal):
        for _ in range(2):
            journal.store(opened.send("articles", articles(1)))
    assert len({request.key for request in sent(server)}) == 2


# --- sending: refusals of a whole batch


def refuses(number: str, reply: Reply) -> Script:
    return batches_by(lambda request: reply if number in [i["number"] for i in request.items] else taken(request))


@pytest.mark.parametrize(
    ("reply", "code", "message"),
    [
        pytest.param(problem(400, "malformed", "name is bad"), "malformed", "name is bad", id="with a code"),
        pytest.param(Reply(400, b"<html>"), "http_400", None, id="without one"),
        pytest.param(Reply(400, b"x" * 100_000), "http_400", None, id="a page of text"),
        pytest.param(problem(413), "http_413", None, id="too large"),
    ],
)
def test_splitting_finds_the_one_bad_record_among_500(reply: Reply, code: str, message: str | None) -> None:
    with cloud(refuses("A321", reply)) as (opened, server, journal):
        results = journal.store(opened.send("articles", articles(500)))
    assert len(sent(server)) == 19  # two a level, nine levels, and the first
    assert len({request.key for request in sent(server)}) == 19
    assert journal.attempts == {}
    assert sorted(found.item["number"] for found in results) == sorted(item["number"] for item in articles(500))
    (bad,) = (found for found in results if found.status != "created")
    assert (bad.item["number"], bad.status, bad.code, bad.message) == ("A321", "rejected", code, message)


@settings(max_examples=25)
@given(st.sets(st.integers(0, 11)))
def test_whatever_records_are_bad_exactly_those_are_rejected(bad: set[int]) -> None:
    numbers = {f"A{index}" for index in bad}

    def script(request: Request) -> Reply:
        return problem(400) if numbers & {item["number"] for item in request.items} else taken(request)

    with cloud(batches_by(script, batch_items=5)) as (opened, _, journal):
        results = journal.store(opened.send("articles", articles(12)))
    assert len(results) == 12
    assert {found.item["number"] for found in results if found.status == "rejected"} == numbers
    assert journal.attempts == {}


def test_without_a_register_the_records_are_deferred() -> None:
    with cloud(batches_by(in_turn(problem(409, "register_required")))) as (opened, server, journal):
        results = journal.store(opened.send("articles", articles(3)))
    assert [(found.status, found.code) for found in results] == [("deferred", "register_required")] * 3
    assert (len(sent(server)), journal.attempts) == (1, {})


def test_after_a_conflict_the_records_are_read_again_and_only_what_differs_is_sent_once_more() -> None:
    held = {"items": [{**articles(1)[0], "id": "c0", "extra": 1}, {"number": "A1", "id": "c1"}], "next_cursor": None}
    replies = in_turn(problem(409, "conflict"), Reply(body={"results": [result("articles", 0, articles(2)[1])]}))

    def script(request: Request) -> Reply:
        return Reply(body=held) if request.path == "/v1/articles" else batches_by(replies)(request)

    with cloud(script) as (opened, server, journal):
        results = journal.store(opened.send("articles", articles(2)))
    assert [(r.item["number"], r.status, r.cloud_id) for r in results] == [
        ("A0", "unchanged", "c0"),
        ("A1", "created", "id0"),
    ]
    assert [len(request.items) for request in sent(server)] == [2, 1]


def test_a_lasting_conflict_rejects_its_own_record_only() -> None:
    conflict = refuses("A1", problem(409, "conflict", "is being edited"))

    def script(request: Request) -> Reply:
        return Reply(body={"items": [], "next_cursor": None}) if request.path == "/v1/articles" else conflict(request)

    with cloud(script) as (opened, server, journal):
        results = journal.store(opened.send("articles", articles(4)))
    assert {r.item["number"]: r.code for r in results} == {"A0": None, "A1": "conflict", "A2": None, "A3": None}
    assert len([request for request in server.requests if request.path == "/v1/articles"]) == 1
    assert journal.attempts == {}


def test_a_key_that_was_used_already_gets_a_new_one_once() -> None:
    reused = problem(422, "idempotency_key_reused")
    with cloud(batches_by(in_turn(reused, reused))) as (opened, server, journal):
        with pytest.raises(ContractError):
            journal.store(opened.send("articles", articles(1)))
        assert len({request.key for request in sent(server)}) == 2
    with cloud(batches_by(lambda r: taken(r) if len(sent(server)) > 1 else reused)) as (opened, server, journal):
        assert [found.status for found in journal.store(opened.send("articles", articles(1)))] == ["created"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (problem(401), AuthorizationError),
        (problem(403), AuthorizationError),
        (problem(404), ContractError),
        (problem(405), ContractError),
        (problem(415), ContractError),
        (Reply(body={"answers": []}), ContractError),
        (Reply(body=b"<html>"), ContractError),
    ],
    ids=["401", "403", "404", "405", "415", "no results", "html"],
)
def test_a_refusal_that_no_record_caused_stops_everything(reply: Reply, error: type[Exception]) -> None:
    with cloud(batches_by(in_turn(reply), batch_items=1)) as (opened, server, journal):
        with pytest.raises(error):
            journal.store(opened.send("articles", articles(50)))
        assert len({request.key for request in sent(server)}) <= API.connections
        assert client_threads() == []


# --- sending: the results, one by one


def changed(**fields: Any) -> Any:
    """Changes the second of three results."""
    return lambda results: [results[0], {**results[1], **fields}, results[2]]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda r: [r[0], r[2]], "no result", id="missing"),
        pytest.param(lambda r: [r[0], "text", r[2]], "no result", id="no object"),
        pytest.param(lambda r: [*r, r[1]], "more than one", id="doubled"),
        pytest.param(lambda r: [r[0], r[2], r[1]], "out of order", id="out of order"),
        pytest.param(changed(index=True), "no result", id="a boolean is no index"),
        pytest.param(changed(key="A9"), "another key", id="key of another record"),
        pytest.param(changed(key=1), "another key", id="ill-typed key"),
        pytest.param(changed(status="done"), "no known status", id="unknown status"),
        pytest.param(changed(status=["created"]), "no known status", id="ill-typed status"),
        pytest.param(changed(id=7), "id is no text", id="ill-typed id"),
        pytest.param(changed(id="1" * 101), "id is too long", id="no database column takes it"),
        pytest.param(changed(id="1\0"), "NUL", id="PostgreSQL keeps no NUL"),
        pytest.param(changed(id=None), "no id", id="taken, but without an id"),
        pytest.param(changed(error={"code": "x"}), "an error and a success", id="taken and refused at once"),
        pytest.param(changed(status="rejected"), "without a code", id="rejected without a reason"),
        pytest.param(changed(status="rejected", error={"code": 5}), "without a code", id="ill-typed code"),
    ],
)
def test_a_bad_result_rejects_its_own_record_and_no_other(spoil: Any, reason: str) -> None:
    good = [result("articles", index, item) for index, item in enumerate(articles(3))]
    with cloud(batches_by(in_turn(Reply(body={"results": spoil(good)})))) as (opened, _, journal):
        first, bad, last = journal.store(opened.send("articles", articles(3)))
    assert (first.status, last.status) == ("created", "created")
    assert (bad.item["number"], bad.status, bad.code) == ("A1", "rejected", "contract")
    assert reason in (bad.message or "")


@given(st.lists(st.fixed_dictionaries({"index": st.integers(-1, 4), "key": st.sampled_from(["A0", "A1", "A2"])})))
def test_a_record_is_taken_only_where_one_result_names_its_index_and_its_key(answer: list[dict[str, Any]]) -> None:
    found = check_results("articles", articles(3), [{**entry, "status": "updated", "id": "c"} for entry in answer])
    assert [checked.item for checked in found] == articles(3)
    for index, checked in enumerate(found):
        named = [entry["key"] for entry in answer if entry["index"] == index]
        assert checked.status == "rejected" or named == [f"A{index}"]


def test_a_rejection_carries_the_clouds_own_words_and_unknown_fields_are_ignored() -> None:
    words = f"check digit, says Bearer {TOKEN}, " + "x" * 9999
    error = {"code": "gtin_invalid", "field": "gtin", "message": words, "more": 1}
    answer = [{**result("articles", 0, articles(1)[0]), "status": "rejected", "id": None, "error": error, "more": 1}]
    with cloud(batches_by(in_turn(Reply(body={"results": answer})))) as (opened, _, journal):
        (found,) = journal.store(opened.send("articles", articles(1)))
    assert (found.status, found.cloud_id, found.code, found.field) == ("rejected", None, "gtin_invalid", "gtin")
    assert (found.message or "").startswith("check digit, says Bearer …, x")
    assert len(found.message or "") == 500


@pytest.mark.parametrize(
    "item", [{"number": "A", "name": "\ud800"}, {"name": "no number"}], ids=["half a pair", "no key"]
)
def test_a_record_that_cannot_be_sent_holds_up_no_other(item: dict[str, Any]) -> None:
    with cloud(batches_by(taken)) as (opened, _, journal):
        results = journal.store(opened.send("articles", [item, *articles(2)]))
    assert sorted(found.status for found in results) == ["created", "created", "rejected"]


def test_the_key_of_a_price_has_four_parts_and_null_is_empty() -> None:
    price = {"article": "A1", "price_group": "2", "min_quantity": "0.000", "valid_from": None, "valid_to": None}
    assert record_key("prices", price) == "A1|2|0.000|"
    assert record_key("registers", {"number": "K1"}) == "K1"
    with cloud(batches_by(taken)) as (opened, _, journal):
        assert [found.status for found in journal.store(opened.send("prices", [price]))] == ["created"]


# --- sending: ending early


def test_a_generator_closed_midway_leaks_no_thread_and_keeps_what_is_unanswered_in_the_journal() -> None:
    with cloud(batches_by(taken, batch_items=1)) as (opened, server, journal):
        outcomes = opened.send("articles", articles(100))
        answered = next(outcomes).answered
        close(outcomes)
        assert client_threads() == []
        assert len(sent(server)) <= 2 * API.connections
        assert set(journal.attempts) >= {request.key for request in sent(server)} - set(answered)


def test_what_the_others_have_answered_is_still_told_when_one_batch_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, has_failed = threading.Event(), list[threading.Event]()

    def script(request: Request) -> Reply:
        if request.items[0]["number"] == "A0":
            under_way.wait(HANG_SECONDS)
            return problem(401)
        under_way.set()
        has_failed[0].wait(HANG_SECONDS)
        return taken(request)

    def call(transport: Transport, *request: Any, cancel: threading.Event | None = None, **more: Any) -> Any:
        has_failed.extend([cancel] if cancel else [])
        return original(transport, *request, cancel=cancel, **more)

    original = Transport.call
    monkeypatch.setattr(Transport, "call", call)

    with cloud(batches_by(script, batch_items=1)) as (opened, _, journal):
        outcomes = opened.send("articles", articles(9))
        results = list(next(outcomes).results)
        with pytest.raises(AuthorizationError):
            next(outcomes)
        assert len(journal.recorded) == 2
    assert [found.item["number"] for found in results] == ["A1"]


def test_a_journal_that_cannot_be_written_sends_nothing() -> None:
    class Broken(Journal):
        def record(self, attempts: Any) -> None:
            raise StoppedError("the lease is lost")

    with ScriptedServer(batches_by(taken)) as server, client(server.url, Broken()) as opened:
        with pytest.raises(StoppedError):
            list(opened.send("articles", articles(3)))
        assert sent(server) == []
        assert client_threads() == []
