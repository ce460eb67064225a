"""Translates faults of Dagster's storage (history and protocols): full, read-only, damaged."""

import errno
import os
import shutil
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

from cloudkasse_etl.errors import HistoryUnavailableError, Problem, system_reason
from cloudkasse_etl.i18n.text import say

VARIABLE = "CLOUDKASSE_DAGSTER_STORAGE"
# A run takes half a megabyte; SQLite and its journals need some more.
FULL_BYTES = 1_000_000
SCARCE_BYTES = 20_000_000
_COMPLAINTS = (
    "Exception while writing logger call to event log",
    "Exception while storing event batch",
    "Falling back to storing multiple single-event storage requests",
)
_BETWEEN = ("sqlalchemy", "contextlib", "alembic")  # what Dagster calls the database by
_KEPT_FILES = "assets.instance.history_connections"


@contextmanager
def storage_faults(folder: Path) -> Iterator[None]:
    """Translates faults of the storage, with the place and the cure; all other errors pass unchanged.

    Dagster passes on the driver's errors, and repeats them on standard error where a line of a run's log is lost.

    Raises:
        HistoryUnavailableError: The storage cannot be read or written.
    """
    try:
        with redirect_stderr(_WithoutComplaints(sys.stderr)):
            yield
    except Exception as error:
        found = _explain(error, folder)
        if found is None:
            raise
        raise found from error


def unwritable(folder: Path, error: OSError) -> HistoryUnavailableError:
    """The error for an operation in the storage that the operating system refused."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(folder)
    return HistoryUnavailableError(
        say("The history in {folder} cannot be written: {reason}.", folder=str(folder), reason=system_reason(error)),
        hint=say("Let this user write there, or let {variable} name another folder.", variable=VARIABLE),
    )


def storage_problems(folder: Path) -> list[Problem]:
    """Reasons why the storage could not be written; only checks, creates nothing."""
    where = say("history")
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        error = unwritable(folder, NotADirectoryError(errno.ENOTDIR, "")) if there != folder else None
        text = error.message if error else say("{folder} is a file, not a folder.", folder=str(folder))
        return [Problem(where, text, say("Let {variable} name a folder that this user can write.", variable=VARIABLE))]
    if not os.access(there, os.W_OK | os.X_OK):
        return [
            Problem(
                where,
                say("Nothing can be written in {folder}.", folder=str(there)),
                say("Let this user write there, or let {variable} name another folder.", variable=VARIABLE),
            )
        ]
    free = shutil.disk_usage(there).free
    if free < SCARCE_BYTES:
        megabytes = free / 1_000_000
        return [
            Problem(
                where,
                say(
                    "Only {megabytes:,.1f} MB are left on the disk of {folder}.", megabytes=megabytes, folder=str(there)
                ),
                say("Make room there, or let {variable} name another folder.", variable=VARIABLE),
            )
        ]
    return []


def _explain(error: BaseException, folder: Path) -> HistoryUnavailableError | None:
    driver = getattr(error, "orig", error)
    if isinstance(driver, sqlite3.Error) and _is_dagsters(error):
        return _unusable(folder, driver)
    if isinstance(error, OSError) and error.filename and Path(os.fsdecode(error.filename)).is_relative_to(folder):
        return unwritable(folder, error)
    return None


def _unusable(folder: Path, error: sqlite3.Error) -> HistoryUnavailableError:
    code = getattr(error, "sqlite_errorname", "")
    if code == "SQLITE_FULL" or (code.startswith("SQLITE_IOERR") and _is_full(folder)):
        return _full(folder)
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return unwritable(folder, PermissionError(errno.EACCES, ""))
    if code in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return HistoryUnavailableError(
            say("The history in {folder} is damaged.", folder=str(folder)),
            hint=say(
                "Bring back a good copy of the folder, or let {variable} name another one: a new history begins there. "
                "Receipts, postings and open rejections do not lie in it.",
                variable=VARIABLE,
            ),
        )
    return HistoryUnavailableError(
        say(
            "The history in {folder} cannot be read or written: {reason}.", folder=str(folder), reason=str(error)[:200]
        ),
        hint=say("Look whether the disk is in order; the next synchronisation goes on from here."),
    )


def _full(folder: Path) -> HistoryUnavailableError:
    return HistoryUnavailableError(
        say("No room is left for the history in {folder}.", folder=str(folder)),
        hint=say(
            "Make room there, or let {variable} name another folder; what had been accepted by then counts.",
            variable=VARIABLE,
        ),
    )


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < FULL_BYTES
    except OSError:
        return False


def _is_dagsters(error: BaseException) -> bool:
    """Whether Dagster called the database: errors of our own calls are translated elsewhere, or are faults."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        name = str(frame.f_globals.get("__name__", ""))
        package = name.partition(".")[0]
        if package not in _BETWEEN and name != _KEPT_FILES:
            return package == "dagster"
    return False


class _WithoutComplaints:
    """Standard error without Dagster's complaints about a lost event, which the error explains better."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return len(text) if text.startswith(_COMPLAINTS) else int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
