"""What is wrong with the place of our own tables, for `cloudkasse-etl check`. It makes and writes nothing."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from cloudkasse_etl.databases.engines import sqlite_connection
from cloudkasse_etl.databases.faults import Fault, fault_of
from cloudkasse_etl.errors import CloudkasseError, Problem
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.database.append_only import missing_triggers
from cloudkasse_etl.state.database.engine import (
    HEAD,
    database_errors,
    parsed_state_url,
    require_folder,
    sqlite_file,
    state_engine,
    version_of,
)
from cloudkasse_etl.state.database.state_faults import denied, explain, read_only
from cloudkasse_etl.state.database.tables import StateTables

WHERE = say("own tables")
_PATIENCE_SECONDS = 5


def diagnose(url: str, tables: StateTables) -> list[Problem]:
    """Looks whether our tables can be reached and written, or made.

    Args:
        url: SQLAlchemy URL of the database that is to hold them.
        tables: Our tables.

    Returns:
        All problems; empty where all is well. That a folder would be made is one that is no fault (`is_note`).
    """
    try:
        file = sqlite_file(parsed_state_url(url))
        if file is not None and not file.exists():
            return _missing(file)
        if file is not None:
            _try_to_write(file)
        engine = state_engine(url, may_create=False)
        try:
            version = version_of(engine, tables)
            if engine.dialect.name == "postgresql":
                _require_rights(engine, tables)
            return _unprotected(engine, tables) if version == HEAD else []
        finally:
            engine.dispose()
    except CloudkasseError as error:
        return [Problem(WHERE, error.message, error.hint or "")]


def _unprotected(engine: sa.Engine, tables: StateTables) -> list[Problem]:
    """The tables of which booked rows could be changed, since a trigger was removed or switched off."""
    with database_errors(engine), engine.connect().execution_options(read=True) as connection:
        return [
            Problem(
                WHERE,
                say("Rows of {table} could be changed or deleted: a trigger that refuses it is missing.", table=table),
                say(
                    "Find out who removed it and what was changed since. Then run in that database: {sql}",
                    sql="; ".join(statements) + ";",
                ),
            )
            for table, statements in missing_triggers(connection, tables)
        ]


def _missing(file: Path) -> list[Problem]:
    """What the first run would come upon."""
    folder = file.parent
    require_folder(file)
    if folder.exists():
        return []
    return [
        Problem(
            WHERE,
            say("There is no folder {folder} yet; the first run makes it.", folder=str(folder)),
            say("Look whether CLOUDKASSE_STATE_URL is spelled as you mean it."),
            is_note=True,
        )
    ]


def _try_to_write(file: Path) -> None:
    """Begins as a writer and takes it back: what rights say is not all (a read-only disk, a container's mount)."""
    require_folder(file)  # the journal needs a place beside it
    if not os.access(file, os.W_OK):  # with a journal of the WAL kind SQLite notices only at the first commit
        raise read_only(sa.URL.create("sqlite", database=str(file)))
    try:
        with closing(sqlite_connection(file, "rw", _PATIENCE_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        address = sa.URL.create("sqlite", database=str(file))
        if fault_of(error, address) is Fault.LOCKED:
            return  # another program writes there at this moment
        raise explain(error, address, _PATIENCE_SECONDS) from error


def _require_rights(engine: sa.Engine, tables: StateTables) -> None:
    """Asks PostgreSQL whether the login may write our tables, or create them."""
    with database_errors(engine), engine.connect().execution_options(read=True) as connection:
        quoted = connection.dialect.identifier_preparer.quote

        def may(function: str, name: str, right: str) -> bool:
            return bool(connection.scalar(sa.select(getattr(sa.func, function)(name, right))))

        schema = tables.schema or connection.scalar(sa.select(sa.func.current_schema()))
        if sa.inspect(connection).has_table(tables.lease.name, schema=schema):
            table = f"{quoted(str(schema))}.{quoted(tables.lease.name)}"
            allowed = all(may("has_table_privilege", table, right) for right in ("SELECT", "INSERT", "UPDATE"))
        elif schema in sa.inspect(connection).get_schema_names():
            allowed = may("has_schema_privilege", str(schema), "CREATE")
        else:
            allowed = may("has_database_privilege", str(engine.url.database), "CREATE")
    if not allowed:
        raise denied(engine.url)
