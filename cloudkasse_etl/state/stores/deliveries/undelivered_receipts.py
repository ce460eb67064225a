"""Receipts that are booked and in no delivery yet, with what was booked of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.schemas.booked_rows import FIRST, LedgerRow, MovedRow, PostingRow, posting_number
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.booked_receipts import stored_movement
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.rows_in_force import booked_rows
from cloudkasse_etl.state.stores.books.staged_closings import closing_number_of
from cloudkasse_etl.state.stores.deliveries.covered_receipts import is_of_present_import
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, COVERED, FINAL, STORAGE, TRANSFER


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
class LeftReceipt:
    """A receipt of which the ERP's books have what an import booked that was undone since.

    Attributes:
        receipt: The receipt.
        generation: The how manieth import it was.
        delivery_id: The delivery that brought it there.
        target, tenant, carries_sales: As of that delivery.
    """

    receipt: UndeliveredReceipt
    generation: int
    delivery_id: int
    target: str
    tenant: str | None
    carries_sales: bool


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
        undone: An import that was undone: what is read of receipts are its counter-entries. None: what is booked of
            them now.
    """

    def __init__(self, state: StateConnection, target: str = TRANSFER, undone: int | None = None) -> None:
        self._state, self._target, self._undone = state, target, undone

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
        receipt, covered = tables.receipt, tables.delivery_receipt
        is_of_receipt = sa.and_(
            covered.c.company == receipt.c.company,
            covered.c.receipt_id == receipt.c.receipt_id,
            covered.c.generation == receipt.c.generation,
            covered.c.is_counter == sa.false(),
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
        query = self._places(register, day).add_columns(receipt.c.stock_pending)
        query = query.where(receipt.c.status == str(Status.IMPORTED), receipt.c.business_day >= first, ~is_covered)
        with self._state.reading() as connection:
            rows = list(connection.execute(query))
        closings = self._closings() if rows else set()
        return [_undelivered(row, closings, waits_for_stock=bool(row.stock_pending)) for row in rows]

    def left_there(self, *, register: str | None = None, day: dt.date | None = None) -> list[LeftReceipt]:
        """The receipts of which the ERP's books have an import that was undone since, by whatever way it came there.

        Args:
            register: Only those of this register.
            day: Only those of this business day.

        Returns:
            Those that nothing takes back there yet, in the order of `since`; of a receipt, first imports come first.
        """
        tables = self._state.tables
        receipt, covered, delivery = tables.receipt, tables.delivery_receipt, tables.delivery
        counter = covered.alias()
        is_countered = sa.exists().where(
            counter.c.company == covered.c.company,
            counter.c.target == covered.c.target,
            counter.c.receipt_id == covered.c.receipt_id,
            counter.c.generation == covered.c.generation,
            counter.c.is_counter == sa.true(),
            counter.c.is_live == sa.true(),
        )
        is_in_books = sa.or_(
            *((delivery.c.target == target) & (delivery.c.status == str(status)) for target, status in FINAL.items())
        )
        query = (
            self._places(register, day)
            .add_columns(
                covered.c.generation, delivery.c.delivery_id, delivery.c.target, delivery.c.tenant,
                delivery.c.carries_sales,
            )
            .where(covered.c.company == receipt.c.company, covered.c.receipt_id == receipt.c.receipt_id)
            # the first says nothing more, but there is an index by it
            .where(
                receipt.c.generation > FIRST,
                covered.c.generation < receipt.c.generation,
                covered.c.is_live == sa.true(),
            )
            .where(covered.c.is_counter == sa.false(), covered.c.delivery_id == delivery.c.delivery_id)
            .where(delivery.c.line_count > 0, is_in_books, ~is_countered)
            .order_by(covered.c.generation)
        )  # fmt: skip
        with self._state.reading() as connection:
            rows = list(connection.execute(query))
        closings = self._closings() if rows else set()
        return [
            LeftReceipt(
                _undelivered(row, closings, waits_for_stock=False),
                int(row.generation),
                int(row.delivery_id),
                row.target,
                row.tenant,
                row.carries_sales is not False,
            )
            for row in rows
        ]

    def _places(self, register: str | None, day: dt.date | None) -> "sa.Select[Any]":
        """Receipts with what they are delivered by."""
        receipt = self._state.tables.receipt
        number = closing_number_of(receipt, self._state.tables.closing)
        query = (
            sa.select(
                receipt.c.receipt_id, receipt.c.register, receipt.c.number, receipt.c.business_day,
                number.label("closing_number"),
            )
            .where(receipt.c.company == self._state.company)
            .order_by(receipt.c.register, receipt.c.business_day, receipt.c.number, receipt.c.receipt_id)
        )  # fmt: skip
        if register is not None:
            query = query.where(receipt.c.register == register)
        return query if day is None else query.where(receipt.c.business_day == day)

    def _closings(self) -> set[tuple[str, int]]:
        """Register and number of all closings that have come."""
        closing = self._state.tables.closing
        query = sa.select(closing.c.register, closing.c.number).where(closing.c.company == self._state.company)
        with self._state.reading() as connection:
            return {(row[0], int(row[1])) for row in connection.execute(query)}

    def posted(self, receipt_ids: Sequence[str]) -> dict[str, Posted]:
        """Day and currency of each receipt's postings; those without postings are missing."""
        names = ("receipt_id", "posting_date", "currency")
        table = self._state.tables.posting
        rows = booked_rows(self._state, table, names, receipt_ids, undone=self._undone, distinct=True)
        return {row.receipt_id: Posted(row.posting_date, row.currency) for row in rows}

    def in_documents(self, receipt_ids: Sequence[str]) -> set[str]:
        """Those of some receipts whose sales are in a document that counts.

        Of an import that was undone, also those whose batch left them to a document.
        """
        table, delivery = self._state.tables.delivery_receipt, self._state.tables.delivery
        is_there: sa.ColumnElement[bool] = delivery.c.target == TRANSFER
        is_meant = is_of_present_import(table, self._state.tables.receipt)
        if self._undone is not None:
            is_there = is_there | ((delivery.c.target == BATCH) & (delivery.c.carries_sales == sa.false()))
            is_meant = (table.c.generation == self._undone) & (table.c.is_counter == sa.false())
        found: set[str] = set()
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(table.c.receipt_id).where(
                    table.c.company == self._state.company,
                    table.c.delivery_id == delivery.c.delivery_id,
                    table.c.is_live == sa.true(),
                    table.c.receipt_id.in_(chunk),
                    is_there,
                    is_meant,
                )
                found.update(connection.execute(query).scalars())
        return found

    def as_stock_alone(self, receipt_ids: Sequence[str]) -> set[str]:
        """Those of some receipts of which stock alone went there: no document will have their sales."""
        table, delivery = self._state.tables.delivery_receipt, self._state.tables.delivery
        found: set[str] = set()
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(table.c.receipt_id).where(
                    table.c.company == self._state.company,
                    table.c.delivery_id == delivery.c.delivery_id,
                    table.c.receipt_id.in_(chunk),
                    delivery.c.target == STORAGE,
                    is_of_present_import(table, self._state.tables.receipt),
                )
                found.update(connection.execute(query).scalars())
        return found

    def left_to_documents(self) -> int:
        """How many receipts there are whose batch has left their sales to a document that does not exist."""
        table, delivery, receipt = (
            self._state.tables.delivery_receipt, self._state.tables.delivery, self._state.tables.receipt,
        )  # fmt: skip
        document = table.alias()
        has_document = sa.exists().where(
            document.c.company == table.c.company,
            document.c.receipt_id == table.c.receipt_id,
            document.c.generation == table.c.generation,
            document.c.target == TRANSFER,
            document.c.is_live == sa.true(),
        )
        query = sa.select(sa.func.count(table.c.receipt_id.distinct())).where(
            table.c.company == self._state.company,
            table.c.delivery_id == delivery.c.delivery_id,
            table.c.is_live == sa.true(),
            table.c.is_counter == sa.false(),
            delivery.c.target == BATCH,
            delivery.c.carries_sales == sa.false(),
            is_of_present_import(table, receipt),
            ~has_document,
        )
        with self._state.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def ledger_rows(self, receipt_ids: Sequence[str]) -> dict[str, list[LedgerRow]]:
        """The postings of some receipts, by id and in the order of their numbers."""
        table = self._state.tables.posting
        names = (
            "receipt_id", "posting_id", "posting_date", "account", "amount_cents", "currency", "tax_code", "vat_rate",
            "tax_cents", "business_case", "tender",
        )  # fmt: skip
        found: dict[str, list[LedgerRow]] = defaultdict(list)
        for row in sorted(self._rows(table, names, receipt_ids), key=lambda row: posting_number(row.posting_id)):
            found[row.receipt_id].append(LedgerRow._make(row[2:]))
        return dict(found)

    def postings(self, receipt_ids: Sequence[str]) -> dict[str, list[PostingRow]]:
        """The postings of some receipts, by id and in the order of their numbers, as lines are found by them."""
        names = ("receipt_id", "posting_id", *PostingRow._fields)
        rows = self._rows(self._state.tables.posting, names, receipt_ids)
        found: dict[str, list[PostingRow]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: posting_number(row.posting_id)):
            found[row.receipt_id].append(PostingRow._make(row[2:]))
        return dict(found)

    def moved_on(self, receipt_ids: Sequence[str]) -> dict[str, dt.date]:
        """The last day on which each receipt moved stock; those that moved none are missing."""
        found: dict[str, dt.date] = {}
        for row in self._rows(self._state.tables.stock_movement, ("receipt_id", "movement_date"), receipt_ids):
            found[row.receipt_id] = max(row.movement_date, found.get(row.receipt_id, row.movement_date))
        return found

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

    def _rows(self, table: sa.Table, names: Sequence[str], receipt_ids: Sequence[str]) -> Iterator["sa.Row[Any]"]:
        return booked_rows(self._state, table, names, receipt_ids, undone=self._undone)


def _undelivered(row: Any, closings: Collection[tuple[str, int]], *, waits_for_stock: bool) -> UndeliveredReceipt:
    return UndeliveredReceipt(
        row.receipt_id,
        row.register,
        row.number,
        row.business_day,
        row.closing_number,
        (row.register, row.closing_number) in closings,
        waits_for_stock,
    )
