"""Compares an archive with what the database has of its period now, record by record, in bounded memory.

Both have the same order, so equal records meet. From the first one that only one side has, the others wait for their
counterpart: as many as there are more on that side.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import UnreadableArchiveError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.stores.retention.archived_rows import ArchivedRows, Period
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.archive.archive_contents import DATEV_FOLDER, TABLES, Attachment, contents
from cloudkasse_etl.sync.outputs.archive.archive_files import hash_file
from cloudkasse_etl.sync.outputs.archive.archive_manifest import Manifest
from cloudkasse_etl.sync.outputs.archive.difference_list import DifferenceList
from cloudkasse_etl.transform.archive.archive_table import ArchiveTable, cells_of, record_of, records_in

_MOST_WAITING = 100_000
_SHOWN = 60


def compare_with_database(
    folder: Path, manifest: Manifest, configuration: Configuration, found: DifferenceList
) -> None:
    """Compares an archive with the database.

    Args:
        folder: The archive.
        manifest: What it says of itself.
        configuration: Settings and connections.
        found: Where differences are added.

    Raises:
        UnreadableArchiveError: It is of another company.
        StateUnavailableError: Our own tables cannot be reached.
    """
    if manifest.company != configuration.settings.company.number:
        raise UnreadableArchiveError(
            say(
                "The archive is of company {there}, and the settings are of company {here}.",
                there=manifest.company, here=configuration.settings.company.number,
            ),
            hint=say("Name that company's settings, or check the files alone with --files-only."),
        )  # fmt: skip
    period = Period(manifest.first, manifest.last, manifest.zone)
    attached = set()
    with open_reading(configuration) as stores, ExitStack() as files:
        state = stores.connection
        compared = {table.name: _TableComparison(folder, table, found, files) for table in TABLES}
        with state.snapshot() as connection:
            rows = ArchivedRows(connection, state.tables, state.company, period)
            for entry in contents(rows, manifest.language):
                if isinstance(entry, Attachment):
                    attached.add(entry.name)
                    _compare_file(folder, entry, found)
                else:
                    compared[entry.table.name].meet(entry.table.cells(entry.row))
        for table in compared.values():
            table.finish()
    there = {f"{DATEV_FOLDER}/{path.name}" for path in (folder / DATEV_FOLDER).glob("*")}
    for name in sorted(there - attached):
        found.add(name, say("The database has no such file."))


def _compare_file(folder: Path, entry: Attachment, found: DifferenceList) -> None:
    path = folder / entry.name
    if not path.is_file():
        found.add_missing(entry.name)
    elif hash_file(path) != hashlib.sha256(entry.body).hexdigest():
        found.add(entry.name, say("The database has other bytes."))


class _TableComparison:
    """A table's file beside the database's rows."""

    def __init__(self, folder: Path, table: ArchiveTable, found: DifferenceList, files: ExitStack) -> None:
        self._table, self._found = table, found
        path = folder / table.file
        self._records: Iterator[tuple[int, bytes]] = iter(())
        self._is_missing = not path.is_file()
        if not self._is_missing:
            self._records = records_in(files.enter_context(path.open("rb")))
        _, head = next(self._records, (1, table.head))
        # one of another release may have other columns; those that both know are compared
        names = [column.name for column in table.all_columns]
        self._shared = [(at, names.index(name)) for at, name in enumerate(cells_of(head)) if name in names]
        self._mine: dict[tuple[str, ...], list[str]] = {}
        self._theirs: dict[tuple[str, ...], tuple[int, list[str]]] = {}
        self._is_given_up = False

    def meet(self, cells: list[str]) -> None:
        """Compares the database's next row."""
        if self._is_given_up:
            return
        record = record_of(cells)
        line, other = next(self._records, (0, b""))
        if other == record:
            return
        mine = cells_of(record)
        self._mine[self._key(mine)] = mine
        if other:
            self._wait(line, other)
        self._match(self._key(mine))
        if len(self._mine) + len(self._theirs) > _MOST_WAITING:
            self._is_given_up = True

    def finish(self) -> None:
        """Adds what only one side has; of a missing file that alone, not each of its records."""
        if self._is_missing:
            self._found.add_missing(self._table.file)
            return
        if self._is_given_up:
            self._found.add(self._table.file, say("So much differs that it was not compared to its end."))
            return
        for line, other in self._records:
            self._wait(line, other)
        for key in self._mine:
            self._found.add(
                self._table.file, say("It is in the database, and not in the archive."), record=" ".join(key)
            )
        for key, (line, _) in self._theirs.items():
            self._found.add(
                self._table.file, say("It is in the archive, and not in the database."), line, " ".join(key)
            )

    def _wait(self, line: int, record: bytes) -> None:
        cells = cells_of(record)
        key = self._key(cells)
        self._theirs[key] = (line, cells)
        self._match(key)

    def _match(self, key: tuple[str, ...]) -> None:
        if key not in self._mine or key not in self._theirs:
            return
        mine, (line, theirs) = self._mine.pop(key), self._theirs.pop(key)
        for there, here in self._shared:
            value = theirs[there] if there < len(theirs) else ""
            if value != mine[here]:
                self._found.add(
                    self._table.file,
                    say(
                        "{column} is {there} in the archive, and {here} in the database.",
                        column=self._table.all_columns[here].name, there=_shown(value), here=_shown(mine[here]),
                    ),
                    line,
                    " ".join(key),
                )  # fmt: skip

    def _key(self, cells: list[str]) -> tuple[str, ...]:
        return tuple(cells[: len(self._table.keys)])


def _shown(value: str) -> str:
    """A value as a sentence can hold it."""
    return f"'{value}'" if len(value) <= _SHOWN else f"'{value[:_SHOWN]}…'"
