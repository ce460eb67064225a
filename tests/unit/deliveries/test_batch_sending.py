"""Protects that a batch's postings come into the ledger exactly once, whatever is answered and whenever it is done."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from cloudkasse_etl.errors import AuthorizationError
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, DeliveryStatus
from cloudkasse_etl.sync.deliveries.ledger.batch_list import BatchList
from cloudkasse_etl.sync.deliveries.ledger.batch_sending import BatchSender
from cloudkasse_etl.sync.deliveries.problems import by_key
from tests.support.selectline.delivery_table import LOST, NO_SESSION, DeliveryTable
from tests.support.selectline.documents import frozen

REFUSED = RefusedError("refused", hint=None, status=400, code="PostingAccountLocked", detail="Konto gesperrt")
LINES = [
    {"Account": "1000", "Amount": 1.19, "Currency": "EUR"},
    {"Account": "1371", "Amount": -1.19, "Currency": "EUR"},
]
POSTINGS = [
    {
        "PostDate": "2026-11-24T00:00:00",
        "ServiceDate": "2026-11-24T00:00:00",
        "PostingDocument": f"K1-{number}",
        "Positions": LINES,
    }
    for number in (1, 2, 3)
]
DELIVERY = replace(
    frozen("1"),
    target=BATCH,
    tenant="SL_MSHOP",
    year="SL_MSHOPF-2026",
    body=orjson.dumps({"Head": {"Description": frozen("1").key}, "Postings": POSTINGS, "ClearingCents": 0}),
)


class Ledger:
    """A ledger that does its work or does not, and answers or does not: `faults` says so for each write in turn.

    A fault is what it raises; with `True` before it, the work is done all the same; with `"later"`, by the next look.
    """

    def __init__(self, *faults: Any) -> None:
        self.faults = list(faults)
        self.heads: dict[int, dict[str, Any]] = {}
        self.records: dict[int, list[dict[str, Any]]] = {}
        self.late: list[Callable[[], Any]] = []
        self.writes: list[str] = []
        self.counted = 0

    def work_in(self, tenant: str | None, year: str | None = None) -> None:
        assert (tenant, year) == ("SL_MSHOP", "SL_MSHOPF-2026")

    def batches(self) -> Iterator[Mapping[str, Any]]:
        while self.late:
            self.late.pop()()
        yield from copy.deepcopy(list(self.heads.values()))

    def batch(self, number: int) -> Mapping[str, Any] | None:
        return copy.deepcopy(self.heads.get(number))

    def postings(self, number: int) -> list[Mapping[str, Any]]:
        return [copy.deepcopy(one) for one in self.records.get(number, ())]

    def create_batch(self, body: bytes) -> int:
        return int(self._write("create", lambda: self.add(**orjson.loads(body))))

    def delete_batch(self, number: int) -> None:
        self._write(f"delete {number}", lambda: self._drop(number))

    def add_posting(self, number: int, body: bytes) -> int:
        posting = orjson.loads(body)
        return int(self._write(f"post {posting['PostingDocument']}", lambda: self.post(number, posting)))

    def delete_posting(self, number: int, record: int) -> None:
        def work() -> None:
            self.records[number] = [one for one in self.records[number] if one["Record"] != record]

        self._write(f"delete {number}/{record}", work)

    def add(self, **head: Any) -> int:
        number = len(self.heads) + 1
        self.heads[number] = {"BatchNumber": number, "NumberOfProcessings": 0, **head}
        self.records[number] = []
        return number

    def post(self, number: int, posting: Mapping[str, Any], **changed: Any) -> int:
        self.counted += 1
        self.records[number].append({**posting, "Record": self.counted, **changed})
        return self.counted

    def _drop(self, number: int) -> None:
        if number not in self.heads or self.heads[number]["NumberOfProcessings"]:
            raise REFUSED
        del self.heads[number]
        del self.records[number]

    def _write(self, what: str, work: Callable[[], Any]) -> Any:
        self.writes.append(what)
        fault = self.faults.pop(0) if self.faults else None
        if fault is None:
            return work()
        done, error = fault if isinstance(fault, tuple) else (False, fault)
        if done == "later":
            self.late.append(work)
        elif done:
            work()
        raise error

    def documents(self) -> list[str]:
        return [one["PostingDocument"] for some in self.records.values() for one in some]


def run(ledger: Ledger, table: DeliveryTable) -> BatchSender:
    """What a run does with the one delivery."""
    before = by_key([table.rejection] if table.rejection else [])
    sender = BatchSender(ledger, BatchList(ledger, ledger), table, before)
    delivery = replace(DELIVERY, status=table.status, remote_id=table.remote_id)
    if table.status is DeliveryStatus.INTENDED:
        sender.bring(delivery)
    elif table.status in (DeliveryStatus.DELIVERED, DeliveryStatus.ERROR):
        sender.follow(delivery)
    sender.end([delivery])
    return sender


FAULTS: dict[str, list[Any]] = {
    "none": [],
    "head lost after the work": [(True, LOST)],
    "head lost before the work": [LOST],
    "head worked off late": [("later", LOST)],
    "head refused after the work": [(True, REFUSED)],
    "session gone before the head": [NO_SESSION],
    "posting lost after the work": [None, (True, LOST)],
    "posting lost before the work": [None, None, LOST],
    "posting refused after the work": [None, None, (True, REFUSED)],
    "session gone in the middle": [None, None, NO_SESSION],
    "every answer lost after the work": [(True, LOST)] * 4,
    "posting refused": [None, None, REFUSED],
    "posting refused, and the batch's deletion lost": [None, None, REFUSED, (True, LOST)],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_after_any_fault_each_posting_is_there_once(faults: list[Any]) -> None:
    ledger, table = Ledger(*faults), DeliveryTable()
    for _ in range(4):
        run(ledger, table)
    assert sorted(ledger.documents()) == ["K1-1", "K1-2", "K1-3"]
    assert len(ledger.heads) == 1
    assert (table.status, table.code) == (DeliveryStatus.DELIVERED, None)
    assert table.remote_id in ledger.heads
    written = len(ledger.writes)
    run(ledger, table)
    assert len(ledger.writes) == written


@pytest.mark.parametrize("comes_in", ["the same run", "the run after"])
def test_a_posting_that_came_late_although_it_was_sent_again_is_deleted(comes_in: str) -> None:
    ledger, table = Ledger(None, None, LOST), DeliveryTable()
    run(ledger, table)
    assert table.code == "ledger_unclear"

    def late() -> None:
        ledger.post(1, POSTINGS[1])

    if comes_in == "the same run":
        looks = ledger.batches
        seen: list[bool] = []

        def batches() -> Iterator[Mapping[str, Any]]:
            if seen:  # by the last look of the run
                late()
            seen.append(True)
            return looks()

        ledger.batches = batches  # type: ignore[method-assign]
        run(ledger, table)
        assert ledger.writes[-1].startswith("delete 1/")
    else:
        run(ledger, table)
        late()
        run(ledger, table)
    assert sorted(ledger.documents()) == ["K1-1", "K1-2", "K1-3"]
    assert [table.status, table.code] == [DeliveryStatus.DELIVERED, None]


def test_what_a_person_altered_in_a_batch_stays_so() -> None:
    ledger, table = Ledger(), DeliveryTable()
    run(ledger, table)
    ledger.records[1][0]["Positions"] = [{**LINES[0], "Account": "1001"}, LINES[1]]
    run(ledger, table)
    assert (table.status, len(ledger.writes), ledger.records[1][0]["Positions"][0]["Account"]) == (
        DeliveryStatus.DELIVERED, 4, "1001",
    )  # fmt: skip


def test_what_a_batch_lacks_is_added_and_what_it_has_is_not_sent_again() -> None:
    ledger, table = Ledger(), DeliveryTable()
    number = ledger.add(Description=DELIVERY.key)
    ledger.post(number, POSTINGS[1])
    run(ledger, table)
    assert ledger.writes == ["post K1-1", "post K1-3"]
    assert table.status is DeliveryStatus.DELIVERED


def test_a_posting_that_is_there_twice_or_otherwise_is_mended_once() -> None:
    ledger, table = Ledger(), DeliveryTable()
    number = ledger.add(Description=DELIVERY.key)
    ledger.post(number, POSTINGS[0])
    ledger.post(number, POSTINGS[0])
    ledger.post(number, POSTINGS[1], Positions=LINES[:1])
    run(ledger, table)
    assert sorted(ledger.documents()) == ["K1-1", "K1-2", "K1-3"]
    assert table.status is DeliveryStatus.DELIVERED


def test_one_that_differs_after_it_was_mended_is_for_a_person() -> None:
    ledger, table = Ledger(), DeliveryTable()
    post = ledger.post
    ledger.post = lambda number, posting, **changed: post(number, posting, ServiceDate="2020-01-01")  # type: ignore[method-assign]
    run(ledger, table)
    assert (table.status, table.code) == (DeliveryStatus.ERROR, "ledger_differs")
    ledger.records[1] = [{**one, "Record": at} for at, one in enumerate(POSTINGS)]  # mended by a person
    run(ledger, table)
    assert [table.status, table.code] == [DeliveryStatus.DELIVERED, None]


def test_a_posting_of_somebody_else_is_not_touched() -> None:
    ledger, table = Ledger(), DeliveryTable()
    number = ledger.add(Description=DELIVERY.key)
    ledger.post(number, {**POSTINGS[0], "PostingDocument": "by hand"})
    run(ledger, table)
    assert (table.status, table.code, ledger.writes) == (DeliveryStatus.ERROR, "ledger_differs", [])


def test_a_refused_batch_is_not_left_there_in_part() -> None:
    ledger, table = Ledger(None, None, REFUSED), DeliveryTable()
    run(ledger, table)
    assert (table.status, table.code, ledger.heads, table.remote_id) == (
        DeliveryStatus.INTENDED, "ledger_refused", {}, None,
    )  # fmt: skip
    assert "Konto gesperrt" in str(table.rejection and table.rejection.text())


def test_one_that_is_gone_before_it_was_whole_is_never_sent_again_by_itself() -> None:
    ledger, table = Ledger(None, None, LOST), DeliveryTable()
    run(ledger, table)
    assert (table.code, table.remote_id) == ("ledger_unclear", 1)
    ledger.heads.clear()
    ledger.records.clear()
    run(ledger, table)
    run(ledger, table)
    assert (table.status, table.code, ledger.writes) == (
        DeliveryStatus.ERROR, "ledger_gone", ["create", "post K1-1", "post K1-2"],
    )  # fmt: skip


def test_one_that_was_processed_before_it_was_whole_is_for_a_person() -> None:
    ledger, table = Ledger(None, None, LOST), DeliveryTable()
    run(ledger, table)
    ledger.heads[1]["NumberOfProcessings"] = 1
    run(ledger, table)
    assert (table.status, table.code) == (DeliveryStatus.ERROR, "ledger_processed_early")
    assert "K1-2, K1-3" in str(table.rejection and table.rejection.text())


@pytest.mark.parametrize("is_gone", [True, False])
def test_one_that_is_processed_is_followed(is_gone: bool) -> None:
    ledger, table = Ledger(), DeliveryTable()
    run(ledger, table)
    if is_gone:
        ledger.heads.clear()
    else:
        ledger.heads[1]["NumberOfProcessings"] = 1
    assert run(ledger, table).assumed == 1
    assert table.status is DeliveryStatus.ASSUMED


def test_two_of_one_key_are_one_again_unless_both_were_processed() -> None:
    ledger, table = Ledger(), DeliveryTable()
    run(ledger, table)
    ledger.add(Description=DELIVERY.key)
    run(ledger, table)
    assert (list(ledger.heads), table.status) == ([1], DeliveryStatus.DELIVERED)
    ledger.add(Description=DELIVERY.key, NumberOfProcessings=1)
    run(ledger, table)
    assert (table.status, table.code) == (DeliveryStatus.ERROR, "ledger_doubled")


def test_a_right_that_is_missing_in_a_new_session_too_ends_the_run() -> None:
    with pytest.raises(AuthorizationError, match="no right"):
        run(Ledger(None, NO_SESSION, NO_SESSION), DeliveryTable())


def test_batches_of_others_are_not_touched() -> None:
    ledger, table = Ledger(), DeliveryTable()
    ledger.add(Description="Löhne November")
    ledger.add(Description=DELIVERY.key + "1")
    run(ledger, table)
    assert (ledger.writes[0], table.remote_id) == ("create", 3)
