"""Following cursors: what the cloud holds now, and what has arrived since. Each page's envelope is checked here."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from cloudkasse_etl.cloudkasse.results import record_key
from cloudkasse_etl.cloudkasse.statuses import RefusedError
from cloudkasse_etl.cloudkasse.transport import Answer, Transport
from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.wording import say

Stream = Literal["receipts", "closings"]

# A chain of ever new cursors ends here rather than never; at 1000 records a page these are 100 million.
MAX_PAGES = 100_000
# Filtering on their side may leave a page empty, but not page after page.
MAX_EMPTY_PAGES = 100
REPORT_HINT = say("Report it to CloudKasse; nothing of it was taken over.")


class CursorExpired(ContractError):  # noqa: N818 - the contract's own word
    """The cloud no longer knows the cursor (410): start at the beginning, the ids protect against doubles."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of receipts or closings.

    Attributes:
        items: In the order of arrival, as they came; what is in them is not checked.
        next_cursor: What to store once the items are stored.
        has_more: Whether another page follows.
        strays: Entries that are no objects: for the consumer to report; they hold up nothing.
    """

    items: tuple[dict[str, Any], ...]
    next_cursor: str
    has_more: bool
    strays: tuple[Any, ...] = ()


def list_records(
    transport: Transport, entity: str, limit: int, cancel: threading.Event | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Pages of what the cloud holds of an entity, retired records included.

    Raises:
        ContractError: A broken page, or a chain of pages that does not come to its end.
    """
    path = f"/v1/{entity}"

    def read(answer: Answer) -> tuple[list[dict[str, Any]], str | None]:
        items, cursor = answer.data.get("items"), answer.data.get("next_cursor")
        # "next_cursor" left out is not "the end": a list cut short would retire or re-create what is missing
        if (
            not isinstance(items, list)
            or not all(_has_key(entity, item) for item in items)
            or "next_cursor" not in answer.data
            or not isinstance(cursor, str | None)
            or cursor == ""
        ):
            raise ContractError(say("A page of {path} is not as the contract says.", path=path), hint=REPORT_HINT)
        return items, cursor

    watch = _CursorWatch(path)
    cursor: str | None = None
    while True:
        items, cursor = transport.call("GET", path, read, params={"cursor": cursor, "limit": limit}, cancel=cancel)
        if cursor is not None:
            watch.follow(cursor, empty=not items)
        yield items
        if cursor is None:
            return


def _has_key(entity: str, item: Any) -> bool:
    """Whether a record can be told from others: one without its key would look like one that is missing."""
    try:
        return isinstance(item, dict) and bool(record_key(entity, item))
    except KeyError:
        return False


def list_pages(transport: Transport, stream: Stream, after: str | None, limit: int) -> Iterator[Page]:
    """Pages of what has arrived since a cursor, the last one included even where it is empty.

    Raises:
        CursorExpired: The cloud no longer knows the cursor.
        ContractError: A broken page, or a cursor that does not move although more is announced.
    """
    path = f"/v1/{stream}"

    def read(answer: Answer) -> Page:
        items, cursor, more = (answer.data.get(name) for name in ("items", "next_cursor", "has_more"))
        if not isinstance(items, list) or not isinstance(cursor, str) or not cursor or not isinstance(more, bool):
            raise ContractError(say("A page of {path} is not as the contract says.", path=path), hint=REPORT_HINT)
        return Page(
            items=tuple(item for item in items if isinstance(item, dict)),
            next_cursor=cursor,
            has_more=more,
            strays=tuple(item for item in items if not isinstance(item, dict)),
        )

    watch = _CursorWatch(path, after)
    while True:
        try:
            page = transport.call("GET", path, read, params={"after": after, "limit": limit})
        except RefusedError as refusal:
            if refusal.status != 410:
                raise
            raise CursorExpired(
                say("CloudKasse no longer knows the position in {stream} that was stored (410).", stream=stream),
                hint=say("Fetch from the beginning; what is known already is not taken twice."),
            ) from refusal
        if page.has_more:
            watch.follow(page.next_cursor, empty=not page.items)
        yield page
        if not page.has_more:
            return
        after = page.next_cursor


class _CursorWatch:
    """Sees to it that a chain of pages comes to an end."""

    def __init__(self, path: str, start: str | None = None) -> None:
        self._path = path
        self._seen = set() if start is None else {start}
        self._pages = 0
        self._empty_pages = 0

    def follow(self, cursor: str, *, empty: bool) -> None:
        """Takes note of the cursor that is followed next."""
        self._pages += 1
        self._empty_pages = self._empty_pages + 1 if empty else 0
        if cursor in self._seen:
            raise ContractError(say("The pages of {path} go round in a circle.", path=self._path), hint=REPORT_HINT)
        if self._pages >= MAX_PAGES or self._empty_pages >= MAX_EMPTY_PAGES:
            raise ContractError(say("The pages of {path} do not come to an end.", path=self._path), hint=REPORT_HINT)
        self._seen.add(cursor)
