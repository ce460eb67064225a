"""An archive's lists as they are read back: hashes, manifest, and the checksums by which a changed line is found."""

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from cloudkasse_etl.errors import UnreadableArchiveError
from cloudkasse_etl.i18n.messages import ENGLISH, languages
from cloudkasse_etl.i18n.text import Language, say
from cloudkasse_etl.sync.outputs.archive.archive_files import FORMAT, HASHES, MANIFEST, checksum, lines_of

_HASH = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself.

    Attributes:
        company, language: As it was written.
        zone: In which its days are meant.
        first, last: Its days.
        tables: What it says of each table, by name.
        files: The hash of each file.
    """

    company: str
    language: Language
    zone: dt.tzinfo
    first: dt.date | None
    last: dt.date
    tables: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, str]


def read_hashes(text: bytes) -> tuple[dict[str, str], list[int]]:
    """The hash of each file, and the lines that are no such line."""
    found: dict[str, str] = {}
    wrong: list[int] = []
    for number, line in enumerate(text.decode("utf-8", "replace").split("\n")[:-1], 1):
        match = _HASH.fullmatch(line)
        if match is None or match[2] in found:
            wrong.append(number)
        else:
            found[match[2]] = match[1]
    if not text.endswith(b"\n"):
        wrong.append(text.count(b"\n") + 1)
    return found, wrong


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest; None where it is missing or damaged.

    Raises:
        UnreadableArchiveError: It is of a release that writes archives in another way.
    """
    if not (folder / MANIFEST).is_file():  # a pipe would be read for ever
        return None
    try:
        found = orjson.loads((folder / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    if isinstance(found, dict) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
        raise UnreadableArchiveError(
            say("The archive in {folder} was written by a newer release.", folder=str(folder)),
            hint=say("Check it with that release; SHA256SUMS can be checked with any program for such lists."),
        )
    try:
        language = found["language"]
        return Manifest(
            str(found["company"]),
            language if language in languages() else ENGLISH,
            ZoneInfo(found["timezone"]),
            None if found["from"] is None else dt.date.fromisoformat(found["from"]),
            dt.date.fromisoformat(found["to"]),
            {table["name"]: table for table in found["tables"]},
            {name: str(file["sha256"]) for name, file in found["files"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def files_in(folder: Path) -> set[str]:
    """The paths of all files within a folder.

    A link is none of them: what it names may change, or stay behind. Neither is a pipe, which one would read for ever.
    """
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix() for path in found}


def added_to(folder: Path, listed: Collection[str]) -> set[str]:
    """The paths of what is in a folder and in no list of files: other files, links, and folders without any.

    Args:
        folder: The folder.
        listed: The paths of the files that belong there.
    """
    paths = [path.relative_to(folder) for path in folder.rglob("*")]
    of_files = {path for path in paths if not (folder / path).is_dir() or (folder / path).is_symlink()}
    needed = {parent for path in (*map(Path, listed), *of_files) for parent in path.parents}
    return {path.as_posix() for path in paths if path not in needed} - {*listed}


def require_archive(folder: Path) -> None:
    """Refuses a folder that is no archive.

    Raises:
        UnreadableArchiveError: It is not there, or has neither list.
    """
    if not folder.is_dir():
        raise UnreadableArchiveError(
            say("There is no folder {folder}.", folder=str(folder)), hint=say("Name the archive's folder.")
        )
    if not any((folder / name).is_file() for name in (HASHES, MANIFEST)):
        raise UnreadableArchiveError(
            say("{folder} is no archive: it has neither SHA256SUMS nor manifest.json.", folder=str(folder)),
            hint=say("Name the archive's folder; one that was not written to its end is none."),
        )


def changed_lines(folder: Path, name: str) -> tuple[int | None, int, int]:
    """Where a file differs from the checksums of its lines.

    Returns:
        The first line that differs (None where that is not known), how many lines there are, and how many were written.
    """
    first, now, then = None, 0, 0
    for number, (line, expected) in enumerate(_lines(folder, name), 1):
        now += line is not None
        then += expected is not None
        if first is None and (line is None or checksum(line) != expected):
            first = number
    return first, now, then


def _lines(folder: Path, name: str) -> Iterator[tuple[bytes | None, bytes | None]]:
    if not (folder / lines_of(name)).is_file():
        return
    try:
        with (folder / name).open("rb") as file, (folder / lines_of(name)).open("rb") as checksums:
            yield from zip_longest(file, checksums)
    except OSError:
        return
