"""SelectLine's manual storages by its Web API: documents that move stock and make no revenue, and the stock itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

from cloudkasse_etl.erp.selectline_api.selectline_session import Item, items_of, object_of
from cloudkasse_etl.http.peer_answers import Answer, RefusedError

STORAGES: Final = "/ManualStorages"
PAGE_ITEMS: Final = 500

T = TypeVar("T")


class Requests(Protocol):
    """What of a session is used here."""

    def read(self, path: str, read: Callable[[Answer], T], params: Mapping[str, str | int | None] | None = None) -> T:
        """Asks for something.

        Args:
            path: The path below the API's address.
            read: Reads the answer.
            params: The query.

        Returns:
            What was read.
        """
        ...

    def write(self, method: str, path: str, read: Callable[[Answer], T], body: bytes | None = None) -> T:
        """Sends a change, once.

        Args:
            method: The HTTP method.
            path: The path below the API's address.
            read: Reads the answer.
            body: JSON.

        Returns:
            What was read.
        """
        ...


class StorageApi:
    """Manual storages in a session. Errors are as of `SelectLineClient`."""

    def __init__(self, session: Requests) -> None:
        self._session = session

    def storage(self, number: str) -> Item | None:
        """The head of one; None where there is none of this number."""
        try:
            return self._session.read(f"{STORAGES}/{number}", object_of)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

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
        """The items of a list, each once. It ends with a page that brings nothing new: the server may give out less
        than it was asked for."""
        seen: set[tuple[Any, ...]] = set()
        page = 0
        while True:
            try:
                items = self._session.read(path, items_of, {f"{prefix}.page": page, f"{prefix}.items": PAGE_ITEMS})
            except RefusedError as error:
                if error.status == 404:  # its word for an empty list too
                    return
                raise
            new = [item for item in items if tuple(item.get(name) for name in key) not in seen]
            if not new:
                return
            seen.update(tuple(item.get(name) for name in key) for item in new)
            yield from new
            page += 1
