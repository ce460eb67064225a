"""Of which import of its receipts a delivery is: what one booked is delivered once, and taken back once if undone."""

from collections.abc import Sequence

import sqlalchemy as sa

from cloudkasse_etl.schemas.booked_rows import FIRST
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks


def is_of_present_import(covered: sa.Table, receipt: sa.Table) -> "sa.ColumnElement[bool]":
    """Whether a row of delivered receipts counts, and is of what the import of its receipt that is in force booked.

    What was delivered of an import that was undone counts still, and so does what takes that back there; neither is it.
    """
    later = sa.exists().where(
        receipt.c.company == covered.c.company,
        receipt.c.receipt_id == covered.c.receipt_id,
        receipt.c.generation > covered.c.generation,
    )
    return sa.and_(covered.c.is_live == sa.true(), covered.c.is_counter == sa.false(), ~later)


def generations_of(
    state: StateConnection, connection: sa.Connection, receipt_ids: Sequence[str], undone: int | None
) -> dict[str, int]:
    """Which import of each of its receipts a delivery is of.

    Args:
        state: Our own tables.
        connection: With the caller's transaction.
        receipt_ids: The receipts.
        undone: The import that it takes back; None where it brings what their present one booked.

    Returns:
        Receipt's id -> the how manieth import.
    """
    found = dict.fromkeys(receipt_ids, undone or FIRST)
    if undone is None:
        receipt = state.tables.receipt
        for chunk in chunks(receipt_ids):
            query = sa.select(receipt.c.receipt_id, receipt.c.generation).where(
                receipt.c.company == state.company, receipt.c.receipt_id.in_(chunk), receipt.c.generation > FIRST
            )
            found.update((row[0], int(row[1])) for row in connection.execute(query))
    return found


class CoveredReceipts:
    """The receipts that a company's deliveries cover.

    Args:
        state: Our own tables.
    """

    def __init__(self, state: StateConnection) -> None:
        self._state, self._table = state, state.tables.delivery_receipt

    def taking_back(self, delivery_id: int) -> list[int]:
        """The ids of the deliveries that count and take back what a delivery has brought."""
        mine, other = self._table, self._table.alias()
        query = (
            sa.select(other.c.delivery_id)
            .where(mine.c.delivery_id == delivery_id, mine.c.is_counter == sa.false())
            .where(other.c.company == mine.c.company, other.c.target == mine.c.target)
            .where(other.c.receipt_id == mine.c.receipt_id, other.c.generation == mine.c.generation)
            .where(other.c.is_counter == sa.true(), other.c.is_live == sa.true())
            .distinct()
        )
        with self._state.reading() as connection:
            return sorted(connection.execute(query).scalars())
