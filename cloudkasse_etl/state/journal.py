"""Postings and stock movements as they were booked, to be read by day."""

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa

from cloudkasse_etl.state.store import StateStore

POSTING_COLUMNS = (
    "posting_date", "document_number", "register", "closing_number", "receipt_id", "account", "amount_cents",
    "currency", "tax_code", "vat_rate", "tax_cents", "business_case", "tender", "text", "flag",
)  # fmt: skip
MOVEMENT_COLUMNS = (
    "movement_date", "register", "receipt_id", "line_number", "article", "warehouse", "quantity_milli", "unit",
    "serial",
)  # fmt: skip
_ROWS = 10_000


class Journal:
    """What was booked for the store's company."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def postings(self, first: dt.date | None, last: dt.date | None) -> Iterator[sa.Row[tuple[object, ...]]]:
        """Postings of some days, both included, by day, register, receipt and posting; columns POSTING_COLUMNS."""
        tables = self._store.tables
        table, closing = tables.posting, tables.closing
        number = (
            sa.select(sa.func.min(closing.c.number))
            .where(closing.c.company == table.c.company, closing.c.register == table.c.register)
            .where(table.c.receipt_number.between(closing.c.first_receipt_number, closing.c.last_receipt_number))
            .scalar_subquery()
        )
        columns = [number.label(name) if name == "closing_number" else table.c[name] for name in POSTING_COLUMNS]
        query = sa.select(*columns).where(table.c.company == self._store.company)
        return self._rows(
            query, table.c.posting_date, first, last, (table.c.register, table.c.receipt_number, table.c.posting_id)
        )

    def movements(self, first: dt.date | None, last: dt.date | None) -> Iterator[sa.Row[tuple[object, ...]]]:
        """Stock movements of some days, both included, by day and movement; columns MOVEMENT_COLUMNS."""
        table = self._store.tables.stock_movement
        query = sa.select(*(table.c[name] for name in MOVEMENT_COLUMNS)).where(table.c.company == self._store.company)
        order = (table.c.register, table.c.receipt_id, table.c.line_number, table.c.movement_id)
        return self._rows(query, table.c.movement_date, first, last, order)

    def totals(self, clearing: str | None) -> dict[str, int]:
        """Counts and sums over all that was booked; `clearing` is the clearing account."""
        posting, movement = self._store.tables.posting, self._store.tables.stock_movement

        def sign(column: "sa.Column[int]", positive: bool) -> "sa.ColumnElement[int]":
            wanted = column > 0 if positive else column < 0
            return sa.func.coalesce(sa.func.sum(sa.case((wanted, column), else_=0)), 0)

        booked = sa.select(
            sa.func.count(sa.distinct(posting.c.receipt_id)),
            sa.func.count(),
            sign(posting.c.amount_cents, True),
            -sign(posting.c.amount_cents, False),
            sa.func.coalesce(sa.func.sum(sa.case((posting.c.account == clearing, posting.c.amount_cents), else_=0)), 0),
        ).where(posting.c.company == self._store.company)
        moved = sa.select(
            sa.func.count(), sign(movement.c.quantity_milli, True), -sign(movement.c.quantity_milli, False)
        ).where(movement.c.company == self._store.company)
        names = ("receipts", "postings", "debit_cents", "credit_cents", "clearing_cents")
        with self._store.reading() as connection:
            found = dict(zip(names, map(int, connection.execute(booked).one()), strict=True))
            moves = map(int, connection.execute(moved).one())
        return found | dict(zip(("movements", "in_milli", "out_milli"), moves, strict=True))

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
        with self._store.reading() as connection:
            yield from connection.execute(query.order_by(day, *order), execution_options={"yield_per": _ROWS})
