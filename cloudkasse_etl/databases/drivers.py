"""Classifies errors of database drivers. The texts for the ERP's database and for our own tables are elsewhere.

SQL Server's texts are in the language of its installation, so only the numbers in them are reliable.
"""

import re

import sqlalchemy as sa

from cloudkasse_etl.i18n.text import Text, say

_UNREACHABLE = ("", "08001", "08S01", "08006", "HYT00", "HYT01", "57P01", "57P03", "53300")


def sqlstate(error: BaseException | None) -> str:
    """The SQLSTATE, five characters, or empty: psycopg has an attribute, pyodbc puts it first into its arguments."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        first = str(next(iter(getattr(error, "args", ())), ""))
        state = first if re.fullmatch(r"[0-9A-Z]{5}", first) else ""
    return str(state)


def is_wrong_login(state: str, text: str) -> bool:
    """Whether user or password were refused."""
    return state.startswith("28") or "password authentication failed" in text or "(18456)" in text


def is_no_database(state: str, text: str) -> bool:
    """Whether the server has no such database, or the login may not open it."""
    return state == "3D000" or "(4060)" in text or re.search(r'database ".*" does not exist', text) is not None


def is_unreachable(state: str) -> bool:
    """Whether there is no answer, or the server is just starting, stopping or full."""
    return state in _UNREACHABLE


def on_host(url: sa.URL, database: Text) -> Text:
    """A database with its host and port, as far as the URL names them."""
    host = url.host or next((h for h in [url.query.get("host")] if isinstance(h, str)), None)
    if not host:
        return database
    return say("{database} on {host}", database=database, host=f"{host}:{url.port}" if url.port else host)
