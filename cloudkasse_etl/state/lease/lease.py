"""The lease that lets one synchronisation of a company run at a time. It never has to be unlocked by hand.

A holder increments a counter every two seconds. A run that finds the lease held watches whether the counter
moves; it takes over only after watching a counter that does not move, measured by its own monotonic clock, so that
wall clocks that jump or differ have no influence. A holder that was frozen and resumes finds its fencing token
replaced in the very transaction in which it wants to write.
"""

import datetime as dt
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.errors import (
    CloudkasseError,
    LeaseHeldError,
    LeaseLostError,
    StateLockedError,
    StateUnavailableError,
)
from cloudkasse_etl.i18n.text import say, say_count
from cloudkasse_etl.state.database.engine import LEASE_SECONDS, database_errors
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.lease.processes import described, has_ended
from cloudkasse_etl.state.lease.run_words import kind_words, starter_words

BEAT_SECONDS = 2.0
FRESH_SECONDS = 2 * BEAT_SECONDS


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of the lease, as another run reads it."""

    run_id: str
    kind: str
    started_by: str
    since: dt.datetime
    token: int
    beat: int
    beat_at: dt.datetime
    host: str
    process: str

    @property
    def age_seconds(self) -> float:
        """Seconds since the last beat by this machine's clock; negative where the clocks differ."""
        return (dt.datetime.now(dt.UTC) - self.beat_at).total_seconds()

    @property
    def patience_seconds(self) -> float:
        """How long the counter must not move before the lease has run out, as far as the clocks can be trusted."""
        age = LEASE_SECONDS if self.is_gone else min(max(self.age_seconds, 0.0), LEASE_SECONDS)
        return max(LEASE_SECONDS - age, FRESH_SECONDS)

    @property
    def is_gone(self) -> bool:
        """True if the holder's process is known to have ended; False also if that cannot be known."""
        return has_ended(self.process)


class Lease:
    """The right of one run to write.

    Args:
        engine: The engine of our own tables.
        tables: Our own tables.
        company: The company's number.
        run_id: The id under which the lease is taken; the same run may take it again.
        kind: What kind of run it is.
        started_by: Who started it, as text.
    """

    def __init__(
        self, engine: sa.Engine, tables: StateTables, *, company: str, run_id: str, kind: str, started_by: str
    ) -> None:
        self._engine = engine
        self._table = tables.lease
        self._company = company
        self._run_id = run_id
        self._kind = kind
        self._started_by = started_by
        self._token = 0
        self._reentered = False
        self._lost: LeaseLostError | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> LeaseLostError | None:
        """The error that another run took it over, as soon as this is known."""
        return self._lost

    def acquire(self, *, waiting: Callable[[str], None] = lambda message: None) -> None:
        """Takes the lease, or waits for a dead holder's to run out.

        Reading locks nothing and waits for no lock, so that a holder in the middle of a long transaction is reported
        at once.

        Args:
            waiting: Called with a message, once, when the last holder seems to have died and its time must run out.

        Raises:
            LeaseHeldError: Another run holds it and lives, or keeps the database locked.
            StateUnavailableError: The database cannot be reached.
        """
        watched: Holder | None = None
        patience = still_since = 0.0
        while True:
            row = self._read()
            holder = _holder(row) if row else None
            if holder is None or holder.run_id == self._run_id:
                if self._take(row):
                    return
                continue  # another run was quicker
            if watched is None:
                if 0 <= holder.age_seconds < FRESH_SECONDS and not holder.is_gone:
                    raise _held(holder)
                watched, still_since, patience = holder, time.monotonic(), holder.patience_seconds
                waiting(
                    say_count(
                        "The synchronisation {run} seems to have died; its lease runs out in {count} second at the "
                        "latest.",
                        "The synchronisation {run} seems to have died; its lease runs out in {count} seconds at the "
                        "latest.",
                        count=round(patience),
                        run=holder.run_id[:8],
                    )
                )
            elif (holder.token, holder.beat) != (watched.token, watched.beat):
                raise _held(holder)
            elif time.monotonic() - still_since >= patience and self._take(row, dead=holder):
                return
            time.sleep(BEAT_SECONDS / 4)

    def _read(self) -> sa.RowMapping | None:
        with database_errors(self._engine), self._engine.connect().execution_options(read=True) as connection:
            return connection.execute(_row_of(self._table, self._company)).mappings().one_or_none()

    def _take(self, row: sa.RowMapping | None, *, dead: Holder | None = None) -> bool:
        """Takes the lease if it is still as it was read: free, ours, or left by a dead run. False if it is not.

        Raises:
            LeaseHeldError: The run that seems dead keeps the database locked, so it is not dead.
        """
        table = self._table
        now = dt.datetime.now(dt.UTC)
        mine = row is not None and row["run_id"] == self._run_id
        last: int = row["token"] if row else 0
        token = last if mine else last + 1
        values = {
            "token": token,
            "run_id": self._run_id,
            "kind": self._kind,
            "started_by": self._started_by[:200],
            "host": socket.gethostname()[:200],
            "process": described(os.getpid()),
            "acquired_at": row["acquired_at"] if row and mine else now,
            "beat": table.c.beat + 1,
            "beat_at": now,
        }
        # Compared and set in one statement: SQL Server has no SELECT ... FOR UPDATE.
        unchanged = (table.c.company == self._company) & (table.c.token == last)
        if dead is not None:
            unchanged &= (table.c.run_id == dead.run_id) & (table.c.beat == dead.beat)
        else:
            unchanged &= (table.c.run_id == self._run_id) if mine else table.c.run_id.is_(None)
        try:
            with database_errors(self._engine), self._engine.begin() as connection:
                if row:
                    taken = connection.execute(table.update().where(unchanged).values(values)).rowcount == 1
                else:
                    taken = _insert(connection, table, {**values, "company": self._company, "beat": 1})
        except StateLockedError:
            if dead is None or dead.is_gone:
                raise
            raise _held(dead) from None
        if taken:
            self._token, self._reentered, self._lost = token, mine, None
        return taken

    def start_heartbeat(self, *, interrupt: Callable[[], None], cancelled: Callable[[], bool] = lambda: False) -> None:
        """Renews the lease from now on, in a thread.

        Args:
            interrupt: Called once, from the thread, when the lease is lost or the run was cancelled.
            cancelled: Called at each beat; returns whether the run was cancelled.
        """
        self._thread = threading.Thread(
            target=self._keep, args=(interrupt, cancelled), name="cloudkasse-heartbeat", daemon=True
        )
        self._thread.start()

    def _keep(self, interrupt: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            try:
                with database_errors(self._engine), self._engine.begin() as connection:
                    self.fence(connection)
                if cancelled():
                    interrupt()
                    return
            except LeaseLostError:
                interrupt()
                return
            except StateUnavailableError:
                continue  # the run itself gets the same error; if it does not, one beat was missed, which is harmless

    def fence(self, connection: sa.Connection) -> None:
        """Proves in the caller's transaction that this run still holds the lease, and moves its heartbeat.

        The row stays locked until the transaction ends: no other run can take over in between.

        Raises:
            LeaseLostError: Another run took it; the transaction must not be committed.
        """
        table = self._table
        moved = connection.execute(
            table.update()
            .where(table.c.company == self._company, table.c.token == self._token, table.c.run_id == self._run_id)
            .values(beat=table.c.beat + 1, beat_at=dt.datetime.now(dt.UTC))
        )
        if moved.rowcount != 1:
            raise self._lost_to(connection)

    def raise_if_lost(self) -> None:
        """Checks whether another run holds the lease now. Errors of the database are left to the caller.

        Raises:
            LeaseLostError: Another run took it.
        """
        try:
            row = self._read()
        except StateUnavailableError:
            return
        if row is None or (row["token"], row["run_id"]) != (self._token, self._run_id):
            raise self._lost_error(row)

    def _lost_to(self, connection: sa.Connection) -> LeaseLostError:
        return self._lost_error(connection.execute(_row_of(self._table, self._company)).mappings().one_or_none())

    def _lost_error(self, row: sa.RowMapping | None) -> LeaseLostError:
        if row is None:
            text = say("The run {run} lost its lease: somebody removed it from the database.", run=self._run_id[:8])
        elif row["token"] == self._token:
            text = say("The run {run} has given its lease back already.", run=self._run_id[:8])
        else:
            text = say(
                "The run {run} lost its lease: it stood still for too long, and another one took over at {time} "
                "({kind}, started by {who}).",
                run=self._run_id[:8],
                time=_clock(row["acquired_at"]),
                kind=kind_words(row["kind"]),
                who=starter_words(row["started_by"]),
            )
        self._lost = LeaseLostError(text, hint=say("Nothing more was written; the other one does the work."))
        return self._lost

    def release(self) -> None:
        """Releases the lease, if it is still ours and was not taken a second time by the same run.

        Never raises: that would hide why the run ends.
        """
        self.stop_heartbeat()
        if self._reentered:
            return  # it is released by the one that took it first
        table = self._table
        try:
            with database_errors(self._engine), self._engine.begin() as connection:
                connection.execute(
                    table.update()
                    .where(table.c.company == self._company, table.c.token == self._token)
                    .where(table.c.run_id == self._run_id)
                    .values(run_id=None)
                )
        except CloudkasseError:
            return  # it runs out by itself

    def stop_heartbeat(self) -> None:
        """Ends the heartbeat's thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None


def current_holder(engine: sa.Engine, tables: StateTables, company: str) -> Holder | None:
    """The present holder of the company's lease, dead or alive; None where it is free.

    Args:
        engine: The engine of our own tables.
        tables: Our own tables.
        company: The company's number.

    Returns:
        The holder.
    """
    with database_errors(engine), engine.connect().execution_options(read=True) as connection:
        row = connection.execute(_row_of(tables.lease, company)).mappings().one_or_none()
    return _holder(row) if row else None


def is_dead(holder: Holder, engine: sa.Engine, tables: StateTables, company: str) -> bool:
    """Whether a holder's lease has run out; watches it, if necessary, for as long as its lease may last.

    The clocks only shorten the watching: by them alone every run of a machine whose clock is slow would be dead.

    Args:
        holder: The holder as it was read.
        engine: The engine of our own tables.
        tables: Our own tables.
        company: The company's number.

    Returns:
        True if the counter did not move for the time of the lease.
    """
    if holder.is_gone:
        return True
    if 0 <= holder.age_seconds < FRESH_SECONDS:
        return False
    until = time.monotonic() + holder.patience_seconds
    while True:
        now = current_holder(engine, tables, company)
        if now is None or (now.token, now.beat) != (holder.token, holder.beat):
            return False
        if time.monotonic() >= until:
            return True
        time.sleep(BEAT_SECONDS / 4)


def _row_of(table: sa.Table, company: str) -> sa.Select[*tuple[Any, ...]]:
    # SQL Server's readers would wait for a holder's transaction. The row is compared again when the lease is taken.
    return sa.select(table).where(table.c.company == company).with_hint(table, "WITH (READUNCOMMITTED)", "mssql")


def _insert(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> bool:
    try:
        connection.execute(table.insert().values(values))
    except sa.exc.IntegrityError:
        connection.rollback()
        return False  # two first runs ever at the same moment: the other one created the row
    return True


def _holder(row: sa.RowMapping) -> Holder | None:
    if row["run_id"] is None:
        return None
    return Holder(
        run_id=row["run_id"],
        kind=row["kind"],
        started_by=row["started_by"],
        since=row["acquired_at"],
        token=row["token"],
        beat=row["beat"],
        beat_at=row["beat_at"],
        host=row["host"],
        process=row["process"],
    )


def _clock(moment: dt.datetime) -> str:
    return moment.astimezone().strftime("%H:%M:%S")


def _held(holder: Holder) -> LeaseHeldError:
    return LeaseHeldError(
        say(
            "Another synchronisation is running: {run} ({kind}), started by {who} at {time}.",
            run=holder.run_id[:8], time=_clock(holder.since),
            kind=kind_words(holder.kind), who=starter_words(holder.started_by),
        ),
        hint=say("Wait until it has ended, then try again."),
    )  # fmt: skip
