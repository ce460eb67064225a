"""`CloudClient`: CloudKasse (docs/cloudkasse-api.md) behind the port to tills. The other files make its requests."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.sections.program_settings import Api
from cloudkasse_etl.entities import BY_NAME
from cloudkasse_etl.errors import ContractError, Problem
from cloudkasse_etl.http.fetching import fetched_ahead
from cloudkasse_etl.http.peer_answers import Answer
from cloudkasse_etl.http.transport import Transport
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.tills.cloudkasse.batches import BatchSender
from cloudkasse_etl.tills.cloudkasse.pagination import list_pages, list_records
from cloudkasse_etl.tills.cloudkasse.statuses import cloudkasse
from cloudkasse_etl.tills.port import Attempt, AttemptJournal, BatchOutcome, OnRetry, Page, Stream, TillStatus


class CloudClient:
    """Client of one company's CloudKasse.

    Methods raise `NetworkError` (not reached, or failing for as long as the retries allow), `AuthorizationError`
    (the token), `ContractError` (an answer that violates the contract) and `StoppedError` (see `stop`).

    Args:
        connections: Address and token.
        api: Connections, time limits and retries.
        journal: Keeps attempts at writing until they are answered.
        stop: Set it from another thread to end all waiting almost at once (a lost lease).
        backoff_seconds: The first pause before a retry is up to this long, each further one up to twice as long.
        on_retry: Called before each of these pauses, from the request's own thread, with a sentence about it.
    """

    def __init__(
        self,
        connections: Connections,
        api: Api,
        journal: AttemptJournal,
        *,
        stop: threading.Event | None = None,
        backoff_seconds: float = 0.5,
        on_retry: OnRetry = lambda text: None,
    ) -> None:
        self._api = api
        self._journal = journal
        self._transport = Transport(
            connections.api_url,
            cloudkasse(connections.api_token),
            api,
            stop=stop,
            backoff_seconds=backoff_seconds,
            on_retry=on_retry,
        )
        self._known: TillStatus | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections; generators that are still open must be closed before."""
        self._transport.close()

    def status(self) -> TillStatus:
        """One request: whether the cloud is reached and the token valid, and what there is to fetch."""
        self._known = self._transport.call("GET", "/v1/status", _read_status)
        return self._known

    def problems(self) -> list[Problem]:
        """None: the records of the settings go up, so that it has no others."""
        return []

    def records(self, entity: str) -> Iterator[list[dict[str, Any]]]:
        """Pages of an entity's present records, retired ones included."""
        _check_entity(entity)
        return list_records(self._transport, entity, self._limits().page_items)

    def pages(self, stream: Stream, after: str | None, limit: int | None = None) -> Iterator[Page]:
        """Pages of what has arrived since a cursor; the next one is fetched while a page is processed.

        An item may appear again on a later page. Closing the generator waits for pending requests (at most one
        request's time limits) and retries no more.

        Args:
            stream: `receipts` or `closings`.
            after: A stored cursor; None starts at the beginning.
            limit: Items a page; the server's own limit where None.

        Yields:
            The pages, in the order of arrival.

        Raises:
            CursorExpired: Start at the beginning.
        """
        items = limit or self._limits().page_items
        return fetched_ahead(lambda cancel: list_pages(self._transport, stream, after, items, cancel))

    def send(self, entity: str, items: Iterable[dict[str, Any]]) -> Iterator[BatchOutcome]:
        """Sends records, several batches at a time, and yields their results as answers come in.

        Attempts are journaled in the calling thread before they are sent. Items are read as they are needed. When a
        batch fails for good, the answers to the others in flight are still yielded before the error is raised.
        Closing the generator waits for pending requests (at most one request's time limits) and retries no more.

        Args:
            entity: The name of one of `KINDS`.
            items: With every field of the contract; each record once, since batches overtake each other.

        Yields:
            What to store and which attempts to remove, in one transaction. Every record is in exactly one outcome.
            After an error, the records of attempts still in the journal are unknown: `resend` finishes them.
        """
        _check_entity(entity)
        return self._sender().send(entity, items, self._limits().batch_items)

    def resend(self, attempts: Iterable[Attempt]) -> Iterator[BatchOutcome]:
        """Finishes attempts that were never answered, under their own key and body, in the order given.

        Call it before anything new is sent. Yields as `send` does.
        """
        return self._sender().resend(attempts)

    def _sender(self) -> BatchSender:
        return BatchSender(
            self._transport,
            self._journal,
            connections=self._api.connections,
            page_items=self._limits().page_items,
        )

    def _limits(self) -> TillStatus:
        return self._known or self.status()


def _check_entity(entity: str) -> None:
    if entity not in BY_NAME:
        raise ValueError(f"'{entity}' is no entity of CloudKasse; there are: {', '.join(BY_NAME)}")


def _read_status(answer: Answer) -> TillStatus:
    """Checks the fields that are used; everything else in the answer is ignored.

    Raises:
        ContractError: A field is missing or ill-typed, or the API is of another generation.
    """
    data = answer.data
    version = _text(data, "api_version")
    if version.partition(".")[0] != "1":
        raise ContractError(
            say("CloudKasse speaks version {version} of its API; this program speaks version 1.", version=version[:20]),
            hint=say("Install a newer release of this program."),
        )
    try:
        server_time = datetime.fromisoformat(_text(data, "time"))
    except ValueError:
        raise _ill("time") from None
    if server_time.tzinfo is None:
        raise _ill("time")
    limits, counts, heads = (_object(data, name) for name in ("limits", "counts", "heads"))
    company = _object(data, "company") if data.get("company") is not None else None
    middle = answer.sent_at + (answer.received_at - answer.sent_at) / 2
    return TillStatus(
        api_version=version,
        time=server_time,
        company_number=None if company is None else _text(company, "number"),
        company_name=None if company is None or company.get("name") is None else _text(company, "name"),
        batch_items=_count(limits, "batch_items", at_least=1),
        page_items=_count(limits, "page_items", at_least=1),
        counts={entity: _count(_object(counts, entity), "active") for entity in BY_NAME if entity in counts},
        heads={stream: _text(heads, stream) for stream in ("receipts", "closings")},
        clock_offset_seconds=(server_time - middle).total_seconds(),
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise _ill(name)
    return value


def _object(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if not isinstance(value, dict):
        raise _ill(name)
    return value


def _count(data: Mapping[str, Any], name: str, at_least: int = 0) -> int:
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise _ill(name)
    return value


def _ill(name: str) -> ContractError:
    return ContractError(
        say("CloudKasse's status is not as the contract says: '{name}' is missing or wrong.", name=name),
        hint=say("CLOUDKASSE_API_URL may name something else; if it does not, report it to CloudKasse."),
    )
