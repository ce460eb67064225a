"""Protects what a driver's complaint is taken for, whichever of the three databases it comes from."""

import sqlite3

import psycopg
import pytest
import sqlalchemy as sa

from cloudkasse_etl.databases.faults import LASTING, Fault, fault_of

POSTGRESQL = sa.make_url("postgresql+psycopg://clerk:geheim@db.example/shop")
SQL_SERVER = sa.make_url("mssql+pyodbc://clerk:geheim@db.example/shop")
SQLITE = sa.make_url("sqlite:////srv/ours.db")
FOLDER = sa.make_url("sqlite:////tmp")
FULL, DAMAGED = "database or disk is full", "database disk image is malformed"


class OdbcError(Exception):
    """What pyodbc raises: the SQLSTATE first, the text with SQL Server's number second."""


@pytest.mark.parametrize(
    ("url", "error", "fault", "why"),
    [
        (SQLITE, sqlite3.OperationalError(FULL), Fault.FULL, "words"),
        (POSTGRESQL, psycopg.errors.DiskFull(""), Fault.FULL, "SQLSTATE"),
        (SQL_SERVER, OdbcError("42000", "Protokoll voll (9002)"), Fault.FULL, "the number alone tells it"),
        (SQLITE, sqlite3.OperationalError("attempt to write a readonly database"), Fault.READ_ONLY, "words"),
        (POSTGRESQL, psycopg.errors.InsufficientPrivilege(""), Fault.DENIED, "SQLSTATE"),
        (SQL_SERVER, OdbcError("42000", "verweigert (229)"), Fault.DENIED, "number"),
        (POSTGRESQL, psycopg.errors.UndefinedColumn("row (229)"), Fault.NO_COLUMN, "numbers are SQL Server's only"),
        (SQL_SERVER, OdbcError("42000", "CREATE TABLE (262)"), Fault.MAY_NOT_CREATE, "not a matter of reading"),
        (SQLITE, sqlite3.OperationalError("no such table: ART"), Fault.NO_TABLE, "words"),
        (SQL_SERVER, OdbcError("42S02", "(208)"), Fault.NO_TABLE, "SQLSTATE"),
        (SQLITE, sqlite3.OperationalError("no such column: X"), Fault.NO_COLUMN, "words"),
        (SQLITE, sqlite3.OperationalError("unable to open database file"), Fault.NOT_OPENED, "missing or denied"),
        (FOLDER, sqlite3.OperationalError("unable to open database file"), Fault.FOLDER, "there is a folder"),
        (SQLITE, sqlite3.DatabaseError(DAMAGED), Fault.DAMAGED, "words"),
        (SQLITE, sqlite3.OperationalError("database is locked"), Fault.LOCKED, "words"),
        (POSTGRESQL, psycopg.errors.LockNotAvailable(""), Fault.LOCKED, "SQLSTATE"),
        (SQL_SERVER, OdbcError("IM002", "Data source name not found"), Fault.NO_DRIVER, "SQLSTATE"),
        (POSTGRESQL, psycopg.ProgrammingError('invalid connection option "x"'), Fault.WRONG_OPTION, "no SQLSTATE"),
        (SQL_SERVER, OdbcError("40001", "(1205)"), Fault.DEADLOCK, "number"),
        (POSTGRESQL, psycopg.errors.IdleInTransactionSessionTimeout(""), Fault.IDLE_TOO_LONG, "SQLSTATE"),
        (SQL_SERVER, OdbcError("42000", "(4060); (18456)"), Fault.WRONG_LOGIN, "the database is named beside it"),
        (SQL_SERVER, OdbcError("42000", "(4060)"), Fault.NO_DATABASE, "number"),
        (POSTGRESQL, psycopg.OperationalError('FATAL: database "x" does not exist'), Fault.NO_DATABASE, "words"),
        (POSTGRESQL, psycopg.OperationalError("FATAL: zu viele Verbindungen"), Fault.REFUSED, "its own language"),
        (POSTGRESQL, psycopg.OperationalError("connection timeout expired"), Fault.UNREACHABLE, "no SQLSTATE"),
        (SQLITE, sqlite3.OperationalError("disk I/O error"), Fault.OTHER, "SQLite's words tell it"),
        (POSTGRESQL, psycopg.errors.NumericValueOutOfRange(""), Fault.OTHER, "the SQLSTATE tells it"),
    ],
)
def test_a_complaint_is_taken_for_one_fault(url: sa.URL, error: Exception, fault: Fault, why: str) -> None:
    assert fault_of(error, url) is fault, why


def test_what_another_try_cannot_help_is_known() -> None:
    assert {Fault.FULL, Fault.READ_ONLY, Fault.DENIED, Fault.MAY_NOT_CREATE} == LASTING
