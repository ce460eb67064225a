"""The batches in SelectLine's ledger as a run sees them: those of our fiscal years, found by our keys.

The batches of a year are listed once, and again after each doubt. One that a person has processed may be missing from
the list, so that what is gone was not necessarily deleted (docs/deliveries.md, The ledger).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cloudkasse_etl.state.stores.deliveries.delivery_store import Delivery
from cloudkasse_etl.transform.deliveries.batch_form import key_of_batch

Where = tuple[str | None, str | None]


class ReadsBatches(Protocol):
    """What of the ledger is read here."""

    def batches(self) -> Iterator[Mapping[str, Any]]:
        """The heads of all batches of the session's year."""
        ...

    def batch(self, number: int) -> Mapping[str, Any] | None:
        """The head of one of them; None where there is none of this number."""
        ...


class EntersYears(Protocol):
    """What of a session is used here."""

    def work_in(self, tenant: str | None, year: str | None = None) -> None:
        """Lets the session work in a tenant and fiscal year."""
        ...


@dataclass(frozen=True, slots=True)
class FoundBatch:
    """A batch of ours.

    Attributes:
        number: SelectLine's number of it.
        processings: How often a person has processed it.
    """

    number: int
    processings: int


class BatchList:
    """The batches of our fiscal years.

    Args:
        session: The session, which is led into each delivery's year.
        ledger: The ledger in it.
    """

    def __init__(self, session: EntersYears, ledger: ReadsBatches) -> None:
        self._session, self._ledger = session, ledger
        self._by_key: dict[Where, dict[str, list[FoundBatch]]] = {}

    def enter(self, delivery: Delivery) -> None:
        """Lets the session work where a delivery goes."""
        self._session.work_in(delivery.tenant, delivery.year)

    def of(self, delivery: Delivery) -> list[FoundBatch]:
        """The batches with a delivery's key, oldest first."""
        if _where(delivery) not in self._by_key:
            self.look(delivery)
        return list(self._by_key[_where(delivery)].get(delivery.key, ()))

    def look(self, delivery: Delivery) -> None:
        """Lists the batches of a delivery's year again.

        Raises:
            CloudkasseError: They cannot be read to the end; what was known before is still known then.
        """
        self.enter(delivery)
        found: dict[str, list[FoundBatch]] = defaultdict(list)
        for head in self._ledger.batches():
            key = key_of_batch(head)
            if key is not None:
                found[key].append(found_in(head))
        self._by_key[_where(delivery)] = {key: sorted(some, key=lambda one: one.number) for key, some in found.items()}

    def note(self, delivery: Delivery, number: int) -> None:
        """Notes one that was created since they were listed."""
        self._by_key.setdefault(_where(delivery), {}).setdefault(delivery.key, []).append(FoundBatch(number, 0))

    def read(self, delivery: Delivery, number: int) -> FoundBatch | None:
        """One by its number; None where it is not there, or another one has its number."""
        self.enter(delivery)
        head = self._ledger.batch(number)
        return found_in(head) if head is not None and key_of_batch(head) == delivery.key else None


def found_in(head: Mapping[str, Any]) -> FoundBatch:
    """What counts of the head of a batch as the API tells it."""
    return FoundBatch(int(head["BatchNumber"]), int(head.get("NumberOfProcessings") or 0))


def _where(delivery: Delivery) -> Where:
    return delivery.tenant, delivery.year
