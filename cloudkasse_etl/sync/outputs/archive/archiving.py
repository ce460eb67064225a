"""Use case: writes all that has to be kept of a period into a folder, whole or not at all.

It is written beside its place under another name, and gets its own once it is on the disk: a program that dies in
between leaves nothing that passes for an archive, and the next one for the same folder removes what is left.
"""

import datetime as dt
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.errors import ConfigurationError, unwritable_folder
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.lease.processes import described, has_ended
from cloudkasse_etl.state.stores.retention.archived_rows import ArchivedRows, Period
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.archive.archive_contents import (
    TABLES,
    Attachment,
    contents,
    is_unreadable,
    valid_days,
)
from cloudkasse_etl.sync.outputs.archive.archive_files import TableFile, WrittenFiles, facts_of
from cloudkasse_etl.sync.outputs.archive.archive_report import ArchiveReport, TableSummary
from cloudkasse_etl.transform.archive.data_index import DTD_FILE, INDEX_FILE, grammar, index_of
from cloudkasse_etl.transform.archive.receipt_tables import RECEIPT

DISTRIBUTION = "cloudkasse-etl"
_ENDING = ".part"


def write_archive(configuration: Configuration, folder: Path, *, first: dt.date | None, last: dt.date) -> ArchiveReport:
    """Writes what has to be kept of a period.

    Args:
        configuration: Settings and connections.
        folder: A folder that does not exist yet, or is empty.
        first: The first day; None: from the beginning.
        last: The last day, included.

    Returns:
        What was written.

    Raises:
        ConfigurationError: The folder is not empty, or cannot be written.
        StateUnavailableError: Our own tables cannot be reached.
    """
    settings, folder = configuration.settings, folder.absolute()
    _require_room(folder)
    period = Period(first, last, settings.zone)
    with open_reading(configuration) as stores, _beside(folder) as place:
        state = stores.connection
        with state.snapshot() as connection:
            rows = ArchivedRows(connection, state.tables, state.company, period)
            days = valid_days(rows, first, last)
            written, tables, statuses, unreadable = _write_tables(rows, place, settings)
        widths = {file.table.name: file.widths for file in tables}
        index = index_of(
            TABLES,
            widths,
            supplier=_supplier(settings),
            comment=f"{DISTRIBUTION} {version(DISTRIBUTION)}",
            period=days,
            language=settings.language,
        )
        written.add(INDEX_FILE, index)
        written.add(DTD_FILE, grammar())
        summaries = [TableSummary(file.table, file.sums.rows, file.sums.sums) for file in tables]
        facts = facts_of(
            version=version(DISTRIBUTION),
            company=state.company,
            language=settings.language,
            timezone=settings.timezone,
            first=first,
            last=last,
        )
        counts = {"receipts": dict(sorted(statuses.items())), "unreadable_receipts": unreadable}
        number, files, size = written.finish(
            {**facts, **counts, "tables": [summary.as_dict() for summary in summaries]}
        )
    return ArchiveReport(
        str(folder),
        first,
        last,
        last < dt.datetime.now(settings.zone).date(),
        number,
        files,
        size,
        summaries,
        dict(sorted(statuses.items())),
        unreadable,
    )


def _write_tables(
    rows: ArchivedRows, place: Path, settings: Settings
) -> tuple[WrittenFiles, list[TableFile], Counter[str], int]:
    written, statuses, unreadable = WrittenFiles(place), Counter[str](), 0
    files = {table.name: TableFile(place, table) for table in TABLES}
    try:
        for entry in contents(rows, settings.language):
            if isinstance(entry, Attachment):
                written.add(entry.name, entry.body)
                continue
            files[entry.table.name].add(entry.row)
            if entry.table is RECEIPT:
                statuses[entry.row["status"]] += 1
                unreadable += is_unreadable(entry)
    finally:
        for file in files.values():
            written.found[file.table.file] = file.close()
    return written, list(files.values()), statuses, unreadable


def _supplier(settings: Settings) -> str:
    company = settings.company
    parts = [say("company {number}", number=company.number).render(settings.language), company.vat_id]
    return ", ".join(filter(None, parts))


def _require_room(folder: Path) -> None:
    try:
        is_taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise unwritable_folder(folder, error) from error
    if is_taken:
        raise ConfigurationError(
            say(
                "{folder} is not empty: an archive has a folder of its own, and is never written over.",
                folder=str(folder),
            ),
            hint=say("Name a folder that does not exist yet."),
        )


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder to write into, which gets its name once it is complete, or else is removed."""
    place = folder.with_name(f".{folder.name}.{described(os.getpid())}{_ENDING}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in _left_behind(folder):
            shutil.rmtree(left, ignore_errors=True)
        place.mkdir()
        yield place
        if folder.exists():
            folder.rmdir()  # an empty one; Windows renames to nothing that is there
        place.rename(folder)
    except OSError as error:
        raise unwritable_folder(folder, error) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _left_behind(folder: Path) -> Iterator[Path]:
    """What processes that have ended left of this folder's archives."""
    beginning = f".{folder.name}."
    for path in folder.parent.iterdir():
        is_ours = path.name.startswith(beginning) and path.name.endswith(_ENDING)
        if is_ours and has_ended(path.name[len(beginning) : -len(_ENDING)]):
            yield path
