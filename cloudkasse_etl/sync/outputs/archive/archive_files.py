"""The files of an archive: written with their hashes, and the lists by which they are found changed later.

Three lists, each of which covers the one before: `lines/` has a checksum of each line, so that a change can be named;
`manifest.json` the hash of each file, rows and sums; `SHA256SUMS` that of each file and of the manifest, for anybody's
`sha256sum -c`. The hash of the latter is the archive's number: whoever wrote that down needs to trust nothing else.
"""

import datetime as dt
import hashlib
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from cloudkasse_etl.transform.archive.archive_table import ArchiveTable, Sums, number_of, record_of

MANIFEST, HASHES, LINES = "manifest.json", "SHA256SUMS", "lines"
FORMAT = 1
_PART = 1 << 20


@dataclass(frozen=True)
class WrittenFile:
    """A file's size and SHA-256."""

    size: int
    sha256: str


class TrackedFile:
    """A file that is written once, with its hash and a checksum of each line.

    Args:
        folder: The archive.
        name: Its path within it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.size, self._hash = name, 0, hashlib.sha256()
        path, lines = folder / name, folder / lines_of(name)
        for parent in (path.parent, lines.parent):
            parent.mkdir(parents=True, exist_ok=True)
        self._file, self._lines = path.open("wb"), lines.open("wb")
        self._begun = b""

    def write(self, data: bytes) -> None:
        """Appends bytes."""
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        *whole, self._begun = (self._begun + data).split(b"\n")
        self._lines.write(b"".join(checksum(line + b"\n") for line in whole))

    def close(self) -> WrittenFile:
        """Ends it."""
        if self._begun:
            self._lines.write(checksum(self._begun))
        for file in (self._file, self._lines):
            file.close()
        return WrittenFile(self.size, self._hash.hexdigest())


def lines_of(name: str) -> str:
    """The file with the checksums of another file's lines."""
    return f"{LINES}/{name}.crc32"


def checksum(line: bytes) -> bytes:
    """A line of such a file."""
    return b"%08x\n" % zlib.crc32(line)


class TableFile:
    """A table's file, with its sums and the widths of its columns."""

    def __init__(self, folder: Path, table: ArchiveTable) -> None:
        self.table, self.sums, self.widths = table, Sums(), [0] * len(table.all_columns)
        self._file = TrackedFile(folder, table.file)
        self._file.write(table.head)

    def add(self, row: Mapping[Any, Any]) -> None:
        """Appends a row."""
        cells = self.table.cells(row)
        self._file.write(record_of(cells))
        for at, cell in enumerate(cells):
            if len(cell) > self.widths[at]:
                self.widths[at] = len(cell)
        add_cells(self.sums, self.table.sum_places, cells)

    def close(self) -> WrittenFile:
        """Ends it."""
        return self._file.close()


def add_cells(sums: Sums, places: tuple[int, int | None, int] | None, cells: list[str]) -> None:
    """Adds a record to the sums of its table.

    Args:
        sums: The sums.
        places: What is added up (`ArchiveTable.sum_places`).
        cells: The record's cells, with quotation marks or without.
    """
    if places is None or len(cells) <= max(places[0], places[1] or 0):  # or a damaged record, that is too short
        sums.add("", None)
        return
    at, by, decimals = places
    sums.add("" if by is None else cells[by].strip('"'), number_of(cells[at], decimals))


@dataclass
class WrittenFiles:
    """All files of an archive but for its last two lists."""

    folder: Path
    found: dict[str, WrittenFile] = field(default_factory=dict)

    def add(self, name: str, body: bytes) -> None:
        """Writes a file."""
        file = TrackedFile(self.folder, name)
        file.write(body)
        self.found[name] = file.close()

    def finish(self, facts: Mapping[str, Any]) -> tuple[str, int, int]:
        """Writes the manifest and the hashes of all files, and lets the disk keep what was written.

        Args:
            facts: What the manifest says besides.

        Returns:
            The archive's number, how many files it has, and its bytes.
        """
        for name in list(self.found):
            self.found[lines_of(name)] = _read(self.folder / lines_of(name))
        files = {name: {"bytes": file.size, "sha256": file.sha256} for name, file in sorted(self.found.items())}
        manifest = orjson.dumps({**facts, "files": files}, option=orjson.OPT_INDENT_2) + b"\n"
        (self.folder / MANIFEST).write_bytes(manifest)
        self.found[MANIFEST] = WrittenFile(len(manifest), hashlib.sha256(manifest).hexdigest())
        hashes = hashes_of({name: file.sha256 for name, file in self.found.items()})
        (self.folder / HASHES).write_bytes(hashes)
        _keep(self.folder / name for name in (*self.found, HASHES))
        size = sum(file.size for file in self.found.values()) + len(hashes)
        return hashlib.sha256(hashes).hexdigest(), len(self.found) + 1, size


def hashes_of(files: Mapping[str, str]) -> bytes:
    """The list of hashes, as `sha256sum` writes it: by name."""
    return "".join(f"{found}  {name}\n" for name, found in sorted(files.items())).encode()


def hash_file(path: Path) -> str:
    """A file's SHA-256."""
    return _read(path).sha256


def facts_of(
    *, version: str, company: str, language: str, timezone: str, first: dt.date | None, last: dt.date
) -> dict[str, Any]:
    """The beginning of a manifest: what the archive was made of, and nothing that changes from one writing to the next.

    Args:
        version: Of the program.
        company: The company's number.
        language: Of the descriptions.
        timezone: In which its days are meant.
        first: The first day.
        last: The last day.

    Returns:
        The facts, in order.
    """
    return {
        "format": FORMAT,
        "program": "cloudkasse-etl",
        "version": version,
        "company": company,
        "language": language,
        "timezone": timezone,
        "from": None if first is None else first.isoformat(),
        "to": last.isoformat(),
    }


def _read(path: Path) -> WrittenFile:
    found, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while part := file.read(_PART):
            found.update(part)
            size += len(part)
    return WrittenFile(size, found.hexdigest())


def _keep(paths: Iterable[Path]) -> None:
    """Waits until files are on the disk: after a power cut a renamed folder could hold empty ones."""
    for path in paths:
        descriptor = os.open(path, os.O_RDWR)  # Windows keeps only what may be written
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
