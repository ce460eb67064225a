"""The engine of our own tables, its transactions, and the migration to the current version."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import QueuePool

from cloudkasse_etl.databases.engines import new_engine
from cloudkasse_etl.databases.faults import LASTING, fault_of
from cloudkasse_etl.databases.urls import parsed_url, sqlite_path
from cloudkasse_etl.errors import ConfigurationError, StateUnavailableError, StateVersionError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.database.append_only import triggers
from cloudkasse_etl.state.database.column_types import key_text
from cloudkasse_etl.state.database.fixed_columns import fixing
from cloudkasse_etl.state.database.replace_guards import replacing
from cloudkasse_etl.state.database.retention import keeping
from cloudkasse_etl.state.database.state_faults import explain
from cloudkasse_etl.state.database.tables import VERSION_TABLE, StateTables

HEAD = "0025"
BUSY_SECONDS = 30
# How long the lease of a frozen run lasts. A transaction of such a run keeps its locks, which no other run could
# take over; so that is how long the database, if it can, may let it idle.
LEASE_SECONDS = 15.0
# SQLite's cache for each connection, and how large its journal grows until it is written back: enough for the indexes
# of some hundred thousand receipts.
CACHE_KIBIBYTES = 32 * 1024


def state_engine(url: str, *, may_create: bool) -> sa.Engine:
    """An engine for our own tables.

    Args:
        url: SQLAlchemy URL.
        may_create: Whether a missing SQLite file may be created. It may not where our tables are
            in the ERP's database: an empty file there would hide that the ERP is missing.

    Raises:
        ConfigurationError: The URL is malformed or its driver is not installed.
        StateUnavailableError: The file is missing and may not be made.
    """
    address = parsed_state_url(url)
    backend = address.get_backend_name()
    options: dict[str, Any] = {}
    if backend == "sqlite":
        file = sqlite_file(address)
        if file is not None and not file.exists():
            if not may_create:
                raise missing_file(file)
            require_folder(file)
            _make_folder(file.parent)
        # Kept open during a run: the last one to close a file writes its whole journal back, and waits for the disk.
        options = {"poolclass": QueuePool, "connect_args": {"timeout": BUSY_SECONDS}}
    else:
        options = {"pool_size": 2, "max_overflow": 3, "pool_pre_ping": True, "pool_recycle": 1800}
        if backend == "postgresql":
            options["connect_args"] = {
                "connect_timeout": 15,
                "options": f"-c lock_timeout={BUSY_SECONDS}s "
                f"-c idle_in_transaction_session_timeout={LEASE_SECONDS * 1000:.0f}",
                # a server that vanished is noticed in half a minute instead of in a quarter of an hour
                "keepalives_idle": 15,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": BUSY_SECONDS * 1000,
            }
        elif backend == "mssql":
            options["connect_args"] = {"timeout": 15}
    unsupported = ConfigurationError(
        say("The URL of our own tables names a database or an option that is not supported."),
        hint=say("CLOUDKASSE_STATE_URL begins with sqlite:///, postgresql+psycopg:// or mssql+pyodbc://."),
    )
    engine = new_engine(address, unsupported, **options)
    if backend == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_connect)
        sa.event.listen(engine, "begin", _sqlite_begin)
    elif backend == "mssql":
        sa.event.listen(engine, "connect", _mssql_connect)
    return engine


def parsed_state_url(url: str) -> sa.URL:
    """The parts of the URL of our own tables.

    Raises:
        ConfigurationError: It cannot be understood.
    """
    malformed = ConfigurationError(
        say("The URL of our own tables cannot be understood."),
        hint=say("Correct CLOUDKASSE_STATE_URL, or CLOUDKASSE_ERP_URL where that one is used."),
    )
    return parsed_url(url, malformed)


def sqlite_file(url: sa.URL) -> Path | None:
    """The file of our own tables that may be made; None for another database, one in memory, or a `file:` URI."""
    return None if (url.database or "").startswith("file:") else sqlite_path(url)


def require_folder(file: Path) -> None:
    """Refuses a file whose folder is missing and must not be created: a mistyped path must not become a folder.

    Raises:
        StateUnavailableError: The folder's own folder is missing, or nothing can be created there.
    """
    folder = file.parent
    there = folder if folder.exists() else folder.parent
    if not there.exists():
        raise StateUnavailableError(
            say(
                "Our own tables cannot be made in {file}: there is no folder {missing}, nor {folder}.",
                file=str(file), missing=str(folder), folder=str(there),
            ),
            hint=say("Correct CLOUDKASSE_STATE_URL, or make the folder."),
        )  # fmt: skip
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise _unwritable(there)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(folder.parent) from error


def _unwritable(folder: Path) -> StateUnavailableError:
    return StateUnavailableError(
        say("There is no place for our own tables: nothing can be written in {folder}.", folder=str(folder)),
        hint=say("Let this user write there, or let CLOUDKASSE_STATE_URL name another place."),
    )


def missing_file(file: Path) -> StateUnavailableError:
    """The error that the ERP's file with our tables is missing."""
    return StateUnavailableError(
        say("The database file {file} does not exist.", file=str(file.absolute())),
        hint=say("Correct CLOUDKASSE_ERP_URL, or bring the file back."),
    )


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves: the driver would do so only before a write
    cursor = connection.cursor()
    # Readers of the ERP in the same file must not block our commits, and vice versa.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
    # Each page of receipts touches the key's index all over. SQLite would write all that back to its place after each
    # one (1,000 pages of the file), and wait for the disk twice more; each commit is on the disk without that.
    (page_bytes,) = cursor.execute("PRAGMA page_size").fetchone()
    cursor.execute(f"PRAGMA wal_autocheckpoint={CACHE_KIBIBYTES * 1024 // page_bytes}")
    cursor.close()


def _mssql_connect(connection: Any, _record: Any) -> None:
    # Without it, waiting for another program's lock has no time limit.
    cursor = connection.cursor()
    cursor.execute(f"SET LOCK_TIMEOUT {BUSY_SECONDS * 1000}")
    cursor.close()


def _sqlite_begin(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later cannot wait for a lock; one that begins as a writer can.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if not connection.get_execution_options().get("read") else "BEGIN")


@contextmanager
def database_errors(engine: sa.Engine) -> Iterator[None]:
    """Translates the driver's errors into ours, without URL or password.

    Raises:
        StateUnavailableError: The database cannot be reached, read or written.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise explain(error.orig, engine.url, BUSY_SECONDS) from error


def migrate(engine: sa.Engine, tables: StateTables) -> None:
    """Migrates our tables to the current version; quick if they have it already.

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
            except sa.exc.DBAPIError as error:
                if fault_of(error.orig, engine.url) in LASTING:
                    raise
                # Two programs start at once on an empty database: one of them creates the tables.
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
            say("SQLite has no schemas, but state.schema is set."),
            hint=say("Remove state.schema, or use another database."),
        )


def check_state(engine: sa.Engine, tables: StateTables) -> None:
    """Checks whether our tables can be reached and are not of a newer release; changes nothing.

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
            say(
                "Our own tables are of version {found}; this program knows them up to {known}.", found=found, known=HEAD
            ),
            hint=say("Install the release that wrote them, or a newer one."),
        )
    return str(found) if found is not None else None


def upgrade(engine: sa.Engine, tables: StateTables, revision: str) -> None:
    """Migrates our tables to a revision, in one transaction if the database supports that.

    Args:
        engine: The engine of our own tables.
        tables: Our own tables.
        revision: Alembic's name of the revision.
    """
    # imported here: it costs a tenth of a second that only the very first start needs
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "cloudkasse_etl.state:migrations")
    config.set_main_option("recursive_version_locations", "true")
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
            triggers=triggers,
            keeping=keeping,
            replacing=replacing,
            fixing=fixing,
        )
        command.upgrade(config, revision)
