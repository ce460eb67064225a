"""Reads the URLs of databases, and names them in messages without user and password."""

from pathlib import Path

import sqlalchemy as sa

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import Text, say


def parsed_url(url: str, malformed: ConfigurationError) -> sa.URL:
    """A URL's parts.

    Args:
        url: SQLAlchemy URL.
        malformed: Raised where it cannot be understood or names no database that SQLAlchemy knows of.

    Raises:
        ConfigurationError: Without its cause, which might quote the URL and with it the password.
    """
    try:
        found = sa.make_url(url)
        found.get_backend_name()
    except (sa.exc.ArgumentError, ValueError):
        raise malformed from None
    return found


def sqlite_path(url: sa.URL) -> Path | None:
    """The file of an SQLite URL, absolute; None for another database, or one in memory."""
    file = url.database or ""
    if file.startswith("file:"):
        file = file.removeprefix("file:").partition("?")[0]
        file = f"/{file.lstrip('/')}" if file.startswith("/") else file
    if url.get_backend_name() != "sqlite" or file in ("", ":memory:"):
        return None
    return Path(file).absolute()


def on_host(url: sa.URL, database: Text) -> Text:
    """A database with its host and port, as far as the URL names them."""
    host = url.host or next((h for h in [url.query.get("host")] if isinstance(h, str)), None)
    if not host:
        return database
    return say("{database} on {host}", database=database, host=f"{host}:{url.port}" if url.port else host)
