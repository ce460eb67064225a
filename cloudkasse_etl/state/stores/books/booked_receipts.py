"""What was booked of receipts, and what is known of those that others refer to. It is written by receipt_store.py."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.schemas.booked_rows import MovedRow, PostingRow
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.stores.store import StateStore


@dataclass(frozen=True, slots=True)
class ReferredReceipt:
    """What an import has to know of a receipt that others refer to.

    Attributes:
        status: What has become of it.
        refused_by: The asset that refused it, where one did.
        register, number: Null where they could not be read.
        reference_id: The receipt that it refers to itself.
        staged_at: When it was fetched.
    """

    status: str
    refused_by: str | None
    register: str | None
    number: int | None
    reference_id: str | None
    staged_at: dt.datetime


class BookedReceipts:
    """Receipts of the store's company, and what was booked of them."""

    _store: StateStore
    _tables: StateTables
    _company: str

    def referred(self, receipt_ids: Sequence[str]) -> dict[str, ReferredReceipt]:
        """Some receipts by id, those that are there."""
        table = self._tables.receipt
        columns = [table.c[name] for name in ("receipt_id", *ReferredReceipt.__slots__)]
        rows = [tuple(row) for row in self._rows(columns, table.c.receipt_id, receipt_ids)]
        return {row[0]: ReferredReceipt(*row[1:]) for row in rows}

    def referring(self, receipt_ids: Sequence[str], status: str) -> dict[str, list[str]]:
        """The receipts of a status that refer to some, by the id of the one that they refer to; by register and number.

        The same in each run, whichever of them was fetched first.
        """
        table = self._tables.receipt
        columns = [table.c[name] for name in ("reference_id", "register", "number", "receipt_id", "status")]
        found: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
        for row in self._rows(columns, table.c.reference_id, receipt_ids):
            if row.status == status:
                found[row.reference_id].append((row.register or "", row.number or 0, row.receipt_id))
        return {key: [receipt_id for *_, receipt_id in sorted(rows)] for key, rows in found.items()}

    def unbooked_links(self) -> dict[str, str]:
        """The receipts that are not booked and refer to another one, by id: to which."""
        table = self._tables.receipt
        query = sa.select(table.c.receipt_id, table.c.reference_id).where(
            table.c.company == self._company,
            table.c.status.in_(("staged", "rejected")),
            table.c.reference_id.is_not(None),
        )
        with self._store.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def postings_of(self, receipt_ids: Sequence[str]) -> dict[str, list[PostingRow]]:
        """The postings of some receipts, by id and in the order of their numbers."""
        table = self._tables.posting
        columns = [table.c[name] for name in ("receipt_id", "posting_id", *PostingRow._fields)]
        rows = self._rows(columns, table.c.receipt_id, receipt_ids)
        found: dict[str, list[PostingRow]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: int(row.posting_id.rpartition(":")[2])):
            found[row.receipt_id].append(PostingRow._make(row[2:]))
        return dict(found)

    def movements_of(self, receipt_ids: Sequence[str]) -> dict[str, list[MovedRow]]:
        """The stock movements of some receipts, by id, and in the order of lines and components."""
        table = self._tables.stock_movement
        columns = [
            table.c[name]
            for name in ("receipt_id", "movement_id", "line_number", "article", "quantity_milli", "unit", "serial")
        ]
        found: dict[str, list[MovedRow]] = defaultdict(list)
        for row in self._rows(columns, table.c.receipt_id, receipt_ids):
            found[row.receipt_id].append(stored_movement(row))
        return {key: sorted(rows, key=_place) for key, rows in found.items()}

    def _rows(
        self, columns: Sequence["sa.Column[Any]"], key: "sa.Column[Any]", keys: Sequence[str]
    ) -> list["sa.Row[Any]"]:
        found: list[sa.Row[Any]] = []
        with self._store.reading() as connection:
            for chunk in chunks(sorted(set(keys))):
                query = sa.select(*columns).where(key.table.c.company == self._company, key.in_(chunk))
                found += connection.execute(query).all()
        return found


def stored_movement(row: Any) -> MovedRow:
    """A movement from its row in the table, or in a frame that is to be written."""
    position = row.movement_id.rpartition(":")[2]
    unit, serial = (None if text != text else text for text in (row.unit, row.serial))  # null is NaN in a frame
    return MovedRow(row.line_number, position, row.article, row.quantity_milli, unit, serial)


def _place(row: MovedRow) -> tuple[int, list[int]]:
    return row.line_number, [int(part) for part in row.position.split(".")]
