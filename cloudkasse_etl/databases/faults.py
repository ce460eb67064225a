"""Sorts the errors of database drivers into one enum, for SQLite, PostgreSQL and SQL Server.

What an error means for the ERP and for our own tables, and what to do about it, is said where each is opened.
SQL Server speaks the language of its installation, so of its texts only the numbers can be relied on.
"""

import re
from collections.abc import Mapping
from enum import StrEnum, auto

import sqlalchemy as sa

from cloudkasse_etl.databases.urls import sqlite_path


class Fault(StrEnum):
    """The kinds of errors that a database driver raises."""

    FULL = auto()  # a disk, a quota, a database or its log has no room left
    READ_ONLY = auto()  # it cannot be written by anybody
    DENIED = auto()  # the login lacks a right
    MAY_NOT_CREATE = auto()  # the login may not create a table, or not in this schema
    NO_TABLE = auto()  # no such table or schema
    NO_COLUMN = auto()  # no such column
    FOLDER = auto()  # the SQLite file is a folder
    NOT_OPENED = auto()  # the SQLite file is missing, or this user may not open it
    DAMAGED = auto()  # the file is no SQLite database, or a broken one
    LOCKED = auto()  # another program holds what is needed
    NO_DRIVER = auto()  # the ODBC driver is missing, or does not know an option
    WRONG_OPTION = auto()  # the PostgreSQL driver does not know an option
    DEADLOCK = auto()  # it ended a transaction that blocked another one and was blocked by it
    IDLE_TOO_LONG = auto()  # it ended a transaction that was idle
    WRONG_LOGIN = auto()  # user or password are not accepted
    NO_DATABASE = auto()  # no such database, or the login may not open it
    REFUSED = auto()  # the server refused the connection, in a language that cannot be relied on
    UNREACHABLE = auto()  # no answer, or the server is just starting, stopping or full
    OTHER = auto()  # anything else: the SQLSTATE, or SQLite's words, tell it


LASTING = frozenset({Fault.FULL, Fault.READ_ONLY, Fault.DENIED, Fault.MAY_NOT_CREATE})
"""Faults for which another try cannot help before a person has changed something."""

_STATES: Mapping[str, Fault] = {
    "53100": Fault.FULL,
    "25006": Fault.READ_ONLY,
    "42501": Fault.DENIED,
    "42P01": Fault.NO_TABLE,
    "42S02": Fault.NO_TABLE,
    "3F000": Fault.NO_TABLE,
    "42703": Fault.NO_COLUMN,
    "42S22": Fault.NO_COLUMN,
    "IM002": Fault.NO_DRIVER,
    "IM003": Fault.NO_DRIVER,
    "01000": Fault.NO_DRIVER,
    "40P01": Fault.DEADLOCK,
    "40001": Fault.DEADLOCK,
    "25P03": Fault.IDLE_TOO_LONG,
    "3D000": Fault.NO_DATABASE,
    "55P03": Fault.LOCKED,
}
# In the order in which they count: a login that fails names the database that it was meant for as well.
_SQL_SERVER: Mapping[int, Fault] = {
    1105: Fault.FULL,
    9002: Fault.FULL,
    3906: Fault.READ_ONLY,
    229: Fault.DENIED,
    230: Fault.DENIED,
    262: Fault.MAY_NOT_CREATE,
    2760: Fault.MAY_NOT_CREATE,
    1205: Fault.DEADLOCK,
    18456: Fault.WRONG_LOGIN,
    4060: Fault.NO_DATABASE,
    1222: Fault.LOCKED,
}
_SQLITE: tuple[tuple[str, Fault], ...] = (
    ("database or disk is full", Fault.FULL),
    ("readonly database", Fault.READ_ONLY),
    ("no such table", Fault.NO_TABLE),
    ("unknown database", Fault.NO_TABLE),
    ("no such column", Fault.NO_COLUMN),
    ("unable to open", Fault.NOT_OPENED),
    ("not a database", Fault.DAMAGED),
    ("malformed", Fault.DAMAGED),
    (" is locked", Fault.LOCKED),
    ("busy", Fault.LOCKED),
)
# psycopg has no SQLSTATE for what fails before there is a connection: then only the server's English words tell it
_POSTGRESQL: tuple[tuple[str, Fault], ...] = (
    ("invalid connection option", Fault.WRONG_OPTION),
    ("password authentication failed", Fault.WRONG_LOGIN),
    (r'database ".*" does not exist', Fault.NO_DATABASE),
    ("FATAL:", Fault.REFUSED),
)
_UNREACHABLE = ("", "08001", "08S01", "08006", "HYT00", "HYT01", "57P01", "57P03", "53300")


def sqlstate(error: BaseException | None) -> str:
    """Five characters, or none: psycopg has an attribute, pyodbc puts it first into its arguments."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        first = str(next(iter(getattr(error, "args", ())), ""))
        state = first if re.fullmatch(r"[0-9A-Z]{5}", first) else ""
    return str(state)


def fault_of(error: BaseException | None, url: sa.URL) -> Fault:
    """Sorts an error of a database driver.

    Args:
        error: What the driver raised.
        url: The database's.

    Returns:
        The kind of error.
    """
    text, state, backend = str(error), sqlstate(error), url.get_backend_name()
    if backend == "sqlite":
        return _of_sqlite(text, url)
    if state.startswith("28"):
        return Fault.WRONG_LOGIN
    if backend == "mssql":
        numbers = set(map(int, re.findall(r"\((\d{1,6})\)", text)))
        # the number tells more than the SQLSTATE, which many of them share
        by_number = next((fault for number, fault in _SQL_SERVER.items() if number in numbers), None)
        if by_number is not None:
            return by_number
    if state in _STATES:
        return _STATES[state]
    found = next((fault for words, fault in _POSTGRESQL if re.search(words, text)), None)
    if found is not None:
        return found
    return Fault.UNREACHABLE if state in _UNREACHABLE else Fault.OTHER


def _of_sqlite(text: str, url: sa.URL) -> Fault:
    path = sqlite_path(url)
    found = next((fault for words, fault in _SQLITE if words in text), Fault.OTHER)
    is_of_the_file = found in (Fault.OTHER, Fault.NOT_OPENED, Fault.DAMAGED)
    return Fault.FOLDER if is_of_the_file and path is not None and path.is_dir() else found
