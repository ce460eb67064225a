"""Opens our own tables: for writing, for reading them as they are, or for reading without any trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.errors import StateUnavailableError
from cloudkasse_etl.state.database.engine import check_state, database_errors, migrate, state_engine
from cloudkasse_etl.state.database.reading import untouched_state
from cloudkasse_etl.state.database.tables import StateTables, state_tables


@dataclass(frozen=True)
class Place:
    """The place of a company's state.

    Attributes:
        url: SQLAlchemy URL of the database.
        tables: Our own tables in it.
        is_erps: Whether that database is the ERP's: a missing SQLite file then means that the ERP is gone.
        company: The company's number.
        api_url: The cloud's address.
    """

    url: str
    tables: StateTables
    is_erps: bool
    company: str
    api_url: str


@dataclass(frozen=True)
class OpenTables:
    """Our own tables, opened.

    Attributes:
        place: Their place.
        engine: The database's engine.
        tables: The tables as the engine knows them.
    """

    place: Place
    engine: sa.Engine
    tables: StateTables


def place_of(settings: Settings, connections: Connections) -> Place:
    """The place of our own tables.

    Args:
        settings: For their prefix and schema, and the company.
        connections: For the database's and the cloud's address.
    """
    url = connections.state_url.get_secret_value()
    return Place(
        url,
        state_tables(settings.state.prefix, settings.state.db_schema),
        is_erps=url == connections.erp_url.get_secret_value(),
        company=settings.company.number,
        api_url=settings.till.address(connections.api_url),
    )


@contextmanager
def tables_to_write(place: Place) -> Iterator[OpenTables]:
    """Opens our own tables; they are made or brought to this release's form first.

    Raises:
        ConfigurationError: The URL is malformed, or its driver is not installed.
        StateVersionError: They are of a newer release.
        StateUnavailableError: They cannot be reached or made.
    """
    engine = state_engine(place.url, may_create=not place.is_erps)
    try:
        migrate(engine, place.tables)
        yield OpenTables(place, engine, place.tables)
    finally:
        engine.dispose()


@contextmanager
def tables_to_look_at(place: Place) -> Iterator[OpenTables | None]:
    """Opens our own tables as they are; they are neither made nor migrated.

    Yields:
        None where there are none yet, or only those of an older release.

    Raises:
        ConfigurationError: The URL is malformed, or its driver is not installed.
        StateVersionError: They are of a newer release.
        StateUnavailableError: They cannot be reached.
    """
    try:
        engine = state_engine(place.url, may_create=False)
    except StateUnavailableError:
        if place.is_erps:
            raise
        engine = None  # a file of our own that the first run makes
    if engine is None:
        yield None
        return
    try:
        check_state(engine, place.tables)
        yield OpenTables(place, engine, place.tables) if _are_complete(engine, place.tables) else None
    finally:
        engine.dispose()


@contextmanager
def tables_untouched(place: Place) -> Iterator[OpenTables]:
    """Opens our own tables read-only; a private copy in this release's shape where they are missing or older.

    Raises:
        ConfigurationError: The URL is malformed, or its driver is not installed.
        StateVersionError: They are of a newer release.
        StateUnavailableError: They cannot be reached.
    """
    with untouched_state(place.url, place.tables, may_be_missing=not place.is_erps) as (engine, tables):
        yield OpenTables(place, engine, tables)


def _are_complete(engine: sa.Engine, tables: StateTables) -> bool:
    with database_errors(engine), engine.connect().execution_options(read=True) as connection:
        there = set(sa.inspect(connection).get_table_names(schema=tables.schema))
    return all(table.name in there for table in tables.metadata.tables.values())
