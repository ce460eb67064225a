"""Brings frozen deliveries into SelectLine, each exactly once, and finds out what became of those that are there.

Reading comes before each write and after each doubt; nothing is decided by the text of an error.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from cloudkasse_etl.entities import SELECTLINE_DOCUMENTS
from cloudkasse_etl.erp.selectline_api.selectline_session import UnclearError
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivery_store import Delivery, DeliveryStatus
from cloudkasse_etl.sync.deliveries.inbox import (
    ASSUMED,
    DISCARDED,
    EDIT,
    OPEN,
    Found,
    Inbox,
    TransferDocuments,
    found_in,
)
from cloudkasse_etl.sync.deliveries.problems import Keeps, Problems
from cloudkasse_etl.transform.deliveries.transfer_form import differences

_TRIES = 2  # a request is sent once more after a session was gone, or after a document that differed was deleted


class Sends(TransferDocuments, Protocol):
    """What of the API is used here."""

    def create_transfer_document(self, body: bytes) -> int:
        """Creates one."""
        ...

    def delete_transfer_document(self, number: int) -> None:
        """Deletes one that is open."""
        ...


@dataclass
class Sender:
    """Brings deliveries into SelectLine's inbox.

    Attributes:
        client: The API.
        inbox: Its list of documents.
        store: Deliveries.
        before: The rejections that were open when the run began, by key.
        delivered: How many came to be there by this run.
        assumed: How many were found to be taken over.
        has_sent: Whether anything was sent.
        problems: Why deliveries are not there, or a person has to look.
    """

    client: Sends
    inbox: Inbox
    store: Keeps
    before: Mapping[str, Rejection]
    delivered: int = 0
    assumed: int = 0
    has_sent: bool = False
    problems: Problems = field(init=False)
    _deleted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.problems = Problems(SELECTLINE_DOCUMENTS, self.store, self.before)

    def bring(self, delivery: Delivery) -> None:
        """Brings a delivery there that is not known to be there.

        Raises:
            CloudkasseError: The API cannot be reached, or does not let us: what was sent is known by the next run.
        """
        for _ in range(_TRIES):
            if not self.inbox.of(delivery.key) and not self._create(delivery):
                return
            if self._settled(delivery):
                return
        if not self.inbox.of(delivery.key):
            self.problems.unclear(delivery)

    def follow(self, delivery: Delivery) -> None:
        """Stores what became of a delivery that was there, or at which a person had to look."""
        kept = self._one_of(delivery)
        if kept is not None and delivery.status is DeliveryStatus.ERROR:
            self._look_again(delivery, kept)
        elif kept is not None:
            self._store_state(delivery, kept)
        elif not self.inbox.of(delivery.key) and not self._is_there(delivery):
            detail = {"number": str(delivery.remote_id), "reference": _reference(delivery)}
            self.problems.look(delivery, "delivery_gone", detail)

    def end(self, deliveries: Sequence[Delivery]) -> None:
        """Looks for documents that are there twice: a request that was believed lost may be worked off late.

        Args:
            deliveries: Those that were to be brought there.
        """
        if self.has_sent:
            self.inbox.look()
            for delivery in deliveries:
                if len(self.inbox.of(delivery.key)) > 1:
                    self._one_of(delivery)

    def _look_again(self, delivery: Delivery, kept: Found) -> None:
        """Ends an error once the document is as it was sent, or was discarded."""
        found = self.inbox.read(kept.number)
        if found is None:
            return
        odd = differences(orjson.loads(delivery.body), found, delivery.amount_cents)
        if not odd or kept.is_refused:
            self._store_state(delivery, kept)

    def _is_there(self, delivery: Delivery) -> bool:
        """Whether a document that no list has is there all the same: of another kind by now, or with another key."""
        return delivery.remote_id is not None and self.inbox.read(delivery.remote_id) is not None

    def _create(self, delivery: Delivery) -> bool:
        """Sends a document, and looks whether it is there whatever the answer was; False where it is not."""
        self.has_sent = True
        try:
            self.inbox.note(delivery.key, self.client.create_transfer_document(delivery.body))
            return True
        except UnclearError as error:
            self.inbox.look()
            if not self.inbox.of(delivery.key):
                if self.problems.may_repeat(delivery, error):
                    return self._create(delivery)
                self.problems.unclear(delivery, error.cause.message)
                return False
        except RefusedError as error:
            self.inbox.look()
            if not self.inbox.of(delivery.key):
                self.problems.refused_by(delivery, error)
                return False
        return True

    def _settled(self, delivery: Delivery) -> bool:
        """Reads a document back and stores what is found; False where it was deleted, to be sent once more."""
        kept = self._one_of(delivery)
        if kept is None:
            return bool(self.inbox.of(delivery.key))
        found = self.inbox.read(kept.number)
        if found is None:  # deleted by somebody between list and reading
            self.inbox.look()
            return False
        kept = found_in(found)  # what became of it since it was listed
        odd = differences(orjson.loads(delivery.body), found, delivery.amount_cents)
        if not odd or kept.is_refused:
            self._store_state(delivery, kept)
            return True
        detail = {"number": str(kept.number), "fields": ", ".join(odd)}
        if kept.is_open and delivery.key not in self._deleted:
            self._deleted.add(delivery.key)
            if self._delete(delivery, kept):
                return False
        self.problems.look(delivery, "delivery_differs", detail, number=kept.number)
        return True

    def _one_of(self, delivery: Delivery) -> Found | None:
        """The one document that counts of those with the key of a delivery; others are deleted while they are open.

        None where there is none, or where a person has to look, which is stored.
        """
        found = self.inbox.of(delivery.key)
        if len(found) < 2:
            return found[0] if found else None
        taken = [one for one in found if one.state == ASSUMED]
        kept = taken[0] if taken else next((one for one in found if not one.is_refused), found[0])
        for other in [one for one in found if one is not kept]:
            if other.is_open and self._delete(delivery, other):
                continue
            if not other.is_refused:
                numbers = ", ".join(str(one.number) for one in found)
                self.problems.look(delivery, "delivery_doubled", {"numbers": numbers}, number=kept.number)
                return None
        return kept

    def _delete(self, delivery: Delivery, found: Found) -> bool:
        """Deletes a document, and looks whether it is gone whatever the answer was."""
        self.has_sent = True
        with suppress(UnclearError, RefusedError):
            self.client.delete_transfer_document(found.number)
        self.inbox.look()
        return all(one.number != found.number for one in self.inbox.of(delivery.key))

    def _store_state(self, delivery: Delivery, found: Found) -> None:
        """Stores what became of the one document of a delivery."""
        if found.is_refused:
            code = "delivery_discarded" if found.state == DISCARDED else "delivery_manual_error"
            self.problems.look(
                delivery,
                code,
                {"number": str(found.number), "comment": found.comment or "-"},
                status=DeliveryStatus.DISCARDED,
                number=found.number,
            )
        elif found.state == ASSUMED:
            if delivery.status is DeliveryStatus.INTENDED:
                self.delivered += 1
            self.assumed += 1
            self.store.move(
                delivery, DeliveryStatus.ASSUMED, remote_id=found.number, destination=found.destination or ""
            )
        elif found.state in (OPEN, EDIT) and (
            delivery.status is not DeliveryStatus.DELIVERED or delivery.remote_id != found.number
        ):
            self.delivered += delivery.status is DeliveryStatus.INTENDED
            self.store.move(delivery, DeliveryStatus.DELIVERED, remote_id=found.number)


def _reference(delivery: Delivery) -> str:
    """By what a clerk finds the document in SelectLine."""
    return str(orjson.loads(delivery.body).get("DeliveryDocumentNumber", delivery.key))
