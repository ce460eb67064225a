"""Receipts in a dry run: the stored ones, overlaid with the changes that it would make."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_CLOSINGS, STAGED_RECEIPTS
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.dry_run.dry_rejections import DryRejections
from cloudkasse_etl.state.dry_run.scratch_file import GONE, ScratchFile
from cloudkasse_etl.state.stores.books.decision_log import Decision
from cloudkasse_etl.state.stores.books.receipt_reader import ReceiptReader
from cloudkasse_etl.state.stores.books.receipt_status import UNBOOKED, Move, Status
from cloudkasse_etl.state.stores.books.staged_closings import ArrivedClosings, StagedClosings
from cloudkasse_etl.state.stores.books.staged_receipts import (
    KnownReceipt,
    StagedReceipt,
    StagedReceipts,
    UnbookedReceipt,
)


class DryStaging:
    """Receipts that are not booked, with those that would be staged.

    Attributes:
        on_staged: Called with the receipts that would be staged, or whose status would change.
    """

    def __init__(
        self, state: StateConnection, scratch: ScratchFile, rejections: DryRejections, closings: "DryClosings"
    ) -> None:
        self.on_staged: Callable[[Sequence[StagedReceipt]], None] = lambda receipts: None
        self._closings = closings
        self._stored, self._scratch, self._rejections = StagedReceipts(state), scratch, rejections

    def known(self, receipt_ids: Sequence[str]) -> dict[str, KnownReceipt]:
        """The stored ones among these receipts, by id."""
        found = self._stored.known(receipt_ids)
        for key, known in self._scratch.known(receipt_ids).items():
            found[key] = replace(known, generation=found[key].generation) if key in found else known
        return {key: known for key, known in found.items() if known.status != GONE}

    def stage(
        self,
        receipts: Sequence[StagedReceipt],
        *,
        cursor: str | None,
        mended: Sequence[StagedReceipt] = (),
        decisions: Sequence[Decision] = (),
        closings: Mapping[str, int] | None = None,
        dropped: Sequence[str] = (),
        arrived: ArrivedClosings | None = None,
    ) -> None:
        """Remembers receipts that would be staged; neither the cursor nor stated closing numbers are stored."""
        if mended:
            self.restage(mended)
        self._scratch.keep(receipts)
        self._rejections.put(STAGED_RECEIPTS, [rejection for receipt in receipts for rejection in receipt.rejections])
        self.on_staged([receipt for receipt in receipts if receipt.status is not Status.DISMISSED])
        self._count_moved(dropped)
        self._rejections.end(STAGED_RECEIPTS, dropped)
        self._scratch.forget(dropped)
        if arrived is not None:
            self._closings.stage(arrived, cursor=None)

    def restage(
        self,
        receipts: Sequence[StagedReceipt],
        *,
        move: Move = Move.JUDGE,
        decisions: Sequence[Decision] = (),
    ) -> int:
        """Remembers the result of checking receipts again."""
        self._count_moved([receipt.receipt_id for receipt in receipts])
        self._scratch.keep(receipts)
        for asset in (STAGED_RECEIPTS, REVENUE_POSTINGS):
            self._rejections.end(asset, [receipt.receipt_id for receipt in receipts])
        self._rejections.put(STAGED_RECEIPTS, [rejection for receipt in receipts for rejection in receipt.rejections])
        self.on_staged([receipt for receipt in receipts if receipt.status is not Status.REJECTED])
        return len(receipts)

    def dismiss(self, decision: Decision) -> None:
        """Remembers that a receipt would be dismissed."""
        self._count_moved([decision.key])
        for asset in (STAGED_RECEIPTS, REVENUE_POSTINGS):
            self._rejections.end(asset, [decision.key])
        self._scratch.forget([decision.key])

    def _count_moved(self, receipt_ids: Sequence[str]) -> None:
        """Corrects the counts of the database for receipts that are remembered here for the first time."""
        here = self._scratch.ids(receipt_ids)
        stored = self._stored.known([key for key in receipt_ids if key not in here])
        self._scratch.moved.update(known.status for known in stored.values())

    def stored(self, receipt_id: str) -> list[UnbookedReceipt]:
        """One receipt as it is in the database; empty where it is not stored."""
        return self._stored.stored(receipt_id)

    def unbooked(
        self, *, statuses: Collection[Status] = UNBOOKED, second: bool = False, size: int = 1000
    ) -> Iterator[list[UnbookedReceipt]]:
        """Receipts in the database that are not booked; those that are remembered here were checked already."""
        for rows in self._stored.unbooked(statuses=statuses, second=second, size=size):
            moved = self._scratch.ids([row.receipt_id for row in rows])
            if left := [row for row in rows if row.receipt_id not in moved]:
                yield left


class DryReceipts:
    """Receipts of any status, as they would be by now."""

    def __init__(self, state: StateConnection, scratch: ScratchFile) -> None:
        self._stored, self._scratch = ReceiptReader(state), scratch

    def raw(
        self, *, status: Status, refused_by: str | None = None, size: int = 1000
    ) -> Iterator[list[tuple[str, bytes]]]:
        """Receipts of a status as they arrived, in batches; those that are remembered meanwhile are skipped."""
        last = self._scratch.last_place()
        for rows in self._stored.raw(status=status, refused_by=refused_by, size=size):
            moved = self._scratch.ids([receipt_id for receipt_id, _ in rows])
            if left := [row for row in rows if row[0] not in moved]:
                yield left
        yield from self._scratch.raw(status, refused_by, last, size)

    def raw_of(self, receipt_ids: Sequence[str]) -> dict[str, bytes]:
        """Some receipts as they arrived, by id."""
        return self._stored.raw_of(receipt_ids) | {row[0]: row[1] for row in self._scratch.rows("id, raw", receipt_ids)}

    def original_of(self, receipt_id: str) -> bytes | None:
        """A receipt in the till's own form, as the database has it."""
        return self._stored.original_of(receipt_id)

    def count(self, status: Status) -> int:
        """How many receipts have a status."""
        return self._stored.count(status) + self._scratch.count(status) - self._scratch.moved[str(status)]

    def raw_pending_stock(self, *, size: int = 1000) -> Iterator[list[tuple[str, bytes]]]:
        """Imported receipts with stock lines that may be booked later; a dry run imports none."""
        return self._stored.raw_pending_stock(size=size)

    def status_of(self, receipt_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Status of some receipts in the database, and which asset refused them, by id."""
        return self._stored.status_of(receipt_ids)

    def count_refused(self) -> int:
        """How many receipts an import has refused in the database."""
        return self._stored.count_refused()

    def count_voids_staged_before(self, moment: dt.datetime) -> int:
        """How many receipts that refer to another one have been staged in the database since before a moment."""
        return self._stored.count_voids_staged_before(moment)

    def count_pending_stock(self) -> int:
        """How many booked receipts have stock lines that are still to be booked."""
        return self._stored.count_pending_stock()

    def has_unbooked(self) -> bool:
        """Whether there is any receipt in the database whose status can still change with the settings."""
        return self._stored.has_unbooked()


class DryClosings:
    """Closings that are staged, and those that would be.

    Attributes:
        on_closings: Called with the closings that would be staged.
    """

    def __init__(self, state: StateConnection, rejections: DryRejections) -> None:
        self.on_closings: Callable[[Sequence[Mapping[str, Any]]], None] = lambda closings: None
        self._stored, self._rejections = StagedClosings(state), rejections

    def known(self) -> dict[str, str]:
        """The content hashes of the staged closings by key: register and number."""
        return self._stored.known()

    def count(self) -> int:
        """How many closings are staged, without those that would be."""
        return self._stored.count()

    def stage(self, arrived: ArrivedClosings, *, cursor: str | None) -> None:
        """Remembers closings that would be staged; the cursor does not move."""
        self._rejections.end(STAGED_CLOSINGS, [*arrived.rows, *arrived.settled])
        self._rejections.put(STAGED_CLOSINGS, arrived.rejections)
        self.on_closings(list(arrived.rows.values()))
