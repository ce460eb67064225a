"""Protects what is told of our own tables' database: each driver's complaint in plain words, transient or lasting."""

import sqlite3

import psycopg
import pytest
import sqlalchemy as sa

from cloudkasse_etl.databases.faults import LASTING, fault_of
from cloudkasse_etl.errors import TransientError
from cloudkasse_etl.state.database.state_faults import explain

POSTGRESQL = sa.make_url("postgresql+psycopg://clerk:geheim@db.example/shop")
SQL_SERVER = sa.make_url("mssql+pyodbc://clerk:geheim@db.example/shop")
SQLITE = sa.make_url("sqlite:////srv/ours.db")


class OdbcError(Exception):
    """What pyodbc raises: the SQLSTATE first, the text with SQL Server's number second."""


@pytest.mark.parametrize(
    ("url", "error", "words", "lasts"),
    [
        (
            POSTGRESQL,
            psycopg.errors.DeadlockDetected("waits for ...; blocked by process 1"),
            "was blocked by it",
            False,
        ),
        (POSTGRESQL, psycopg.errors.SerializationFailure("x"), "was blocked by it", False),
        (SQL_SERVER, OdbcError("40001", "[SQL Server] Transaktion ... (1205)"), "was blocked by it", False),
        (POSTGRESQL, psycopg.errors.LockNotAvailable("x"), "locked by another program", False),
        (SQL_SERVER, OdbcError("42000", "[SQL Server] Sperre ... (1222)"), "locked by another program", False),
        (SQLITE, sqlite3.OperationalError("database is locked"), "locked by another program", False),
        (POSTGRESQL, psycopg.errors.DiskFull("x"), "No room is left", True),
        (SQL_SERVER, OdbcError("42000", "[SQL Server] ... (1105)"), "No room is left", True),
        (SQL_SERVER, OdbcError("42000", "[SQL Server] log ... (9002)"), "No room is left", True),
        (SQLITE, sqlite3.OperationalError("database or disk is full"), "No room is left", True),
        (POSTGRESQL, psycopg.errors.ReadOnlySqlTransaction("x"), "read-only", True),
        (SQL_SERVER, OdbcError("25000", "[SQL Server] ... (3906)"), "read-only", True),
        (SQLITE, sqlite3.OperationalError("attempt to write a readonly database"), "read-only", True),
        (POSTGRESQL, psycopg.errors.InsufficientPrivilege("x"), "may not write or create", True),
        (SQL_SERVER, OdbcError("42000", "[SQL Server] ... (262)"), "may not write or create", True),
        (POSTGRESQL, psycopg.errors.AdminShutdown("x"), "does not answer", False),
        (SQL_SERVER, OdbcError("08S01", "[SQL Server] ..."), "does not answer", False),
        (SQL_SERVER, OdbcError("28000", "[SQL Server] ... (18456)"), "does not accept the login", False),
    ],
)
def test_what_a_driver_complains_about_is_told_with_its_cure(
    url: sa.URL, error: Exception, words: str, lasts: bool
) -> None:
    found = explain(error, url, 30)
    assert words in str(found)
    assert found.hint
    assert "geheim" not in str(found) + found.render("de")
    assert isinstance(found, TransientError)
    assert (fault_of(error, url) in LASTING) == lasts
