"""Reads booked postings and stock movements by day."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.schemas.booked_rows import COUNTER, FIRST, LATER, posting_number
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.books.staged_closings import closing_number_of

POSTING_COLUMNS = (
    "posting_date", "document_number", "register", "closing_number", "receipt_id", "account", "amount_cents",
    "currency", "tax_code", "vat_rate", "tax_cents", "business_case", "tender", "text", "flag", "posting_id",
    "generation", "corrects", "reason",
)  # fmt: skip
MOVEMENT_COLUMNS = (
    "movement_date", "register", "receipt_id", "line_number", "article", "warehouse", "quantity_milli", "unit",
    "serial", "document_number", "movement_id", "generation", "corrects", "reason",
)  # fmt: skip
_ROWS = 10_000


def _in_order(posting: Any) -> tuple[int, bool, int]:
    return posting.generation, posting.corrects is not None, posting_number(posting.posting_id)


class Journal:
    """The bookings of a company."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state

    def postings(self, first: dt.date | None, last: dt.date | None) -> Iterator[sa.Row[tuple[object, ...]]]:
        """Postings of some days, both included, by day, register, receipt and posting; columns POSTING_COLUMNS."""
        table = self._state.tables.posting
        order = (table.c.register, table.c.receipt_number, table.c.posting_id)
        return self._rows(self._postings(), table.c.posting_date, first, last, order)

    def movements(self, first: dt.date | None, last: dt.date | None) -> Iterator[sa.Row[tuple[object, ...]]]:
        """Stock movements of some days, both included, by day and movement; columns MOVEMENT_COLUMNS."""
        table = self._state.tables.stock_movement
        order = (table.c.register, table.c.receipt_id, table.c.line_number, table.c.movement_id)
        return self._rows(self._movements(), table.c.movement_date, first, last, order)

    def postings_of(self, receipt_id: str) -> list[sa.Row[tuple[object, ...]]]:
        """The postings of a receipt, import by import, and in each by number; columns POSTING_COLUMNS."""
        table = self._state.tables.posting
        query = self._postings().where(table.c.receipt_id == receipt_id)
        with self._state.reading() as connection:
            return sorted(connection.execute(query), key=_in_order)

    def movements_of(self, receipt_id: str) -> list[sa.Row[tuple[object, ...]]]:
        """The stock movements of a receipt, by line; columns MOVEMENT_COLUMNS."""
        table = self._state.tables.stock_movement
        query = self._movements().where(table.c.receipt_id == receipt_id)
        with self._state.reading() as connection:
            taken_back = sa.case((table.c.corrects.is_(None), 0), else_=1)
            in_order = (table.c.generation, taken_back, table.c.line_number, table.c.movement_id)
            return list(connection.execute(query.order_by(*in_order)))

    def _postings(self) -> "sa.Select[tuple[object, ...]]":
        tables = self._state.tables
        table, receipt = tables.posting, tables.receipt
        number = closing_number_of(receipt, tables.closing)
        columns = [number.label(name) if name == "closing_number" else table.c[name] for name in POSTING_COLUMNS]
        return self._with_receipts(table, columns)

    def _movements(self) -> "sa.Select[tuple[object, ...]]":
        table = self._state.tables.stock_movement
        number = sa.cast(self._state.tables.receipt.c.number, sa.Unicode(20))
        # as transform/booking.py makes it of a posting's, and schemas/booked_rows.py a later one's
        generation = sa.cast(table.c.generation, sa.Unicode(20))
        of_first = table.c.corrects.is_(None) & (table.c.generation == FIRST)
        mark = sa.case(
            (of_first, sa.literal("", sa.Unicode)),
            (table.c.corrects.is_(None), LATER + generation),
            else_=COUNTER + generation,
        )
        document = (table.c.register + "-" + number + mark).label("document_number")
        columns = [document if name == "document_number" else table.c[name] for name in MOVEMENT_COLUMNS]
        return self._with_receipts(table, columns)

    def _with_receipts(
        self, table: sa.Table, columns: "Sequence[sa.ColumnElement[Any]]"
    ) -> "sa.Select[tuple[object, ...]]":
        receipt = self._state.tables.receipt
        own = (receipt.c.company == table.c.company) & (receipt.c.receipt_id == table.c.receipt_id)
        return (
            sa.select(*columns).select_from(table.outerjoin(receipt, own)).where(table.c.company == self._state.company)
        )

    def totals(self, clearing: str | None, turnover_cases: Collection[str]) -> list[tuple[str, dict[str, int]]]:
        """Counts and sums of all postings by currency; most postings first. Currencies are not added up.

        Args:
            clearing: The clearing account.
            turnover_cases: The business cases that are turnover.
        """
        posting = self._state.tables.posting
        is_turnover = posting.c.business_case.in_(turnover_cases) & (posting.c.account != clearing)

        def sign(column: "sa.Column[int]", positive: bool) -> "sa.ColumnElement[int]":
            wanted = column > 0 if positive else column < 0
            return sa.func.coalesce(sa.func.sum(sa.case((wanted, column), else_=0)), 0)

        booked = sa.select(
            posting.c.currency,
            sa.func.count(sa.distinct(posting.c.receipt_id)),
            sa.func.count(),
            sign(posting.c.amount_cents, True),
            -sign(posting.c.amount_cents, False),
            sa.func.coalesce(sa.func.sum(sa.case((posting.c.account == clearing, posting.c.amount_cents), else_=0)), 0),
            -sa.func.coalesce(sa.func.sum(sa.case((is_turnover, posting.c.amount_cents), else_=0)), 0),
        ).where(posting.c.company == self._state.company)
        names = ("receipts", "postings", "debit_cents", "credit_cents", "clearing_cents", "turnover_cents")
        with self._state.reading() as connection:
            found = connection.execute(booked.group_by(posting.c.currency))
            rows = [(str(row[0]), dict(zip(names, map(int, row[1:]), strict=True))) for row in found]
        return sorted(rows, key=lambda row: (-row[1]["postings"], row[0]))

    def moved(self) -> list[tuple[str, int, int, int]]:
        """By unit ("" for none) the number of stock movements, and thousandths in and out; most movements first.

        Kilograms and pieces cannot be added up.
        """
        table = self._state.tables.stock_movement
        unit, quantity = sa.func.coalesce(table.c.unit, ""), table.c.quantity_milli
        into, out = (sa.func.sum(sa.case((wanted, quantity), else_=0)) for wanted in (quantity > 0, quantity < 0))
        query = sa.select(unit, sa.func.count(), into, -out).where(table.c.company == self._state.company)
        with self._state.reading() as connection:
            rows = [
                (str(row[0]), int(row[1]), int(row[2]), int(row[3])) for row in connection.execute(query.group_by(unit))
            ]
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def _rows(
        self,
        query: "sa.Select[tuple[object, ...]]",
        day: "sa.Column[object]",
        first: dt.date | None,
        last: dt.date | None,
        order: "tuple[sa.Column[object], ...]",
    ) -> Iterator[sa.Row[tuple[object, ...]]]:
        if first is not None:
            query = query.where(day >= first)
        if last is not None:
            query = query.where(day <= last)
        with self._state.reading() as connection:
            yield from connection.execute(query.order_by(day, *order), execution_options={"yield_per": _ROWS})
