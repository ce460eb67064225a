"""Reads receipts that count as sales, by business day. They are summed up elsewhere."""

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_RECEIPTS
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.books.receipt_status import Status

IMPORTED, STAGED, NOT_IMPORTED = "imported", "staged", "refused_by_import"
DISMISSED, BEFORE_START = "dismissed", "before_start"
NO_EFFECT, REJECTED = "no_effect", "rejected"
COUNTED = (IMPORTED, STAGED, NOT_IMPORTED)
"""Turnover of the books: booked, or to be booked. Receipts that an import refused are included."""
APART = (DISMISSED, BEFORE_START)
"""Sold, but not booked here: handled by a person, or before the start date."""
FATES = (*COUNTED, *APART, NO_EFFECT, REJECTED)
"""The groups of receipts; each receipt is in one of them."""


class SalesReader:
    """Sales of a company: receipts of kind Beleg, by group of `FATES`.

    Args:
        state: Our own tables.
        until: Only receipts that were staged by then; None: all.
    """

    def __init__(self, state: StateConnection, until: dt.datetime | None = None) -> None:
        self._state = state
        self._table = table = state.tables.receipt
        self._known = table.c.company == state.company
        if until is not None:
            self._known &= table.c.staged_at <= until
        is_import = (table.c.status == Status.REJECTED) & (table.c.refused_by == REVENUE_POSTINGS)
        self._fate = sa.case((is_import, NOT_IMPORTED), else_=table.c.status)
        # a second content of an id is not a second sale
        self._sold = (table.c.kind == "Beleg") & table.c.came_as.is_(None)

    def days(self, limit: int) -> list[dt.date]:
        """The last business days with sales, earliest first."""
        day = self._table.c.business_day
        counts = self._sold & self._fate.in_([*COUNTED, *APART])
        query = sa.select(day).where(self._known, counts, day.is_not(None)).distinct()
        with self._state.reading() as connection:
            found = connection.execute(query.order_by(day.desc()).limit(limit)).scalars()
            return sorted(found)

    def raw(self, first: dt.date, last: dt.date, *, size: int = 2000) -> Iterator[list[tuple[str, bytes]]]:
        """The sales of some business days.

        Args:
            first: The first day.
            last: The last day, inclusive.
            size: How many are read at once.

        Yields:
            Batches of group and JSON.
        """
        table = self._table
        at = ""
        while True:
            query = (
                sa.select(table.c.receipt_id, self._fate, table.c.raw)
                .where(self._known, self._sold, self._fate.in_([*COUNTED, *APART]), table.c.receipt_id > at)
                .where(table.c.business_day.between(first, last))
                .order_by(table.c.receipt_id)
                .limit(size)
            )
            with self._state.reading() as connection:
                rows = [(row[0], row[1], bytes(row[2])) for row in connection.execute(query)]
            if not rows:
                return
            at = rows[-1][0]
            yield [(fate, raw) for _, fate, raw in rows]

    def fates(self, first: dt.date, last: dt.date) -> dict[str, dict[str, tuple[int, int]]]:
        """The receipts by group, of some business days (inclusive), and those without a readable day.

        Args:
            first: The first day.
            last: The last day.

        Returns:
            Group → currency, empty where it is not known → how many, and the sum of their totals in cents.
        """
        day, currency = self._table.c.business_day, self._table.c.currency
        query = (
            sa.select(self._fate, currency, sa.func.count(), sa.func.sum(self._table.c.total_cents))
            .where(self._known, day.between(first, last) | day.is_(None))
            .group_by(self._fate, currency)
        )
        found: dict[str, dict[str, tuple[int, int]]] = {}
        with self._state.reading() as connection:
            for fate, in_what, count, cents in connection.execute(query):
                found.setdefault(fate, {})[in_what or ""] = (int(count), int(cents or 0))
        return found

    def reasons(self, first: dt.date, last: dt.date) -> dict[str, int]:
        """Of the same receipts, why those without effect have none: reason → how many."""
        table = self._table
        here = table.c.business_day.between(first, last) | table.c.business_day.is_(None)
        query = sa.select(table.c.no_effect, sa.func.count()).where(self._known, here, table.c.no_effect.is_not(None))
        with self._state.reading() as connection:
            return {reason: int(count) for reason, count in connection.execute(query.group_by(table.c.no_effect))}

    def refused(self) -> int:
        """How many receipts are refused on arrival, and so count nowhere."""
        table = self._table
        query = sa.select(sa.func.count()).where(
            self._known, table.c.status == Status.REJECTED, table.c.refused_by == STAGED_RECEIPTS
        )
        with self._state.reading() as connection:
            return int(connection.execute(query).scalar_one())
