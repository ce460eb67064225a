"""The bookings of a dry run, as far as other receipts refer to them. Others are not remembered."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import pandas as pd

from cloudkasse_etl.entities import REVENUE_POSTINGS, STOCK_MOVEMENTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.booked_rows import MovedRow, PostingRow
from cloudkasse_etl.schemas.no_effect import NoEffect
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.dry_run.dry_rejections import DryRejections
from cloudkasse_etl.state.dry_run.scratch_file import GONE, ScratchFile
from cloudkasse_etl.state.stores.books.booked_receipts import BookedReceipts, ReferredReceipt, stored_movement
from cloudkasse_etl.state.stores.books.receipt_status import Status

_REFERRED = "id, status, refused_by, register, number, reference_id"


class DryBooks:
    """Receipts that are booked, refused or found to have no effect, and those that would be by now.

    Attributes:
        on_booked: Called with the postings (RevenuePosting) and movements (StockMovement) that would be written, and
            the number of receipts; without postings if stock lines are booked later.
    """

    def __init__(self, state: StateConnection, scratch: ScratchFile, rejections: DryRejections) -> None:
        self.on_booked: Callable[[pd.DataFrame | None, pd.DataFrame, int], None] = lambda postings, movements, count: (
            None
        )
        self._stored, self._scratch, self._rejections = BookedReceipts(state), scratch, rejections
        self._status: dict[str, str] = {}
        self._postings: dict[str, list[PostingRow]] = defaultdict(list)
        self._movements: dict[str, list[MovedRow]] = defaultdict(list)
        self._referring: dict[str, list[str]] = defaultdict(list)

    @cached_property
    def _links(self) -> dict[str, str]:
        """The receipts that are not booked when the import begins and refer to another one, with that one's id."""
        here = {row[0]: row[1] for row in self._scratch.rows("id, reference_id", None) if row[1] is not None}
        return self._stored.unbooked_links() | here

    @cached_property
    def _wanted(self) -> frozenset[str]:
        return frozenset(self._links.values())

    def book(
        self,
        *,
        booked: Sequence[str],
        pending_stock: Sequence[str],
        postings: pd.DataFrame,
        movements: pd.DataFrame,
        refused: Sequence[Rejection],
        refused_lines: Sequence[Rejection],
        without_effect: Mapping[str, NoEffect],
    ) -> None:
        """Remembers what would be booked. The receipts' status is not changed: an import reads each of them once."""
        self._keep_booked(booked, postings, movements)
        self._keep_status([rejection.key for rejection in refused], Status.REJECTED)
        self._keep_status(without_effect, Status.NO_EFFECT)
        self._rejections.end(REVENUE_POSTINGS, [*booked, *(rejection.key for rejection in refused)])
        self._rejections.put(REVENUE_POSTINGS, refused)
        self._rejections.put(STOCK_MOVEMENTS, refused_lines)
        self.on_booked(postings, movements, len(booked))

    def await_originals(self, receipt_ids: Sequence[str]) -> None:
        """Remembers that receipts that were refused before would wait."""
        self._rejections.end(REVENUE_POSTINGS, receipt_ids)

    def make_up_stock(
        self,
        *,
        complete: Sequence[str],
        movements: pd.DataFrame,
        ended: Sequence[str],
        renewed: Sequence[Rejection] = (),
    ) -> None:
        """Remembers movements that would be written later, and the reasons that the other lines would have."""
        self._rejections.end(STOCK_MOVEMENTS, ended)
        self._rejections.put(STOCK_MOVEMENTS, renewed)
        self.on_booked(None, movements, 0)

    def generations(self) -> dict[str, int]:
        """The receipts of which an import was undone, with the how manieth import the next or present one is."""
        return self._stored.generations()

    def moved(self, receipt_ids: Sequence[str]) -> set[str]:
        """The ids of the movements that are written for some receipts."""
        return self._stored.moved(receipt_ids)

    def referred(self, receipt_ids: Sequence[str]) -> dict[str, ReferredReceipt]:
        """Some receipts by id, as they would be by now."""
        found, now = self._stored.referred(receipt_ids), dt.datetime.now(dt.UTC)
        for key, status, refused_by, register, number, reference_id in self._scratch.rows(_REFERRED, receipt_ids):
            staged_at = found[key].staged_at if key in found else now
            found[key] = ReferredReceipt(status, refused_by, register, number, reference_id, staged_at)
            if status == GONE:
                del found[key]
        return {key: replace(known, status=self._status.get(key, known.status)) for key, known in found.items()}

    def referring(self, receipt_ids: Sequence[str], status: str) -> dict[str, list[str]]:
        """The receipts of a status that refer to some; of those that are booked, also those that would be by now."""
        found = self._stored.referring(receipt_ids, status)
        if status != Status.IMPORTED:
            return found
        keys = [key for key in receipt_ids if key in found or key in self._referring]
        return {key: [*found.get(key, ()), *self._referring.get(key, ())] for key in keys}

    def postings_of(self, receipt_ids: Sequence[str]) -> dict[str, list[PostingRow]]:
        """The postings of some receipts, by id, and those that would be written by now."""
        here = {key: self._postings[key] for key in receipt_ids if key in self._postings}
        return self._stored.postings_of(receipt_ids) | here

    def movements_of(self, receipt_ids: Sequence[str]) -> dict[str, list[MovedRow]]:
        """The stock movements of some receipts, by id, and those that would be written by now."""
        here = {key: self._movements[key] for key in receipt_ids if key in self._movements}
        return self._stored.movements_of(receipt_ids) | here

    def _keep_booked(self, booked: Sequence[str], postings: pd.DataFrame, movements: pd.DataFrame) -> None:
        self._keep_status(booked, Status.IMPORTED)
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

    def _keep_status(self, receipt_ids: Iterable[str], status: Status) -> None:
        self._status.update(dict.fromkeys(self._wanted.intersection(receipt_ids), str(status)))
