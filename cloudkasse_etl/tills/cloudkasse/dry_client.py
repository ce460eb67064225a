"""`DryClient`: reads from CloudKasse like `CloudClient` but sends it nothing; records count as accepted.

Rejected are only records that the contract always rejects (docs/cloudkasse-api.md), and those that the caller
foresees. What else the cloud would reject is unknown until it is really sent.
"""

import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson
from stdnum import ean

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.sections.program_settings import Api
from cloudkasse_etl.tills.cloudkasse.client import CloudClient
from cloudkasse_etl.tills.item_results import CONTRACT_CODE, rejected
from cloudkasse_etl.tills.port import Attempt, BatchOutcome, Foresight, ItemResult, NoJournal, record_key

MAX_NAME = 80
_BATCH = 500

Item = dict[str, Any]


class DryClient(CloudClient):
    """Client of one company's CloudKasse that uses GET only.

    Args:
        connections: Address and token.
        api: Connections, time limits and retries.
        foresee: What the caller expects the cloud to refuse.
        stop: As for `CloudClient`.
    """

    def __init__(
        self, connections: Connections, api: Api, foresee: Foresight, *, stop: threading.Event | None = None
    ) -> None:
        super().__init__(connections, api, NoJournal(), stop=stop)
        self._foresee = foresee

    def send(self, entity: str, items: Iterable[Item]) -> Iterator[BatchOutcome]:
        """Yields the expected results of records if they were sent."""
        stream = iter(items)
        while batch := list(islice(stream, _BATCH)):
            codes = self._foresee(entity, batch)
            yield BatchOutcome(
                (), tuple(_expected(entity, item, code) for item, code in zip(batch, codes, strict=True))
            )

    def resend(self, attempts: Iterable[Attempt]) -> Iterator[BatchOutcome]:
        """Yields the expected results of attempts if they were finished."""
        for attempt in attempts:
            for outcome in self.send(attempt.entity, orjson.loads(attempt.body)["items"]):
                yield BatchOutcome((attempt.key,), outcome.results)


def _expected(entity: str, item: Item, code: str | None) -> ItemResult:
    try:
        record_key(entity, item)
        orjson.dumps(item)
    except (KeyError, TypeError) as error:  # as the real client refuses it before it is sent
        return rejected(item, CONTRACT_CODE, f"The record cannot be sent: {error}.")
    if code is not None:
        return rejected(item, code, None)
    gtin, name = item.get("gtin"), item.get("name")
    if gtin is not None and not _is_gtin(str(gtin)):
        return rejected(item, "gtin_invalid", "wrong check digit or number of digits", field="gtin")
    if name is not None and len(str(name)) > MAX_NAME:
        return rejected(item, "too_long", f"longer than {MAX_NAME} characters", field="name")
    return ItemResult(item, "updated")


def _is_gtin(value: str) -> bool:
    # stdnum would strip blanks and hyphens, which a register's scanner never sends
    return value.isascii() and value.isdigit() and bool(ean.is_valid(value))
