"""What a dry run has booked so far of the receipts that others refer to. Of all others nothing is kept."""

import datetime as dt
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cloudkasse_etl.schemas.booked_rows import MovedRow, PostingRow
from cloudkasse_etl.state.stores.books.booked_receipts import ReferredReceipt, stored_movement
from cloudkasse_etl.state.stores.books.receipt_store import ReceiptStore
from cloudkasse_etl.state.stores.books.staged_receipts import Status
from cloudkasse_etl.state.stores.store import StateStore

if TYPE_CHECKING:
    import pandas as pd

GONE = "gone"
_REFERRED = "id, status, refused_by, register, number, reference_id"


class ScratchBookedReceipts(ReceiptStore):
    """Receipts that are booked, refused or found to have no effect, and those that would be by now."""

    def __init__(self, store: StateStore) -> None:
        super().__init__(store)
        self._status: dict[str, str] = {}
        self._postings: dict[str, list[PostingRow]] = defaultdict(list)
        self._movements: dict[str, list[MovedRow]] = defaultdict(list)
        self._referring: dict[str, list[str]] = defaultdict(list)

    @abstractmethod
    def _kept(self, columns: str, receipt_ids: Sequence[str] | None) -> Iterator[tuple[Any, ...]]:
        """Columns of receipts that would be staged; of all where no ids are given."""

    @cached_property
    def _links(self) -> dict[str, str]:
        """The receipts that are not booked when the import begins and refer to another one: to which."""
        here = {row[0]: row[1] for row in self._kept("id, reference_id", None) if row[1] is not None}
        return self.unbooked_links() | here

    @cached_property
    def _wanted(self) -> frozenset[str]:
        return frozenset(self._links.values())

    def keep_booked(self, booked: Sequence[str], postings: "pd.DataFrame", movements: "pd.DataFrame") -> None:
        """Notes receipts that would be booked."""
        self.keep_judged(booked, Status.IMPORTED)
        for receipt_id in booked:
            if (reference_id := self._links.get(receipt_id)) is not None:
                self._referring[reference_id].append(receipt_id)
        wanted = sorted(self._wanted.intersection(booked))
        if not wanted:
            return
        columns = ["receipt_id", *PostingRow._fields]
        values: list[Any]
        for values in postings.loc[postings["receipt_id"].isin(wanted), columns].to_numpy(dtype=object).tolist():
            key, *rest = (None if value != value else value for value in values)  # a null text is NaN
            self._postings[str(key)].append(PostingRow._make(rest))
        row: Any
        for row in movements[movements["receipt_id"].isin(wanted)].itertuples():
            self._movements[row.receipt_id].append(stored_movement(row))

    def keep_judged(self, receipt_ids: Iterable[str], status: Status) -> None:
        """Notes what would become of receipts."""
        self._status.update(dict.fromkeys(self._wanted.intersection(receipt_ids), str(status)))

    def referred(self, receipt_ids: Sequence[str]) -> dict[str, ReferredReceipt]:
        """Some receipts by id, as they would be by now."""
        found, now = super().referred(receipt_ids), dt.datetime.now(dt.UTC)
        for key, status, refused_by, register, number, reference_id in self._kept(_REFERRED, receipt_ids):
            staged_at = found[key].staged_at if key in found else now
            found[key] = ReferredReceipt(status, refused_by, register, number, reference_id, staged_at)
            if status == GONE:
                del found[key]
        return {key: replace(known, status=self._status.get(key, known.status)) for key, known in found.items()}

    def referring(self, receipt_ids: Sequence[str], status: str) -> dict[str, list[str]]:
        """The receipts of a status that refer to some; of those that are booked, also those that would be by now."""
        found = super().referring(receipt_ids, status)
        if status != Status.IMPORTED:
            return found
        keys = [key for key in receipt_ids if key in found or key in self._referring]
        return {key: [*found.get(key, ()), *self._referring.get(key, ())] for key in keys}

    def postings_of(self, receipt_ids: Sequence[str]) -> dict[str, list[PostingRow]]:
        """The postings of some receipts, by id, and those that would be written by now."""
        here = {key: self._postings[key] for key in receipt_ids if key in self._postings}
        return super().postings_of(receipt_ids) | here

    def movements_of(self, receipt_ids: Sequence[str]) -> dict[str, list[MovedRow]]:
        """The stock movements of some receipts, by id, and those that would be written by now."""
        here = {key: self._movements[key] for key in receipt_ids if key in self._movements}
        return super().movements_of(receipt_ids) | here
