"""Finds exports in a folder, as folders or ZIP files at any depth, and tells whether one is whole."""

import io
import lzma
import os
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from cloudkasse_etl.tills.dsfinvk.deviations import Deviation
from cloudkasse_etl.tills.dsfinvk.standard_tables import CLOSINGS, LINES, RECEIPTS

INDEX: Final = "index.xml"
NEEDED: Final = (CLOSINGS, RECEIPTS, LINES)
"""Tables without which no export is whole; others may be missing where they are empty."""
SETTLE_SECONDS: Final = 2.0
# What the operating system or the ZIP file has against being read: damage, encryption, an unknown compression.
BROKEN = (OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)

_Sizes = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class ExportFiles:
    """One export: a folder, or a folder within a ZIP file.

    Attributes:
        path: The folder or the ZIP file.
        inside: The folder within the ZIP file; empty for its top, None where it is no ZIP file.
        tables: The files by the names of their tables; `index.xml` for the description.
        shown: The path that people read.
    """

    path: Path
    inside: str | None
    tables: dict[str, str]
    shown: str

    def open(self, table: str) -> BinaryIO:
        """Opens a table's file for reading.

        Raises:
            OSError: It cannot be read.
            zipfile.BadZipFile: The ZIP file is damaged; also any other of `BROKEN`.
        """
        if self.inside is None:
            return (self.path / self.tables[table]).open("rb", buffering=1 << 18)
        return _ZipMember(self.path, self.tables[table])

    def file_of(self, table: str) -> str:
        """The file's name as people read it."""
        name = self.tables.get(table, table if table == INDEX else f"{table}.csv")
        return PurePosixPath(_slashed(name)).name

    def sizes(self) -> _Sizes:
        """Sizes and times of change; they change while the export is being written."""
        if self.inside is not None:
            return (_size(self.path),)
        return tuple(_size(self.path / file) for file in sorted(self.tables.values()))


class _ZipMember(io.BufferedReader):
    """A file in a ZIP file that closes the ZIP file too."""

    def __init__(self, path: Path, member: str) -> None:
        archive = zipfile.ZipFile(path)
        try:
            super().__init__(archive.open(member), buffer_size=1 << 18)  # type: ignore[arg-type]
        except BaseException:
            archive.close()
            raise
        self._archive = archive

    def close(self) -> None:
        super().close()
        self._archive.close()


def _size(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except OSError:
        return str(path), -1, 0
    return str(path), status.st_size, status.st_mtime_ns


def find_exports(folder: Path) -> Iterator[ExportFiles | Deviation]:
    """Finds the exports below a folder, or the folder or ZIP file itself, in the order of their paths.

    A folder is an export where it has a cashpointclosing.csv, whatever its spelling. Links are not followed.

    Args:
        folder: A folder, or a ZIP file.

    Yields:
        Exports; a refusal for each ZIP file that cannot be opened.
    """
    if folder.is_file():
        yield from _in_zip(folder, folder.name)
        return
    for path, folders, files in os.walk(folder):
        folders.sort()
        here = Path(path)
        shown = here.relative_to(folder).as_posix() if here != folder else folder.name
        if tables := _tables(files):
            yield ExportFiles(here, None, tables, shown)
        for file in sorted(files):
            if file.lower().endswith(".zip"):
                yield from _in_zip(here / file, (here / file).relative_to(folder).as_posix())


def _in_zip(path: Path, shown: str) -> Iterator[ExportFiles | Deviation]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info.filename for info in archive.infolist() if not info.is_dir()]
    except BROKEN:
        yield Deviation("zip_damaged", shown)
        return
    by_folder: dict[str, list[str]] = {}
    for member in members:
        by_folder.setdefault(_slashed(member).rpartition("/")[0], []).append(member)
    exports = {inside: tables for inside, files in sorted(by_folder.items()) if (tables := _tables(files))}
    if not exports and any(member.lower().endswith(".zip") for member in members):
        yield Deviation("zip_in_zip", shown)
    for inside, tables in exports.items():
        yield ExportFiles(path, inside, tables, f"{shown}/{inside}" if inside else shown)


def _slashed(member: str) -> str:
    """A name in a ZIP file; some programs for Windows write it with backslashes."""
    return member.replace("\\", "/")


def _tables(files: list[str]) -> dict[str, str]:
    tables = {}
    for file in files:
        name = _slashed(file).rpartition("/")[2].lower()
        if name == INDEX or name.endswith(".csv"):
            tables[name.removesuffix(".csv")] = file
    return tables if CLOSINGS in tables else {}


def unfinished(
    export: ExportFiles,
    *,
    settle_seconds: float = SETTLE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> Deviation | None:
    """Tells why an export is not whole: its size still changes, or a needed table is missing.

    That a ZIP file's content is intact shows while it is read, since each file in it has a check sum.

    Args:
        export: The export.
        settle_seconds: How long the sizes must have stood still.
        sleep, now: The clock.

    Returns:
        The refusal; None if the export is whole.
    """
    for table in NEEDED:
        if table not in export.tables:
            return Deviation("table_missing", export.shown, f"{table}.csv")
    before = export.sizes()
    newest = max(changed for _, _, changed in before) / 1e9
    if now() - newest < settle_seconds:
        sleep(settle_seconds)
        if export.sizes() != before:
            return Deviation("still_written", export.shown)
    return None
