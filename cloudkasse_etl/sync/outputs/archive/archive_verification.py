"""Use case: reads an archive back, and finds what is not as it was written. It changes nothing.

With the settings at hand it finds also what is not as the database is.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import UnreadableArchiveError, system_reason
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.sync.outputs.archive.archive_comparison import compare_with_database
from cloudkasse_etl.sync.outputs.archive.archive_contents import TABLES
from cloudkasse_etl.sync.outputs.archive.archive_files import HASHES, LINES, MANIFEST, add_cells, hash_file
from cloudkasse_etl.sync.outputs.archive.archive_manifest import (
    Manifest,
    added_to,
    changed_lines,
    files_in,
    read_hashes,
    read_manifest,
    require_archive,
)
from cloudkasse_etl.sync.outputs.archive.archive_report import TableSummary, VerificationReport
from cloudkasse_etl.sync.outputs.archive.difference_list import DifferenceList
from cloudkasse_etl.transform.archive.archive_table import ArchiveTable, Sums, cells_of, records_in

_BY_FILE = {table.file: table for table in TABLES}


def verify_archive(
    folder: Path, configuration: Configuration | None, *, number: str | None = None
) -> VerificationReport:
    """Checks an archive.

    Args:
        folder: The archive.
        configuration: Settings and connections, to compare it with the database; None checks the files alone.
        number: The hash by which it is known in the books; without it, one who writes all lists anew is not found.

    Returns:
        What differs.

    Raises:
        UnreadableArchiveError: It is no archive, cannot be read, or is another company's.
        StateUnavailableError: Our own tables cannot be reached.
    """
    require_archive(folder)
    found = DifferenceList()
    try:
        manifest, hashes, is_number = _check_lists(folder, number, found)
        _check_files(folder, hashes, manifest, found)
        rows = _count(folder, hashes, manifest, found)
        if configuration is not None and manifest is not None:
            compare_with_database(folder, manifest, configuration, found)
        files = len(files_in(folder))
    except OSError as error:
        where = str(error.filename or folder)
        raise UnreadableArchiveError(
            say("The archive cannot be read, at {path}: {reason}.", path=where, reason=system_reason(error)),
            hint=say("Look whether the disk is in order and this user may read it."),
        ) from error
    is_compared = configuration is not None and manifest is not None
    return VerificationReport(str(folder), is_number, files, rows, is_compared, found.first, found.count)


def _check_lists(
    folder: Path, number: str | None, found: DifferenceList
) -> tuple[Manifest | None, dict[str, str], str]:
    """Manifest, the hash that each file should have, and the archive's number."""
    manifest = read_manifest(folder)
    if manifest is None:
        if (folder / MANIFEST).is_file():
            found.add(MANIFEST, say("It is missing or damaged."))
        else:
            found.add_missing(MANIFEST)
    listed = dict(manifest.files) if manifest is not None else {}
    if not (folder / HASHES).is_file():
        found.add_missing(HASHES)
        return manifest, listed, ""
    text = (folder / HASHES).read_bytes()
    hashes, wrong = read_hashes(text)
    is_number = hashlib.sha256(text).hexdigest()
    if number is not None and number.lower() != is_number:
        found.add(HASHES, say("The archive's hash is {now}, and {then} was written down.", now=is_number, then=number))
    for line in wrong:
        found.add(HASHES, say("The line cannot be read."), line=line)
    for name, expected in listed.items():
        if name not in hashes:
            found.add(HASHES, say("It does not list {file}.", file=name))
            hashes[name] = expected
        elif hashes[name] != expected:
            found.add(HASHES, say("It has another hash of {file} than manifest.json.", file=name))
    return manifest, hashes, is_number


def _check_files(folder: Path, hashes: Mapping[str, str], manifest: Manifest | None, found: DifferenceList) -> None:
    there = files_in(folder)
    for name in sorted(added_to(folder, {*hashes, HASHES, MANIFEST})):
        found.add(name, say("It is no part of the archive: it was added later."))
    listed = {} if manifest is None else manifest.files
    damaged = set()
    for name, expected in sorted(hashes.items()):
        if name not in there:
            found.add_missing(name)
            continue
        now = hash_file(folder / name)
        if now not in (expected, listed.get(name)):
            damaged.add(name)
    # the checksums of lines come first in the alphabet of no file: whether they can be trusted is known only now
    for name in sorted(damaged):
        found.add(name, *_changed(folder, name, trusted=f"{LINES}/{name}.crc32" not in damaged))


def _changed(folder: Path, name: str, *, trusted: bool) -> tuple[Text, int | None, str]:
    """What happened to a file: the text, the first line that differs, and the record in it."""
    text = say("It was changed.")
    if name == MANIFEST:  # no list but one has its hash, so which of the two it was cannot be known
        return say("It and SHA256SUMS do not fit together: one of them was changed."), None, ""
    if name.startswith(f"{LINES}/") or not trusted:
        return text, None, ""
    line, now, then = changed_lines(folder, name)
    if line is None:
        return text, None, ""
    if now != then:
        text = say("It was changed: it has {now:,} lines, and {then:,} were written.", now=now, then=then)
    return text, line, _record(folder, name, line)


def _record(folder: Path, name: str, line: int) -> str:
    table = _BY_FILE.get(name)
    if table is None or line == 1:
        return ""
    with (folder / name).open("rb") as file:
        for start, record in records_in(file):
            if start >= line or start + record.count(b"\n") > line:
                return " ".join(cells_of(record)[: len(table.keys)])
    return ""


def _count(folder: Path, hashes: Mapping[str, str], manifest: Manifest | None, found: DifferenceList) -> int:
    """Reads the tables back, and compares rows and sums with the manifest; returns the rows."""
    rows = 0
    for table in TABLES:
        if not (folder / table.file).is_file():
            continue
        sums = _sums(folder / table.file, table)
        rows += sums.rows
        stated = None if manifest is None else manifest.tables.get(table.name)
        if stated is None:
            continue
        read = TableSummary(table, sums.rows, sums.sums).as_dict()
        if stated.get("rows") != sums.rows:
            found.add(
                table.file,
                say("It has {now:,} rows, and manifest.json says {then}.", now=sums.rows, then=str(stated.get("rows"))),
            )
        elif {**stated} != read:
            found.add(table.file, say("Its sums are not those of manifest.json."))
    return rows


def _sums(path: Path, table: ArchiveTable) -> Sums:
    """Rows and sums of a file by the names in its first line: one of another release may have other columns."""
    sums = Sums()
    with path.open("rb") as file:
        records = records_in(file)
        _, head = next(records, (1, table.head))
        places = table.sum_places_in(cells_of(head))
        for _, record in records:
            add_cells(sums, places, cells_of(record))
    return sums
