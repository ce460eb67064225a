"""Protects that a document is brought into SelectLine exactly once, whatever is answered and whenever it is done."""

import copy
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from cloudkasse_etl.errors import AuthorizationError, CloudkasseError, NetworkError
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.state.stores.deliveries.delivery_store import DeliveryStatus
from cloudkasse_etl.sync.deliveries.inbox import Inbox
from cloudkasse_etl.sync.deliveries.problems import by_key
from cloudkasse_etl.sync.deliveries.sending import Sender
from tests.support.selectline.delivery_table import LOST, NO_SESSION, DeliveryTable
from tests.support.selectline.documents import frozen

DELIVERY = frozen("1")
REFUSED = RefusedError("refused", hint=None, status=400, code="42-032", detail="Vertreter unbekannt")


class SelectLine:
    """An API that does its work or does not, and answers or does not: `faults` says so for each write in turn.

    A fault is what it raises; with `True` before it, the work is done all the same; with a function, the work is that.
    """

    def __init__(self, *faults: Any) -> None:
        self.faults = list(faults)
        self.documents: dict[int, dict[str, Any]] = {}
        self.late: list[dict[str, Any]] = []
        self.numbers = 0
        self.writes: list[str] = []

    def transfer_documents(self, kind: str) -> list[dict[str, Any]]:
        while self.late:  # what was believed lost is worked off by the time of the next look
            self.add(self.late.pop())
        return [copy.deepcopy(document) for document in self.documents.values()]

    def transfer_document(self, number: int) -> Mapping[str, Any] | None:
        return copy.deepcopy(self.documents.get(number))

    def create_transfer_document(self, body: bytes) -> int:
        self.writes.append("create")
        document = orjson.loads(body)
        self._fault(lambda: self.add(document), lambda: self.late.append(document))
        return self.add(document)

    def delete_transfer_document(self, number: int) -> None:
        self.writes.append(f"delete {number}")
        self._fault(lambda: self.documents.pop(number), lambda: None)
        if self.documents[number]["StateKind"] != "Open":
            raise REFUSED
        del self.documents[number]

    def _fault(self, work: Callable[[], Any], later: Callable[[], Any]) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault is None:
            return
        done, error = fault if isinstance(fault, tuple) else (False, fault)
        if done == "later":
            later()
        elif callable(done):
            work()
            done(self.documents[self.numbers])
        elif done:
            work()
        if error is not None:
            raise error
        if done:
            raise LOST

    def add(self, document: Mapping[str, Any], **changed: Any) -> int:
        self.numbers += 1
        total = sum(round(p["Quantity"] * p["UnitPrice"] * 100) for p in document["Positions"])
        summary = {"TotalGrossAmount": total / 100}
        self.documents[self.numbers] = {
            **copy.deepcopy(dict(document)), "Id": self.numbers, "CalculationSummary": summary, **changed,
        }  # fmt: skip
        return self.numbers


def run(api: SelectLine, table: DeliveryTable) -> Sender:
    """What a run does with the one delivery."""
    before = by_key([table.rejection] if table.rejection else [])
    sender = Sender(api, Inbox(api, ["8"]), table, before)
    delivery = replace(DELIVERY, status=table.status, remote_id=table.remote_id)
    if table.status is DeliveryStatus.INTENDED:
        sender.bring(delivery)
    elif table.status in (DeliveryStatus.DELIVERED, DeliveryStatus.DISCARDED, DeliveryStatus.ERROR):
        sender.follow(delivery)
    sender.end([delivery])
    return sender


CUT = (lambda document: document["Positions"].pop(), LOST)  # a position is missing of what was made
FAULTS: dict[str, list[Any]] = {
    "none": [],
    "answer lost after the work": [(True, LOST)],
    "answer lost before the work": [LOST],
    "worked off late": [("later", LOST)],
    "refused after the work": [(True, REFUSED)],
    "session gone before the work": [NO_SESSION],
    "rights error in the middle, all there": [(True, NO_SESSION)],
    "positions missing": [CUT],
    "positions missing, and the deletion's answer lost": [
        CUT, (True, LOST),
    ],
    "positions missing, and deleted by nobody at first": [CUT, LOST],
    "positions missing twice": [
        CUT, None, CUT,
    ],
}  # fmt: skip


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_after_any_fault_a_document_is_there_once_or_a_person_is_told(faults: list[Any]) -> None:
    api, table = SelectLine(*faults), DeliveryTable()
    for _ in range(3):
        run(api, table)
    whole = [document for document in api.documents.values() if len(document["Positions"]) == 2]
    assert len(api.documents) == 1
    if table.status is DeliveryStatus.DELIVERED:
        assert len(whole) == 1
        assert table.rejection is None
        assert table.remote_id in api.documents
    else:
        assert (table.status, table.code) == (DeliveryStatus.ERROR, "delivery_differs")
        assert "missing" in " ".join(name for name, found in FAULTS.items() if found is faults)


def test_what_is_delivered_is_not_written_again() -> None:
    api, table = SelectLine(), DeliveryTable()
    for _ in range(3):
        run(api, table)
    assert api.writes == ["create"]


def test_one_that_came_late_although_it_was_sent_again_is_deleted() -> None:
    api, table = SelectLine(LOST), DeliveryTable()
    run(api, table)
    assert table.code == "delivery_unclear"
    late = SelectLine()
    late.late = [orjson.loads(DELIVERY.body)]

    def looked_before_it_came(kind: str) -> list[dict[str, Any]]:
        late.transfer_documents = SelectLine.transfer_documents.__get__(late)  # type: ignore[method-assign]
        return []

    late.transfer_documents = looked_before_it_came  # type: ignore[method-assign]
    run(late, table)
    assert late.writes == ["create", "delete 2"]
    assert list(late.documents) == [1]
    assert table.status is DeliveryStatus.DELIVERED


def test_a_refusal_says_why_and_is_tried_again_by_the_next_run() -> None:
    api, table = SelectLine(REFUSED, REFUSED), DeliveryTable()
    assert run(api, table).problems.refused == {DELIVERY.key}
    assert (table.status, table.code) == (DeliveryStatus.INTENDED, "delivery_refused")
    assert table.rejection is not None
    assert "400 42-032" in table.rejection.text()
    assert "Vertreter unbekannt" in table.rejection.text()
    table.rejection = replace(table.rejection, first_run="the first run")
    assert run(api, table).problems.refused == set()  # still refused, for the same reason
    assert table.rejection.first_run == "the first run"
    run(api, table)
    assert (table.status, table.code) == (DeliveryStatus.DELIVERED, None)


def test_a_right_that_is_missing_in_a_new_session_too_ends_the_run() -> None:
    with pytest.raises(AuthorizationError, match="no right"):
        run(SelectLine(NO_SESSION, NO_SESSION), DeliveryTable())


def test_no_connection_any_more_ends_the_run_and_the_next_one_finds_the_document() -> None:
    api, table = SelectLine((True, LOST)), DeliveryTable()
    looks = [api.transfer_documents("8")]

    def gone(kind: str) -> list[dict[str, Any]]:
        if looks:
            return looks.pop()
        raise NetworkError("away")

    api.transfer_documents = gone  # type: ignore[method-assign]
    with pytest.raises(CloudkasseError, match="away"):
        run(api, table)
    api.transfer_documents = SelectLine.transfer_documents.__get__(api)  # type: ignore[method-assign]
    run(api, table)
    assert (api.writes, table.status) == (["create"], DeliveryStatus.DELIVERED)


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"StateKind": "Assumed", "DestinationNumber": "26-7"}, DeliveryStatus.ASSUMED, None),
        ({"StateKind": "Discarded", "InternalComment": "doppelt"}, DeliveryStatus.DISCARDED, "delivery_discarded"),
        ({"StateKind": "ManualError", "InternalComment": "Lager"}, DeliveryStatus.DISCARDED, "delivery_manual_error"),
        ({"StateKind": "Edit"}, DeliveryStatus.DELIVERED, None),
    ],
)
def test_what_becomes_of_it_is_followed(changed: dict[str, Any], status: DeliveryStatus, code: str | None) -> None:
    api, table = SelectLine(), DeliveryTable()
    run(api, table)
    api.documents[1] |= changed
    run(api, table)
    assert (table.status, table.code) == (status, code)
    assert table.destination == changed.get("DestinationNumber")
    assert run(api, table).problems.refused == set()


def test_one_that_could_not_be_taken_over_and_was_in_the_end_is_taken_over() -> None:
    api, table = SelectLine(), DeliveryTable()
    run(api, table)
    api.documents[1] |= {"StateKind": "ManualError"}
    run(api, table)
    api.documents[1] |= {"StateKind": "Assumed", "DestinationNumber": "26-8"}
    run(api, table)
    assert (table.status, table.destination, table.rejection) == (DeliveryStatus.ASSUMED, "26-8", None)


def test_one_that_is_gone_is_never_sent_again_by_itself() -> None:
    api, table = SelectLine(), DeliveryTable()
    run(api, table)
    api.documents.clear()
    run(api, table)
    run(api, table)
    assert (table.status, table.code, api.writes) == (DeliveryStatus.ERROR, "delivery_gone", ["create"])


def test_two_of_one_key_that_are_both_taken_over_are_for_a_person_until_one_is_left() -> None:
    api, table = SelectLine(), DeliveryTable()
    run(api, table)
    api.add(orjson.loads(DELIVERY.body), StateKind="Assumed", DestinationNumber="26-2")
    api.documents[1] |= {"StateKind": "Edit"}
    run(api, table)
    assert (table.status, table.code, api.writes) == (DeliveryStatus.ERROR, "delivery_doubled", ["create"])
    api.documents[1] |= {"StateKind": "Discarded"}
    run(api, table)
    assert (table.status, table.code, table.remote_id) == (DeliveryStatus.ASSUMED, None, 2)


def test_the_younger_of_two_is_deleted_while_it_is_open() -> None:
    api, table = SelectLine(), DeliveryTable()
    run(api, table)
    api.add(orjson.loads(DELIVERY.body))
    run(api, table)
    assert (table.status, table.code, list(api.documents)) == (DeliveryStatus.DELIVERED, None, [1])


def test_documents_of_others_are_not_touched() -> None:
    api, table = SelectLine(), DeliveryTable()
    api.add({**orjson.loads(DELIVERY.body), "CustomFields": {"Text1": "somebody else's"}})
    api.add({**orjson.loads(DELIVERY.body), "CustomFields": {"Text1": DELIVERY.key + "1"}})
    run(api, table)
    assert (api.writes, table.remote_id) == (["create"], 3)


def test_today_is_no_part_of_what_is_sent() -> None:
    assert orjson.loads(DELIVERY.body)["Date"][:10] == dt.date(2026, 11, 24).isoformat()
