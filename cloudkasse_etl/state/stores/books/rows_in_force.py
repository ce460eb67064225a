"""Reads what is booked of receipts: by the import that is in force, or what was taken back of an earlier one."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks


def booked_rows(
    state: StateConnection,
    table: sa.Table,
    names: Sequence[str],
    receipt_ids: Sequence[str],
    *,
    undone: int | None = None,
    distinct: bool = False,
) -> Iterator["sa.Row[Any]"]:
    """Reads columns of the postings or movements of receipts.

    Args:
        state: Our own tables.
        table: Postings or movements.
        names: The columns.
        receipt_ids: The receipts.
        undone: The import whose counter-entries are read; None for what the present one has booked.
        distinct: Whether rows that are equal in these columns are read once.

    Yields:
        The rows, in any order.
    """
    receipt = state.tables.receipt
    columns = [table.c[name] for name in names]
    with state.reading() as connection:
        for chunk in chunks(sorted(set(receipt_ids))):
            here = (table.c.company == state.company) & table.c.receipt_id.in_(chunk)
            if undone is not None:
                query = sa.select(*columns).where(here, table.c.generation == undone, table.c.corrects.is_not(None))
            else:
                own = (receipt.c.company == table.c.company) & (receipt.c.receipt_id == table.c.receipt_id)
                query = (
                    sa.select(*columns)
                    .select_from(table.join(receipt, own))
                    .where(here, table.c.generation == receipt.c.generation, table.c.corrects.is_(None))
                )
            yield from connection.execute(query.distinct() if distinct else query)
