"""What processes do that fight for the lock: each wants the lease, and whoever gets it writes a row a transaction.

The rows lie in a table beside our own ones and are written in the run's own transactions, so that whatever keeps a run
from writing keeps its rows away too. They carry the machine's monotonic clock, which is the same for all processes.
"""

import datetime as dt
import random
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import sqlalchemy as sa

from cloudkasse_etl.config.loading import load
from cloudkasse_etl.errors import CloudkasseError, LeaseHeldError
from cloudkasse_etl.state.database import engine
from cloudkasse_etl.state.lease import lease, processes
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.session import SyncSession, open_session
from tests.support.patience import HANG_SECONDS
from tests.support.processes.forked import patch_for_good

ROWS = 5
_looks = 0
"""How often this process has waited to look at a holder again."""
WRITTEN = sa.Table(
    "written",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Unicode(40), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Manner:
    """How a process behaves.

    Attributes:
        environment: What a shell would export.
        folder: Where it leaves its last words, in a file named by its run.
        busy_seconds: How long it waits for a locked database.
        lease_seconds: After how long a holder that stands still has lost the lease; without an end, unless a test is
            about just that: a holder that the machine is too slow for has not died.
        clock_hours: How far its wall clock is wrong; it jumps back to the right time after its first row.
        is_elsewhere: Whether it is on another machine, whose processes nobody here can look at.
    """

    environment: Mapping[str, str]
    folder: Path
    busy_seconds: int = int(HANG_SECONDS)
    lease_seconds: float = HANG_SECONDS
    clock_hours: float = 0.0
    is_elsewhere: bool = False


def once(manner: Manner, run_id: str, begin: Barrier, may_end: Event) -> None:
    """Tries once; the winner writes half of its rows, waits, and writes the others."""
    _behave(manner)
    begin.wait(HANG_SECONDS)
    with _session(manner, run_id) as session:
        write(session)
        assert may_end.wait(HANG_SECONDS)
        write(session)


def until_it_works(manner: Manner, run_id: str, begin: Barrier) -> None:
    """Tries again and again until it has had its turn."""
    _behave(manner)
    chance = random.Random(run_id)
    begin.wait(HANG_SECONDS)
    while True:
        try:
            with _session(manner, run_id) as session:
                write(session)
            return
        except SystemExit as ended:
            if ended.code != LeaseHeldError.exit_code:
                raise
        time.sleep(chance.uniform(0.02, 0.3))


def until_it_is_stopped(manner: Manner, run_id: str, holds: Event, go_on: Event, inside: bool) -> None:
    """Holds the lease and stands still, between two transactions or in the middle of one, then writes on."""
    _behave(manner)
    with _session(manner, run_id) as session:
        write(session)
        if inside:
            with session.store.connection.transaction() as connection:
                _row(connection, run_id)
                holds.set()
                assert go_on.wait(HANG_SECONDS)
                _row(connection, run_id)
        else:
            holds.set()
            assert go_on.wait(HANG_SECONDS)
        write(session)


def write(session: SyncSession) -> None:
    """Some rows, each in a transaction of its own."""
    for _ in range(ROWS):
        with session.store.connection.transaction() as connection:
            _row(connection, session.run_id)
        _clock_is_wrong_by(0)


def looks(manner: Manner, run_id: str) -> int:
    """How often a process looked at the lease before it got it."""
    return int((manner.folder / f"{run_id}.looks").read_text(encoding="utf-8"))


def last_words(manner: Manner, run_id: str) -> str:
    """What a process said that did not get through."""
    path = manner.folder / run_id
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _row(connection: sa.Connection, run_id: str) -> None:
    connection.execute(WRITTEN.insert().values(run_id=run_id, at=time.monotonic_ns()))


@contextmanager
def _session(manner: Manner, run_id: str) -> Iterator[SyncSession]:
    """A run; it ends the process as a command would, and what a command would print is kept."""
    try:
        with open_session(
            load(manner.environment),
            run_id=run_id,
            kind="all",
            options=SyncOptions(),
            protocol_folder=manner.folder,
            started_by=f"contender {run_id}",
        ) as session:
            (manner.folder / f"{run_id}.looks").write_text(f"{_looks}", encoding="utf-8")
            yield session
    except CloudkasseError as error:
        (manner.folder / run_id).write_text(str(error), encoding="utf-8")
        sys.exit(error.exit_code)


def _behave(manner: Manner) -> None:
    engine.BUSY_SECONDS = manner.busy_seconds
    patch_for_good(engine, LEASE_SECONDS=manner.lease_seconds)
    patch_for_good(lease, LEASE_SECONDS=manner.lease_seconds, time=_Clock(time.monotonic, _look))
    if manner.is_elsewhere:
        processes._place = lambda: "another machine"
    _clock_is_wrong_by(manner.clock_hours)


@dataclass(frozen=True)
class _Clock:
    """What the lease uses of the module `time`."""

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


def _look(seconds: float) -> None:
    global _looks
    _looks += 1
    time.sleep(seconds)


def _clock_is_wrong_by(hours: float) -> None:
    """Sets the wall clock by which the lease is kept; the monotonic one nobody can set."""

    class Wrong(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Wrong":
            return super().now(tz) + dt.timedelta(hours=hours)

    patch_for_good(lease, dt=types.SimpleNamespace(datetime=Wrong, UTC=dt.UTC, timedelta=dt.timedelta))
