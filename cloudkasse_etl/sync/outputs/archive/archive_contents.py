"""What an archive of a period holds, record by record: the same to write it and to compare it."""

import datetime as dt
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.retention.archived_rows import ArchivedRows
from cloudkasse_etl.transform.archive.archive_table import ArchiveTable
from cloudkasse_etl.transform.archive.book_tables import (
    DATEV_FILE,
    DATEV_POSTING,
    DECISION,
    DELIVERY,
    DELIVERY_RECEIPT,
    MOVEMENT,
    OF_BOOKS,
    POSTING,
    REJECTION,
    RUN_SETTINGS,
    SETTINGS_CHANGE,
)
from cloudkasse_etl.transform.archive.receipt_rows import content_cells, rows_of_closing, rows_of_receipt
from cloudkasse_etl.transform.archive.receipt_tables import OF_CLOSINGS, OF_RECEIPTS, RECEIPT

TABLES = (*OF_RECEIPTS, *OF_CLOSINGS, *OF_BOOKS)
DATEV_FOLDER = "datev"
_RUN_COLUMNS = {
    table.name: [column.name for column in table.all_columns if column.name.endswith("run_id")] for table in TABLES
}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class Entry(NamedTuple):
    """A row of a table."""

    table: ArchiveTable
    row: Mapping[Any, Any]


class Attachment(NamedTuple):
    """A file that is kept as it was handed over.

    Attributes:
        name: Its path within the archive.
        body: Its bytes.
    """

    name: str
    body: bytes


def contents(rows: ArchivedRows, language: Language) -> Iterator[Entry | Attachment]:
    """All that an archive holds: what has to be kept, and the settings under which the runs worked that it names.

    Args:
        rows: What has to be kept.
        language: The language of the rejections' texts.

    Yields:
        Rows and files; the tables of receipts are filled together, and so are those of closings.
    """
    runs: set[str | None] = set()
    for entry in _kept(rows, language):
        if isinstance(entry, Entry):
            runs.update(entry.row[name] for name in _RUN_COLUMNS[entry.table.name])
        yield entry
    settings = list(rows.run_settings(sorted(filter(None, runs))))
    newest = max((row["change_number"] for row in settings), default=0)
    yield from (Entry(SETTINGS_CHANGE, row) for row in rows.settings_changes(newest))
    yield from (Entry(RUN_SETTINGS, row) for row in settings)


def _kept(rows: ArchivedRows, language: Language) -> Iterator[Entry | Attachment]:
    """What has to be kept; the tables of receipts are filled together, and so are those of closings."""
    belonging: set[tuple[str, int]] = set()
    for stored in rows.receipts():
        if stored["register"] is not None and stored["closing_number"] is not None:
            belonging.add((stored["register"], stored["closing_number"]))
        for table, row in rows_of_receipt(stored):
            yield Entry(table, row)
    closings: set[tuple[str, int]] = set()
    for stored in rows.closings(frozenset(belonging)):
        closings.add((stored["register"], stored["number"]))
        for table, row in rows_of_closing(stored):
            yield Entry(table, row)
    yield from (Entry(POSTING, row) for row in rows.postings())
    yield from (Entry(MOVEMENT, row) for row in rows.movements())
    yield from (Entry(DELIVERY, {**row, **content_cells(bytes(row["body"]))}) for row in rows.deliveries())
    yield from (Entry(DELIVERY_RECEIPT, row) for row in rows.delivery_receipts())
    for row in rows.datev_files():
        yield Entry(DATEV_FILE, row)
        yield Attachment(f"{DATEV_FOLDER}/{_file_name(row)}", zlib.decompress(row["body"]))
    yield from (Entry(DATEV_POSTING, row) for row in rows.datev_postings())
    known = frozenset(closings)
    yield from (Entry(DECISION, row) for row in rows.decisions(known))
    yield from (Entry(REJECTION, _explained(row, language)) for row in rows.rejections(known))


def is_unreadable(entry: Entry) -> bool:
    """Whether it is a receipt of which nothing can be read but its row."""
    return entry.table is RECEIPT and entry.row["started_at"] is None


def valid_days(rows: ArchivedRows, first: dt.date | None, last: dt.date) -> tuple[dt.date, dt.date]:
    """The days for which an archive is valid.

    Args:
        rows: What it holds.
        first: The first day that was asked for; None: from the beginning, which is its first receipt's day.
        last: The last day.

    Returns:
        First and last day.
    """
    if first is not None:
        return first, last
    found = rows.days()
    return (min(found[0], last), last) if found else (last, last)


def _file_name(row: Mapping[Any, Any]) -> str:
    """The file's name; whatever the database says, it lies in the archive's own folder."""
    name = str(row["name"])
    return name if _PLAIN_NAME.fullmatch(name) else f"{row['file_number']:05}.csv"


def _explained(row: Mapping[Any, Any], language: Language) -> Mapping[Any, Any]:
    rejection = Rejection(row["asset"], row["record_key"], row["code"], orjson.loads(row["detail"]))
    return {**row, "text": rejection.text(language), "cure": rejection.cure(language)}
