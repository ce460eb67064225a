"""Reads KORONA's paged lists without losing a record that moves while they are read (docs/korona.md, Lists).

Pages are counted, so a record that leaves the list's front, since it was changed, moves all others one place forward:
the first one of the next page would never be seen. Each change gives a new highest revision (`maxRevision`), so that
it tells how many places may have moved at most: as many are read again.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.http.peer_answers import Answer, RefusedError
from cloudkasse_etl.http.transport import Transport
from cloudkasse_etl.i18n.text import say

PAGE_ITEMS = 500
# How many records a page may have is not described: a server that refuses more is asked for so many.
SAFE_ITEMS = 100
MAX_PAGES = 100_000
# So many times back without having come further: the list changes faster than it is read.
MAX_SETBACKS = 100


class _Envelope(msgspec.Struct, rename="camel"):
    """A page's fields; its entries are not decoded."""

    current_page: int
    max_revision: int
    results: list[msgspec.Raw]
    results_total: int


_envelopes = msgspec.json.Decoder(_Envelope)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a list was read.

    Attributes:
        after: Only what has a higher revision is in the list; 0 for all.
        size: Records a page.
        covered: So many of its first records were read.
        first: The highest revision when reading began; what changes later may be missed, and has a higher one.
        last: The highest revision when it was last looked at.
    """

    after: int
    size: int
    covered: int = 0
    first: int | None = None
    last: int = 0


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page.

    Attributes:
        texts: Its records in JSON, as they came.
        place: How far the list is read with it.
        is_last: Whether that is its end.
        total: How many records the list has.
    """

    texts: tuple[bytes, ...]
    place: Place
    is_last: bool
    total: int


def read_list(
    transport: Transport,
    path: str,
    place: Place,
    *,
    filters: Mapping[str, str] | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[ListPage]:
    """The pages of a list from a place on, the last one included even where it is empty.

    A record may come again on a later page; none is missing that has been there all the time.

    Args:
        transport: Sends one request.
        path: The list.
        place: Where to go on.
        filters: Further parameters of the query.
        cancel: Ends the waiting.

    Yields:
        The pages.

    Raises:
        ContractError: A broken page, or a list that does not come to an end.
    """
    setbacks = furthest = 0
    for _ in range(MAX_PAGES):
        found = fetch_page(transport, path, place, filters=filters, cancel=cancel)
        if found.place.covered > furthest:
            setbacks, furthest = 0, found.place.covered
        elif found.place.covered <= place.covered:
            setbacks += 1
        yield found
        if found.is_last:
            return
        if setbacks >= MAX_SETBACKS:
            break
        place = found.place
    raise ContractError(say("The pages of {path} do not come to an end.", path=path), hint=_hint())


def fetch_page(
    transport: Transport,
    path: str,
    place: Place,
    *,
    filters: Mapping[str, str] | None = None,
    cancel: threading.Event | None = None,
    answered: Callable[[Answer], None] = lambda answer: None,
) -> ListPage:
    """The page that a place lies in; see `read_list`.

    Args:
        transport: Sends one request.
        path: The list.
        place: How far it was read.
        filters: Further parameters of the query.
        cancel: Ends the waiting.
        answered: Is given the answer.

    Returns:
        The page; empty where there is none (204).
    """
    number = place.covered // place.size + 1

    def read(answer: Answer) -> _Envelope | None:
        answered(answer)
        if answer.status == 204 or not answer.raw:
            return None
        try:
            answer.raw.decode()  # entries that are not decoded are not checked for valid UTF-8 otherwise
            found = _envelopes.decode(answer.raw)
        except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
            raise _not_as_described(path) from None
        except msgspec.MsgspecError:
            raise answer.unreadable() from None
        if found.current_page != number or (not found.results and found.results_total > place.covered):
            raise _not_as_described(path)
        return found

    query: dict[str, str | int | None] = {"page": number, "size": place.size, "revision": place.after or None}
    try:
        page = transport.call("GET", path, read, params=query | dict(filters or {}), cancel=cancel)
    except RefusedError as refusal:
        if refusal.status != 400 or place.covered or place.size <= SAFE_ITEMS:
            raise
        smaller = replace(place, size=SAFE_ITEMS)
        return fetch_page(transport, path, smaller, filters=filters, cancel=cancel, answered=answered)
    if page is None:
        return ListPage((), place, is_last=True, total=0)
    begin, end = (number - 1) * place.size, (number - 1) * place.size + len(page.results)
    is_cut = number == 1 and 0 < len(page.results) < min(place.size, page.results_total)
    moved = 0 if place.first is None else max(page.max_revision - place.last, 0)
    sure = max(place.covered - moved, 0)
    now = replace(
        place,
        size=len(page.results) if is_cut else place.size,  # a server may allow less a page than is asked for
        covered=max(sure, end) if begin <= sure else sure,
        first=page.max_revision if place.first is None else place.first,
        last=max(place.last, page.max_revision),
    )
    is_last = now.covered >= page.results_total
    return ListPage(tuple(map(bytes, page.results)), now, is_last, page.results_total)


def _not_as_described(path: str) -> ContractError:
    return ContractError(say("A page of {path} is not as its description says.", path=path), hint=_hint())


def _hint() -> str:
    return say("Report it to KORONA.cloud; what was read before is kept.")
