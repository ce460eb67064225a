"""`KoronaDryClient`: reads from KORONA.cloud like `KoronaClient` but sends it nothing; records count as accepted.

Rejected are only records that are refused before anything is sent, and those that the caller foresees.
"""

import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.tills.item_results import rejected
from cloudkasse_etl.tills.korona.korona_client import KoronaClient
from cloudkasse_etl.tills.korona.upserts import BATCH_ITEMS
from cloudkasse_etl.tills.port import Attempt, BatchOutcome, Foresight, ItemResult, NoJournal

Item = dict[str, Any]


class KoronaDryClient(KoronaClient):
    """Client of one company's account that uses GET only.

    Args:
        configuration: As for `KoronaClient`.
        foresee: What the caller expects the till to refuse.
        stop: As for `KoronaClient`.
    """

    def __init__(
        self, configuration: Configuration, foresee: Foresight, *, stop: threading.Event | None = None
    ) -> None:
        super().__init__(configuration, NoJournal(), stop=stop)
        self._foresee = foresee

    def send(self, entity: str, items: Iterable[Item]) -> Iterator[BatchOutcome]:
        """Yields the expected results of records if they were sent."""
        stream = iter(items)
        while batch := list(islice(stream, BATCH_ITEMS)):
            refused = self._master_data.foreseen(entity, batch)
            codes = self._foresee(entity, batch)
            yield BatchOutcome((), tuple(_expected(*one) for one in zip(batch, refused, codes, strict=True)))

    def resend(self, attempts: Iterable[Attempt]) -> Iterator[BatchOutcome]:
        """Yields the expected results of attempts if they were finished."""
        for attempt in attempts:
            for outcome in self.send(attempt.entity, orjson.loads(attempt.body)["items"]):
                yield BatchOutcome((attempt.key,), outcome.results)


def _expected(item: Item, refusal: ItemResult | None, code: str | None) -> ItemResult:
    if refusal is not None or code is None:
        return refusal or ItemResult(item, "updated")
    return rejected(item, code, None)
