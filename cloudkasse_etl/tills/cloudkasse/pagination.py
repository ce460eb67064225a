"""Reads paged lists by following cursors: present records, and what has arrived. Checks each page's envelope."""

import threading
from collections.abc import Iterator
from typing import Any

import msgspec

from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.http.peer_answers import Answer, RefusedError
from cloudkasse_etl.http.transport import Transport
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.lenient_json import as_kept
from cloudkasse_etl.tills.port import CursorExpired, Page, Stream, record_key

# An endless chain of new cursors is stopped here; at 1000 records a page these are 100 million.
MAX_PAGES = 100_000
# Filtering by the server may leave a page empty, but not many pages in a row.
MAX_EMPTY_PAGES = 100
REPORT_HINT = say("Report it to CloudKasse; nothing of it was taken over.")


class _Envelope(msgspec.Struct):
    """A page's fields; its entries are not decoded: parsing them twice costs more than all other work on them."""

    items: list[msgspec.Raw]
    next_cursor: Any
    has_more: Any


_envelopes = msgspec.json.Decoder(_Envelope)


def list_records(
    transport: Transport, entity: str, limit: int, cancel: threading.Event | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Pages of an entity's present records, retired ones included.

    Args:
        transport: Sends one request.
        entity: One of `ENTITIES`.
        limit: Records a page.
        cancel: Ends the waiting.

    Yields:
        The records of a page.

    Raises:
        ContractError: A broken page, or a chain of pages that does not end.
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
            raise _not_as_agreed(path)
        if cursor is not None and cursor == asked:
            raise _circle(path)
        return items, cursor

    watch = _CursorWatch(path)
    asked: str | None = None
    while True:
        items, cursor = transport.call("GET", path, read, params={"cursor": asked, "limit": limit}, cancel=cancel)
        if cursor is not None:
            watch.follow(cursor, empty=not items)
        yield items
        if cursor is None:
            return
        asked = cursor


def _has_key(entity: str, item: Any) -> bool:
    """Whether a record has a usable key: one without would look like a missing record."""
    try:
        return isinstance(item, dict) and bool(record_key(entity, item))
    except KeyError:
        return False


def list_pages(
    transport: Transport, stream: Stream, after: str | None, limit: int, cancel: threading.Event | None = None
) -> Iterator[Page]:
    """Pages of what has arrived since a cursor, the last one included even where it is empty.

    Args:
        transport: Sends one request.
        stream: `receipts` or `closings`.
        after: A stored cursor; None starts at the beginning.
        limit: Items a page.
        cancel: Ends the waiting.

    Yields:
        The pages, in the order of arrival.

    Raises:
        CursorExpired: The cloud no longer knows the cursor.
        ContractError: A broken page, or a cursor that does not move although more is announced.
    """
    path = f"/v1/{stream}"

    def read(answer: Answer) -> Page:
        found = _envelope(answer)
        # PostgreSQL could not keep a NUL character
        if (
            found is None
            or not isinstance(found.next_cursor, str)
            or not found.next_cursor
            or "\0" in found.next_cursor
            or not isinstance(found.has_more, bool)
        ):
            raise _not_as_agreed(path)
        if found.has_more and found.next_cursor == after:
            raise _circle(path)
        return Page(tuple(map(bytes, found.items)), found.next_cursor, found.has_more)

    watch = _CursorWatch(path, after)
    while True:
        try:
            page = transport.call("GET", path, read, params={"after": after, "limit": limit}, cancel=cancel)
        except RefusedError as refusal:
            if refusal.status != 410:
                raise
            raise CursorExpired(
                say("CloudKasse no longer knows the position in {stream} that was stored (410).", stream=stream),
                hint=say("Fetch from the beginning; what is known already is not taken twice."),
            ) from refusal
        if page.has_more and page.next_cursor is not None:
            watch.follow(page.next_cursor, empty=not any(text[:1] == b"{" for text in page.texts))
        yield page
        if not page.has_more:
            return
        after = page.next_cursor


def _envelope(answer: Answer) -> _Envelope | None:
    """The page's fields with undecoded entries; None where the page does not have the contract's shape."""
    try:
        answer.raw.decode()  # entries that are not decoded are not checked for valid UTF-8 otherwise
        return _envelopes.decode(answer.raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        data = answer.data  # raises where it is not JSON at all
    items = data.get("items")
    if not isinstance(items, list):
        return None
    texts = [msgspec.Raw(as_kept(item)[1]) for item in items]
    return _Envelope(texts, data.get("next_cursor"), data.get("has_more"))


def _not_as_agreed(path: str) -> ContractError:
    return ContractError(say("A page of {path} is not as the contract says.", path=path), hint=REPORT_HINT)


def _circle(path: str) -> ContractError:
    """The error for a cursor that leads in a circle; raised while reading a page, so that the page is retried."""
    return ContractError(say("The pages of {path} go round in a circle.", path=path), hint=REPORT_HINT)


class _CursorWatch:
    """Ensures that a chain of pages ends."""

    def __init__(self, path: str, start: str | None = None) -> None:
        self._path = path
        self._seen = set() if start is None else {start}
        self._pages = 0
        self._empty_pages = 0

    def follow(self, cursor: str, *, empty: bool) -> None:
        """Notes the cursor that is followed next."""
        self._pages += 1
        self._empty_pages = self._empty_pages + 1 if empty else 0
        if cursor in self._seen:
            raise _circle(self._path)
        if self._pages >= MAX_PAGES or self._empty_pages >= MAX_EMPTY_PAGES:
            raise ContractError(say("The pages of {path} do not come to an end.", path=self._path), hint=REPORT_HINT)
        self._seen.add(cursor)
