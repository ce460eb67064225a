"""SelectLine's general ledger by its Web API: master data and batches of postings, in the fiscal year of the session.

Its lists are OData's: ten rows, unless more are asked for, in an object. No route processes a batch: a person does.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from cloudkasse_etl.erp.selectline_api.api_reading import (
    PAGE_ITEMS,
    Item,
    Requests,
    each_once,
    number_named,
    object_of,
    unless_not_there,
)
from cloudkasse_etl.http.peer_answers import Answer

BATCHES: Final = "/Accounting/BatchPostings"


class LedgerApi:
    """The ledger in a session that works in a fiscal year. Errors are as of `SelectLineClient`."""

    def __init__(self, session: Requests) -> None:
        self._session = session

    def years(self, tenant: str) -> Sequence[Item]:
        """The fiscal years of a tenant, each with its first and last day; no year needs to be chosen for this."""
        found = self._session.read(f"/Accounting/Tenants/{tenant}", object_of).get("Years")
        return [year for year in found if isinstance(year, dict)] if isinstance(found, list) else []

    def accounts(self) -> Iterator[Item]:
        """All accounts."""
        return self._rows("/Accounting/Accounts", "Account")

    def tax_codes(self) -> Iterator[Item]:
        """All tax codes, each with its rates by day and its options."""
        return self._rows("/Accounting/TaxCodes", "TaxCodeNumber")

    def batches(self) -> Iterator[Item]:
        """The heads of all batches that can be read; one that was processed may be missing."""
        return self._rows(BATCHES, "BatchNumber")

    def batch(self, number: int) -> Item | None:
        """The head of a batch; None where there is none of this number, or none that can be read any more."""
        return unless_not_there(lambda: self._session.read(f"{BATCHES}/{number}", object_of))

    def postings(self, number: int) -> list[Item]:
        """The postings of a batch; none where there is no such batch."""
        return list(self._rows(f"{BATCHES}/{number}/Postings", "Record"))

    def create_batch(self, body: bytes) -> int:
        """Creates a batch without postings.

        Args:
            body: JSON; without a number, SelectLine takes the next one.

        Returns:
            Its number.

        Raises:
            UnclearError: Whether it is there is not known.
            RefusedError: The API refused it. Whether it is there has to be looked up all the same.
        """
        return self._session.write("POST", BATCHES, number_named("BatchNumber"), body)

    def delete_batch(self, number: int) -> None:
        """Deletes a batch with its postings, which is possible until it is processed.

        Raises:
            UnclearError: Whether it is gone is not known.
            RefusedError: It was processed, or is not there.
        """
        self._session.write("DELETE", f"{BATCHES}/{number}", lambda answer: None)

    def add_posting(self, number: int, body: bytes) -> int:
        """Adds a posting to a batch, whole or not at all.

        Args:
            number: The batch.
            body: JSON.

        Returns:
            Its number in the batch.

        Raises:
            UnclearError: Whether it is there is not known.
            RefusedError: The API refused it. Whether it is there has to be looked up all the same.
        """
        return self._session.write("POST", f"{BATCHES}/{number}/Postings", number_named("Record"), body)

    def delete_posting(self, number: int, record: int) -> None:
        """Deletes a posting of a batch that is not processed.

        Args:
            number: The batch.
            record: The posting's number in it.

        Raises:
            UnclearError: Whether it is gone is not known.
            RefusedError: It is not there, or the batch was processed.
        """
        self._session.write("DELETE", f"{BATCHES}/{number}/Postings/{record}", lambda answer: None)

    def _rows(self, path: str, key: str) -> Iterator[Item]:
        def ask(page: int, seen: int) -> Sequence[Item]:
            return self._session.read(path, _values, {"top": PAGE_ITEMS, "skip": seen or None})

        return each_once(ask, key)


def _values(answer: Answer) -> Sequence[Item]:
    found = answer.data.get("Value", answer.data.get("value"))
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise answer.unreadable()
    return found
