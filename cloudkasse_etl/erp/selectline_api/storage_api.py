"""SelectLine's manual storages by its Web API: documents that move stock and make no revenue, and the stock itself."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from cloudkasse_etl.erp.selectline_api.api_reading import (
    PAGE_ITEMS,
    Item,
    Requests,
    each_once,
    items_of,
    object_of,
    unless_not_there,
)

STORAGES: Final = "/ManualStorages"


class StorageApi:
    """Manual storages in a session. Errors are as of `SelectLineClient`."""

    def __init__(self, session: Requests) -> None:
        self._session = session

    def storage(self, number: str) -> Item | None:
        """The head of one; None where there is none of this number."""
        return unless_not_there(lambda: self._session.read(f"{STORAGES}/{number}", object_of))

    def positions(self, number: str) -> list[Item]:
        """The positions of one; none where there is no such storage."""
        return list(self._pages(f"{STORAGES}/{number}/Positions", "documentPositionListFilter", ("PositionNumber",)))

    def stock(self, warehouse: str) -> dict[str, int]:
        """What there is in a warehouse, in thousandths by article."""
        found: dict[str, int] = {}
        names = ("ArticleNumber", "Number", "StoragePlaceIdentifier", "SerialId")
        for row in self._pages(f"/Warehouses/{warehouse}/Stocks", "listFilter", names):
            milli = int(Decimal(str(row.get("Quantity") or 0)).scaleb(3))
            article = str(row.get("ArticleNumber"))
            found[article] = found.get(article, 0) + milli
        return found

    def create_storage(self, body: bytes) -> None:
        """Creates one without positions.

        Args:
            body: JSON, with its number.

        Raises:
            UnclearError: Whether it is there is not known.
            RefusedError: The API refused it. Whether it is there has to be looked up all the same.
        """
        self._session.write("POST", STORAGES, lambda answer: None, body)

    def store_positions(self, number: str, body: bytes) -> None:
        """Stores positions of one, which moves stock.

        Args:
            number: Its number.
            body: JSON: a list.

        Raises:
            UnclearError: Whether they are there is not known.
            RefusedError: The API refused them. Whether some are there has to be looked up all the same.
        """
        self._session.write("POST", f"{STORAGES}/{number}/Positions/Store", lambda answer: None, body)

    def delete_storage(self, number: str) -> None:
        """Deletes one, which takes its movements back.

        Raises:
            UnclearError: Whether it is gone is not known.
            RefusedError: It is not there, or may not be deleted.
        """
        self._session.write("DELETE", f"{STORAGES}/{number}", lambda answer: None)

    def _pages(self, path: str, prefix: str, key: Sequence[str]) -> Iterator[Item]:
        def ask(page: int, seen: int) -> Sequence[Item]:
            return self._session.read(path, items_of, {f"{prefix}.page": page, f"{prefix}.items": PAGE_ITEMS})

        return each_once(ask, *key)
