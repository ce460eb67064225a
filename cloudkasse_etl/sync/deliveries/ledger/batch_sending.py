"""Brings frozen batches into SelectLine's ledger, each posting exactly once, and finds out what became of them.

A batch is made empty and its number stored before any posting goes into it. So one that is not there and has no number
was never more than empty: it can be made again, whatever a person did meanwhile. One that has a number and is gone may
have been processed: it is never sent again by itself.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from cloudkasse_etl.entities import SELECTLINE_LEDGER
from cloudkasse_etl.erp.selectline_api.selectline_session import UnclearError
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivery_store import Delivery, DeliveryStatus
from cloudkasse_etl.sync.deliveries.ledger.batch_list import BatchList, FoundBatch, ReadsBatches
from cloudkasse_etl.sync.deliveries.problems import Keeps, Problems
from cloudkasse_etl.transform.deliveries.batch_form import Compared, compared, head_of, postings_of
from cloudkasse_etl.transform.deliveries.refusals import some

_TRIES = 3  # passes that add no posting: after a session was gone, after one was deleted, and when all are there


class WritesBatches(ReadsBatches, Protocol):
    """What of the ledger is used here."""

    def create_batch(self, body: bytes) -> int:
        """Creates one without postings."""
        ...

    def delete_batch(self, number: int) -> None:
        """Deletes one with its postings."""
        ...

    def postings(self, number: int) -> Sequence[Mapping[str, Any]]:
        """The postings of one."""
        ...

    def add_posting(self, number: int, body: bytes) -> int:
        """Adds a posting to one."""
        ...

    def delete_posting(self, number: int, record: int) -> None:
        """Deletes a posting of one."""
        ...


@dataclass
class BatchSender:
    """Brings deliveries into SelectLine's ledger.

    Attributes:
        ledger: The ledger.
        batches: Its batches.
        store: Deliveries.
        before: The rejections that were open when the run began, by key.
        delivered: How many came to be there by this run.
        assumed: How many were found to be processed.
        problems: Why deliveries are not there, or a person has to look.
    """

    ledger: WritesBatches
    batches: BatchList
    store: Keeps
    before: Mapping[str, Rejection]
    delivered: int = 0
    assumed: int = 0
    problems: Problems = field(init=False)
    _doubtful: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.problems = Problems(SELECTLINE_LEDGER, self.store, self.before, kind="ledger")

    def bring(self, delivery: Delivery) -> None:
        """Brings a delivery there that is not known to be there, or not whole.

        Raises:
            CloudkasseError: The API cannot be reached, or does not let us: what was sent is known by the next run.
        """
        self.batches.enter(delivery)
        if delivery.remote_id is not None or delivery.key in self.before:
            self._doubtful.add(delivery.key)  # what a former run sent may come as late as now
        if not self.batches.of(delivery):
            if delivery.remote_id is not None:  # with its first postings in it, perhaps
                self._gone(delivery)
                return
            if not self._create(delivery):
                return
        kept = self._one_of(delivery)
        if kept is not None:
            self._fill(delivery, kept)

    def follow(self, delivery: Delivery) -> None:
        """Stores what became of a delivery that was there, or at which a person had to look."""
        self.batches.enter(delivery)
        found = self.batches.of(delivery) or self._by_number(delivery)
        if not found and delivery.status is DeliveryStatus.DELIVERED:
            self._processed(delivery, None)
        elif found and delivery.status is DeliveryStatus.DELIVERED:
            kept = self._one_of(delivery, found)
            if kept is not None and kept.processings:
                self._processed(delivery, kept.number)
            elif kept is not None:
                self._without_doubles(delivery, kept)
        elif found and delivery.status is DeliveryStatus.ERROR:
            self._look_again(delivery, found)

    def end(self, deliveries: Sequence[Delivery]) -> None:
        """Looks at batches and postings of which an answer was lost: a request may be worked off late."""
        for delivery in deliveries:
            if delivery.key in self._doubtful:
                self.batches.look(delivery)
                kept = self._one_of(delivery)
                if kept is not None and not kept.processings:
                    self._without_doubles(delivery, kept)

    # --- the batch

    def _by_number(self, delivery: Delivery) -> list[FoundBatch]:
        """A batch that no list has and that can be read all the same."""
        found = None if delivery.remote_id is None else self.batches.read(delivery, delivery.remote_id)
        return [] if found is None else [found]

    def _create(self, delivery: Delivery) -> bool:
        """Makes an empty batch, and looks whether it is there whatever the answer was; False where it is not."""
        try:
            self.batches.note(delivery, self.ledger.create_batch(head_of(delivery.body)))
            return True
        except UnclearError as error:
            self._doubtful.add(delivery.key)
            self.batches.look(delivery)
            if self.batches.of(delivery):
                return True
            if self.problems.may_repeat(delivery, error):
                return self._create(delivery)
            self.problems.unclear(delivery, error.cause.message)
        except RefusedError as error:
            self.batches.look(delivery)
            if self.batches.of(delivery):
                return True
            self.problems.refused_by(delivery, error)
        return False

    def _one_of(self, delivery: Delivery, found: Sequence[FoundBatch] = ()) -> FoundBatch | None:
        """The one batch that counts of those with the key of a delivery; others are deleted until they are processed.

        None where there is none, or where a person has to look, which is stored.
        """
        found = found or self.batches.of(delivery)
        kept = next((one for one in found if one.number == delivery.remote_id), found[0] if found else None)
        for other in [one for one in found if one is not kept]:
            with suppress(UnclearError, RefusedError):
                self.ledger.delete_batch(other.number)
            self.batches.look(delivery)
            if any(one.number == other.number for one in self.batches.of(delivery)):
                numbers = ", ".join(str(one.number) for one in found)
                self.problems.look(
                    delivery, "ledger_doubled", {"numbers": numbers}, number=kept.number if kept else None
                )
                return None
        return kept

    # --- its postings

    def _fill(self, delivery: Delivery, kept: FoundBatch) -> None:
        """Makes a batch have each posting once, and stores that it is there once it is read back so."""
        if delivery.remote_id != kept.number:
            self.store.note(delivery, kept.number)
        frozen = postings_of(delivery.body)
        has_deleted = False
        for _ in range(len(frozen) + _TRIES):  # each pass but a few adds one posting at least
            odd = compared(frozen, self.ledger.postings(kept.number))
            if kept.processings:
                self._processed_early(delivery, kept, odd)
                return
            if odd.foreign or (odd.surplus and has_deleted):
                self._differs(delivery, kept, odd)
                return
            if odd.is_whole:
                self._is_there(delivery, kept)
                return
            if odd.surplus:
                has_deleted = True
                self._delete(kept, odd.surplus)  # and read back, whatever the answers were
            elif not self._add(delivery, kept, odd):
                return
        self.problems.unclear(delivery)

    def _delete(self, kept: FoundBatch, records: Sequence[int]) -> None:
        for record in records:
            with suppress(UnclearError, RefusedError):
                self.ledger.delete_posting(kept.number, record)

    def _add(self, delivery: Delivery, kept: FoundBatch, odd: Compared) -> bool:
        """Sends what is missing until one is in doubt; False where the next run has to go on."""
        for posting in odd.missing:
            try:
                self.ledger.add_posting(kept.number, orjson.dumps(posting))
            except UnclearError as error:
                self._doubtful.add(delivery.key)
                if self._is_posted(kept, posting) or self.problems.may_repeat(delivery, error):
                    return True
                self.problems.unclear(delivery, error.cause.message)
                return False
            except RefusedError as error:
                if self._is_posted(kept, posting):
                    return True
                self._take_out(delivery, kept)
                self.problems.refused_by(delivery, error)
                return False
        return True

    def _take_out(self, delivery: Delivery, kept: FoundBatch) -> None:
        """Deletes a batch that is not to be whole: a person might process a part of it."""
        with suppress(UnclearError, RefusedError):
            self.ledger.delete_batch(kept.number)
        self.batches.look(delivery)
        if not self.batches.of(delivery) and self.batches.read(delivery, kept.number) is None:
            self.store.note(delivery, None)

    def _is_posted(self, kept: FoundBatch, posting: Mapping[str, Any]) -> bool:
        return not compared([posting], self.ledger.postings(kept.number)).missing

    def _without_doubles(self, delivery: Delivery, kept: FoundBatch) -> None:
        """Deletes what came twice, by a request that was believed lost; what a person has altered there stays so."""
        frozen = postings_of(delivery.body)
        odd = compared(frozen, self.ledger.postings(kept.number))
        if odd.doubled:
            self._delete(kept, odd.doubled)
            odd = compared(frozen, self.ledger.postings(kept.number))
            if odd.doubled:
                self._differs(delivery, kept, odd)

    # --- what became of it

    def _is_there(self, delivery: Delivery, kept: FoundBatch) -> None:
        self.delivered += 1
        self.store.move(delivery, DeliveryStatus.DELIVERED, remote_id=kept.number)

    def _processed(self, delivery: Delivery, number: int | None) -> None:
        self.assumed += 1
        if number is None:
            self.store.move(delivery, DeliveryStatus.ASSUMED)
        else:
            self.store.move(delivery, DeliveryStatus.ASSUMED, remote_id=number, destination=str(number))

    def _processed_early(self, delivery: Delivery, kept: FoundBatch, odd: Compared) -> None:
        if odd.is_whole:
            self.delivered += 1
            self._processed(delivery, kept.number)
            return
        missing = ", ".join(str(posting["PostingDocument"]) for posting in odd.missing) or "-"
        detail = {"number": str(kept.number), "missing": missing}
        self.problems.look(delivery, "ledger_processed_early", detail, number=kept.number)

    def _look_again(self, delivery: Delivery, found: Sequence[FoundBatch]) -> None:
        """Ends an error once there is one batch and it is as it was sent."""
        if len(found) != 1:
            return
        (kept,) = found
        if compared(postings_of(delivery.body), self.ledger.postings(kept.number)).is_whole:
            if kept.processings:
                self._processed(delivery, kept.number)
            else:
                self.store.move(delivery, DeliveryStatus.DELIVERED, remote_id=kept.number)

    # --- what a person has to look at

    def _gone(self, delivery: Delivery) -> None:
        found = self._by_number(delivery)
        if found:  # no list has it, and it can be read
            self._fill(delivery, found[0])
        else:
            self.problems.look(delivery, "ledger_gone", {"number": str(delivery.remote_id)})

    def _differs(self, delivery: Delivery, kept: FoundBatch, odd: Compared) -> None:
        names = [*odd.foreign, *(str(one["PostingDocument"]) for one in odd.missing), *map(str, odd.surplus)]
        detail = {"number": str(kept.number), "postings": some(names)}
        self.problems.look(delivery, "ledger_differs", detail, number=kept.number)
