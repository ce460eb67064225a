"""Creates engines, for the ERP's database and for our own; options and transactions are defined there."""

import sqlite3
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import sqlalchemy as sa

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say

_EXTRAS = {"postgresql": "postgres", "mssql": "mssql"}


def new_engine(url: sa.URL, unsupported: ConfigurationError, **options: Any) -> sa.Engine:
    """An engine that has not connected yet.

    Args:
        url: The database's.
        unsupported: Raised where SQLAlchemy does not know the database, or an option.
        options: As `create_engine` takes them.

    Returns:
        The engine.

    Raises:
        ConfigurationError: The driver is not installed, or `unsupported`.
    """
    try:
        return sa.create_engine(url, **options)
    except ModuleNotFoundError as error:
        raise _driver_missing(error.name, url.get_backend_name()) from error
    except (sa.exc.SQLAlchemyError, TypeError, ValueError):
        raise unsupported from None


def sqlite_connection(
    file: Path, mode: Literal["ro", "rw"], timeout_seconds: float, **options: Any
) -> sqlite3.Connection:
    """A connection to a SQLite file that is there: one that is missing is not made.

    Args:
        file: Its path.
        mode: `ro`: whatever happens, nothing is written.
        timeout_seconds: How long others' locks are waited for.
        options: As `sqlite3.connect` takes them.

    Returns:
        The connection, to be closed by the caller.
    """
    found: sqlite3.Connection = sqlite3.connect(
        f"file:{quote(str(file.absolute()))}?mode={mode}", uri=True, timeout=timeout_seconds, **options
    )
    return found


def _driver_missing(name: str | None, backend: str) -> ConfigurationError:
    extra = _EXTRAS.get(backend)
    return ConfigurationError(
        say("The driver '{name}' for {backend} is not installed.", name=name, backend=backend),
        hint=say("Install it, in the project's folder: pip install -e '.[{extra}]'", extra=extra)
        if extra
        else say("Use another driver in the URL."),
    )
