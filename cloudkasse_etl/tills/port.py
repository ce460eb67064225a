"""The port to tills: what the synchronisation asks of one, whichever it is, and the form of its answers.

A till takes master data and gives receipts and closings in the canonical form that docs/cloudkasse-api.md describes. An
adapter, a package beside this module, speaks its till's own protocol behind it, and `till_opening.py` chooses one.
Nothing of this program but an adapter knows an address, a page's envelope or a status code.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, Self

from cloudkasse_etl.entities import BY_NAME
from cloudkasse_etl.errors import ContractError, Problem
from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.schemas.wire_receipts import ReceiptColumns

Stream = Literal["receipts", "closings"]
WireStatus = Literal["created", "updated", "unchanged", "deactivated", "rejected"]
ItemStatus = Literal[WireStatus, "deferred"]
OnRetry = Callable[[Text], None]
# Takes a kind and some of its items; returns for each the code with which the till will reject it, or None.
Foresight = Callable[[str, Sequence[dict[str, Any]]], Sequence[str | None]]


class CursorExpired(ContractError):  # noqa: N818 - the contract's own word
    """The till no longer knows the cursor: start at the beginning; the ids prevent duplicates."""


@dataclass(frozen=True, slots=True)
class TillStatus:
    """What a till says of itself.

    Attributes:
        api_version: The version of its API, `major.minor`.
        time: The till's clock, with an offset.
        company_number: None where the till holds no company yet.
        company_name: None where the till holds no company yet.
        batch_items: How many records a batch may hold.
        page_items: How many records a page may hold.
        counts: Active records by entity; one that the till does not count is missing.
        heads: The newest cursor of `receipts` and of `closings`.
        clock_offset_seconds: Its time minus ours, ours taken at the middle of the request.
    """

    api_version: str
    time: datetime
    company_number: str | None
    company_name: str | None
    batch_items: int
    page_items: int
    counts: Mapping[str, int]
    heads: Mapping[str, str]
    clock_offset_seconds: float

    def has_news(self, stream: Stream, cursor: str | None) -> bool:
        """Whether a stream has more than was read up to a stored cursor; None where nothing was read."""
        return cursor != self.heads[stream]


class UntranslatableError(ValueError):
    """A record of the till that cannot be brought into the canonical form.

    Args:
        code: Why, a code of `rejections/catalogue/`.
        detail: What the texts of the code name.
        register: Its register, where that is known.
        number: Its number, where that is known.
    """

    def __init__(
        self, code: str, detail: Mapping[str, str], *, register: str | None = None, number: int | None = None
    ) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail
        self.register, self.number = register, number


class Translation(Protocol):
    """Brings what a till sent into the canonical form; pure, so that it can be repeated under other settings."""

    def fingerprint(self) -> str:
        """A hash of the settings that it depends on."""
        ...

    def receipts(self, text: bytes) -> Sequence[bytes]:
        """A receipt in canonical JSON, with the counter-entry of one that was voided later.

        Raises:
            UntranslatableError: Its meaning is not known.
        """
        ...

    def closing(self, text: bytes) -> bytes:
        """A closing in canonical JSON.

        Raises:
            UntranslatableError: Its meaning is not known.
        """
        ...

    def is_unsigned(self, text: bytes) -> bool:
        """Whether the till says of a receipt that its security device (TSE) failed to sign it."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what a till delivers, with a mark of its content: a file that was read, or a closing in it.

    Attributes:
        name: What it is; unique within the till.
        state: A hash; another one means that it has to be read again.
    """

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What could not be read although it is no single record: a file, or a closing.

    Attributes:
        key: What it is about; the same place has the same key again.
        code: A code of `rejections/catalogue/`.
        detail: What the texts of the code name.
        content: A hash of what was refused.
    """

    key: str
    code: str
    detail: Mapping[str, str]
    content: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of receipts or closings whose entries are not parsed yet.

    Attributes:
        texts: Each entry as it came, in the order of arrival; in canonical JSON, or in the till's own form where it
            has a `Translation`.
        next_cursor: What to store once the entries are stored; None leaves the cursor where it is.
        has_more: Whether another page follows.
        columns: The same receipts as columns, from a till that has them so; all of one closing.
        closings: Closings in canonical JSON that came together with these receipts, to be stored together with them.
        refusals: What could not be read.
        settled: Keys of refusals that have ended, since what they are about could be read.
        notes: What was read although it deviates from the till's own rules, as sentences.
        taken: What is read to its end with this page.
    """

    texts: Sequence[bytes]
    next_cursor: str | None
    has_more: bool
    columns: ReceiptColumns | None = None
    closings: Sequence[bytes] = ()
    refusals: Sequence[Refusal] = ()
    settled: Sequence[str] = ()
    notes: Sequence[str] = ()
    taken: Sequence[Part] = ()


class PartMemory(Protocol):
    """Remembers which parts were read to their end."""

    def taken(self) -> Mapping[str, str]:
        """Name of a part → its state when it was read to its end."""
        ...


class NoPartMemory:
    """The memory of a till that delivers no parts, or is only asked for its status."""

    def taken(self) -> Mapping[str, str]:
        """Nothing was read."""
        return {}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one body; the journal keeps it until it is answered."""

    key: str
    entity: str
    body: bytes


class AttemptJournal(Protocol):
    """Stores attempts, so that one whose answer was lost can be finished after a restart."""

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Stores the attempts in one transaction; nothing of them is sent before it returns."""


class NoJournal:
    """The journal of a client that only asks."""

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Never called: there is nothing to send."""
        raise AssertionError("This client only asks, and sends nothing.")


@dataclass(frozen=True, slots=True)
class ItemResult:
    """A till's result for one record.

    Attributes:
        item: The record as it was sent.
        status: `deferred` waits for something in order; `rejected` was not accepted; all others were.
        cloud_id: The till's own id of it.
        code: Why it was rejected or deferred: the till's code, `contract` where its answer was invalid, or `http_400`
            and the like where a refusal named no code.
        field: The field that the rejection is about.
        message: The till's own text, or ours for `contract`.
    """

    item: dict[str, Any]
    status: ItemStatus
    cloud_id: str | None = None
    code: str | None = None
    field: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The result of an answer, to be stored in one transaction.

    Attributes:
        answered: Keys of attempts that are answered: remove them from the journal.
        results: The results of the records; each record appears once only.
    """

    answered: tuple[str, ...]
    results: tuple[ItemResult, ...]


def record_key(entity: str, item: Mapping[str, Any]) -> str:
    """A record's key as the cloud writes it: its parts joined by `|`, empty for null."""
    return "|".join("" if item[name] is None else str(item[name]) for name in BY_NAME[entity].key)


class Till(Protocol):
    """One company's till.

    Methods raise `NetworkError` (not reached, or failing for as long as the retries allow), `AuthorizationError` (who
    asks is not let in), `ContractError` (an answer that breaks the contract) and `StoppedError`.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """Ends all connections; generators that are still open must be closed before."""

    def status(self) -> TillStatus:
        """Whether the till is reached, and what there is to fetch; one request."""
        ...

    def problems(self) -> list[Problem]:
        """What of the till the settings do not name, or name otherwise; found by asking it, for `check`."""
        ...

    def records(self, entity: str) -> Iterator[list[dict[str, Any]]]:
        """Pages of the records of a kind that the till holds, retired ones included."""
        ...

    def pages(self, stream: Stream, after: str | None, limit: int | None = None) -> Iterator[Page]:
        """Pages of what has arrived since a cursor; an item may appear again on a later page.

        Args:
            stream: `receipts` or `closings`.
            after: A stored cursor; None starts at the beginning.
            limit: Items a page; as many as the till likes where None.

        Yields:
            The pages, in the order of arrival.

        Raises:
            CursorExpired: Start at the beginning.
        """
        ...

    def send(self, entity: str, items: Iterable[dict[str, Any]]) -> Iterator[BatchOutcome]:
        """Sends records and yields their results as answers come in; attempts are journaled before they are sent.

        Args:
            entity: The name of one of `KINDS`.
            items: With every field of the contract; each record once, since batches may overtake each other.

        Yields:
            What to store and which attempts to remove, in one transaction. Every record is in exactly one outcome.
            After an error, the records of attempts still in the journal are unknown: `resend` finishes them.
        """
        ...

    def resend(self, attempts: Iterable[Attempt]) -> Iterator[BatchOutcome]:
        """Finishes attempts that were never answered, in the order given, before anything new is sent."""
        ...
