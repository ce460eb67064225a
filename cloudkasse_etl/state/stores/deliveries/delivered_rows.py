"""What is booked of the receipts that deliveries cover: of all those deliveries at once, by the import that each is of.

The number of statements is the same however many deliveries there are.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, TRANSFER, DeliveryStatus

_ROWS = 2_000

Rows = list["sa.Row[Any]"]


class DeliveredRows:
    """Booked rows of a company's deliveries to a target.

    Args:
        state: Our own tables.
        target: The target.
        statuses: Only of deliveries with these.
        first: Only of deliveries from this id on.
    """

    def __init__(
        self, state: StateConnection, target: str, statuses: Collection[DeliveryStatus], first: int = 0
    ) -> None:
        self._state, self._target, self._statuses, self._first = state, target, sorted(map(str, statuses)), first

    def postings(self, names: Sequence[str]) -> Iterator[tuple[int, Rows]]:
        """Columns of the postings of each delivery."""
        yield from self._rows(self._state.tables.posting, names)

    def movements(self, names: Sequence[str]) -> Iterator[tuple[int, Rows]]:
        """Columns of the stock movements of each delivery."""
        yield from self._rows(self._state.tables.stock_movement, names)

    def in_documents(self) -> set[tuple[int, str]]:
        """Delivery and receipt, for all receipts whose sales are in a document that counts.

        Of an import that was undone, also those whose batch left them to a document.
        """
        mine, delivery = self._state.tables.delivery_receipt.alias(), self._state.tables.delivery.alias()
        other, theirs = self._state.tables.delivery_receipt, self._state.tables.delivery
        was_left = sa.and_(
            mine.c.is_counter == sa.true(), theirs.c.target == BATCH, theirs.c.carries_sales == sa.false()
        )
        query = (
            sa.select(mine.c.delivery_id, mine.c.receipt_id)
            .where(self._chosen(delivery), mine.c.delivery_id == delivery.c.delivery_id)
            .where(
                other.c.company == mine.c.company,
                other.c.receipt_id == mine.c.receipt_id,
                other.c.generation == mine.c.generation,
                other.c.is_counter == sa.false(),
                other.c.is_live == sa.true(),
                other.c.delivery_id == theirs.c.delivery_id,
                (theirs.c.target == TRANSFER) | was_left,
            )
        )
        with self._state.reading() as connection:
            return {(int(row[0]), row[1]) for row in connection.execute(query)}

    def _rows(self, table: sa.Table, names: Sequence[str]) -> Iterator[tuple[int, Rows]]:
        delivery, covered = self._state.tables.delivery, self._state.tables.delivery_receipt
        is_meant = sa.or_(
            (covered.c.is_counter == sa.false()) & table.c.corrects.is_(None),
            (covered.c.is_counter == sa.true()) & table.c.corrects.is_not(None),
        )
        query = (
            sa.select(delivery.c.delivery_id, *(table.c[name] for name in names))
            .where(self._chosen(delivery), covered.c.delivery_id == delivery.c.delivery_id)
            .where(table.c.company == covered.c.company, table.c.receipt_id == covered.c.receipt_id)
            .where(table.c.generation == covered.c.generation, is_meant)
            .order_by(delivery.c.delivery_id)
        )
        with self._state.reading() as connection:
            rows = connection.execute(query, execution_options={"yield_per": _ROWS})
            for delivery_id, some in groupby(rows, key=lambda row: int(row.delivery_id)):
                yield delivery_id, list(some)

    def _chosen(self, delivery: Any) -> "sa.ColumnElement[bool]":
        return sa.and_(
            delivery.c.company == self._state.company,
            delivery.c.target == self._target,
            delivery.c.status.in_(self._statuses),
            delivery.c.line_count > 0,
            delivery.c.delivery_id >= self._first,
        )
