"""SelectLine's Web API: transfer documents and what a delivery is set up by. Its ledger: ledger_api.py."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from cloudkasse_etl.erp.selectline_api.api_reading import (
    PAGE_ITEMS,
    Item,
    each_once,
    is_not_there,
    items_of,
    number_named,
    object_of,
    unless_not_there,
)
from cloudkasse_etl.erp.selectline_api.ledger_api import LedgerApi
from cloudkasse_etl.erp.selectline_api.selectline_session import SelectLineSession
from cloudkasse_etl.erp.selectline_api.storage_api import StorageApi
from cloudkasse_etl.http.peer_answers import RefusedError


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
        return unless_not_there(lambda: self._transfer_document(number))

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
        return self.write("POST", "/TransferDocuments", number_named("TransferDocumentId"), body)

    def delete_transfer_document(self, number: int) -> None:
        """Deletes a transfer document, which is possible while it is open.

        Raises:
            UnclearError: Whether it is gone is not known.
            RefusedError: It is not open any more, or not there.
        """
        self.write("DELETE", f"/TransferDocuments/{number}", lambda answer: None)

    def _transfer_document(self, number: int) -> Item:
        found = self.read(f"/TransferDocuments/{number}", object_of)
        if isinstance(found.get("Positions"), list):
            return found
        return {**found, "Positions": self.read(f"/TransferDocuments/{number}/Positions", items_of)}

    def _pages(self, path: str, params: Mapping[str, str], key: str) -> Iterator[Item]:
        def ask(page: int, seen: int) -> Sequence[Item]:
            query: dict[str, str | int | None] = {
                **params,
                "listFilter.page": page,
                "listFilter.items": PAGE_ITEMS,
                "listFilter.orderBy": key,
            }
            return self.read(path, items_of, query)

        return each_once(ask, key, is_empty=_is_empty)


def _is_empty(error: RefusedError) -> bool:
    """Whether it is the API's own word for an empty list, and not that of a server without the API."""
    return is_not_there(error) and bool(error.code or error.detail)
