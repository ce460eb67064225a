"""Explains why our own tables cannot be reached or written, in plain words. Opens nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa

from cloudkasse_etl.databases.faults import Fault, fault_of, sqlstate
from cloudkasse_etl.databases.urls import on_host
from cloudkasse_etl.errors import StateLockedError, StateUnavailableError
from cloudkasse_etl.i18n.text import Text, say

_Explained: TypeAlias = tuple[Callable[[Text], Text], Text]


def place(url: sa.URL) -> Text:
    """The database as a message may name it: its file, or its name, host and port."""
    if url.get_backend_name() == "sqlite":
        if not url.database:
            return say("a database in memory")
        return say("the database file {file}", file=str(Path(url.database).absolute()))
    name = say("database {name}", name=url.database) if url.database else say("the database")
    return on_host(url, name)


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
    fault, where = fault_of(error, url), place(url)
    if fault is Fault.READ_ONLY:
        return read_only(url)
    if fault in (Fault.DENIED, Fault.MAY_NOT_CREATE):
        return denied(url)
    if fault is Fault.LOCKED:
        return StateLockedError(
            say(
                "Our own tables in {place} are locked by another program for more than {seconds} seconds.",
                place=where, seconds=busy_seconds,
            ),
            hint=say("Start again once it has finished; the next synchronisation goes on from here."),
        )  # fmt: skip
    if fault is Fault.FOLDER:
        return StateUnavailableError(
            say("Our own tables cannot be reached: {file} is a folder.", file=str(Path(url.database or "").absolute())),
            hint=say("Let CLOUDKASSE_STATE_URL name a file in it."),
        )
    if fault in _EXPLAINED:
        message, hint = _EXPLAINED[fault]
        return StateUnavailableError(message(where), hint=hint)
    if url.get_backend_name() == "sqlite":
        return StateUnavailableError(
            say("Our own tables in {place} cannot be read or written: {reason}.", place=where, reason=str(error)[:200]),
            hint=say("Look whether the disk is in order; the next synchronisation goes on from here."),
        )
    return StateUnavailableError(
        say("Our own tables in {place} cannot be read or written: error {state}.", place=where, state=sqlstate(error)),
        hint=say("Look whether the database is in order; the next synchronisation goes on from here."),
    )


_UNREACHABLE: _Explained = (
    lambda place: say("Our own tables cannot be reached: {place} does not answer.", place=place),
    say(
        "Look whether server and network are up, and whether host and port in CLOUDKASSE_STATE_URL are right; "
        "the next synchronisation goes on from here."
    ),
)
_EXPLAINED: Mapping[Fault, _Explained] = {
    Fault.FULL: (
        lambda place: say("No room is left for our own tables in {place}.", place=place),
        say("Make room there, then start again; what had been accepted by then counts."),
    ),
    Fault.DEADLOCK: (
        lambda place: say(
            "{place} ended a transaction of ours, which blocked another program and was blocked by it.", place=place
        ),
        say("Nothing of it was stored; the next synchronisation goes on from here."),
    ),
    Fault.IDLE_TOO_LONG: (
        lambda place: say("{place} ended a transaction of ours that had stood still for too long.", place=place),
        say("Look whether this computer is overloaded or was asleep; the next synchronisation goes on from here."),
    ),
    Fault.WRONG_LOGIN: (
        lambda place: say("Our own tables cannot be reached: {place} does not accept the login.", place=place),
        say("Correct user and password in CLOUDKASSE_STATE_URL."),
    ),
    Fault.NO_DATABASE: (
        lambda place: say(
            "Our own tables cannot be reached: there is no {place}, or the login may not open it.", place=place
        ),
        say("Correct the database name in CLOUDKASSE_STATE_URL."),
    ),
    Fault.UNREACHABLE: _UNREACHABLE,
    Fault.REFUSED: _UNREACHABLE,
    Fault.WRONG_OPTION: _UNREACHABLE,
    Fault.NOT_OPENED: (
        lambda place: say("Our own tables cannot be reached: {place} cannot be opened.", place=place),
        say("Let this user read and write the file and its folder, or correct CLOUDKASSE_STATE_URL."),
    ),
    Fault.DAMAGED: (
        lambda place: say(
            "Our own tables cannot be read: {place} is no SQLite database, or it is damaged.", place=place
        ),
        say("Bring back a good copy of the file, or correct CLOUDKASSE_STATE_URL."),
    ),
}
"""The message about a place, and what to do."""
