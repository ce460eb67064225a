"""Receipts as a dry run has them: those that are there, and on top of them what would have become of others."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_CLOSINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.dry_run.scratch import ScratchStore
from cloudkasse_etl.state.dry_run.scratch_books import GONE, ScratchBookedReceipts
from cloudkasse_etl.state.stores.books.decision_log import Decision
from cloudkasse_etl.state.stores.books.staged_receipts import (
    UNBOOKED,
    KnownReceipt,
    StagedReceipt,
    Status,
    UnbookedReceipt,
)

_KNOWN = ("hash", "status", "refused_by", "closing_number", "came_as")


class ScratchReceipts(ScratchBookedReceipts):
    """Receipts, read from the database, with those that would be staged kept in a temporary file of SQLite's.

    That file has no name, stays in memory while it is small, and goes with the process: a backlog of any length is
    looked at in bounded memory.

    Attributes:
        on_staged: Told which receipts would be staged, or would now be judged otherwise.
        on_closings: Told which closings would be staged.
        on_booked: Told which postings (RevenuePosting) and movements (StockMovement) would be written, and of how
            many receipts; no postings where stock is made up for.
    """

    def __init__(self, store: ScratchStore) -> None:
        super().__init__(store)
        self.on_staged: Callable[[Sequence[StagedReceipt]], None] = lambda receipts: None
        self.on_closings: Callable[[Sequence[Mapping[str, Any]]], None] = lambda closings: None
        self.on_booked: Callable[[pd.DataFrame | None, pd.DataFrame, int], None] = lambda postings, movements, count: (
            None
        )
        self._moved: Counter[str] = Counter()
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute(
            "CREATE TABLE receipt (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, hash TEXT, status TEXT, "
            "refused_by TEXT, closing_number INTEGER, came_as TEXT, register TEXT, number INTEGER, reference_id TEXT, "
            "raw BLOB)"
        )

    def close(self) -> None:
        """Drops the temporary file."""
        self._scratch.close()

    def known(self, receipt_ids: Sequence[str]) -> dict[str, KnownReceipt]:
        """Those receipts that are stored already, by id."""
        here = {row[0]: KnownReceipt(*row[1:]) for row in self._kept("id, " + ", ".join(_KNOWN), receipt_ids)}
        found = super().known(receipt_ids) | here
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
    ) -> None:
        """Notes receipts that would be staged; the cursor stays, and so do the closings that receipts state."""
        if mended:
            self.restage(mended)
        self._keep(receipts)
        self._put(STAGED_RECEIPTS, [rejection for receipt in receipts for rejection in receipt.rejections])
        self.on_staged([receipt for receipt in receipts if receipt.status is not Status.DISMISSED])
        self._count_moved(dropped)
        self._drop(STAGED_RECEIPTS, dropped)
        self._scratch.executemany(
            "INSERT OR REPLACE INTO receipt (id, hash, status, raw) VALUES (?, '', ?, x'')",
            [(key, GONE) for key in dropped],
        )

    def restage(
        self,
        receipts: Sequence[StagedReceipt],
        *,
        among: Collection[Status] = UNBOOKED,
        decisions: Sequence[Decision] = (),
    ) -> int:
        """Notes what judging receipts anew would come to."""
        self._count_moved([receipt.receipt_id for receipt in receipts])
        self._keep(receipts)
        for asset in (STAGED_RECEIPTS, REVENUE_POSTINGS):
            self._drop(asset, [receipt.receipt_id for receipt in receipts])
        self._put(STAGED_RECEIPTS, [rejection for receipt in receipts for rejection in receipt.rejections])
        self.on_staged([receipt for receipt in receipts if receipt.status is not Status.REJECTED])
        return len(receipts)

    def _count_moved(self, receipt_ids: Sequence[str]) -> None:
        """Notes as what those of them count in the database that were not kept here before."""
        here = {row[0] for row in self._kept("id", receipt_ids)}
        stored = super().known([key for key in receipt_ids if key not in here])
        self._moved.update(known.status for known in stored.values())

    def unbooked(
        self, *, statuses: Collection[Status] = UNBOOKED, second: bool = False, size: int = 1000
    ) -> Iterator[list[UnbookedReceipt]]:
        """Receipts that are not booked, of those that are stored; what is kept here was judged already."""
        for rows in super().unbooked(statuses=statuses, second=second, size=size):
            moved = {row[0] for row in self._kept("id", [row.receipt_id for row in rows])}
            if left := [row for row in rows if row.receipt_id not in moved]:
                yield left

    def stage_closings(
        self, closings: Mapping[str, Mapping[str, Any]], rejections: Sequence[Rejection], *, cursor: str
    ) -> None:
        """Notes closings that would be staged; the cursor stays."""
        self._drop(STAGED_CLOSINGS, list(closings))
        self._put(STAGED_CLOSINGS, rejections)
        self.on_closings(list(closings.values()))

    def raw(
        self, *, status: Status, refused_by: str | None = None, size: int = 1000
    ) -> Iterator[list[tuple[str, bytes]]]:
        """Receipts of a status as they came, in batches; what is kept here while this goes on is passed by."""
        last = self._scratch.execute("SELECT coalesce(max(place), 0) FROM receipt").fetchone()[0]
        for rows in super().raw(status=status, refused_by=refused_by, size=size):
            moved = {row[0] for row in self._kept("id", [receipt_id for receipt_id, _ in rows])}
            if left := [row for row in rows if row[0] not in moved]:
                yield left
        place = 0
        while True:
            found = self._scratch.execute(
                "SELECT place, id, raw FROM receipt WHERE place > ? AND place <= ? AND status = ? "
                "AND (? IS NULL OR refused_by = ?) ORDER BY place LIMIT ?",
                (place, last, str(status), refused_by, refused_by, size),
            ).fetchall()
            if not found:
                return
            place = found[-1][0]
            yield [(row[1], row[2]) for row in found]

    def raw_of(self, receipt_ids: Sequence[str]) -> dict[str, bytes]:
        """Some receipts as they came, by id."""
        return super().raw_of(receipt_ids) | {row[0]: row[1] for row in self._kept("id, raw", receipt_ids)}

    def count(self, status: Status) -> int:
        """How many receipts have a status."""
        query = "SELECT count(*) FROM receipt WHERE status = ?"
        here = int(self._scratch.execute(query, (str(status),)).fetchone()[0])
        return super().count(status) + here - self._moved[str(status)]

    def book(
        self,
        *,
        booked: Sequence[str],
        pending_stock: Sequence[str],
        postings: pd.DataFrame,
        movements: pd.DataFrame,
        refused: Sequence[Rejection],
        refused_lines: Sequence[Rejection],
        without_effect: Sequence[str] = (),
    ) -> None:
        """Notes what would be booked. The receipts stay as they are: an import reads each of them once."""
        self.keep_booked(booked, postings, movements)
        self.keep_judged([rejection.key for rejection in refused], Status.REJECTED)
        self.keep_judged(without_effect, Status.NO_EFFECT)
        self._drop(REVENUE_POSTINGS, [*booked, *(rejection.key for rejection in refused)])
        self._put(REVENUE_POSTINGS, refused)
        self._put(STOCK_MOVEMENTS, refused_lines)
        self.on_booked(postings, movements, len(booked))

    def await_originals(self, receipt_ids: Sequence[str]) -> None:
        """Notes that receipts would wait that were refused before."""
        self._drop(REVENUE_POSTINGS, receipt_ids)

    def make_up_stock(
        self,
        *,
        complete: Sequence[str],
        movements: pd.DataFrame,
        ended: Sequence[str],
        renewed: Sequence[Rejection] = (),
    ) -> None:
        """Notes movements that would be made up for, and the reasons that the others would have."""
        self._drop(STOCK_MOVEMENTS, ended)
        self._put(STOCK_MOVEMENTS, renewed)
        self.on_booked(None, movements, 0)

    def _keep(self, receipts: Sequence[StagedReceipt]) -> None:
        rows = [
            (
                r.receipt_id,
                r.content_hash,
                str(r.status),
                STAGED_RECEIPTS if r.status is Status.REJECTED else None,
                r.closing_number,
                r.came_as,
                *(r.register, r.number, r.reference_id, r.raw),
            )
            for r in receipts
        ]
        self._scratch.execute("BEGIN")
        self._scratch.executemany(
            f"INSERT OR REPLACE INTO receipt (id, {', '.join(_KNOWN)}, register, number, reference_id, raw) "  # noqa: S608 -- our own words
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._scratch.execute("COMMIT")

    def _kept(self, columns: str, receipt_ids: Sequence[str] | None) -> Iterator[tuple[Any, ...]]:
        if receipt_ids is None:
            yield from self._scratch.execute(f"SELECT {columns} FROM receipt")  # noqa: S608 -- our own words
            return
        for chunk in chunks(receipt_ids):
            marks = ", ".join("?" * len(chunk))
            yield from self._scratch.execute(f"SELECT {columns} FROM receipt WHERE id IN ({marks})", chunk)  # noqa: S608 -- our own words

    def _drop(self, asset: str, keys: Sequence[str]) -> None:
        with self._store.transaction() as connection:
            self._store.drop_rejections(connection, asset, keys)

    def _put(self, asset: str, rejections: Sequence[Rejection]) -> None:
        with self._store.transaction() as connection:
            self._store.put_rejections(connection, asset, rejections)
