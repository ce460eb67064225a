"""Protects "one synchronisation at a time" from whatever processes do: many at once, killed, frozen, wrong clocks.

Proved by what was written: each holder's rows follow one another, and no other's stand between them.
"""

import datetime as dt
import itertools
import os
import random
import re
import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.pool import NullPool

from cloudkasse_etl.config.loading import load
from cloudkasse_etl.errors import LeaseHeldError, LeaseLostError
from cloudkasse_etl.state.database.engine import LEASE_SECONDS
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.lease.lease import BEAT_SECONDS, FRESH_SECONDS, current_holder
from cloudkasse_etl.sync.inputs.own_tables import watch_lease
from tests.lock.contenders import ROWS, WRITTEN, Manner, last_words, looks, once, until_it_is_stopped, until_it_works
from tests.support import small_erp
from tests.support.databases import fresh_database
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.processes.forked import CONTEXT, end_of, start
from tests.support.torture.torture_figures import LONG, Promise, record

CONTENDERS = 16
ROUNDS = 20 if LONG else 1
TURNS = 64 if LONG else 5
HEIRS = CONTENDERS if LONG else 4
ONLY_LONG = pytest.mark.skipif(not LONG, reason="long form")
# Twice in each second somebody who waits for a lease looks at it.
LOOKS_A_SECOND = 4 / BEAT_SECONDS


@dataclass
class Ring:
    """Where they fight.

    Attributes:
        manner: How a process behaves here that has nothing special about it.
        engine: To look from outside at what was written.
        probe: To look whether it can be written to; it does not wait for long.
        database: Its name, for the figures.
    """

    manner: Manner
    engine: sa.Engine
    probe: sa.Engine
    database: str
    processes: list[BaseProcess] = field(default_factory=list)

    def start(self, target: Any, *arguments: Any, **changes: Any) -> tuple[str, BaseProcess]:
        """A process under a run id of its own; `changes` are to its manner."""
        run_id = str(uuid.uuid4())
        process = start(target, replace(self.manner, **changes), run_id, *arguments)
        self.processes.append(process)
        return run_id, process

    def rows(self) -> list[str]:
        """Whose rows were written, in their order."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(WRITTEN.c.run_id).order_by(WRITTEN.c.number)).scalars())

    def spans(self) -> list[tuple[str, int, int]]:
        """Whose first and last rows were written when, by the clock that all processes share."""
        span = sa.select(WRITTEN.c.run_id, sa.func.min(WRITTEN.c.at), sa.func.max(WRITTEN.c.at))
        with self.engine.connect() as connection:
            return sorted((row[0], row[1], row[2]) for row in connection.execute(span.group_by(WRITTEN.c.run_id)))

    def record(self, points: int, expected: dict[str, int], **more: Any) -> None:
        """Notes the figures: rows that should stand there, by their run, against those that do."""
        found = Counter(self.rows())
        lost, doubled = (Counter(expected) - found).total(), (found - Counter(expected)).total()
        record(Promise.ONE_AT_A_TIME, points, lost, doubled, database=self.database, **more)

    def wait_for_rows(self, run_id: str) -> None:
        """Waits until a run has written its first rows."""
        wait_until(lambda: Counter(self.rows())[run_id] >= ROWS, f"nobody took over: {run_id}")

    def is_writable(self) -> bool:
        """Whether nobody holds the database's lock on the lease."""
        lease = StateTables().lease
        try:
            with self.probe.begin() as connection:
                if self.database == "PostgreSQL":
                    connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
                connection.execute(lease.update().values(host=lease.c.host))
        except sa.exc.OperationalError:
            return False
        return True

    def age(self) -> None:
        """Makes a holder look as if it had stood still for a lease's time already, so that less must be waited for."""
        lease, long_ago = StateTables().lease, dt.datetime.now(dt.UTC) - dt.timedelta(seconds=LEASE_SECONDS)
        with self.engine.begin() as connection:
            connection.execute(lease.update().values(beat_at=long_ago))

    def wait_for_silence(self) -> None:
        """Waits until a holder that stands still has missed a beat: before that it is any living holder."""

        def is_silent() -> bool:
            holder = current_holder(self.engine, StateTables(), "1")
            return holder is not None and holder.age_seconds > FRESH_SECONDS

        wait_until(is_silent, "the holder goes on")

    def turns(self) -> list[tuple[str, int]]:
        """Who wrote how many rows in a row, in order."""
        return [(run_id, len(list(rows))) for run_id, rows in itertools.groupby(self.rows())]


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def empty_ring(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ring]:
    """Made once a database: the tables cost more than a fight."""
    folder = tmp_path_factory.mktemp("ring")
    erp_url = f"sqlite:///{folder / 'erp.db'}"
    sqlite_url = f"sqlite:///{folder / 'own.db'}"
    url = fresh_database(request.getfixturevalue("_postgres")) if request.param == "PostgreSQL" else sqlite_url
    small_erp.build(erp_url, articles=1)
    (folder / "cloudkasse.yaml").write_text(yaml.safe_dump(small_erp.SETTINGS), encoding="utf-8")
    environment = {
        "CLOUDKASSE_ERP_URL": erp_url,
        "CLOUDKASSE_STATE_URL": url,
        "CLOUDKASSE_API_URL": "http://127.0.0.1:9",
        "CLOUDKASSE_API_TOKEN": "unused",
        "CLOUDKASSE_SETTINGS": str(folder / "cloudkasse.yaml"),
    }
    with watch_lease(load(environment)):  # makes our own tables
        pass
    engine, probe = (
        sa.create_engine(
            url, poolclass=NullPool, connect_args={} if request.param == "PostgreSQL" else {"timeout": seconds}
        )
        for seconds in (HANG_SECONDS, 1)
    )
    WRITTEN.metadata.create_all(engine)
    yield Ring(Manner(environment, folder), engine, probe, request.param)
    for opened in (engine, probe):
        opened.dispose()


@pytest.fixture
def ring(empty_ring: Ring) -> Iterator[Ring]:
    empty_ring.processes.clear()
    with empty_ring.engine.begin() as connection:
        for table in (WRITTEN, StateTables().lease):
            connection.execute(table.delete())
    yield empty_ring
    for process in empty_ring.processes:
        with suppress(ValueError):  # it was waited for
            process.kill()
            process.join()


def wrong_clocks(chance: random.Random) -> float:
    """Hours by which a contender's clock is wrong: right, behind or ahead, by as much as a time zone or a minute."""
    return chance.choice([0.0, 0.0, -5.0, 5.0, -1 / 60, 1 / 60])


def sent_away(said: str, winner: str) -> bool:
    """Whether a contender was told who runs, started by whom, and since when."""
    pattern = rf"running: {winner[:8]} \(all\), started by contender {winner} at \d\d:\d\d:\d\d\. Wait until"
    return re.search(pattern, said) is not None


def ends(crowd: dict[str, BaseProcess]) -> dict[str, int]:
    """The exit codes of those that have ended when all have but one."""
    sentinels = {process.sentinel: run_id for run_id, process in crowd.items()}
    codes: dict[str, int] = {}
    while len(sentinels) > 1:
        ended = wait(list(sentinels), HANG_SECONDS)
        assert ended, "more than one goes on"
        codes |= {run_id: end_of(crowd[run_id]) for run_id in (sentinels.pop(int(s)) for s in ended)}  # type: ignore[arg-type]
    return codes


def test_of_16_at_once_one_writes_and_the_others_are_told_who(ring: Ring) -> None:
    chance = random.Random(16)
    told = foreign = missing = 0
    for number in range(ROUNDS):
        begin, may_end = CONTEXT.Barrier(CONTENDERS), CONTEXT.Event()
        crowd = dict(ring.start(once, begin, may_end, clock_hours=wrong_clocks(chance)) for _ in range(CONTENDERS))
        codes = ends(crowd)
        assert set(codes.values()) == {LeaseHeldError.exit_code}
        (winner,) = crowd.keys() - codes.keys()
        may_end.set()
        assert end_of(crowd[winner]) == 0, last_words(ring.manner, winner)
        told += sum(sent_away(last_words(ring.manner, run_id), winner) for run_id in codes)
        rows = Counter(ring.rows()[2 * ROWS * number :])
        missing += 2 * ROWS - rows[winner]
        foreign += rows.total() - rows[winner]
    record(Promise.ONE_AT_A_TIME, ROUNDS * CONTENDERS, missing, foreign, database=ring.database)
    assert (missing, foreign) == (0, 0)
    assert told == ROUNDS * (CONTENDERS - 1)


def test_those_that_try_until_they_had_their_turn_write_one_after_the_other(ring: Ring) -> None:
    begin = CONTEXT.Barrier(TURNS)
    crowd = dict(ring.start(until_it_works, begin) for _ in range(TURNS))
    for run_id, process in crowd.items():
        assert end_of(process) == 0, last_words(ring.manner, run_id)
    turns = ring.turns()
    spans = sorted(ring.spans(), key=lambda span: span[1])
    overlaps = [pair for pair in itertools.pairwise(spans) if pair[0][2] >= pair[1][1]]
    missing = TURNS * ROWS - sum(count for _, count in turns)
    record(Promise.ONE_AT_A_TIME, TURNS, missing, len(overlaps), database=ring.database)
    assert sorted(turns) == sorted((run_id, ROWS) for run_id in crowd)
    assert not overlaps


@pytest.mark.parametrize("is_elsewhere", [False, pytest.param(True, marks=ONLY_LONG)])
@pytest.mark.parametrize("inside", [False, True], ids=["between", "inside"])
def test_a_killed_holder_is_followed_by_another_within_the_time_of_a_lease(
    ring: Ring, inside: bool, is_elsewhere: bool
) -> None:
    """On another machine nobody can look whether its process is there, so that its time must run out."""
    holds, never = CONTEXT.Event(), CONTEXT.Event()
    lease_seconds = LEASE_SECONDS if is_elsewhere else HANG_SECONDS
    dead, process = ring.start(until_it_is_stopped, holds, never, inside, is_elsewhere=is_elsewhere)
    assert holds.wait(HANG_SECONDS)
    begin, may_end = CONTEXT.Barrier(HEIRS + 1), CONTEXT.Event()
    crowd = dict(ring.start(once, begin, may_end, lease_seconds=lease_seconds) for _ in range(HEIRS))
    process.kill()
    assert end_of(process) == -signal.SIGKILL
    killed_at = time.monotonic()
    if is_elsewhere:
        ring.wait_for_silence()
    begin.wait(HANG_SECONDS)
    codes = ends(crowd)
    (winner,) = crowd.keys() - codes.keys()
    may_end.set()
    assert end_of(crowd[winner]) == 0, last_words(ring.manner, winner)
    assert set(codes.values()) == {LeaseHeldError.exit_code}
    turns = ring.turns()
    seconds = next(first for run_id, first, _ in ring.spans() if run_id == winner) / 1e9 - killed_at
    ring.record(1, {dead: ROWS, winner: 2 * ROWS}, seconds=round(seconds, 1))
    assert turns == [(dead, ROWS), (winner, 2 * ROWS)]
    assert looks(ring.manner, winner) <= LOOKS_A_SECOND * (LEASE_SECONDS if is_elsewhere else FRESH_SECONDS) + 1


@contextmanager
def frozen(ring: Ring, *, inside: bool) -> Iterator[tuple[str, BaseProcess, Any]]:
    """A holder that is stopped as a debugger, a laptop's lid or a virtual machine's host stops it."""
    holds, go_on = CONTEXT.Event(), CONTEXT.Event()
    run_id, process = ring.start(until_it_is_stopped, holds, go_on, inside, lease_seconds=LEASE_SECONDS)
    assert holds.wait(HANG_SECONDS)
    os.kill(int(process.pid or 0), signal.SIGSTOP)
    while not inside and not ring.is_writable():  # it was stopped in the middle of a heartbeat
        os.kill(int(process.pid or 0), signal.SIGCONT)
        time.sleep(0.05)
        os.kill(int(process.pid or 0), signal.SIGSTOP)
    yield run_id, process, go_on


def go_on_with(process: BaseProcess, go_on: Any) -> int:
    """Wakes a frozen process and lets it write on; its exit code."""
    os.kill(int(process.pid or 0), signal.SIGCONT)  # first: it may have been stopped while it held the event's own lock
    go_on.set()
    return end_of(process)


@pytest.mark.parametrize(
    "successor_goes_on", [True, pytest.param(False, marks=ONLY_LONG)], ids=["while it runs", "when it has ended"]
)
@pytest.mark.parametrize("inside", [False, True], ids=["between", "inside"])
def test_a_frozen_holder_that_wakes_up_writes_nothing_and_says_who_took_over(
    ring: Ring, inside: bool, successor_goes_on: bool
) -> None:
    if inside and ring.database == "SQLite":
        pytest.skip("nobody can take over from it: see the next test")
    begin, may_end = CONTEXT.Barrier(1), CONTEXT.Event()
    with frozen(ring, inside=inside) as (loser, process, go_on):
        frozen_at = time.monotonic()
        if LONG or inside:
            ring.wait_for_silence()
        else:
            ring.age()
        heir, successor = ring.start(once, begin, may_end, lease_seconds=LEASE_SECONDS)
        ring.wait_for_rows(heir)
        seconds = time.monotonic() - frozen_at
        if not successor_goes_on:
            may_end.set()
            assert end_of(successor) == 0
        code = go_on_with(process, go_on)
    may_end.set()
    if successor_goes_on:
        assert end_of(successor) == 0
    turns = ring.turns()
    ring.record(1, {loser: ROWS, heir: 2 * ROWS}, seconds=round(seconds, 1))
    assert turns == [(loser, ROWS), (heir, 2 * ROWS)]
    assert code == LeaseLostError.exit_code == 20
    said = last_words(ring.manner, loser)
    assert f"The run {loser[:8]} lost its lease" in said
    assert re.search(rf"took over at \d\d:\d\d:\d\d \(all, started by contender {heir}\)", said), said
    assert looks(ring.manner, heir) <= LOOKS_A_SECOND * LEASE_SECONDS + 1


def test_in_one_file_a_holder_frozen_in_a_transaction_keeps_it_and_others_are_told_who(ring: Ring) -> None:
    """SQLite's lock is the operating system's: it ends with the process, so nobody can write, and nothing is lost."""
    if ring.database != "SQLite":
        pytest.skip("a server ends such a transaction")
    begin, may_end = CONTEXT.Barrier(1), CONTEXT.Event()
    with frozen(ring, inside=True) as (holder, process, go_on):
        ring.wait_for_silence()
        refused, contender = ring.start(once, begin, may_end, busy_seconds=1, lease_seconds=LEASE_SECONDS)
        assert end_of(contender) == LeaseHeldError.exit_code
        assert sent_away(last_words(ring.manner, refused), holder)
        assert go_on_with(process, go_on) == 0
    assert ring.turns() == [(holder, 2 * ROWS + 2)]
