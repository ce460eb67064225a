"""What a dry run has to keep of receipts: those that would be staged, in a temporary file of SQLite's."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_receipts import KnownReceipt, StagedReceipt

GONE = "gone"
"""The status of what would no longer be there."""
_KNOWN = ("hash", "status", "refused_by", "closing_number", "came_as")


class ScratchFile:
    """Receipts that would be staged, or would be judged otherwise by now.

    The file has no name, stays in memory while it is small, and goes with the process: a backlog of any length is
    looked at in bounded memory.

    Attributes:
        moved: How many of them each status counts in the database, where they have another one by now.
    """

    def __init__(self) -> None:
        self.moved: Counter[str] = Counter()
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute(
            "CREATE TABLE receipt (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, hash TEXT, status TEXT, "
            "refused_by TEXT, closing_number INTEGER, came_as TEXT, register TEXT, number INTEGER, reference_id TEXT, "
            "raw BLOB)"
        )

    def close(self) -> None:
        """Drops the file."""
        self._scratch.close()

    def known(self, receipt_ids: Sequence[str]) -> dict[str, KnownReceipt]:
        """Those of some receipts that are here, by id, also what is gone."""
        return {row[0]: KnownReceipt(*row[1:]) for row in self.rows("id, " + ", ".join(_KNOWN), receipt_ids)}

    def ids(self, receipt_ids: Sequence[str]) -> set[str]:
        """Those of some receipts that are here."""
        return {row[0] for row in self.rows("id", receipt_ids)}

    def rows(self, columns: str, receipt_ids: Sequence[str] | None) -> Iterator[tuple[Any, ...]]:
        """Columns of receipts that are here; of all where no ids are given."""
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
        """The place of the one that was kept last."""
        return int(self._scratch.execute("SELECT coalesce(max(place), 0) FROM receipt").fetchone()[0])

    def raw(self, status: Status, refused_by: str | None, last: int, size: int) -> Iterator[list[tuple[str, bytes]]]:
        """Those of a status that were kept up to a place, as they came, in batches."""
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
        """Keeps receipts, in place of what was kept under their ids."""
        rows = [
            (
                r.receipt_id,
                r.content_hash,
                str(r.status),
                STAGED_RECEIPTS if r.status is Status.REJECTED else None,
                r.closing_number,
                r.came_as,
                *(r.register, r.number, r.reference_id, r.raw),
            )
            for r in receipts
        ]
        self._scratch.execute("BEGIN")
        self._scratch.executemany(
            f"INSERT OR REPLACE INTO receipt (id, {', '.join(_KNOWN)}, register, number, reference_id, raw) "  # noqa: S608 -- our own words
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._scratch.execute("COMMIT")

    def forget(self, receipt_ids: Sequence[str]) -> None:
        """Notes that nothing would be kept under some ids any more."""
        self._scratch.executemany(
            "INSERT OR REPLACE INTO receipt (id, hash, status, raw) VALUES (?, '', ?, x'')",
            [(key, GONE) for key in receipt_ids],
        )
