"""Sums up stored receipts by status: each receipt once. What is booked is kept as a running total."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.checkpoints import Checkpoints
from cloudkasse_etl.state.targets import BOOKED

_OTHERS = tuple(status for status in Status if status is not Status.IMPORTED)


@dataclass(frozen=True, slots=True)
class ReceiptGroup:
    """Receipts of one status, reason and currency.

    Attributes:
        status: Their status.
        refused_by: The asset that refused them, if one did.
        no_effect: Why they have no effect, if that is their status.
        currency: Null where it could not be read.
        count: How many.
        known: How many of them have a total that could be read.
        cents: The sum of those totals.
    """

    status: str
    refused_by: str | None
    no_effect: str | None
    currency: str | None
    count: int
    known: int
    cents: int


@dataclass(frozen=True, slots=True)
class Booked:
    """What is booked so far.

    Attributes:
        receipts: Imported receipts: currency → (count, cents).
        postings: How many postings.
        movements: How many stock movements.
    """

    receipts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    postings: int = 0
    movements: int = 0

    def as_json(self) -> str:
        """As it is stored."""
        found = {"receipts": self.receipts, "postings": self.postings, "movements": self.movements}
        return orjson.dumps(found).decode()


class ReceiptTotals:
    """The totals of a company's receipts."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.receipt
        self._checkpoints = Checkpoints(state)

    def unbooked(self) -> list[ReceiptGroup]:
        """The groups of all receipts that are not imported, from an index alone."""
        return self._groups(self._table.c.status.in_(_OTHERS))

    def waiting(self) -> list[ReceiptGroup]:
        """The groups of the receipts that are staged."""
        return self._groups(self._table.c.status == Status.STAGED)

    def _groups(self, which: "sa.ColumnElement[bool]") -> list[ReceiptGroup]:
        table = self._table
        by = (table.c.status, table.c.refused_by, table.c.no_effect, table.c.currency)
        total = table.c.total_cents
        query = (
            sa.select(*by, sa.func.count(), sa.func.count(total), sa.func.sum(total))
            .where(table.c.company == self._state.company, which)
            .group_by(*by)
        )
        with self._state.reading() as connection:
            return [
                ReceiptGroup(status, refused_by, no_effect, currency, count, known, int(cents or 0))
                for status, refused_by, no_effect, currency, count, known, cents in connection.execute(query)
            ]

    def booked(self) -> Booked:
        """What is booked: as it was stored, or counted if nothing is stored yet."""
        checkpoint = self._checkpoints.of(BOOKED)
        return self.count_booked() if checkpoint is None else _of_json(checkpoint.details)

    def keep_booked(self) -> Booked:
        """What is booked; stores it if that is not stored yet. Under the lease."""
        checkpoint = self._checkpoints.of(BOOKED)
        if checkpoint is not None:
            return _of_json(checkpoint.details)
        booked = self.count_booked()
        self._checkpoints.set(BOOKED, "", booked.as_json())
        return booked

    def count_booked(self) -> Booked:
        """Counts what is booked: reads an entry of an index for each receipt, posting and movement."""
        groups = self._groups(self._table.c.status == Status.IMPORTED)
        tables, counts = self._state.tables, []
        with self._state.reading() as connection:
            for table in (tables.posting, tables.stock_movement):
                query = sa.select(sa.func.count()).where(table.c.company == self._state.company)
                counts.append(int(connection.execute(query).scalar_one()))
        return Booked({group.currency or "": (group.count, group.cents) for group in groups}, *counts)

    def add(
        self,
        connection: sa.Connection,
        receipt_ids: Sequence[str],
        *,
        postings: int,
        movements: int,
        is_undone: bool = False,
    ) -> None:
        """Adds what is booked to the stored total, in the caller's transaction; if none is stored, it is counted later.

        Args:
            connection: With the transaction.
            receipt_ids: The receipts that are imported in it.
            postings: How many postings are written in it.
            movements: How many stock movements are written in it.
            is_undone: Whether the import of the receipts is taken back in it; what is written are counter-entries then.
        """
        level, table = self._state.tables.level, self._table
        here = (level.c.target_id == self._state.target_of(BOOKED)) & (level.c.asset == BOOKED)
        stored = connection.execute(sa.select(level.c.details).where(here)).scalar()
        if stored is None:
            return
        before = _of_json(stored)
        receipts = dict(before.receipts)
        for chunk in chunks(receipt_ids):
            query = (
                sa.select(table.c.currency, sa.func.count(), sa.func.sum(table.c.total_cents))
                .where(table.c.company == self._state.company, table.c.receipt_id.in_(chunk))
                .group_by(table.c.currency)
            )
            for currency, count, cents in connection.execute(query):
                counted, summed = receipts.get(currency or "", (0, 0))
                sign = -1 if is_undone else 1
                receipts[currency or ""] = (counted + sign * int(count), summed + sign * int(cents or 0))
        now = Booked(receipts, before.postings + postings, before.movements + movements)
        connection.execute(level.update().where(here).values(details=now.as_json(), run_id=self._state.run_id))


def _of_json(details: str) -> Booked:
    stored = orjson.loads(details)
    receipts = {currency: _pair(found) for currency, found in stored["receipts"].items()}
    return Booked(receipts, int(stored["postings"]), int(stored["movements"]))


def _pair(found: Sequence[Any]) -> tuple[int, int]:
    count, cents = found
    return int(count), int(cents)
