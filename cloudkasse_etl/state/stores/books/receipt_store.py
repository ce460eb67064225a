"""Staged receipts and closings, postings and stock movements. Whole receipts move in one transaction, or not at all."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.database.bulk import insert_columns
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.booked_receipts import BookedReceipts
from cloudkasse_etl.state.stores.books.decision_log import Decision, DecisionStore
from cloudkasse_etl.state.stores.books.staged_receipts import UNBOOKED, StagedReceipt, StagingStore, Status

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReceiptRow", "ReceiptStore", "StagedReceipt", "Status"]


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A staged receipt as a list shows it."""

    receipt_id: str
    register: str | None
    number: int | None
    kind: str | None
    business_day: dt.date | None
    ended_at: str | None
    total_cents: int | None
    status: str
    closing_number: int | None
    came_as: str | None
    reference_id: str | None = None


class ReceiptStore(StagingStore, BookedReceipts):
    """Receipts of the store's company; its closings too."""

    # --- reading what is staged

    def raw(
        self, *, status: Status, refused_by: str | None = None, size: int = 1000
    ) -> Iterator[list[tuple[str, bytes]]]:
        """Receipts of a status as they came, in batches, by id; one that changes its status meanwhile is passed by."""
        table = self._tables.receipt
        refused = [] if refused_by is None else [table.c.refused_by == refused_by]
        return self._batches(size, table.c.status == status, *refused)

    def raw_pending_stock(self, *, size: int = 1000) -> Iterator[list[tuple[str, bytes]]]:
        """Imported receipts some of whose stock lines may be made up for, as they came, in batches."""
        return self._batches(size, self._tables.receipt.c.stock_pending == sa.true())

    def _batches(self, size: int, *where: "sa.ColumnElement[bool]") -> Iterator[list[tuple[str, bytes]]]:
        table = self._tables.receipt
        last = ""
        while True:
            query = (
                sa.select(table.c.receipt_id, table.c.raw)
                .where(table.c.company == self._company, table.c.receipt_id > last, *where)
                .order_by(table.c.receipt_id)
                .limit(size)
            )
            with self._store.reading() as connection:
                rows = [(row[0], bytes(row[1])) for row in connection.execute(query)]
            if not rows:
                return
            last = rows[-1][0]
            yield rows

    def raw_of(self, receipt_ids: Sequence[str]) -> dict[str, bytes]:
        """Some receipts as they came, by id; those that are not staged are missing."""
        table = self._tables.receipt
        found: dict[str, bytes] = {}
        with self._store.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(table.c.receipt_id, table.c.raw).where(
                    table.c.company == self._company, table.c.receipt_id.in_(chunk)
                )
                found.update((row[0], bytes(row[1])) for row in connection.execute(query))
        return found

    def status_of(self, receipt_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """Status of some receipts, and which asset refused them, by id."""
        table = self._tables.receipt
        found: dict[str, tuple[str, str | None]] = {}
        with self._store.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(table.c.receipt_id, table.c.status, table.c.refused_by).where(
                    table.c.company == self._company, table.c.receipt_id.in_(chunk)
                )
                found.update((row[0], (row[1], row[2])) for row in connection.execute(query))
        return found

    def count(self, status: Status) -> int:
        """How many receipts have a status."""
        table = self._tables.receipt
        query = sa.select(sa.func.count()).where(table.c.company == self._company, table.c.status == status)
        with self._store.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def count_refused(self) -> int:
        """How many receipts an import has refused."""
        table = self._tables.receipt
        return self._count(table.c.status == Status.REJECTED, table.c.refused_by == REVENUE_POSTINGS)

    def count_voids_staged_before(self, moment: dt.datetime) -> int:
        """How many receipts that refer to another one lie staged since before a moment."""
        table = self._tables.receipt
        staged = (table.c.status == Status.STAGED) & table.c.reference_id.is_not(None)
        return self._count(staged, table.c.staged_at < moment)

    def count_pending_stock(self) -> int:
        """How many booked receipts have stock lines that are to be made up for."""
        return self._count(self._tables.receipt.c.stock_pending == sa.true())

    def _count(self, *where: "sa.ColumnElement[bool]") -> int:
        query = sa.select(sa.func.count()).where(self._tables.receipt.c.company == self._company, *where)
        with self._store.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def has_unbooked(self) -> bool:
        """Whether there is any receipt of which settings can still make another status."""
        table = self._tables.receipt
        query = sa.select(table.c.receipt_id).where(table.c.company == self._company, table.c.status.in_(UNBOOKED))
        with self._store.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def rows(self, status: str | None = None, *, also: Sequence[str] = ()) -> list[ReceiptRow]:
        """The list of receipts of a status, by register and number; after them some others by their ids."""
        table = self._tables.receipt
        columns = [table.c[name] for name in ReceiptRow.__slots__]
        query = sa.select(*columns).where(table.c.company == self._company)
        queries = [query if status is None else query.where(table.c.status == status)]
        queries += [query.where(table.c.receipt_id.in_(part), table.c.status != status) for part in chunks(also)]
        found: list[ReceiptRow] = []
        with self._store.reading() as connection:
            for one in queries:
                rows = connection.execute(one.order_by(table.c.register, table.c.number, table.c.receipt_id))
                found += [ReceiptRow(*row) for row in rows]
        return found

    # --- importing

    def book(
        self,
        *,
        booked: Sequence[str],
        pending_stock: Sequence[str],
        postings: "pd.DataFrame",
        movements: "pd.DataFrame",
        refused: Sequence[Rejection],
        refused_lines: Sequence[Rejection],
        without_effect: Sequence[str] = (),
    ) -> None:
        """Writes whole receipts: postings, movements, status and rejections in one transaction.

        Unique keys make a second booking impossible: it breaks the transaction, and nothing of it stays.

        Args:
            booked: Receipts that are imported by this.
            pending_stock: Those of them some of whose stock lines were refused and can be made up for.
            postings: As RevenuePosting has them, with receipt_number.
            movements: As StockMovement has them.
            refused: Receipts that were refused, with the reason; they stay unbooked.
            refused_lines: Stock lines that were refused.
            without_effect: Receipts that turned out to have no effect.
        """
        now = dt.datetime.now(dt.UTC)
        refused_ids = list(dict.fromkeys(rejection.key for rejection in refused))
        with self._store.transaction() as connection:
            done = {"status": Status.IMPORTED, "refused_by": None, "imported_at": now, "imported_run_id": self._run_id}
            pending = set(pending_stock)
            self._set(connection, [r for r in booked if r not in pending], {**done, "stock_pending": False})
            self._set(connection, [r for r in booked if r in pending], {**done, "stock_pending": True})
            self._set(connection, refused_ids, {"status": Status.REJECTED, "refused_by": REVENUE_POSTINGS})
            self._set(connection, without_effect, {"status": Status.NO_EFFECT, "refused_by": None})
            self._insert(connection, self._tables.posting, postings)
            self._insert(connection, self._tables.stock_movement, movements)
            self._store.drop_rejections(connection, REVENUE_POSTINGS, [*booked, *refused_ids, *without_effect])
            self._store.put_rejections(connection, REVENUE_POSTINGS, refused)
            self._store.put_rejections(connection, STOCK_MOVEMENTS, refused_lines)

    def await_originals(self, receipt_ids: Sequence[str]) -> None:
        """Lets receipts that an import had refused wait: what they void may still be booked."""
        if receipt_ids:
            with self._store.transaction() as connection:
                self._set(connection, receipt_ids, {"status": Status.STAGED, "refused_by": None})
                self._store.drop_rejections(connection, REVENUE_POSTINGS, receipt_ids)

    def make_up_stock(
        self,
        *,
        complete: Sequence[str],
        movements: "pd.DataFrame",
        ended: Sequence[str],
        renewed: Sequence[Rejection] = (),
    ) -> None:
        """Writes movements of stock lines that were refused when their receipts were imported.

        Args:
            complete: Receipts no line of which the program still has to make up for.
            movements: Those that are not written yet.
            ended: Keys of the stock lines' rejections that have ended.
            renewed: Stock lines that are refused for another reason than before.
        """
        with self._store.transaction() as connection:
            self._insert(connection, self._tables.stock_movement, movements)
            self._set(connection, complete, {"stock_pending": False})
            self._store.drop_rejections(connection, STOCK_MOVEMENTS, ended)
            self._store.put_rejections(connection, STOCK_MOVEMENTS, renewed)

    def moved(self, receipt_ids: Sequence[str]) -> set[str]:
        """The ids of the movements that are written for some receipts."""
        table = self._tables.stock_movement
        found: set[str] = set()
        with self._store.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(table.c.movement_id).where(
                    table.c.company == self._company, table.c.receipt_id.in_(chunk)
                )
                found.update(connection.execute(query).scalars())
        return found

    # --- what people decide

    def dismiss(self, decision: Decision) -> bool:
        """Marks a receipt that is staged or rejected as dealt with by hand; False where there is none."""
        table = self._tables.receipt
        with self._store.transaction() as connection:
            done = connection.execute(
                table.update()
                .where(table.c.company == self._company, table.c.receipt_id == decision.key)
                .where(table.c.status.in_([Status.STAGED, Status.REJECTED]))
                .values(status=Status.DISMISSED, refused_by=None)
            )
            if done.rowcount:
                for asset in (STAGED_RECEIPTS, REVENUE_POSTINGS):
                    self._store.drop_rejections(connection, asset, [decision.key])
                DecisionStore(self._store).put(connection, [decision])
        return done.rowcount == 1

    def decide(self, decision: Decision) -> None:
        """Notes a decision that changes nothing else."""
        with self._store.transaction() as connection:
            DecisionStore(self._store).put(connection, [decision])

    def dismiss_line(self, receipt_id: str, decision: Decision, *, last: bool) -> None:
        """Ends the rejection of a stock line; `last` where the receipt has no other refused line."""
        with self._store.transaction() as connection:
            self._store.drop_rejections(connection, STOCK_MOVEMENTS, [decision.key])
            if last:
                self._set(connection, [receipt_id], {"stock_pending": False})
            DecisionStore(self._store).put(connection, [decision])

    def restore_line(self, receipt_id: str, decision: Decision, rejections: Sequence[Rejection]) -> None:
        """Opens the rejection of a stock line again; the next import looks at it."""
        with self._store.transaction() as connection:
            self._store.put_rejections(connection, STOCK_MOVEMENTS, rejections)
            self._set(connection, [receipt_id], {"stock_pending": True})
            self._store.put_level(connection, REVENUE_POSTINGS, "", "{}")
            DecisionStore(self._store).put(connection, [decision])

    def _set(self, connection: sa.Connection, receipt_ids: Sequence[str], values: Mapping[str, Any]) -> None:
        table = self._tables.receipt
        for chunk in chunks(receipt_ids):
            connection.execute(
                table.update().where(table.c.company == self._company, table.c.receipt_id.in_(chunk)).values(values)
            )

    def _insert(self, connection: sa.Connection, table: sa.Table, frame: "pd.DataFrame") -> None:
        if not len(frame):
            return
        # a null text is NaN in a frame: SQLite takes that for NULL, PostgreSQL for the text "nan"
        columns = {name: [None if v != v else v for v in frame[name].tolist()] for name in frame.columns}
        for name in ("posting_date", "movement_date"):
            if name in columns:
                days = {text: dt.date.fromisoformat(str(text)) for text in set(columns[name])}
                columns[name] = [days[text] for text in columns[name]]
        insert_columns(connection, table, columns, {"company": self._company, "run_id": self._run_id})
