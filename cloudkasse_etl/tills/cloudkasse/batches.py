"""Sends master data in batches: journals attempts, sends several at once, and halves a batch that is refused.

The rule that this implements (docs/cloudkasse-api.md): a key is random, belongs to ONE attempt at ONE body, is in
the journal with that body before it is sent, and leaves it only once the attempt was answered.
"""

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Self

import orjson

from cloudkasse_etl.errors import CloudkasseError, ContractError
from cloudkasse_etl.http.peer_answers import Answer, RefusedError
from cloudkasse_etl.http.transport import NOTICE_SECONDS, Transport
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.tills.cloudkasse.pagination import list_records
from cloudkasse_etl.tills.cloudkasse.results import check_results
from cloudkasse_etl.tills.item_results import CONTRACT_CODE, rejected
from cloudkasse_etl.tills.port import Attempt, AttemptJournal, BatchOutcome, ItemResult, record_key

MAX_BODY_BYTES = 4 * 1024 * 1024
REGISTER_REQUIRED = "register_required"
KEY_REUSED = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class _Batch:
    """Records to send. `reread`, `rekeyed`: it was repeated once already, after a conflict or a key in use."""

    items: list[dict[str, Any]]
    attempt: Attempt
    journaled: bool = False
    reread: bool = False
    rekeyed: bool = False

    @classmethod
    def new(
        cls,
        entity: str,
        items: list[dict[str, Any]],
        *,
        reread: bool = False,
        rekeyed: bool = False,
        written: list[bytes] | None = None,
    ) -> Self:
        """A batch under a key of its own; `written` are the items as JSON, where they are encoded already."""
        texts = map(orjson.dumps, items) if written is None else written
        attempt = Attempt(key=str(uuid.uuid4()), entity=entity, body=b'{"items":[' + b",".join(texts) + b"]}")
        return cls(items=items, attempt=attempt, reread=reread, rekeyed=rekeyed)

    @classmethod
    def restored(cls, attempt: Attempt) -> Self:
        return cls(items=orjson.loads(attempt.body)["items"], attempt=attempt, journaled=True)


@dataclass(frozen=True, slots=True)
class _Conflict:
    """A conflict, and the ids, by key, of the records that the cloud has with the same content as they were sent."""

    held: dict[str, str]


_Reply = list[Any] | RefusedError | _Conflict


class BatchSender:
    """Sends batches over several connections; the journal and the results stay in the calling thread.

    Args:
        transport: Sends one request.
        journal: Keeps attempts until they are answered.
        connections: How many batches are in flight at once.
        page_items: The page size where records are read again after a conflict.
    """

    def __init__(self, transport: Transport, journal: AttemptJournal, *, connections: int, page_items: int) -> None:
        self._transport = transport
        self._journal = journal
        self._connections = connections
        self._page_items = page_items

    def send(self, entity: str, items: Iterable[dict[str, Any]], batch_items: int) -> Iterator[BatchOutcome]:
        """Sends records, each of them once; see `CloudClient.send`.

        Args:
            entity: One of `ENTITIES`.
            items: With every field of the contract.
            batch_items: Most records in a batch.

        Yields:
            What to store and which attempts to remove, in one transaction.
        """
        return self._run(_batches(entity, items, batch_items), self._connections)

    def resend(self, attempts: Iterable[Attempt]) -> Iterator[BatchOutcome]:
        """Finishes attempts one after the other: two of them may hold the same record, and the later one must win."""
        return self._run(map(_Batch.restored, attempts), 1)

    def _run(self, work: Iterator[_Batch | BatchOutcome], lanes: int) -> Iterator[BatchOutcome]:
        cancel = threading.Event()
        again: deque[_Batch] = deque()
        running: dict[Future[_Reply], _Batch] = {}
        failure: CloudkasseError | None = None
        pool = ThreadPoolExecutor(lanes, thread_name_prefix="cloudkasse")
        try:
            while True:
                # No more than there are threads, so that every attempt in the journal is really being sent.
                fresh: list[_Batch] = []
                while failure is None and len(running) + len(fresh) < lanes:
                    batch = again.popleft() if again else next(work, None)
                    if batch is None:
                        break
                    if isinstance(batch, BatchOutcome):
                        yield batch
                    else:
                        fresh.append(batch)
                if unknown := [batch.attempt for batch in fresh if not batch.journaled]:
                    self._journal.record(unknown)
                running |= {pool.submit(self._deliver, batch, cancel): batch for batch in fresh}
                if not running:
                    break
                # The time limit lets Ctrl-C through on every system; without one the wait may ignore it.
                done, _ = wait(running, timeout=NOTICE_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    batch = running.pop(future)
                    try:
                        outcome, remaining = _settle(batch, future.result(), self._transport.peer.without_secret)
                    except CloudkasseError as error:
                        # The answers to the others are still worth storing: continue until all have finished.
                        failure = failure or error
                        cancel.set()
                        continue
                    again.extendleft(reversed(remaining))
                    yield outcome
            if failure is not None:
                raise failure
        finally:
            cancel.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _deliver(self, batch: _Batch, cancel: threading.Event) -> _Reply:
        """Sends one attempt until it is answered; runs in a thread of the pool."""
        attempt = batch.attempt
        path = f"/v1/{attempt.entity}/batch"

        def read(answer: Answer) -> list[Any]:
            results = answer.data.get("results")
            if not isinstance(results, list):
                raise ContractError(
                    say("CloudKasse's answer to POST {path} has no list of results.", path=path),
                    hint=say("Report it to CloudKasse."),
                )
            return results

        try:
            return self._transport.call("POST", path, read, body=attempt.body, key=attempt.key, cancel=cancel)
        except RefusedError as refusal:
            if refusal.status == 409 and refusal.code != REGISTER_REQUIRED and not batch.reread:
                return _Conflict(self._held(batch, cancel))
            return refusal

    def _held(self, batch: _Batch, cancel: threading.Event) -> dict[str, str]:
        """Reads a batch's records again from the cloud, to find those that it has with the same content already.

        The API reads an entity by pages only, so this lists it until all keys were found. It is rare, and records that
        are equal already (a parallel writer, an own attempt that arrived late) are not sent a second time.
        """
        entity = batch.attempt.entity
        wanted = {record_key(entity, item): item for item in batch.items}
        held: dict[str, str] = {}
        for page in list_records(self._transport, entity, self._page_items, cancel):
            for record in page:
                try:
                    key = record_key(entity, record)
                except KeyError:
                    continue
                item, cloud_id = wanted.pop(key, None), record.get("id")
                if item is not None and isinstance(cloud_id, str) and item.items() <= record.items():
                    held[key] = cloud_id
            if not wanted:
                break
        return held


def _batches(entity: str, items: Iterable[dict[str, Any]], batch_items: int) -> Iterator[_Batch | BatchOutcome]:
    """Cuts a stream of records into batches; a record that cannot be sent at all is rejected on its own."""
    waiting: list[dict[str, Any]] = []
    texts: list[bytes] = []
    size = 0
    for item in items:
        try:
            record_key(entity, item)
            text = orjson.dumps(item)
        except (KeyError, TypeError) as error:  # no key, or (JSONEncodeError) e.g. half a surrogate pair in a text
            reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            yield BatchOutcome((), (rejected(item, CONTRACT_CODE, f"The record cannot be sent: {reason}."),))
            continue
        if waiting and (len(waiting) >= batch_items or size + len(text) + 1 > MAX_BODY_BYTES):
            yield _Batch.new(entity, waiting, written=texts)
            waiting, texts, size = [], [], 0
        waiting.append(item)
        texts.append(text)
        size += len(text) + 1
    if waiting:
        yield _Batch.new(entity, waiting, written=texts)


def _settle(batch: _Batch, reply: _Reply, hide: Callable[[str], str]) -> tuple[BatchOutcome, list[_Batch]]:
    """Turns an answer into results of records, and into batches that have to be sent again under new keys.

    Raises:
        RefusedError: A refusal that is not caused by the batch's content.
    """
    entity, items = batch.attempt.entity, batch.items
    results: tuple[ItemResult, ...] = ()
    remaining: list[_Batch] = []
    if isinstance(reply, list):
        results = check_results(entity, items, reply, hide)
    elif isinstance(reply, _Conflict):
        equal = [item for item in items if record_key(entity, item) in reply.held]
        results = tuple(ItemResult(item, "unchanged", reply.held[record_key(entity, item)]) for item in equal)
        if rest := [item for item in items if record_key(entity, item) not in reply.held]:
            remaining = [_Batch.new(entity, rest, reread=True, rekeyed=batch.rekeyed)]
    elif reply.status == 409 and reply.code == REGISTER_REQUIRED:
        results = tuple(ItemResult(item, "deferred", code=REGISTER_REQUIRED, message=reply.detail) for item in items)
    elif reply.status == 422 and reply.code == KEY_REUSED and not batch.rekeyed:
        remaining = [_Batch.new(entity, items, reread=batch.reread, rekeyed=True)]
    elif reply.status in (400, 409, 413):
        if len(items) > 1:
            middle = len(items) // 2
            remaining = [
                _Batch.new(entity, half, reread=batch.reread, rekeyed=batch.rekeyed)
                for half in (items[:middle], items[middle:])
            ]
        else:
            code = reply.code or ("conflict" if reply.status == 409 else f"http_{reply.status}")
            results = tuple(rejected(item, code, reply.detail) for item in items)
    else:
        raise reply
    return BatchOutcome((batch.attempt.key,), results), remaining
