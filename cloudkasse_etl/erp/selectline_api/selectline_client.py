"""SelectLine's Web API: transfer documents and what a delivery is set up by. Its ledger: ledger_api.py."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from cloudkasse_etl.erp.selectline_api.ledger_api import LedgerApi
from cloudkasse_etl.erp.selectline_api.selectline_session import Item, SelectLineSession, items_of, object_of
from cloudkasse_etl.erp.selectline_api.storage_api import StorageApi
from cloudkasse_etl.http.peer_answers import Answer, RefusedError

PAGE_ITEMS: Final = 500


class SelectLineClient(SelectLineSession):
    """SelectLine's Web API, in the tenant of the settings. A context: entering logs in, leaving logs out.

    Methods raise `NetworkError` (not reached, or failing for as long as the retries allow), `AuthorizationError` (user,
    tenant or a right), `LicenceTakenError`, `ContractError` and `StoppedError`; those that write, `UnclearError` and
    `RefusedError` instead.
    """

    @cached_property
    def ledger(self) -> LedgerApi:
        """Its general ledger, in the same session; that must work in a fiscal year (`work_in`)."""
        return LedgerApi(self)

    @cached_property
    def storages(self) -> StorageApi:
        """Its manual storages, in the same session."""
        return StorageApi(self)

    def document_kinds(self) -> dict[str, str]:
        """The kinds of document that there are: number, or letter where it has one alone -> name."""
        found = list(self._pages("/DocumentKinds", {}, "Number"))
        letters = {str(item["Flag"]): str(item.get("Name") or "") for item in found if item.get("Flag")}
        return letters | {str(item["Number"]): str(item.get("Name") or "") for item in found if item.get("Number")}

    def transfer_documents(self, kind: str) -> Iterator[Item]:
        """All transfer documents of a kind, whatever became of them; each once."""
        yield from self._pages("/TransferDocuments", {"listFilter.documentKind": kind}, "Id")

    def transfer_document(self, number: int) -> Item | None:
        """A transfer document with its positions; None where there is none of this id."""
        try:
            found = self.read(f"/TransferDocuments/{number}", object_of)
            if not isinstance(found.get("Positions"), list):
                found = {**found, "Positions": self.read(f"/TransferDocuments/{number}/Positions", items_of)}
        except RefusedError as error:
            if error.status == 404:  # its errors need have no body
                return None
            raise
        return found

    def create_transfer_document(self, body: bytes) -> int:
        """Creates a transfer document, positions included.

        Args:
            body: JSON.

        Returns:
            Its id.

        Raises:
            UnclearError: Whether it is there is not known.
            RefusedError: The API refused it. Whether it is there has to be looked up all the same.
        """
        return self.write("POST", "/TransferDocuments", _created, body)

    def delete_transfer_document(self, number: int) -> None:
        """Deletes a transfer document, which is possible while it is open.

        Raises:
            UnclearError: Whether it is gone is not known.
            RefusedError: It is not open any more, or not there.
        """
        self.write("DELETE", f"/TransferDocuments/{number}", lambda answer: None)

    def _pages(self, path: str, params: Mapping[str, str], key: str) -> Iterator[Item]:
        """The items of a list, each once. It ends with a page that brings nothing new: the server may give out less
        than it was asked for, and its lists have no total."""
        seen: set[Any] = set()
        page = 0
        while True:
            query: dict[str, str | int | None] = {
                **params,
                "listFilter.page": page,
                "listFilter.items": PAGE_ITEMS,
                "listFilter.orderBy": key,
            }
            try:
                items = self.read(path, items_of, query)
            except RefusedError as error:
                if error.status == 404 and (error.code or error.detail):  # the API's own word for an empty list
                    return
                raise
            new = [item for item in items if item.get(key) not in seen]
            if not new:
                return
            seen.update(item.get(key) for item in new)
            yield from new
            page += 1


def _created(answer: Answer) -> int:
    number = answer.data.get("TransferDocumentId")
    if not isinstance(number, int) or isinstance(number, bool):
        raise answer.unreadable()
    return number
