"""Receipts that are booked and in no delivery yet, with what was booked of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cloudkasse_etl.schemas.booked_rows import LedgerRow, MovedRow
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.booked_receipts import stored_movement
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_closings import closing_number_of
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, COVERED, TRANSFER


@dataclass(frozen=True, slots=True)
class UndeliveredReceipt:
    """A booked receipt that no delivery covers.

    Attributes:
        receipt_id: Its id.
        register: Its register.
        number: Its number there.
        day: Its business day.
        closing_number: The closing that it belongs to; None where that is not known yet.
        has_closing: Whether that closing has come.
        waits_for_stock: Whether one of its stock lines is still to be booked.
    """

    receipt_id: str
    register: str
    number: int
    day: dt.date
    closing_number: int | None
    has_closing: bool
    waits_for_stock: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """On which day and in which currency a receipt was booked."""

    day: dt.date
    currency: str


class UndeliveredReceipts:
    """Booked receipts of a company that no delivery to a target covers.

    Args:
        state: Our own tables.
        target: The target.
    """

    def __init__(self, state: StateConnection, target: str = TRANSFER) -> None:
        self._state, self._target = state, target

    def since(
        self, first: dt.date, *, register: str | None = None, day: dt.date | None = None
    ) -> list[UndeliveredReceipt]:
        """Those of a business day from a first one on, by register, day, number and id.

        For a document that is without those whose sales are in the ledger: what was delivered there while no documents
        were would be in the ERP twice.

        Args:
            first: The first business day.
            register: Only those of this register.
            day: Only those of this business day.

        Returns:
            The receipts.
        """
        tables = self._state.tables
        receipt, covered, closing = tables.receipt, tables.delivery_receipt, tables.closing
        number = closing_number_of(receipt, closing)
        is_of_receipt = sa.and_(
            covered.c.company == receipt.c.company,
            covered.c.receipt_id == receipt.c.receipt_id,
            covered.c.is_live == sa.true(),
        )
        is_covered: sa.ColumnElement[bool] = sa.exists().where(is_of_receipt, covered.c.target == COVERED[self._target])
        if self._target == TRANSFER:
            delivery = tables.delivery
            is_in_ledger = sa.exists().where(
                is_of_receipt,
                covered.c.target == BATCH,
                covered.c.delivery_id == delivery.c.delivery_id,
                delivery.c.carries_sales == sa.true(),
            )
            is_covered = is_covered | is_in_ledger
        query = (
            sa.select(
                receipt.c.receipt_id, receipt.c.register, receipt.c.number, receipt.c.business_day,
                number.label("closing_number"), receipt.c.stock_pending,
            )
            .where(receipt.c.company == self._state.company, receipt.c.status == str(Status.IMPORTED))
            .where(receipt.c.business_day >= first, ~is_covered)
            .order_by(receipt.c.register, receipt.c.business_day, receipt.c.number, receipt.c.receipt_id)
        )  # fmt: skip
        if register is not None:
            query = query.where(receipt.c.register == register)
        if day is not None:
            query = query.where(receipt.c.business_day == day)
        come = sa.select(closing.c.register, closing.c.number).where(closing.c.company == self._state.company)
        with self._state.reading() as connection:
            rows = list(connection.execute(query))
            closings = {tuple(row) for row in connection.execute(come)} if rows else set()
        return [
            UndeliveredReceipt(
                row.receipt_id,
                row.register,
                row.number,
                row.business_day,
                row.closing_number,
                (row.register, row.closing_number) in closings,
                bool(row.stock_pending),
            )
            for row in rows
        ]

    def posted(self, receipt_ids: Sequence[str]) -> dict[str, Posted]:
        """Day and currency of each receipt's postings; those without postings are missing."""
        table = self._state.tables.posting
        found: dict[str, Posted] = {}
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = (
                    sa.select(table.c.receipt_id, sa.func.max(table.c.posting_date), sa.func.max(table.c.currency))
                    .where(table.c.company == self._state.company, table.c.receipt_id.in_(chunk))
                    .group_by(table.c.receipt_id)
                )
                found.update((row[0], Posted(row[1], row[2])) for row in connection.execute(query))
        return found

    def in_documents(self, receipt_ids: Sequence[str]) -> set[str]:
        """Those of some receipts whose sales are in a document that counts."""
        table, delivery = self._state.tables.delivery_receipt, self._state.tables.delivery
        found: set[str] = set()
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(table.c.receipt_id).where(
                    table.c.company == self._state.company,
                    table.c.delivery_id == delivery.c.delivery_id,
                    delivery.c.target == TRANSFER,
                    table.c.is_live == sa.true(),
                    table.c.receipt_id.in_(chunk),
                )
                found.update(connection.execute(query).scalars())
        return found

    def ledger_rows(self, receipt_ids: Sequence[str]) -> dict[str, list[LedgerRow]]:
        """The postings of some receipts, by id and in the order of their numbers."""
        table = self._state.tables.posting
        names = (
            "receipt_id", "posting_id", "posting_date", "account", "amount_cents", "currency", "tax_code", "vat_rate",
            "tax_cents", "business_case", "tender",
        )  # fmt: skip
        found: dict[str, list[LedgerRow]] = defaultdict(list)
        for row in sorted(
            self._rows(table, names, receipt_ids), key=lambda row: int(row.posting_id.rpartition(":")[2])
        ):
            found[row.receipt_id].append(LedgerRow._make(row[2:]))
        return dict(found)

    def moved(self, receipt_ids: Sequence[str]) -> dict[str, list[tuple[MovedRow, str]]]:
        """The movements of each receipt with their warehouses, in the order of lines and components."""
        table = self._state.tables.stock_movement
        names = (
            "receipt_id", "movement_id", "line_number", "article", "quantity_milli", "unit", "serial", "warehouse",
        )  # fmt: skip
        found: dict[str, list[tuple[MovedRow, str]]] = defaultdict(list)
        for row in self._rows(table, names, receipt_ids):
            found[row.receipt_id].append((stored_movement(row), row.warehouse))
        return {
            key: sorted(rows, key=lambda row: (row[0].line_number, [int(part) for part in row[0].position.split(".")]))
            for key, rows in found.items()
        }

    def _rows(
        self, table: sa.Table, names: Sequence[str], receipt_ids: Sequence[str]
    ) -> Iterator["sa.Row[tuple[object, ...]]"]:
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(*(table.c[name] for name in names)).where(
                    table.c.company == self._state.company, table.c.receipt_id.in_(chunk)
                )
                yield from connection.execute(query)
