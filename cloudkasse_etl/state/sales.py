"""Receipts that count as sales, to be read by business day. What they come to is summed up elsewhere."""

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa

from cloudkasse_etl.state.receipts import Status
from cloudkasse_etl.state.store import StateStore
from cloudkasse_etl.state.targets import IMPORT, STAGING


class SalesReader:
    """Sales of the store's company: receipts that passed all checks on arrival, whether booked yet or not.

    Args:
        store: Where they are.
        until: Only receipts that were staged by then; None: all.
    """

    def __init__(self, store: StateStore, until: dt.datetime | None = None) -> None:
        self._store = store
        self._table = table = store.tables.receipt
        self._known = table.c.company == store.company
        if until is not None:
            self._known &= table.c.staged_at <= until
        # What an import refused was sold all the same: an account is missing, not the sale.
        self._counts = (table.c.kind == "Beleg") & (
            table.c.status.in_([Status.STAGED, Status.IMPORTED])
            | ((table.c.status == Status.REJECTED) & (table.c.refused_by == IMPORT))
        )

    def days(self, limit: int) -> list[dt.date]:
        """The last business days that have receipts, earliest first."""
        day = self._table.c.business_day
        query = sa.select(day).where(self._known, self._counts, day.is_not(None)).distinct()
        with self._store.reading() as connection:
            found = connection.execute(query.order_by(day.desc()).limit(limit)).scalars()
            return sorted(found)

    def raw(self, first: dt.date, last: dt.date, *, size: int = 2000) -> Iterator[list[bytes]]:
        """Receipts of some business days, both included, as they came, in batches."""
        table = self._table
        at = ""
        while True:
            query = (
                sa.select(table.c.receipt_id, table.c.raw)
                .where(self._known, self._counts, table.c.receipt_id > at)
                .where(table.c.business_day.between(first, last))
                .order_by(table.c.receipt_id)
                .limit(size)
            )
            with self._store.reading() as connection:
                rows = [(row[0], bytes(row[1])) for row in connection.execute(query)]
            if not rows:
                return
            at = rows[-1][0]
            yield [raw for _, raw in rows]

    def refused(self) -> int:
        """How many receipts stand refused on arrival, and so count nowhere."""
        table = self._table
        query = sa.select(sa.func.count()).where(
            self._known, table.c.status == Status.REJECTED, table.c.refused_by == STAGING
        )
        with self._store.reading() as connection:
            return int(connection.execute(query).scalar_one())
