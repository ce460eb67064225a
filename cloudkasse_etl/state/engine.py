"""The engine on which our own tables are written, its transactions, and the move to the current version."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from cloudkasse_etl.errors import ConfigurationError, StateUnavailableError, StateVersionError
from cloudkasse_etl.state.tables import VERSION_TABLE, StateTables, key_text

HEAD = "0004"
BUSY_SECONDS = 30


def state_engine(url: str, *, may_create: bool) -> sa.Engine:
    """An engine for our own tables.

    Args:
        url: SQLAlchemy URL.
        may_create: Whether a SQLite file that is missing may be made. It may not where our tables live
            in the ERP's database: an empty file there would hide that the ERP is gone.

    Raises:
        ConfigurationError: The URL is malformed or its driver is not installed.
        StateUnavailableError: The file is missing and may not be made.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigurationError(
            "The URL of our own tables cannot be understood.",
            hint="Correct CLOUDKASSE_STATE_URL, or CLOUDKASSE_ERP_URL where that one is used.",
        ) from None
    backend = parsed.get_backend_name()
    options: dict[str, Any] = {}
    if backend == "sqlite":
        file = parsed.database
        if file and file != ":memory:" and not file.startswith("file:") and not Path(file).exists():
            if not may_create:
                raise StateUnavailableError(
                    f"The database file {Path(file).absolute()} does not exist.",
                    hint="Correct CLOUDKASSE_ERP_URL, or bring the file back.",
                )
            Path(file).absolute().parent.mkdir(parents=True, exist_ok=True)
        # A connection a thread and none kept: SQLite opens a file in microseconds, and the heartbeat has its own.
        options = {"poolclass": NullPool, "connect_args": {"timeout": BUSY_SECONDS}}
    else:
        options = {"pool_size": 2, "max_overflow": 3, "pool_pre_ping": True, "pool_recycle": 1800}
        if backend == "postgresql":
            options["connect_args"] = {"connect_timeout": 15, "options": f"-c lock_timeout={BUSY_SECONDS}s"}
        elif backend == "mssql":
            options["connect_args"] = {"timeout": 15}
    try:
        engine = sa.create_engine(parsed, **options)
    except ModuleNotFoundError as error:
        extra = {"postgresql": "postgres", "mssql": "mssql"}.get(backend, backend)
        raise ConfigurationError(
            f"The driver '{error.name}' for {backend} is not installed.",
            hint=f"Install it: pip install 'cloudkasse-etl[{extra}]'.",
        ) from error
    except sa.exc.ArgumentError:
        raise ConfigurationError(
            "The URL of our own tables names a database that is not supported.",
            hint="It begins with sqlite://, postgresql+psycopg:// or mssql+pyodbc://.",
        ) from None
    if backend == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_connect)
        sa.event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver would do so only before a write
    cursor = connection.cursor()
    # Readers of the ERP in the same file must not hold up our commits, nor we them.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _sqlite_begin(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later cannot wait for its turn; one that begins as a writer can.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if not connection.get_execution_options().get("read") else "BEGIN")


@contextmanager
def database_errors(engine: sa.Engine) -> Iterator[None]:
    """Translates what the driver says into our errors, without URL or password.

    Raises:
        StateUnavailableError: The database cannot be reached, read or written.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        place = engine.url.database or engine.url.get_backend_name()
        reason = str(error.orig).splitlines()[0][:200] if str(error.orig) else type(error.orig).__name__
        raise StateUnavailableError(
            f"Our own tables in '{place}' cannot be reached or written: {reason}.",
            hint="Look whether the database is up, writable, and has room; the next synchronisation goes on from here.",
        ) from error


def migrate(engine: sa.Engine, tables: StateTables) -> None:
    """Brings our tables to the current version; quick where they are there already.

    Raises:
        ConfigurationError: A schema is set where the database has none.
        StateVersionError: They were written by a newer release.
        StateUnavailableError: The database cannot be reached or written.
    """
    _refuse_schema_on_sqlite(engine, tables)
    with database_errors(engine):
        if _version(engine, tables) == HEAD:
            return
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                upgrade(engine, tables, HEAD)
                return
            except sa.exc.DBAPIError:
                # Two programs that start at once on an empty database: one of them makes the tables.
                if _version(engine, tables) == HEAD:
                    return
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


def version_of(engine: sa.Engine, tables: StateTables) -> str | None:
    """The version of our tables, None where there are none; changes nothing.

    Raises:
        ConfigurationError: A schema is set where the database has none.
        StateVersionError: They were written by a newer release.
        StateUnavailableError: The database cannot be reached.
    """
    _refuse_schema_on_sqlite(engine, tables)
    with database_errors(engine):
        return _version(engine, tables)


def _refuse_schema_on_sqlite(engine: sa.Engine, tables: StateTables) -> None:
    if tables.schema and engine.dialect.name == "sqlite":
        raise ConfigurationError(
            "SQLite has no schemas, but state.schema is set.", hint="Remove state.schema, or use another database."
        )


def check_state(engine: sa.Engine, tables: StateTables) -> None:
    """Looks whether our tables can be reached and are not of a newer release; changes nothing.

    Raises:
        StateVersionError: They were written by a newer release.
        StateUnavailableError: The database cannot be reached.
    """
    with database_errors(engine):
        _version(engine, tables)


def _version(engine: sa.Engine, tables: StateTables) -> str | None:
    versions = sa.table(tables.prefix + VERSION_TABLE, sa.column("version_num"), schema=tables.schema)
    with engine.connect().execution_options(read=True) as connection:
        if not sa.inspect(connection).has_table(versions.name, schema=tables.schema):
            return None
        found = connection.execute(sa.select(versions.c.version_num)).scalar()
    if found is not None and found > HEAD:
        raise StateVersionError(
            f"Our own tables are of version {found}; this program knows them up to {HEAD}.",
            hint="Install the release that wrote them, or a newer one.",
        )
    return str(found) if found is not None else None


def upgrade(engine: sa.Engine, tables: StateTables, revision: str) -> None:
    """Moves our tables forward to a revision, in one transaction where the database can."""
    # imported here: it costs a tenth of a second that only the very first start needs
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "cloudkasse_etl.state:migrations")
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"{tables.schema}.{tables.prefix}")))
            )
        if tables.schema and tables.schema not in sa.inspect(connection).get_schema_names():
            connection.execute(sa.schema.CreateSchema(tables.schema))
        config.attributes.update(
            connection=connection,
            version_table=tables.prefix + VERSION_TABLE,
            schema=tables.schema,
            prefix=tables.prefix,
            key_text=key_text,
        )
        command.upgrade(config, revision)
