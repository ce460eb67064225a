"""The engine that reads the ERP, its read-only transaction, and the translation of driver errors.

The ERP is never written: SQLite is opened read-only, PostgreSQL's transactions are READ ONLY, and on SQL Server, which
has no such mode, there are only SELECTs. Our own tables may be in the same database; they have their own engine.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.databases.engines import new_engine, sqlite_connection
from cloudkasse_etl.databases.faults import Fault, fault_of, sqlstate
from cloudkasse_etl.databases.urls import on_host, parsed_url, sqlite_path
from cloudkasse_etl.erp.selectline.erp_tables import METADATA
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError, ErpSchemaError, ErpUnavailableError
from cloudkasse_etl.i18n.text import Text, say

CONNECT_SECONDS = 15
LOCK_SECONDS = 60

# In each transaction: waiting for a lock is limited, and PostgreSQL writes days in one format.
_PREPARATIONS = {
    "postgresql": (f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'", "SET LOCAL datestyle = 'ISO'"),
    "mssql": (f"SET LOCK_TIMEOUT {LOCK_SECONDS * 1000}",),
}


def erp_engine(url: str, settings: Settings) -> sa.Engine:
    """An engine that reads SelectLine's database; it does not connect yet.

    Args:
        url: SQLAlchemy URL of an SQLite file (a relative path counts from the working directory), of PostgreSQL or
            of SQL Server.
        settings: For the schema of SelectLine's tables.

    Raises:
        ConfigurationError: The URL is malformed, or its driver is not installed.
    """
    malformed = ConfigurationError(
        say("The URL of the ERP's database cannot be understood."),
        hint=say(
            "Write CLOUDKASSE_ERP_URL like mssql+pyodbc://user:password@host:1433/SL_MNAME?driver=...; "
            "special characters in the password as %40 and so on."
        ),
    )
    unsupported = ConfigurationError(
        say("The URL of the ERP's database names a database or an option that is not supported."),
        hint=say("CLOUDKASSE_ERP_URL begins with sqlite:///, postgresql+psycopg:// or mssql+pyodbc://."),
    )
    address = parsed_url(url, malformed)
    backend = address.get_backend_name()
    translate = {"schema_translate_map": {None: settings.erp.db_schema}} if settings.erp.db_schema else {}
    engine = new_engine(
        address,
        unsupported,
        hide_parameters=True,
        execution_options=translate | _transaction_options(backend),
        **_pool(address),
    )
    if backend == "sqlite":
        sa.event.listen(engine, "begin", _sqlite_begin)
    return engine


@contextmanager
def read_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One connection in one read-only transaction: on SQLite and PostgreSQL all its statements see the same snapshot.

    SQL Server reads what is committed at each statement (READ COMMITTED): snapshots are not switched on everywhere.

    Raises:
        ErpUnavailableError: The database cannot be reached.
        ErpSchemaError: A statement names something that is missing or may not be read.
    """
    with driver_errors(engine.url), engine.connect() as connection, connection.begin() as transaction:
        for preparation in _PREPARATIONS.get(engine.dialect.name, ()):
            connection.exec_driver_sql(preparation)
        yield connection
        transaction.rollback()


@contextmanager
def driver_errors(url: sa.URL, table: str | None = None) -> Iterator[None]:
    """Translates what SQLAlchemy and the driver raise; no message holds user, password or URL.

    Args:
        url: The database's, for file, host, port and database name.
        table: The table that is being read, if it is one.

    Raises:
        ErpUnavailableError: Not reachable, wrong password, file missing, or any other failure of the database.
        ErpSchemaError: A table or column is missing, or the login may not read it.
        ConfigurationError: The database driver itself is missing or does not know an option of the URL.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _translated(error.orig, url, table) from error
    except sa.exc.NoSuchTableError as error:
        raise _missing(str(error) or table, url) from error
    except sa.exc.SQLAlchemyError as error:
        raise ErpUnavailableError(
            say("{place} could not be read ({kind}).", place=place(url), kind=type(error).__name__)
        ) from error


def place(url: sa.URL) -> Text:
    """The database as a message may name it: file, or name, host and port."""
    if url.get_backend_name() == "sqlite":
        return say("The ERP's database file {file}", file=str(_file(url)))
    name = say("The ERP's database {name}", name=url.database) if url.database else say("The ERP's database")
    return on_host(url, name)


def _file(url: sa.URL) -> Path:
    path = sqlite_path(url)
    if path is None:
        raise ConfigurationError(
            say("The URL of the ERP's database names no file."),
            hint=say("Write CLOUDKASSE_ERP_URL like sqlite:///erp.db."),
        )
    return path


def _pool(url: sa.URL) -> dict[str, Any]:
    """How connections are made and kept."""
    backend = url.get_backend_name()
    if backend == "sqlite":
        path = _file(url)

        def connect() -> sqlite3.Connection:
            # read-only: a mistyped path must be an error; SQLite would create an empty database there
            return sqlite_connection(path, "ro", LOCK_SECONDS, isolation_level=None, check_same_thread=False)

        return {"poolclass": NullPool, "creator": connect}
    timeout = {"postgresql": "connect_timeout", "mssql": "timeout"}.get(backend)
    arguments: dict[str, Any] = {timeout: CONNECT_SECONDS} if timeout and timeout not in url.query else {}
    if backend == "postgresql" and "application_name" not in url.query:
        arguments["application_name"] = "cloudkasse-etl"
    # one run reads on one connection; a second one is for `check` beside it. Servers and firewalls drop idle ones.
    return {
        "pool_size": 1,
        "max_overflow": 2,
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "connect_args": arguments,
    }


def _transaction_options(backend: str) -> dict[str, Any]:
    if backend == "postgresql":
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {"isolation_level": "READ COMMITTED"} if backend == "mssql" else {}


def _sqlite_begin(connection: sa.Connection) -> None:
    # The driver sends BEGIN before a write only, and there is none: without it each SELECT sees another snapshot.
    connection.exec_driver_sql("BEGIN")


def _translated(error: BaseException | None, url: sa.URL, table: str | None) -> CloudkasseError:
    fault, where = fault_of(error, url), place(url)
    named = table or _named_table(str(error))
    if fault is Fault.DENIED:
        return denied(url, [named] if named else [])
    if fault is Fault.NO_TABLE:
        return _missing(named, url)
    if fault is Fault.NO_COLUMN:
        what = say("table {table}", table=named) if named else say("a table")
        return ErpSchemaError(
            say("{place}: {what} lacks a column.", place=where, what=what),
            hint=say("`cloudkasse-etl check` lists all that is missing."),
        )
    if url.get_backend_name() == "sqlite":
        return _of_a_file(fault, url)
    if fault in (Fault.NO_DRIVER, Fault.WRONG_OPTION):
        return ConfigurationError(
            say(
                "{place}: the database driver that CLOUDKASSE_ERP_URL names is not installed, or an option of the "
                "URL is unknown.",
                place=where,
            ),
            hint=say("Install the ODBC driver and name it: ?driver=ODBC+Driver+18+for+SQL+Server."),
        )
    if fault is Fault.WRONG_LOGIN:
        return ErpUnavailableError(
            say("{place} does not accept the login.", place=where),
            hint=say("Correct user and password in CLOUDKASSE_ERP_URL."),
        )
    if fault is Fault.NO_DATABASE:
        return ErpUnavailableError(
            say("{place} does not exist there, or the login may not open it.", place=where),
            hint=say("Correct the database name in CLOUDKASSE_ERP_URL."),
        )
    if fault is Fault.LOCKED:
        return _locked(url, say("Synchronise again once SelectLine has finished its work."))
    if fault is Fault.REFUSED:
        return ErpUnavailableError(
            say("{place} refuses the login or has no such database.", place=where),
            hint=say("Correct user, password and database name in CLOUDKASSE_ERP_URL."),
        )
    if fault is Fault.UNREACHABLE:
        return ErpUnavailableError(
            say("{place} cannot be reached.", place=where),
            hint=say(
                "Look whether server and network are up, and whether host and port in CLOUDKASSE_ERP_URL are right."
            ),
        )
    return ErpUnavailableError(
        say(
            "{place} answered with error {state} ({kind}).",
            place=where, state=sqlstate(error), kind=type(error).__name__,
        )
    )  # fmt: skip


def _locked(url: sa.URL, hint: Text) -> ErpUnavailableError:
    return ErpUnavailableError(
        say(
            "{place} is locked by somebody else for more than {seconds} seconds.",
            place=place(url), seconds=LOCK_SECONDS,
        ),
        hint=hint,
    )  # fmt: skip


class DeniedError(ErpSchemaError):
    """The login lacks the right SELECT."""


def denied(url: sa.URL, tables: Sequence[str], schema: str | None = None) -> DeniedError:
    """The error of a missing right, with the statement that grants it.

    Args:
        url: The database's.
        tables: All tables that the login may not read; empty where they are not known.
        schema: Their schema, if it is not the default.

    Returns:
        The error, to be raised.
    """
    if len(tables) == 1:
        what = say("table {table}", table=tables[0])
    elif tables:
        what = say("the tables {tables}", tables=", ".join(tables))
    else:
        what = say("a table or its schema")
    return DeniedError(
        say("{place}: the login may not read {what}: it lacks the right SELECT.", place=place(url), what=what),
        hint=say(
            "Let a database administrator grant it: {grant}, for the login that CLOUDKASSE_ERP_URL names.",
            grant=grant(url, tables, schema),
        ),
    )


def grant(url: sa.URL, tables: Sequence[str], schema: str | None = None) -> str:
    """The statement that grants the right, in the database's dialect: names that would be lower-cased are quoted.

    Args:
        url: The database's, for its dialect.
        tables: The tables.
        schema: Their schema, if it is not the default.

    Returns:
        SQL; on SQL Server one statement for each table.
    """
    quote_name = url.get_dialect()().identifier_preparer.quote
    names = [".".join(quote_name(part) for part in (schema, table) if part) for table in tables] or ["..."]
    # SQL Server accepts one table a statement
    lists = [[name] for name in names] if url.get_backend_name() == "mssql" else [names]
    return "; ".join(f"GRANT SELECT ON {', '.join(some)} TO ..." for some in lists)


def _named_table(text: str) -> str | None:
    found = (name for name in METADATA.tables if re.search(rf"(?<![\w]){name}(?![\w])", text))
    return next(found, None)


def _missing(table: str | None, url: sa.URL) -> ErpSchemaError:
    what = say("table {table}", table=table) if table else say("such table or schema")
    return ErpSchemaError(
        say("{place} has no {what} that this login can see.", place=place(url), what=what),
        hint=say(
            "Look whether the URL names the right tenant database and erp.schema the right schema, and whether the "
            "login has the right SELECT."
        ),
    )


def _of_a_file(fault: Fault, url: sa.URL) -> ErpUnavailableError:
    where = place(url)
    if fault is Fault.FOLDER:
        return ErpUnavailableError(
            say("{place} is a folder.", place=where),
            hint=say("Let CLOUDKASSE_ERP_URL name the file in it."),
        )
    if fault is Fault.NOT_OPENED and not _file(url).exists():
        return ErpUnavailableError(
            say("{place} does not exist.", place=where),
            hint=say("Correct CLOUDKASSE_ERP_URL, or bring the file back."),
        )
    if fault is Fault.NOT_OPENED:
        return ErpUnavailableError(
            say("{place} cannot be opened.", place=where), hint=say("Let this user read the file.")
        )
    if fault is Fault.DAMAGED:
        return ErpUnavailableError(
            say("{place} is no SQLite database, or it is damaged.", place=where),
            hint=say("Bring back a good copy of the file."),
        )
    if fault is Fault.LOCKED:
        return _locked(url, say("Synchronise again once the other program has finished."))
    return ErpUnavailableError(
        say("{place} cannot be read.", place=where), hint=say("Look whether the disk is in order.")
    )
