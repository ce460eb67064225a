"""`KoronaClient`: KORONA.cloud (docs/korona.md) behind the port to tills. The other files make its requests."""

import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Self

import orjson

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import PRICES, kinds_of
from cloudkasse_etl.errors import Problem
from cloudkasse_etl.http.fetching import fetched_ahead
from cloudkasse_etl.http.peer_answers import Answer, http_date
from cloudkasse_etl.http.transport import Transport
from cloudkasse_etl.tills.korona.korona_lists import PAGE_ITEMS, ListPage, Place, fetch_page, read_list
from cloudkasse_etl.tills.korona.korona_login import korona
from cloudkasse_etl.tills.korona.master_data import MasterData
from cloudkasse_etl.tills.korona.positions import (
    OVERLAP,
    ClosingPosition,
    KoronaStatus,
    ReceiptPosition,
    closing_position,
    receipt_position,
)
from cloudkasse_etl.tills.korona.upserts import BATCH_ITEMS
from cloudkasse_etl.tills.port import Attempt, AttemptJournal, BatchOutcome, OnRetry, Page, Stream, TillStatus

API_VERSION = "3"
# Prices are sent more at a time: for many products the whole list of them is read first.
PRICES_AT_ONCE = 2_000

Item = dict[str, Any]


class KoronaClient:
    """Client of one company's account at KORONA.cloud.

    Methods raise as `Till` says.

    Args:
        configuration: Address, user and password; the account, registers and sectors.
        journal: Keeps attempts at writing until they are answered.
        stop: Set it from another thread to end all waiting almost at once (a lost lease).
        backoff_seconds: The first pause before a retry is up to this long, each further one up to twice as long.
        on_retry: Called before each of these pauses, from the request's own thread, with a sentence about it.
        page_items: Records a page.
    """

    def __init__(
        self,
        configuration: Configuration,
        journal: AttemptJournal,
        *,
        stop: threading.Event | None = None,
        backoff_seconds: float = 0.5,
        on_retry: OnRetry = lambda text: None,
        page_items: int = PAGE_ITEMS,
    ) -> None:
        settings, connections = configuration.settings, configuration.connections
        self._transport = Transport(
            connections.api_url,
            korona(connections),
            settings.api,
            stop=stop,
            backoff_seconds=backoff_seconds,
            on_retry=on_retry,
        )
        self._journal = journal
        self._base = f"/accounts/{settings.till.korona.account}"
        self._page_items = page_items
        self._known: TillStatus | None = None
        self._master_data = MasterData(self._transport, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections; generators that are still open must be closed before."""
        self._transport.close()

    def status(self) -> TillStatus:
        """One request: whether the account is reached, and the highest revision of its receipts."""
        path = f"{self._base}/receipts"
        asked: list[Answer] = []
        page = fetch_page(self._transport, path, Place(0, 1), answered=asked.append)
        answer = asked[-1]
        head = ReceiptPosition(page.place.last, page.total).text
        middle = answer.sent_at + (answer.received_at - answer.sent_at) / 2
        time = http_date(answer.headers.get("Date", "")) or datetime.now(UTC)
        self._known = KoronaStatus(
            api_version=API_VERSION,
            time=time,
            company_number=None,
            company_name=None,
            batch_items=BATCH_ITEMS,
            page_items=self._page_items,
            counts={},
            heads={"receipts": head, "closings": head},
            clock_offset_seconds=(time - middle).total_seconds(),
        )
        return self._known

    def problems(self) -> list[Problem]:
        """What of the account the settings do not name: receipts that hold it will be refused."""
        return self._master_data.problems()

    def records(self, entity: str) -> Iterator[list[Item]]:
        """Pages of the records of a kind; a field that KORONA has no place for is missing in them."""
        _check_entity(entity)
        return self._master_data.held(entity)

    def pages(self, stream: Stream, after: str | None, limit: int | None = None) -> Iterator[Page]:
        """Pages of what has arrived since a position; the next one is fetched while a page is processed.

        An item may appear again on a later page. Closing the generator waits for pending requests (at most one
        request's time limits) and retries no more.

        Args:
            stream: `receipts` or `closings`.
            after: A stored position; None starts at the beginning.
            limit: Items a page.

        Yields:
            The pages.

        Raises:
            CursorExpired: Start at the beginning.
        """
        size = limit or self._page_items
        head = (self._known or self.status()).heads["receipts"]
        if stream == "receipts":
            position = receipt_position(after)
            return fetched_ahead(lambda cancel: self._receipts(position, head, size, cancel))
        closings = closing_position(after)
        return fetched_ahead(lambda cancel: self._closings(closings, head, size, cancel))

    def _receipts(self, position: ReceiptPosition, head: str, size: int, cancel: threading.Event) -> Iterator[Page]:
        known = receipt_position(head)
        begun = position.start(size)
        for page in read_list(self._transport, f"{self._base}/receipts", begun, cancel=cancel):
            if page.is_last:
                reached = known.revision if page.place.first is None else page.place.first
                cursor = ReceiptPosition(max(reached, position.revision), known.total)
            else:
                cursor = ReceiptPosition(position.revision, position.total, page.place)
            yield Page(page.texts, cursor.text, has_more=not page.is_last)

    def _closings(self, position: ClosingPosition, head: str, size: int, cancel: threading.Event) -> Iterator[Page]:
        """The closings of each register's point of sale, beside it: KORONA's own JSON does not name it."""
        revisions = dict(position.revisions)
        points = [point for point in self._master_data.points_of_sale(cancel).values() if point.id]
        for at, point in enumerate(points, 1):
            path = f"{self._base}/pointsOfSale/{point.id}/endOfDayStatements"
            before = revisions.get(point.id or "", 0)
            place = orjson.dumps({"id": point.id, "number": point.number, "name": point.name})
            for page in read_list(self._transport, path, Place(max(before - OVERLAP, 0), size), cancel=cancel):
                is_end = page.is_last and at == len(points)
                if page.is_last:
                    revisions[point.id or ""] = max(before, page.place.first or 0)
                cursor = ClosingPosition(head if is_end else "", dict(revisions))
                yield Page(_placed(place, page), cursor.text, has_more=not is_end)
        if not points:
            yield Page((), ClosingPosition(head, revisions).text, has_more=False)

    def send(self, entity: str, items: Iterable[Item]) -> Iterator[BatchOutcome]:
        """Sends records batch by batch and yields their results; see `Till.send`. They are upserts by number."""
        _check_entity(entity)
        size = PRICES_AT_ONCE if entity == PRICES.name else BATCH_ITEMS
        stream = iter(items)
        while batch := list(islice(stream, size)):
            attempt = Attempt(str(uuid.uuid4()), entity, orjson.dumps({"items": batch}))
            self._journal.record([attempt])
            yield self._outcome(attempt, batch)

    def resend(self, attempts: Iterable[Attempt]) -> Iterator[BatchOutcome]:
        """Finishes attempts that were never answered, in the order given: an upsert by number may be repeated."""
        for attempt in attempts:
            yield self._outcome(attempt, orjson.loads(attempt.body)["items"])

    def _outcome(self, attempt: Attempt, items: Sequence[Item]) -> BatchOutcome:
        return BatchOutcome((attempt.key,), tuple(self._master_data.send(attempt.entity, items)))


def _placed(point_of_sale: bytes, page: ListPage) -> tuple[bytes, ...]:
    return tuple(b'{"pointOfSale":' + point_of_sale + b',"endOfDayStatement":' + text + b"}" for text in page.texts)


def _check_entity(entity: str) -> None:
    names = [kind.name for kind in kinds_of("korona")]
    if entity not in names:
        raise ValueError(f"'{entity}' is no kind of record that KORONA.cloud takes; there are: {', '.join(names)}")
