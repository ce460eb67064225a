"""The lease that lets one synchronisation of a company run at a time. Nobody ever unlocks by hand.

A holder moves a counter every two seconds. Who wants the lease and finds it held looks whether the counter
moves; a takeover always follows the watching of a counter that stands still, measured by the watcher's own
monotonic clock, so that wall clocks that jump or differ decide nothing. A holder that was frozen and wakes up
finds its fencing token gone in the very transaction in which it wants to write.
"""

import datetime as dt
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import sqlalchemy as sa

from cloudkasse_etl.errors import CloudkasseError, LeaseHeldError, LeaseLostError, StateUnavailableError
from cloudkasse_etl.state.engine import database_errors
from cloudkasse_etl.state.tables import StateTables
from cloudkasse_etl.wording import say

LEASE_SECONDS = 15.0
BEAT_SECONDS = 2.0
FRESH_SECONDS = 2 * BEAT_SECONDS


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lease, as another one reads it."""

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
        """How long the counter must stand still before the lease has run out, as far as the clocks can be trusted."""
        age = LEASE_SECONDS if self.is_gone else min(max(self.age_seconds, 0.0), LEASE_SECONDS)
        return max(LEASE_SECONDS - age, FRESH_SECONDS)

    @property
    def is_gone(self) -> bool:
        """True where the holder's process is known to have ended; False also where it cannot be known."""
        return self.host == socket.gethostname() and self.process != _process(int(self.process.split("@")[0]))


def _process(pid: int) -> str:
    """A process as `pid@start`: the number alone is given out again."""
    try:
        start = psutil.Process(pid).create_time()
    except psutil.Error:
        return f"{pid}@gone"
    if psutil.LINUX:
        # Linux counts from its start, and psutil adds when that was by today's clock: set the clock, and every process
        # would be another one.
        start -= psutil.boot_time()
    return f"{pid}@{start:.0f}"


class Lease:
    """The right of one run to write.

    Args:
        engine: The engine of our own tables.
        tables: Our own tables.
        company: The company's number.
        run_id: Under which the lease is taken; the same run may take it again.
        kind: What kind of run it is.
        started_by: Who started it, in words.
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
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self, *, waiting: Callable[[str], None] = lambda message: None) -> None:
        """Takes the lease, or waits for a dead holder's to run out.

        Args:
            waiting: Told in words, once, when the last holder seems to have died and its time must run out.

        Raises:
            LeaseHeldError: Another run holds it and lives.
            StateUnavailableError: The database cannot be reached.
        """
        watched: Holder | None = None
        patience = still_since = 0.0
        while True:
            holder = self._take(None)
            if holder is None:
                return
            if watched is None:
                if 0 <= holder.age_seconds < FRESH_SECONDS and not holder.is_gone:
                    raise _held(holder)
                watched, still_since, patience = holder, time.monotonic(), holder.patience_seconds
                waiting(
                    say(
                        "The synchronisation {run} seems to have died; its lease runs out in {seconds:.0f} seconds at "
                        "the latest.",
                        run=holder.run_id[:8],
                        seconds=patience,
                    )
                )
            elif (holder.token, holder.beat) != (watched.token, watched.beat):
                raise _held(holder)
            elif time.monotonic() - still_since >= patience:
                if self._take(watched) is None:
                    return
                watched = None
                continue
            time.sleep(BEAT_SECONDS / 4)

    def _take(self, dead: Holder | None) -> Holder | None:
        """Takes the lease if it is free, ours, or still as `dead` left it; else returns its holder."""
        table = self._table
        now = dt.datetime.now(dt.UTC)
        with database_errors(self._engine):
            try:
                with self._engine.begin() as connection:
                    query = sa.select(table).where(table.c.company == self._company).with_for_update()
                    row = connection.execute(query).mappings().one_or_none()
                    holder = _holder(row) if row else None
                    mine = holder is not None and holder.run_id == self._run_id
                    if holder and not mine and (holder.token, holder.beat) != (dead and (dead.token, dead.beat)):
                        return holder
                    last: int = row["token"] if row else 0
                    token = last if mine else last + 1
                    values = {
                        "token": token,
                        "run_id": self._run_id,
                        "kind": self._kind,
                        "started_by": self._started_by[:200],
                        "host": socket.gethostname()[:200],
                        "process": _process(psutil.Process().pid),
                        "acquired_at": holder.since if holder and mine else now,
                        "beat": (row["beat"] if row else 0) + 1,
                        "beat_at": now,
                    }
                    if row:
                        connection.execute(table.update().where(table.c.company == self._company).values(values))
                    else:
                        connection.execute(table.insert().values(company=self._company, **values))
            except sa.exc.IntegrityError:
                return self._take(dead)  # two first runs ever at the same moment: the other one made the row
        self._token, self._reentered = token, mine
        return None

    def start_heartbeat(self, *, interrupt: Callable[[], None], cancelled: Callable[[], bool] = lambda: False) -> None:
        """Keeps the lease from now on, in a thread.

        Args:
            interrupt: Called once, from the thread, when the lease is lost or the run was cancelled.
            cancelled: Asked at each beat whether somebody cancelled the run.
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
                continue  # the run itself meets the same trouble; if it does not, a beat was missed and no harm done

    def fence(self, connection: sa.Connection) -> None:
        """Proves in the caller's transaction that this run still holds the lease, and moves its heartbeat.

        The row stays locked until the transaction ends: nobody can take over in between.

        Raises:
            LeaseLostError: Somebody else took it; the transaction must not be committed.
        """
        table = self._table
        moved = connection.execute(
            table.update()
            .where(table.c.company == self._company, table.c.token == self._token, table.c.run_id == self._run_id)
            .values(beat=table.c.beat + 1, beat_at=dt.datetime.now(dt.UTC))
        )
        if moved.rowcount != 1:
            raise LeaseLostError(
                say(
                    "The run {run} lost its lease: it stood still for too long, and another run took over.",
                    run=self._run_id[:8],
                ),
                hint=say("Nothing more was written; the other run does the work."),
            )

    def release(self) -> None:
        """Gives the lease back, if it is still ours and was not taken a second time by the same run.

        Never raises: it would hide why the run ends.
        """
        self.stop_heartbeat()
        if self._reentered:
            return  # who took it first gives it back
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
    """Who holds the company's lease now, dead or alive; None where it is free."""
    query = sa.select(tables.lease).where(tables.lease.c.company == company)
    with database_errors(engine), engine.connect().execution_options(read=True) as connection:
        row = connection.execute(query).mappings().one_or_none()
    return _holder(row) if row else None


def is_dead(holder: Holder, engine: sa.Engine, tables: StateTables, company: str) -> bool:
    """Watches a holder, for as long as its lease has left where need be, and tells whether its lease has run out.

    The clocks only shorten the watching: by them alone every run of a machine whose clock is behind would be dead.
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


def _held(holder: Holder) -> LeaseHeldError:
    since = holder.since.astimezone().strftime("%H:%M:%S")
    return LeaseHeldError(
        say(
            "Another synchronisation is running: {run} ({kind}), started by {who} at {since}.",
            run=holder.run_id[:8],
            kind=holder.kind,
            who=holder.started_by,
            since=since,
        ),
        hint=say("Wait until it has ended, then try again."),
    )
