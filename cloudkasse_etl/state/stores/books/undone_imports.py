"""Takes imports back: counter-entries, and the receipts staged again, in one transaction. Nothing is deleted."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.entities import REVENUE_POSTINGS, STOCK_MOVEMENTS
from cloudkasse_etl.schemas.booked_rows import FIRST
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.bulk import insert_columns
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.decision_log import Decision, DecisionLog
from cloudkasse_etl.state.stores.books.receipt_status import Move, Status, move_receipts
from cloudkasse_etl.state.stores.books.receipt_totals import ReceiptTotals
from cloudkasse_etl.state.stores.books.rows_in_force import booked_rows
from cloudkasse_etl.state.stores.checkpoints import Checkpoints
from cloudkasse_etl.state.stores.rejections import Rejections
from cloudkasse_etl.state.targets import VALIDATED

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ImportedReceipt:
    """A receipt whose import may be undone.

    Attributes:
        receipt_id: Its id.
        status: Its status; only those that are imported can be.
        generation: The how manieth import its present or next one is.
        register, number: As on the receipt.
    """

    receipt_id: str
    status: str
    generation: int
    register: str | None
    number: int | None


class UndoneImports:
    """The imports of a company, as far as they can be taken back."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._receipt = state.tables.receipt
        self._rejections, self._totals, self._decisions = Rejections(state), ReceiptTotals(state), DecisionLog(state)
        self._checkpoints = Checkpoints(state)

    def named(self, receipt_ids: Sequence[str]) -> list[ImportedReceipt]:
        """Some receipts, in the order of register and number, whatever their status is."""
        found: list[ImportedReceipt] = []
        for chunk in chunks(receipt_ids):
            found += self._read(self._receipt.c.receipt_id.in_(chunk))
        return sorted(found, key=lambda one: (one.register or "", one.number or 0, one.receipt_id))

    def of_day(self, day: dt.date, register: str | None) -> list[ImportedReceipt]:
        """The receipts of a business day that are imported, or were before an undo; of one register if it is named."""
        was_imported = (self._receipt.c.status == str(Status.IMPORTED)) | (self._receipt.c.generation > FIRST)
        here = (self._receipt.c.business_day == day) & was_imported
        return self._read(here if register is None else here & (self._receipt.c.register == register))

    def of_run(self, run_id: str) -> list[ImportedReceipt]:
        """The receipts that a run imported and that are imported still."""
        return self._read(
            (self._receipt.c.imported_run_id == run_id) & (self._receipt.c.status == str(Status.IMPORTED))
        )

    def runs(self, beginning: str) -> list[str]:
        """The ids of the runs that booked something, and begin so; counter-entries are of none."""
        table = self._state.tables.posting
        query = (
            sa.select(table.c.run_id)
            .where(table.c.company == self._state.company, table.c.corrects.is_(None))
            .where(table.c.run_id.startswith(beginning, autoescape=True))
            .distinct()
        )
        with self._state.reading() as connection:
            return sorted(connection.execute(query).scalars())

    def _read(self, here: "sa.ColumnElement[bool]") -> list[ImportedReceipt]:
        table = self._receipt
        query = (
            sa.select(*(table.c[name] for name in ImportedReceipt.__slots__))
            .where(table.c.company == self._state.company, here)
            .order_by(table.c.register, table.c.number, table.c.receipt_id)
        )
        with self._state.reading() as connection:
            return [ImportedReceipt(row[0], row[1], int(row[2]), *row[3:]) for row in connection.execute(query)]

    def postings(self, receipt_ids: Sequence[str]) -> Iterator[Row]:
        """All columns of what is posted of receipts by their present import."""
        table = self._state.tables.posting
        for row in booked_rows(self._state, table, table.columns.keys(), receipt_ids):
            yield dict(row._mapping)

    def movements(self, receipt_ids: Sequence[str]) -> Iterator[Row]:
        """All columns of what is moved of receipts by their present import."""
        table = self._state.tables.stock_movement
        for row in booked_rows(self._state, table, table.columns.keys(), receipt_ids):
            yield dict(row._mapping)

    def exported(self, receipt_ids: Sequence[str]) -> int:
        """How many postings of the present import of receipts are in files for DATEV."""
        posting, link, receipt = self._state.tables.posting, self._state.tables.datev_posting, self._receipt
        count = 0
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = (
                    sa.select(sa.func.count(sa.distinct(posting.c.posting_id)))
                    .where(posting.c.company == self._state.company, posting.c.receipt_id.in_(chunk))
                    .where(link.c.company == posting.c.company, link.c.posting_id == posting.c.posting_id)
                    .where(receipt.c.company == posting.c.company, receipt.c.receipt_id == posting.c.receipt_id)
                    .where(receipt.c.generation == posting.c.generation, posting.c.corrects.is_(None))
                )
                count += int(connection.execute(query).scalar_one())
        return count

    def take_back(
        self,
        receipt_ids: Sequence[str],
        *,
        postings: Sequence[Row],
        movements: Sequence[Row],
        ended_lines: Sequence[str],
        decisions: Sequence[Decision],
        is_dismissed: bool,
    ) -> None:
        """Writes counter-entries, and sets the receipts to staged or dismissed, in one transaction.

        Unique keys make a second set of counter-entries impossible: it breaks the transaction, and nothing of it stays.

        Args:
            receipt_ids: The receipts; all of them are imported.
            postings, movements: The counter-entries of what is booked of them.
            ended_lines: Keys of rejections of their stock lines that end.
            decisions: Who took it back, and why; a decision a receipt.
            is_dismissed: Whether the receipts are dealt with by that, instead of being imported again.
        """
        tables = self._state.tables
        gone = {"imported_at": None, "imported_run_id": None, "stock_pending": False, "refused_by": None}
        with self._state.transaction() as connection:
            # before the receipts are moved: the totals are of what was imported
            self._totals.add(connection, receipt_ids, postings=len(postings), movements=len(movements), is_undone=True)
            self._insert(connection, tables.posting, postings)
            self._insert(connection, tables.stock_movement, movements)
            following = self._receipt.c.generation + 1
            move_receipts(self._state, connection, receipt_ids, Move.UNDO, generation=following, **gone)
            if is_dismissed:
                move_receipts(self._state, connection, receipt_ids, Move.DISMISS)
            self._rejections.drop(connection, STOCK_MOVEMENTS, ended_lines)
            self._decisions.put(connection, decisions)
            for asset in (VALIDATED, REVENUE_POSTINGS):  # the settings may have changed since they were imported
                self._checkpoints.put(connection, asset, "", "{}")

    def _insert(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        if rows:
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            insert_columns(connection, table, columns, {"company": self._state.company, "run_id": self._state.run_id})
