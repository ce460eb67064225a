"""On which database the tests' shops lie: a file of SQLite, or with TEST_DATABASE=postgresql a real server's database.

A test names its ERP by a file's URL in either case; where it lies in truth, `place` tells.
"""

import os
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from sqlalchemy.pool import NullPool

ON_POSTGRESQL = os.environ.get("TEST_DATABASE") == "postgresql"
# Its dialect without its driver, which is not installed here.
SQL_SERVER: sa.Dialect = sa.make_url("mssql+pyodbc://").get_dialect()()
CHOOSES_ITSELF = pytest.mark.skipif(ON_POSTGRESQL, reason="says itself on which databases it runs")
ONLY_SQLITE = pytest.mark.skipif(ON_POSTGRESQL, reason="PostgreSQL takes no such value, or has no file to move")
_SKIPPED = "looks into SQLite's own file"

_fresh: list[Callable[[], str]] = []
_places: dict[str, str] = {}


def use(fresh: Callable[[], str]) -> None:
    """Lets the shops of this process lie where `fresh` makes databases."""
    _fresh[:] = [fresh]


def made(url: str) -> str:
    """An empty database for an ERP that is named by a file's URL; the URL itself where files are used."""
    if not (_fresh and url.startswith("sqlite")):
        return url
    _places[url] = _fresh[0]()
    return _places[url]


def place(url: str) -> str:
    """Where an ERP lies."""
    return _places.get(url, url)


def only_in_a_file(url: str) -> None:
    """Skips a test that is about SQLite's file, where the shop lies in none."""
    if not url.startswith("sqlite"):
        pytest.skip(_SKIPPED)


def spoken(statement: str, url: str) -> str:
    """A statement as the database understands it: PostgreSQL keeps small and large letters only of what is quoted."""
    if url not in _places.values():
        return statement
    found = sqlglot.transpile(statement, read="sqlite", write="postgres", identify=True)[0]
    return re.sub(r"%\((\w+)\)s", r":\1", found)  # parameters as SQLAlchemy has them


class Template:
    """A database that tests are to start from, each with a copy under the same name: another ERP is read in full."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        self._kept = f"{self._url.database}_kept"

    def keep(self) -> None:
        """Puts the database aside as it is."""
        clone(self._url, str(self._url.database), self._kept)

    def copy(self) -> None:
        """Makes the database as it was kept."""
        clone(self._url, self._kept, str(self._url.database))


def clone(url: str | sa.URL, source: str, name: str) -> None:
    """Makes a database what another one on the same PostgreSQL is; nobody may be using either."""
    server = sa.make_url(url).set(database="postgres")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    engine.dispose()


def fresh_database(server: Any) -> str:
    """A new database on a PostgreSQL server of ours, as a URL."""
    name = f"t{uuid.uuid4().hex}"
    engine = sa.create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return str(server.get_uri(database=name, driver="psycopg"))
