"""Staged receipts and closings, postings and stock movements. Whole receipts move in one transaction, or not at all."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cloudkasse_etl.failures import Rejection
from cloudkasse_etl.state.bulk import insert_columns
from cloudkasse_etl.state.keys import chunks
from cloudkasse_etl.state.store import StateStore
from cloudkasse_etl.state.targets import CLOSINGS, IMPORT, MOVEMENTS, STAGING

if TYPE_CHECKING:
    import pandas as pd


class Status(StrEnum):
    """What has become of a receipt."""

    STAGED = "staged"
    IMPORTED = "imported"
    REJECTED = "rejected"
    NO_EFFECT = "no_effect"
    BEFORE_START = "before_start"
    DISMISSED = "dismissed"


@dataclass(slots=True)
class StagedReceipt:
    """A receipt as it is staged.

    Attributes:
        receipt_id: Its id, or one of ours where it has none that can be used.
        content_hash: Of its known fields.
        raw: The item as it came (JSON).
        status: What has become of it.
        register, number, kind, business_day, ended_at, total_cents, reference_id: Null where they cannot be read.
        counts_in_closing: Whether its closing's totals cover it.
        rejections: Why it was refused.
    """

    receipt_id: str
    content_hash: str
    raw: bytes
    status: Status
    register: str | None = None
    number: int | None = None
    kind: str | None = None
    business_day: dt.date | None = None
    ended_at: str | None = None
    total_cents: int | None = None
    reference_id: str | None = None
    counts_in_closing: bool = False
    rejections: Sequence[Rejection] = ()


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
    dismissal: str | None


class ReceiptStore:
    """Receipts of the store's company."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._tables = store.tables
        self._company = store.company
        self._run_id = store.run_id

    # --- cursors and staging

    def cursor(self, stream: str) -> str | None:
        """How far a stream was read; None where it never was."""
        table = self._tables.cursor
        query = sa.select(table.c.position).where(table.c.target_id == self._store.target, table.c.stream == stream)
        with self._store.reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def known(self, receipt_ids: Sequence[str]) -> dict[str, str]:
        """The content hashes of those receipts that are staged already, by id."""
        table = self._tables.receipt
        found: dict[str, str] = {}
        with self._store.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(table.c.receipt_id, table.c.content_hash).where(
                    table.c.company == self._company, table.c.receipt_id.in_(chunk)
                )
                found.update((row[0], row[1]) for row in connection.execute(query))
        return found

    def stage(
        self, receipts: Sequence[StagedReceipt], *, cursor: str | None, mended: Sequence[StagedReceipt] = ()
    ) -> None:
        """Stores a page of new receipts and the cursor behind it, in one transaction.

        Args:
            receipts: Receipts that are not staged yet.
            cursor: Where to go on; None leaves it (a check that is done again).
            mended: Receipts that take the place of what came under their ids and could not be read.
        """
        now = dt.datetime.now(dt.UTC)
        fixed = {"company": self._company, "stock_pending": False, "staged_at": now, "staged_run_id": self._run_id}
        with self._store.transaction() as connection:
            insert_columns(connection, self._tables.receipt, _columns_of(receipts), fixed)
            self._replace(connection, mended, with_raw=True)
            refused = [rejection for receipt in (*receipts, *mended) for rejection in receipt.rejections]
            self._store.put_rejections(connection, STAGING, refused)
            if cursor is not None:
                self._move(connection, "receipts", cursor, now)

    def restage(self, receipts: Sequence[StagedReceipt]) -> None:
        """Stores what came of checking refused receipts again: their status and their rejections."""
        with self._store.transaction() as connection:
            self._replace(connection, receipts)
            refused = [rejection for receipt in receipts for rejection in receipt.rejections]
            self._store.put_rejections(connection, STAGING, refused)

    def _replace(self, connection: sa.Connection, receipts: Sequence[StagedReceipt], *, with_raw: bool = False) -> None:
        """Gives refused receipts what came of judging them again, and ends their rejections."""
        table = self._tables.receipt
        self._store.drop_rejections(connection, STAGING, [receipt.receipt_id for receipt in receipts])
        for receipt in receipts:
            connection.execute(
                table.update()
                .where(table.c.company == self._company, table.c.receipt_id == receipt.receipt_id)
                .where(table.c.status == Status.REJECTED)
                .values(_columns(receipt) | ({"raw": receipt.raw} if with_raw else {}))
            )

    def stage_closings(
        self, closings: Sequence[Mapping[str, Any]], rejections: Sequence[Rejection], *, cursor: str
    ) -> None:
        """Stores a page of new closings and the cursor behind it, in one transaction."""
        now = dt.datetime.now(dt.UTC)
        rows = [
            {"company": self._company, "verified": False, "staged_at": now, "staged_run_id": self._run_id, **closing}
            for closing in closings
        ]
        with self._store.transaction() as connection:
            if rows:
                connection.execute(self._tables.closing.insert(), rows)
            self._store.put_rejections(connection, CLOSINGS, rejections)
            self._move(connection, "closings", cursor, now)

    def known_closings(self) -> dict[tuple[str, int], str]:
        """The content hashes of the staged closings by register and number."""
        table = self._tables.closing
        query = sa.select(table.c.register, table.c.number, table.c.content_hash).where(
            table.c.company == self._company
        )
        with self._store.reading() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(query)}

    def _move(self, connection: sa.Connection, stream: str, cursor: str, now: dt.datetime) -> None:
        table = self._tables.cursor
        values = {"position": cursor, "moved_at": now, "run_id": self._run_id}
        here = (table.c.target_id == self._store.target) & (table.c.stream == stream)
        if connection.execute(table.update().where(here).values(values)).rowcount == 0:
            connection.execute(
                table.insert().values(target_id=self._store.target, stream=stream, company=self._company, **values)
            )

    # --- reading what is staged

    def raw(
        self, *, status: Status, refused_by: str | None = None, size: int = 1000
    ) -> Iterator[list[tuple[str, bytes]]]:
        """Receipts of a status as they came, in batches, by id; one that changes its status meanwhile is passed by."""
        table = self._tables.receipt
        refused = [] if refused_by is None else [table.c.refused_by == refused_by]
        return self._batches(size, table.c.status == status, *refused)

    def raw_pending_stock(self, *, size: int = 1000) -> Iterator[list[tuple[str, bytes]]]:
        """Imported receipts some of whose stock lines were refused, as they came, in batches."""
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

    def rows(self, status: str | None = None) -> list[ReceiptRow]:
        """The list of receipts, by register and number."""
        table = self._tables.receipt
        columns = [table.c[name] for name in ReceiptRow.__slots__]
        query = sa.select(*columns).where(table.c.company == self._company)
        if status is not None:
            query = query.where(table.c.status == status)
        with self._store.reading() as connection:
            found = connection.execute(query.order_by(table.c.register, table.c.number, table.c.receipt_id))
            return [ReceiptRow(*row) for row in found]

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
    ) -> None:
        """Writes whole receipts: postings, movements, status and rejections in one transaction.

        Unique keys make a second booking impossible: it breaks the transaction, and nothing of it stays.

        Args:
            booked: Receipts that are imported by this.
            pending_stock: Those of them some of whose stock lines were refused.
            postings: As RevenuePosting has them, with receipt_number.
            movements: As StockMovement has them.
            refused: Receipts that were refused, with the reason; they stay unbooked.
            refused_lines: Stock lines that were refused.
        """
        now = dt.datetime.now(dt.UTC)
        refused_ids = list(dict.fromkeys(rejection.key for rejection in refused))
        with self._store.transaction() as connection:
            done = {"status": Status.IMPORTED, "refused_by": None, "imported_at": now, "imported_run_id": self._run_id}
            pending = set(pending_stock)
            self._set(connection, [r for r in booked if r not in pending], {**done, "stock_pending": False})
            self._set(connection, [r for r in booked if r in pending], {**done, "stock_pending": True})
            self._set(connection, refused_ids, {"status": Status.REJECTED, "refused_by": IMPORT})
            self._insert(connection, self._tables.posting, postings)
            self._insert(connection, self._tables.stock_movement, movements)
            self._store.drop_rejections(connection, IMPORT, [*booked, *refused_ids])
            self._store.put_rejections(connection, IMPORT, refused)
            self._store.put_rejections(connection, MOVEMENTS, refused_lines)

    def make_up_stock(self, *, complete: Sequence[str], movements: "pd.DataFrame", ended: Sequence[str]) -> None:
        """Writes movements of stock lines that were refused when their receipts were imported.

        Args:
            complete: Receipts of which no line is refused any more.
            movements: Those that are not written yet.
            ended: Keys of the stock lines' rejections that have ended.
        """
        with self._store.transaction() as connection:
            self._insert(connection, self._tables.stock_movement, movements)
            self._set(connection, complete, {"stock_pending": False})
            self._store.drop_rejections(connection, MOVEMENTS, ended)

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

    def dismiss(self, receipt_id: str, reason: str) -> bool:
        """Marks a receipt that is staged or rejected as dealt with by hand; False where there is none."""
        table = self._tables.receipt
        with self._store.transaction() as connection:
            done = connection.execute(
                table.update()
                .where(table.c.company == self._company, table.c.receipt_id == receipt_id)
                .where(table.c.status.in_([Status.STAGED, Status.REJECTED]))
                .values(status=Status.DISMISSED, dismissal=reason)
            )
            for asset in (STAGING, IMPORT):
                self._store.drop_rejections(connection, asset, [receipt_id])
        return done.rowcount == 1

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


def _columns_of(receipts: Sequence[StagedReceipt]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        name: list(map(attrgetter(name), receipts))
        for name in (
            "receipt_id", "register", "number", "kind", "business_day", "ended_at", "total_cents", "reference_id",
            "status", "counts_in_closing", "content_hash", "raw",
        )
    }  # fmt: skip
    columns["refused_by"] = [STAGING if status is Status.REJECTED else None for status in columns["status"]]
    columns["status"] = [status.value for status in columns["status"]]
    return columns


def _columns(receipt: StagedReceipt) -> dict[str, Any]:
    return {
        "register": receipt.register,
        "number": receipt.number,
        "kind": receipt.kind,
        "business_day": receipt.business_day,
        "ended_at": receipt.ended_at,
        "total_cents": receipt.total_cents,
        "reference_id": receipt.reference_id,
        "status": receipt.status,
        "refused_by": STAGING if receipt.status is Status.REJECTED else None,
        "counts_in_closing": receipt.counts_in_closing,
        "content_hash": receipt.content_hash,
    }
