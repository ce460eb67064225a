"""Brings frozen manual storages into SelectLine, each movement exactly once.

A storage is read before each write and after each doubt: its head by its number, then its positions. Its number is
noted before it is sent for the first time, so that one of this number that was there before is known to be another's.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from cloudkasse_etl.entities import SELECTLINE_DOCUMENTS
from cloudkasse_etl.erp.selectline_api.selectline_session import UnclearError
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.rejections.catalogue.storage_codes import STOCK_SHORT
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivery_store import Delivery, DeliveryStatus
from cloudkasse_etl.sync.deliveries.problems import Keeps, Problems
from cloudkasse_etl.transform.deliveries.refusals import some
from cloudkasse_etl.transform.deliveries.storage_form import (
    StockLine,
    head_of,
    is_same,
    is_same_head,
    lines_in,
    number_of,
    positions_of,
    short_lines,
)

_PASSES = 6  # of one delivery: made, filled, read; deleted once because it differed, and all of it again


class WritesStorages(Protocol):
    """What of the API is used here."""

    def storage(self, number: str) -> Mapping[str, Any] | None:
        """The head of one; None where there is none."""
        ...

    def positions(self, number: str) -> Sequence[Mapping[str, Any]]:
        """The positions of one."""
        ...

    def stock(self, warehouse: str) -> Mapping[str, int]:
        """What there is in a warehouse, in thousandths by article."""
        ...

    def create_storage(self, body: bytes) -> None:
        """Creates one without positions."""
        ...

    def store_positions(self, number: str, body: bytes) -> None:
        """Stores positions of one."""
        ...

    def delete_storage(self, number: str) -> None:
        """Deletes one."""
        ...


class Splits(Keeps, Protocol):
    """What of our own tables is used here."""

    def split(self, delivery: Delivery, short: Sequence[StockLine]) -> tuple[Delivery, Delivery]:
        """Takes lines out into a delivery of their own; returns what is left, and the other."""
        ...


@dataclass
class StorageSender:
    """Brings deliveries into SelectLine as manual storages.

    Attributes:
        api: The API.
        store: Deliveries.
        before: The rejections that were open when the run began, by key.
        delivered: How many came to be there by this run.
        assumed: Nobody takes a manual storage over: none.
        problems: Why deliveries are not there, or a person has to look.
    """

    api: WritesStorages
    store: Splits
    before: Mapping[str, Rejection]
    delivered: int = 0
    assumed: int = 0
    problems: Problems = field(init=False)
    _noted: set[str] = field(default_factory=set)
    _deleted: set[str] = field(default_factory=set)
    _doubtful: dict[str, Delivery] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.problems = Problems(SELECTLINE_DOCUMENTS, self.store, self.before)

    def bring(self, delivery: Delivery) -> None:
        """Brings a delivery there that is not known to be there.

        Raises:
            CloudkasseError: The API cannot be reached, or does not let us: what was sent is known by the next run.
        """
        old = self.before.get(delivery.key)
        if old is not None and old.code == STOCK_SHORT:  # it is looked at first, so that nothing is written in vain
            left = self._taken_apart(delivery)
            if left is None:
                return
            delivery = left
        self._bring(delivery)

    def follow(self, delivery: Delivery) -> None:
        """Ends an error once the document is there as it was sent."""
        number = number_of(delivery.body)
        if delivery.remote_id is None:
            return
        head = self.api.storage(number)
        if (
            head is not None
            and is_same_head(delivery.body, head)
            and is_same(delivery.body, self.api.positions(number))
        ):
            self.store.move(delivery, DeliveryStatus.DELIVERED, destination=number)

    def end(self, deliveries: Sequence[Delivery]) -> None:
        """Looks again at those of which an answer was lost: a request may be worked off late."""
        for delivery in list(self._doubtful.values()):
            positions = self.api.positions(number_of(delivery.body))
            if positions and not is_same(delivery.body, positions):
                self._bring(delivery, is_again=True)

    def _bring(self, delivery: Delivery, *, is_again: bool = False) -> None:
        number = number_of(delivery.body)
        for _ in range(_PASSES):
            head = self.api.storage(number)
            if head is None:
                self._note(delivery)
                if not self._create(delivery, number):
                    return
                continue
            if not self._is_noted(delivery):
                self.problems.look(delivery, "storage_number_taken", {"number": number})
                return
            if not is_same_head(delivery.body, head):
                self._differs(delivery, number)
                return
            positions = self.api.positions(number)
            if not positions:
                left = self._fill(delivery, number)
                if left is None:
                    return
                delivery = left
            elif is_same(delivery.body, positions):
                self.delivered += not is_again
                self.store.move(delivery, DeliveryStatus.DELIVERED, destination=number)
                return
            elif delivery.key in self._deleted or not self._delete(delivery, number):
                self._differs(delivery, number)
                return
        self.problems.unclear(delivery)

    # --- its number

    def _is_noted(self, delivery: Delivery) -> bool:
        return delivery.remote_id is not None or delivery.key in self._noted

    def _note(self, delivery: Delivery) -> None:
        if not self._is_noted(delivery):
            self.store.note(delivery, delivery.delivery_id)
            self._noted.add(delivery.key)

    # --- writes, each followed by a look

    def _create(self, delivery: Delivery, number: str) -> bool:
        """Makes an empty one; False where it is not there."""
        try:
            self.api.create_storage(head_of(delivery.body))
        except (UnclearError, RefusedError) as error:
            self._doubt(delivery, error)
            if self.api.storage(number) is None:
                return self._may_repeat(delivery, error)
        return True

    def _fill(self, delivery: Delivery, number: str) -> Delivery | None:
        """Stores the positions of an empty one; None where that has to wait."""
        try:
            self.api.store_positions(number, positions_of(delivery.body))
        except (UnclearError, RefusedError) as error:
            self._doubt(delivery, error)
            if self.api.positions(number):
                return delivery
            if isinstance(error, RefusedError) and self._short(delivery):
                left = self._taken_apart(delivery)
                if left is None:  # nothing of it can go: no empty document is left behind
                    self._delete(delivery, number)
                return left
            return delivery if self._may_repeat(delivery, error) else None
        return delivery

    def _delete(self, delivery: Delivery, number: str) -> bool:
        """Deletes it, and looks whether it is gone whatever the answer was."""
        self._deleted.add(delivery.key)
        with suppress(UnclearError, RefusedError):
            self.api.delete_storage(number)
        return self.api.storage(number) is None

    def _doubt(self, delivery: Delivery, error: UnclearError | RefusedError) -> None:
        if isinstance(error, UnclearError):
            self._doubtful[delivery.key] = delivery

    def _may_repeat(self, delivery: Delivery, error: UnclearError | RefusedError) -> bool:
        """Whether a write that has left nothing is tried once more: a session was gone. Else stores why not."""
        if isinstance(error, RefusedError):
            self.problems.refused_by(delivery, error)
            return False
        if self.problems.may_repeat(delivery, error):
            return True
        self.problems.unclear(delivery, error.cause.message)
        return False

    # --- stock below zero

    def _short(self, delivery: Delivery) -> list[StockLine]:
        """The lines that would take out more than there is, by the stock of now."""
        lines = lines_in(delivery.body)
        stock = {
            (house, article): milli
            for house in sorted({line.warehouse for line in lines})
            for article, milli in self.api.stock(house).items()
        }
        return short_lines(lines, stock)

    def _taken_apart(self, delivery: Delivery) -> Delivery | None:
        """Takes out the lines for which there is not enough; None where nothing is left."""
        short = self._short(delivery)
        if not short:
            return delivery
        left, waiting = None, delivery
        if len(short) < delivery.line_count:
            left, waiting = self.store.split(delivery, short)
            self._doubtful.pop(delivery.key, None)
            if delivery.key in self._noted:
                left = replace(left, remote_id=left.remote_id or delivery.delivery_id)
        articles = sorted({f"{line.article} ({line.warehouse})" for line in short})
        self.problems.leave(waiting, STOCK_SHORT, {"articles": some(articles)})
        return left

    # --- what a person has to look at

    def _differs(self, delivery: Delivery, number: str) -> None:
        self.problems.look(delivery, "storage_differs", {"number": number})
