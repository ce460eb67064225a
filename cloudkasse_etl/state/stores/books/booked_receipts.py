"""Writes the bookings of receipts, and reads receipts that others refer to. Whole receipts, or nothing of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from cloudkasse_etl.entities import REVENUE_POSTINGS, STOCK_MOVEMENTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.booked_rows import FIRST, MovedRow, PostingRow, component_of, posting_number
from cloudkasse_etl.schemas.no_effect import NoEffect
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.bulk import insert_columns
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.receipt_status import Move, Status, move_receipts
from cloudkasse_etl.state.stores.books.receipt_totals import ReceiptTotals
from cloudkasse_etl.state.stores.books.rows_in_force import booked_rows
from cloudkasse_etl.state.stores.rejections import Rejections

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ReferredReceipt:
    """A receipt that others refer to, as far as an import needs it.

    Attributes:
        status: Its status.
        refused_by: The asset that refused it, if one did.
        register, number: Null where they could not be read.
        reference_id: The receipt that it refers to itself.
        staged_at: When it was fetched.
    """

    status: str
    refused_by: str | None
    register: str | None
    number: int | None
    reference_id: str | None
    staged_at: dt.datetime


class BookStore(Protocol):
    """The bookings that an import writes, and the other receipts that it needs."""

    def referred(self, receipt_ids: Sequence[str]) -> dict[str, ReferredReceipt]:
        """Some receipts by id, those that are there."""
        ...

    def referring(self, receipt_ids: Sequence[str], status: str) -> dict[str, list[str]]:
        """The receipts of a status that refer to some, by the id of the one they refer to; by register and number.

        The order does not depend on which of them was fetched first.
        """
        ...

    def postings_of(self, receipt_ids: Sequence[str]) -> dict[str, list[PostingRow]]:
        """The postings of some receipts, by id and in the order of their numbers."""
        ...

    def movements_of(self, receipt_ids: Sequence[str]) -> dict[str, list[MovedRow]]:
        """The stock movements of some receipts, by id, and in the order of lines and components."""
        ...

    def generations(self) -> dict[str, int]:
        """The receipts of which an import was undone, with the how manieth import the next or present one is."""
        ...

    def moved(self, receipt_ids: Sequence[str]) -> set[str]:
        """The ids of the movements that are written for some receipts."""
        ...

    def book(
        self,
        *,
        booked: Sequence[str],
        pending_stock: Sequence[str],
        postings: "pd.DataFrame",
        movements: "pd.DataFrame",
        refused: Sequence[Rejection],
        refused_lines: Sequence[Rejection],
        without_effect: Mapping[str, NoEffect],
    ) -> None:
        """Writes whole receipts: postings, movements, status and rejections in one transaction.

        Unique keys make a second booking impossible: it breaks the transaction, and nothing of it stays.

        Args:
            booked: Receipts that are imported by this.
            pending_stock: Those of them with refused stock lines that can be booked later.
            postings: As RevenuePosting has them, with receipt_number.
            movements: As StockMovement has them.
            refused: Receipts that were refused, with the reason; they stay unbooked.
            refused_lines: Stock lines that were refused.
            without_effect: Receipts that turned out to have no effect, with the reason.
        """
        ...

    def await_originals(self, receipt_ids: Sequence[str]) -> None:
        """Changes receipts that an import had refused to waiting: their originals may still be booked."""
        ...

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
            complete: Receipts without further stock lines that the program has to book.
            movements: Those that are not written yet.
            ended: Keys of the stock lines' rejections that have ended.
            renewed: Stock lines that are refused for another reason than before.
        """
        ...


class BookedReceipts:
    """Receipts of a company, and what was booked of them."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._rejections, self._totals = Rejections(state), ReceiptTotals(state)

    def referred(self, receipt_ids: Sequence[str]) -> dict[str, ReferredReceipt]:
        """Some receipts by id, those that are there."""
        table = self._state.tables.receipt
        columns = [table.c[name] for name in ("receipt_id", *ReferredReceipt.__slots__)]
        rows = [tuple(row) for row in self._rows(columns, table.c.receipt_id, receipt_ids)]
        return {row[0]: ReferredReceipt(*row[1:]) for row in rows}

    def referring(self, receipt_ids: Sequence[str], status: str) -> dict[str, list[str]]:
        """The receipts of a status that refer to some, by the id of the one they refer to; by register and number.

        The order does not depend on which of them was fetched first.
        """
        table = self._state.tables.receipt
        columns = [table.c[name] for name in ("reference_id", "register", "number", "receipt_id", "status")]
        found: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
        for row in self._rows(columns, table.c.reference_id, receipt_ids):
            if row.status == status:
                found[row.reference_id].append((row.register or "", row.number or 0, row.receipt_id))
        return {key: [receipt_id for *_, receipt_id in sorted(rows)] for key, rows in found.items()}

    def unbooked_links(self) -> dict[str, str]:
        """The receipts that are not booked and refer to another one, with that one's id."""
        table = self._state.tables.receipt
        query = sa.select(table.c.receipt_id, table.c.reference_id).where(
            table.c.company == self._state.company,
            table.c.status.in_(("staged", "rejected")),
            table.c.reference_id.is_not(None),
        )
        with self._state.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def postings_of(self, receipt_ids: Sequence[str]) -> dict[str, list[PostingRow]]:
        """The postings of some receipts, by id and in the order of their numbers; none of an import that was undone."""
        names = ("receipt_id", "posting_id", *PostingRow._fields)
        rows = booked_rows(self._state, self._state.tables.posting, names, receipt_ids)
        found: dict[str, list[PostingRow]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: posting_number(row.posting_id)):
            found[row.receipt_id].append(PostingRow._make(row[2:]))
        return dict(found)

    def movements_of(self, receipt_ids: Sequence[str]) -> dict[str, list[MovedRow]]:
        """The stock movements of some receipts, by id, and in the order of lines and components; as the postings."""
        names = ("receipt_id", "movement_id", "line_number", "article", "quantity_milli", "unit", "serial")
        found: dict[str, list[MovedRow]] = defaultdict(list)
        for row in booked_rows(self._state, self._state.tables.stock_movement, names, receipt_ids):
            found[row.receipt_id].append(stored_movement(row))
        return {key: sorted(rows, key=_place) for key, rows in found.items()}

    def generations(self) -> dict[str, int]:
        """The receipts of which an import was undone, with the how manieth import the next or present one is."""
        table = self._state.tables.receipt
        query = sa.select(table.c.receipt_id, table.c.generation).where(
            table.c.company == self._state.company, table.c.generation > FIRST
        )
        with self._state.reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def moved(self, receipt_ids: Sequence[str]) -> set[str]:
        """The ids of the movements that are written for some receipts."""
        table = self._state.tables.stock_movement
        found: set[str] = set()
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(table.c.movement_id).where(
                    table.c.company == self._state.company, table.c.receipt_id.in_(chunk)
                )
                found.update(connection.execute(query).scalars())
        return found

    def book(
        self,
        *,
        booked: Sequence[str],
        pending_stock: Sequence[str],
        postings: "pd.DataFrame",
        movements: "pd.DataFrame",
        refused: Sequence[Rejection],
        refused_lines: Sequence[Rejection],
        without_effect: Mapping[str, NoEffect],
    ) -> None:
        """Writes whole receipts: postings, movements, status and rejections in one transaction."""
        now = dt.datetime.now(dt.UTC)
        refused_ids = list(dict.fromkeys(rejection.key for rejection in refused))
        with self._state.transaction() as connection:
            self._insert(connection, self._state.tables.posting, postings)
            self._insert(connection, self._state.tables.stock_movement, movements)
            done = {"refused_by": None, "imported_at": now, "imported_run_id": self._state.run_id}
            pending = set(pending_stock)
            whole = [receipt_id for receipt_id in booked if receipt_id not in pending]
            self._move(connection, whole, Move.BOOK, **done, stock_pending=False)
            self._move(connection, pending_stock, Move.BOOK, **done, stock_pending=True)
            self._move(connection, refused_ids, Move.REFUSE, refused_by=REVENUE_POSTINGS)
            for reason in dict.fromkeys(without_effect.values()):
                idle = [receipt_id for receipt_id, found in without_effect.items() if found is reason]
                self._move(connection, idle, Move.PASS_OVER, refused_by=None, no_effect=str(reason))
            self._totals.add(connection, booked, postings=len(postings), movements=len(movements))
            self._rejections.drop(connection, REVENUE_POSTINGS, [*booked, *refused_ids, *without_effect])
            self._rejections.put(connection, REVENUE_POSTINGS, refused)
            self._rejections.put(connection, STOCK_MOVEMENTS, refused_lines)

    def await_originals(self, receipt_ids: Sequence[str]) -> None:
        """Changes receipts that an import had refused to waiting: their originals may still be booked."""
        if receipt_ids:
            with self._state.transaction() as connection:
                self._move(connection, receipt_ids, Move.AWAIT, refused_by=None)
                self._rejections.drop(connection, REVENUE_POSTINGS, receipt_ids)

    def make_up_stock(
        self,
        *,
        complete: Sequence[str],
        movements: "pd.DataFrame",
        ended: Sequence[str],
        renewed: Sequence[Rejection] = (),
    ) -> None:
        """Writes movements of stock lines that were refused when their receipts were imported."""
        with self._state.transaction() as connection:
            self._insert(connection, self._state.tables.stock_movement, movements)
            self._totals.add(connection, (), postings=0, movements=len(movements))
            set_stock_pending(self._state, connection, complete, is_pending=False)
            self._rejections.drop(connection, STOCK_MOVEMENTS, ended)
            self._rejections.put(connection, STOCK_MOVEMENTS, renewed)

    def _move(self, connection: sa.Connection, receipt_ids: Sequence[str], move: Move, **more: Any) -> None:
        move_receipts(self._state, connection, receipt_ids, move, **more)

    def _insert(self, connection: sa.Connection, table: sa.Table, frame: "pd.DataFrame") -> None:
        if not len(frame):
            return
        # a null text is NaN in a frame: SQLite stores that as NULL, PostgreSQL as the text "nan"
        columns = {name: [None if v != v else v for v in frame[name].tolist()] for name in frame.columns}
        for name in ("posting_date", "movement_date"):
            if name in columns:
                days = {text: dt.date.fromisoformat(str(text)) for text in set(columns[name])}
                columns[name] = [days[text] for text in columns[name]]
        insert_columns(connection, table, columns, {"company": self._state.company, "run_id": self._state.run_id})

    def _rows(
        self, columns: Sequence["sa.Column[Any]"], key: "sa.Column[Any]", keys: Sequence[str]
    ) -> list["sa.Row[Any]"]:
        found: list[sa.Row[Any]] = []
        with self._state.reading() as connection:
            for chunk in chunks(sorted(set(keys))):
                query = sa.select(*columns).where(key.table.c.company == self._state.company, key.in_(chunk))
                found += connection.execute(query).all()
        return found


def set_stock_pending(
    state: StateConnection, connection: sa.Connection, receipt_ids: Sequence[str], *, is_pending: bool
) -> None:
    """Stores, in the caller's transaction, whether the next import checks the refused stock lines of receipts.

    Args:
        state: Our own tables.
        connection: With the transaction.
        receipt_ids: The receipts.
        is_pending: Whether the next import checks them.
    """
    table = state.tables.receipt
    for chunk in chunks(receipt_ids):
        here = (table.c.company == state.company) & table.c.receipt_id.in_(chunk)
        # one whose import was undone is looked at as a whole by the next one
        here &= table.c.status == str(Status.IMPORTED)
        connection.execute(table.update().where(here).values(stock_pending=is_pending))


def stored_movement(row: Any) -> MovedRow:
    """A movement from a row of the table, or of a frame that is to be written."""
    position = component_of(row.movement_id)
    unit, serial = (None if text != text else text for text in (row.unit, row.serial))  # null is NaN in a frame
    return MovedRow(row.line_number, position, row.article, row.quantity_milli, unit, serial)


def _place(row: MovedRow) -> tuple[int, list[int]]:
    return row.line_number, [int(part) for part in row.position.split(".")]
