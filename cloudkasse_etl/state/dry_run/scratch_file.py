"""The receipts that a dry run would stage, in a temporary SQLite file."""

import datetime as dt
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_receipts import KnownReceipt, StagedReceipt
from cloudkasse_etl.state.stores.named_records import ReceiptHead

GONE = "gone"
"""The status of entries that would no longer exist."""
_KNOWN = ("hash", "status", "refused_by", "closing_number", "came_as")


class ScratchFile:
    """Receipts that would be staged, or whose status would change.

    The file has no name, stays in memory while it is small, and is deleted with the process: a backlog of any length is
    processed in bounded memory.

    Attributes:
        moved: By status, how many of them have that status in the database, but another one here.
    """

    def __init__(self) -> None:
        self.moved: Counter[str] = Counter()
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute(
            "CREATE TABLE receipt (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, hash TEXT, status TEXT, "
            "refused_by TEXT, closing_number INTEGER, came_as TEXT, register TEXT, number INTEGER, reference_id TEXT, "
            "raw BLOB, business_day TEXT, total_cents INTEGER, currency TEXT)"
        )

    def close(self) -> None:
        """Deletes the file."""
        self._scratch.close()

    def known(self, receipt_ids: Sequence[str]) -> dict[str, KnownReceipt]:
        """Those of some receipts that are stored here, by id, including removed ones."""
        return {row[0]: KnownReceipt(*row[1:]) for row in self.rows("id, " + ", ".join(_KNOWN), receipt_ids)}

    def ids(self, receipt_ids: Sequence[str]) -> set[str]:
        """The ids of some receipts that are stored here."""
        return {row[0] for row in self.rows("id", receipt_ids)}

    def heads(self, receipt_ids: Sequence[str]) -> dict[str, ReceiptHead]:
        """The facts of the names of those of some receipts that are stored here, by id."""
        columns = "id, register, number, business_day, total_cents, currency, came_as"
        return {
            key: ReceiptHead(register, number, dt.date.fromisoformat(day) if day else None, *more)
            for key, register, number, day, *more in self.rows(columns, receipt_ids)
        }

    def rows(self, columns: str, receipt_ids: Sequence[str] | None) -> Iterator[tuple[Any, ...]]:
        """Columns of the receipts that are stored here; of all if no ids are given."""
        if receipt_ids is None:
            yield from self._scratch.execute(f"SELECT {columns} FROM receipt")  # noqa: S608 -- our own words
            return
        for chunk in chunks(receipt_ids):
            marks = ", ".join("?" * len(chunk))
            yield from self._scratch.execute(f"SELECT {columns} FROM receipt WHERE id IN ({marks})", chunk)  # noqa: S608 -- our own words

    def count(self, status: Status) -> int:
        """How many have a status."""
        query = "SELECT count(*) FROM receipt WHERE status = ?"
        return int(self._scratch.execute(query, (str(status),)).fetchone()[0])

    def last_place(self) -> int:
        """The place of the receipt that was stored last."""
        return int(self._scratch.execute("SELECT coalesce(max(place), 0) FROM receipt").fetchone()[0])

    def raw(self, status: Status, refused_by: str | None, last: int, size: int) -> Iterator[list[tuple[str, bytes]]]:
        """The receipts of a status as they arrived, in batches.

        Args:
            status: The status.
            refused_by: The asset that refused them; None for any.
            last: The place up to which receipts are returned.
            size: How many are read at once.

        Yields:
            Batches of id and JSON.
        """
        place = 0
        while True:
            found = self._scratch.execute(
                "SELECT place, id, raw FROM receipt WHERE place > ? AND place <= ? AND status = ? "
                "AND (? IS NULL OR refused_by = ?) ORDER BY place LIMIT ?",
                (place, last, str(status), refused_by, refused_by, size),
            ).fetchall()
            if not found:
                return
            place = found[-1][0]
            yield [(row[1], row[2]) for row in found]

    def keep(self, receipts: Sequence[StagedReceipt]) -> None:
        """Stores receipts, replacing those under the same ids."""
        rows = [
            (
                r.receipt_id,
                r.content_hash,
                str(r.status),
                STAGED_RECEIPTS if r.status is Status.REJECTED else None,
                r.closing_number,
                r.came_as,
                *(r.register, r.number, r.reference_id, r.raw),
                *(r.business_day.isoformat() if r.business_day else None, r.total_cents, r.currency),
            )
            for r in receipts
        ]
        self._scratch.execute("BEGIN")
        self._scratch.executemany(
            f"INSERT OR REPLACE INTO receipt (id, {', '.join(_KNOWN)}, register, number, reference_id, raw, "  # noqa: S608 -- our own words
            "business_day, total_cents, currency) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._scratch.execute("COMMIT")

    def forget(self, receipt_ids: Sequence[str]) -> None:
        """Marks ids under which nothing would be stored any more."""
        self._scratch.executemany(
            "INSERT OR REPLACE INTO receipt (id, hash, status, raw) VALUES (?, '', ?, x'')",
            [(key, GONE) for key in receipt_ids],
        )
