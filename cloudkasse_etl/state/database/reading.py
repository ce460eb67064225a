"""Opens our own tables for readers that must not change anything: read-only, and never migrated.

Where they are not there yet, or are of an older release, a private copy in this release's shape takes their place. It
lies in a temporary file without a name, which SQLite keeps in memory while it is small, and goes with the process.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool, StaticPool

from cloudkasse_etl.databases.engines import sqlite_connection
from cloudkasse_etl.state.database.engine import (
    BUSY_SECONDS,
    HEAD,
    database_errors,
    missing_file,
    parsed_state_url,
    sqlite_file,
    state_engine,
    version_of,
)
from cloudkasse_etl.state.database.tables import StateTables

_ROWS = 1_000
_TIDYING_SECONDS = 5
_SIDE_FILES = ("-wal", "-shm")


@contextmanager
def untouched_state(url: str, tables: StateTables, *, may_be_missing: bool) -> Iterator[tuple[sa.Engine, StateTables]]:
    """An engine for reading our own tables, and their definition for it.

    Args:
        url: SQLAlchemy URL.
        tables: Our own tables.
        may_be_missing: Whether a missing SQLite file means that there is no state yet. It does not if our tables
            are in the ERP's database: then the ERP is missing.

    Yields:
        The engine and the tables.

    Raises:
        ConfigurationError: The URL is malformed, or its driver is not installed.
        StateVersionError: The tables are of a newer release.
        StateUnavailableError: The database cannot be reached.
    """
    with ExitStack() as resources:
        file = sqlite_file(parsed_state_url(url))
        if file is not None and not file.exists():
            if not may_be_missing:
                raise missing_file(file)
            yield resources.enter_context(_private_copy(None, tables))
            return
        if file is not None:
            resources.enter_context(_tidied(file))
        engine = _reading_engine(url, file)
        resources.callback(engine.dispose)
        if version_of(engine, tables) == HEAD:
            yield engine, tables
        else:
            yield resources.enter_context(_private_copy(engine, tables))


def _reading_engine(url: str, file: Path | None) -> sa.Engine:
    if file is not None:

        def connect() -> sqlite3.Connection:
            # whatever happens, nothing is written, and the journal's mode stays as it is
            return sqlite_connection(file, "ro", BUSY_SECONDS, check_same_thread=False)

        named = sa.URL.create("sqlite", database=str(file.absolute()))
        return sa.create_engine(named, creator=connect, poolclass=NullPool)
    engine = state_engine(url, may_create=False)
    if engine.dialect.name == "postgresql":
        return engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
    return engine


@contextmanager
def _tidied(file: Path) -> Iterator[None]:
    """Takes away the empty files that a read-only connection to a WAL database makes beside it and cannot remove."""
    sides = [file.with_name(file.name + ending) for ending in _SIDE_FILES]
    before = any(side.exists() for side in sides)
    try:
        yield
    finally:
        if not before and any(side.exists() for side in sides):
            # the last writer to close removes them; this one writes nothing
            with suppress(sqlite3.Error):
                connection = sqlite_connection(file, "rw", _TIDYING_SECONDS)
                try:
                    connection.execute("PRAGMA query_only=ON")
                    connection.execute("SELECT count(*) FROM sqlite_master")
                finally:
                    connection.close()


@contextmanager
def _private_copy(source: sa.Engine | None, tables: StateTables) -> Iterator[tuple[sa.Engine, StateTables]]:
    """A copy in memory: this release's tables with the content of an older release's; empty if there are none."""
    mine = StateTables(tables.prefix)
    for table in mine.metadata.tables.values():
        for column in table.columns:
            column.nullable = column.nullable or not column.primary_key  # an older release may not have it
    engine = sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect("", check_same_thread=False), poolclass=StaticPool
    )
    try:
        mine.metadata.create_all(engine)
        if source is not None:
            with database_errors(source):
                _copy(source, engine, tables, mine)
        yield engine, mine
    finally:
        engine.dispose()


def _copy(source: sa.Engine, target: sa.Engine, tables: StateTables, mine: StateTables) -> None:
    with source.connect().execution_options(read=True) as reading, target.begin() as writing:
        inspector = sa.inspect(reading)
        there = set(inspector.get_table_names(schema=tables.schema))
        for table in tables.metadata.tables.values():
            if table.name not in there:
                continue
            known = {column["name"] for column in inspector.get_columns(table.name, schema=tables.schema)}
            columns = [column for column in table.columns if column.name in known]
            rows = reading.execute(sa.select(*columns), execution_options={"yield_per": _ROWS})
            for part in rows.mappings().partitions():
                writing.execute(mine.metadata.tables[table.name].insert(), [dict(row) for row in part])
