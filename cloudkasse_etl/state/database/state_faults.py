"""Explains why our own tables cannot be reached or written, in plain words. Knows drivers; opens nothing."""

import errno
import re
from pathlib import Path

import sqlalchemy as sa

from cloudkasse_etl.databases.drivers import is_no_database, is_unreachable, is_wrong_login, on_host, sqlstate
from cloudkasse_etl.errors import StateLockedError, StateUnavailableError
from cloudkasse_etl.i18n.text import Text, say

FULL_HINT = say("Make room there, then start again; what had been accepted by then counts.")


def place(url: sa.URL) -> Text:
    """The database as a message may name it: its file, or its name, host and port."""
    if url.get_backend_name() == "sqlite":
        if not url.database:
            return say("a database in memory")
        return say("the database file {file}", file=str(Path(url.database).absolute()))
    name = say("database {name}", name=url.database) if url.database else say("the database")
    return on_host(url, name)


def is_full(error: BaseException | None) -> bool:
    """Whether a disk, quota or database has no room left."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    # SQLite's words; PostgreSQL's state for a full disk; SQL Server's numbers for a full database or log
    text, state = str(error), sqlstate(error)
    return state == "53100" or re.search(r"database or disk is full|\((1105|9002)\)", text) is not None


def is_lasting(error: BaseException | None) -> bool:
    """Whether another try cannot help before a person has changed something."""
    return is_full(error) or _is_read_only(error) or _is_denied(error)


def _is_read_only(error: BaseException | None) -> bool:
    text = str(error)
    return "readonly database" in text or sqlstate(error) == "25006" or "(3906)" in text


def _is_denied(error: BaseException | None) -> bool:
    return sqlstate(error) == "42501" or re.search(r"\((229|230|262|2760)\)", str(error)) is not None


def read_only(url: sa.URL) -> StateUnavailableError:
    """The error of a place that this user cannot write to."""
    return StateUnavailableError(
        say("Our own tables in {place} cannot be written: it is read-only.", place=place(url)),
        hint=say("Let this user write there, or let CLOUDKASSE_STATE_URL name another database."),
    )


def denied(url: sa.URL) -> StateUnavailableError:
    """The error of a login that lacks a right."""
    return StateUnavailableError(
        say("The login may not write or create our own tables in {place}.", place=place(url)),
        hint=say(
            "Let a database administrator grant it the right to create tables (in state.schema, where it is set), "
            "or let CLOUDKASSE_STATE_URL name another database."
        ),
    )


def explain(error: BaseException | None, url: sa.URL, busy_seconds: int) -> StateUnavailableError:
    """Translates a driver's error into ours, without URL, user or password.

    Args:
        error: What the driver raised.
        url: The database's.
        busy_seconds: How long other programs' locks were waited for.

    Returns:
        The error to raise.
    """
    where, text, state = place(url), str(error), sqlstate(error)
    if is_full(error):
        return StateUnavailableError(say("No room is left for our own tables in {place}.", place=where), hint=FULL_HINT)
    if _is_read_only(error):
        return read_only(url)
    if _is_denied(error):
        return denied(url)
    if " is locked" in text or state == "55P03" or "(1222)" in text:
        return StateLockedError(
            say(
                "Our own tables in {place} are locked by another program for more than {seconds} seconds.",
                place=where, seconds=busy_seconds,
            ),
            hint=say("Start again once it has finished; the next synchronisation goes on from here."),
        )  # fmt: skip
    if url.get_backend_name() == "sqlite":
        return _sqlite(text, url, where)
    if state in ("40P01", "40001") or "(1205)" in text:
        return StateUnavailableError(
            say(
                "{place} ended a transaction of ours, which blocked another program and was blocked by it.", place=where
            ),
            hint=say("Nothing of it was stored; the next synchronisation goes on from here."),
        )
    if state == "25P03":
        return StateUnavailableError(
            say("{place} ended a transaction of ours that had stood still for too long.", place=where),
            hint=say(
                "Look whether this computer is overloaded or was asleep; the next synchronisation goes on from here."
            ),
        )
    if is_wrong_login(state, text):
        return StateUnavailableError(
            say("Our own tables cannot be reached: {place} does not accept the login.", place=where),
            hint=say("Correct user and password in CLOUDKASSE_STATE_URL."),
        )
    if is_no_database(state, text):
        return StateUnavailableError(
            say("Our own tables cannot be reached: there is no {place}, or the login may not open it.", place=where),
            hint=say("Correct the database name in CLOUDKASSE_STATE_URL."),
        )
    if is_unreachable(state):
        return StateUnavailableError(
            say("Our own tables cannot be reached: {place} does not answer.", place=where),
            hint=say(
                "Look whether server and network are up, and whether host and port in CLOUDKASSE_STATE_URL are right; "
                "the next synchronisation goes on from here."
            ),
        )
    return StateUnavailableError(
        say("Our own tables in {place} cannot be read or written: error {state}.", place=where, state=state),
        hint=say("Look whether the database is in order; the next synchronisation goes on from here."),
    )


def _sqlite(text: str, url: sa.URL, where: Text) -> StateUnavailableError:
    if Path(url.database or "").is_dir():
        return StateUnavailableError(
            say("Our own tables cannot be reached: {file} is a folder.", file=str(Path(url.database or "").absolute())),
            hint=say("Let CLOUDKASSE_STATE_URL name a file in it."),
        )
    if "unable to open" in text:
        return StateUnavailableError(
            say("Our own tables cannot be reached: {place} cannot be opened.", place=where),
            hint=say("Let this user read and write the file and its folder, or correct CLOUDKASSE_STATE_URL."),
        )
    if "not a database" in text or "malformed" in text:
        return StateUnavailableError(
            say("Our own tables cannot be read: {place} is no SQLite database, or it is damaged.", place=where),
            hint=say("Bring back a good copy of the file, or correct CLOUDKASSE_STATE_URL."),
        )
    return StateUnavailableError(
        say("Our own tables in {place} cannot be read or written: {reason}.", place=where, reason=text[:200]),
        hint=say("Look whether the disk is in order; the next synchronisation goes on from here."),
    )
