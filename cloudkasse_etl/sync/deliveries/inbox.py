"""SelectLine's inbox of transfer documents as a run sees it: all of our kinds, found by our keys.

It is listed once, and again after each doubt: a list is the only thing that tells whether a document is there
(docs/deliveries.md, Exactly once).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from cloudkasse_etl.state.stores.deliveries.delivery_store import Delivery
from cloudkasse_etl.transform.deliveries.transfer_form import key_of

OPEN: Final = "Open"
EDIT: Final = "Edit"
ASSUMED: Final = "Assumed"
DISCARDED: Final = "Discarded"
MANUAL_ERROR: Final = "ManualError"


class TransferDocuments(Protocol):
    """What of the API is used here."""

    def transfer_documents(self, kind: str) -> Any:
        """All documents of a kind."""
        ...

    def transfer_document(self, number: int) -> Mapping[str, Any] | None:
        """One of them with its positions; None where there is none of this id."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A transfer document of ours.

    Attributes:
        number: SelectLine's id of it.
        state: What became of it there.
        destination: The number of the document that it became.
        comment: The clerk's word.
    """

    number: int
    state: str
    destination: str | None
    comment: str

    @property
    def is_open(self) -> bool:
        """Whether no person there has looked at it, so that it may be deleted."""
        return self.state == OPEN

    @property
    def is_refused(self) -> bool:
        """Whether it was discarded, or could not be taken over."""
        return self.state in (DISCARDED, MANUAL_ERROR)


class Inbox:
    """The transfer documents of some kinds.

    Args:
        client: The API.
        kinds: The kinds of document: those of all deliveries that are looked for, whatever the settings say by now.
    """

    def __init__(self, client: TransferDocuments, kinds: Iterable[str]) -> None:
        self._client, self._kinds = client, sorted(set(kinds))
        self._by_key: dict[str, list[Found]] = {}
        self.look()

    def look(self) -> None:
        """Lists it again.

        Raises:
            CloudkasseError: It cannot be read to its end; what was known before is still known then.
        """
        found: dict[str, list[Found]] = defaultdict(list)
        for kind in self._kinds:
            for form in self._client.transfer_documents(kind):
                key = key_of(form)
                if key is not None:
                    found[key].append(found_in(form))
        self._by_key = {key: sorted(some, key=lambda one: one.number) for key, some in found.items()}

    def of(self, key: str) -> list[Found]:
        """Those with our key, oldest first."""
        return list(self._by_key.get(key, ()))

    def note(self, key: str, number: int) -> None:
        """Notes one that was created since it was listed."""
        self._by_key.setdefault(key, []).append(Found(number, OPEN, None, ""))

    def read(self, number: int) -> Mapping[str, Any] | None:
        """One with its positions; None where it is not there."""
        return self._client.transfer_document(number)


def kind_of(delivery: Delivery) -> str:
    """The kind of document that a delivery was frozen with."""
    return str(orjson.loads(delivery.body)["DocumentKind"])


def found_in(form: Mapping[str, Any]) -> Found:
    """What counts of a transfer document as the API tells it."""
    return Found(
        number=int(form["Id"]),
        state=str(form.get("StateKind") or ""),
        destination=str(form["DestinationNumber"]) if form.get("DestinationNumber") else None,
        comment=" ".join(str(form.get("InternalComment") or "").split()),
    )
