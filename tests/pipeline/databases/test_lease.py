"""Protects "one synchronisation at a time": who holds the lease, who waits, who is refused, who may no longer write."""

import datetime as dt
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from cloudkasse_etl.errors import CloudkasseError, LeaseHeldError, LeaseLostError, StateUnavailableError
from cloudkasse_etl.state.database.engine import migrate, state_engine
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.lease import lease as lease_module
from cloudkasse_etl.state.lease import processes
from cloudkasse_etl.state.lease.lease import Lease, current_holder, is_dead
from cloudkasse_etl.state.lease.processes import described, has_ended
from tests.support.databases import SQL_SERVER
from tests.support.patience import HANG_SECONDS

TABLES = StateTables()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = state_engine(f"sqlite:///{tmp_path / 'state.db'}", may_create=True)
    migrate(engine, TABLES)
    yield engine
    engine.dispose()


def times(monkeypatch: pytest.MonkeyPatch, *, lease: float, beat: float, fresh: float) -> None:
    for name, seconds in (("LEASE_SECONDS", lease), ("BEAT_SECONDS", beat), ("FRESH_SECONDS", fresh)):
        monkeypatch.setattr(lease_module, name, seconds)


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever took the lease in a test is alive to its end, however slow the machine."""
    times(monkeypatch, lease=HANG_SECONDS, beat=0.1, fresh=HANG_SECONDS)


@pytest.fixture
def quick(_unhurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that runs out soon."""
    times(monkeypatch, lease=1.5, beat=0.1, fresh=0.2)


@pytest.fixture
def watching(_unhurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that does not run out, and a holder that must be watched before it is known to live."""
    times(monkeypatch, lease=HANG_SECONDS, beat=0.1, fresh=0.2)


def lease(engine: sa.Engine, run_id: str) -> Lease:
    return Lease(engine, TABLES, company="1", run_id=run_id, kind="all", started_by="a test")


def pretend(engine: sa.Engine, **values: object) -> None:
    """Makes the lease's row look as another machine, or another clock, would have left it."""
    with engine.begin() as connection:
        connection.execute(TABLES.lease.update().values(**values))


def test_a_second_run_is_refused_and_told_who_is_running(engine: sa.Engine) -> None:
    first = lease(engine, "11111111-aaaa")
    first.acquire()
    with pytest.raises(LeaseHeldError, match=r"11111111 \(all\), started by a test at") as caught:
        lease(engine, "22222222-bbbb").acquire()
    assert caught.value.exit_code == 30
    first.release()
    lease(engine, "22222222-bbbb").acquire()


def test_who_is_running_is_told_in_the_language_of_the_shop(engine: sa.Engine) -> None:
    first = Lease(engine, TABLES, company="1", run_id="1" * 8, kind="all", started_by="command line (anna@shop)")
    first.acquire()
    with pytest.raises(LeaseHeldError) as caught:
        lease(engine, "22222222-bbbb").acquire()
    assert "11111111 (alles), gestartet durch Befehlszeile (anna@shop)" in caught.value.render("de")
    first.release()


def test_the_same_run_takes_its_lease_again_and_only_the_first_taker_gives_it_back(engine: sa.Engine) -> None:
    command, run = lease(engine, "r1"), lease(engine, "r1")
    command.acquire()
    run.acquire()
    run.release()
    holder = current_holder(engine, TABLES, "1")
    assert holder is not None
    assert holder.run_id == "r1"
    command.release()
    assert current_holder(engine, TABLES, "1") is None


@pytest.mark.usefixtures("quick")
def test_a_holder_whose_heart_stopped_is_taken_over_without_a_hand(engine: sa.Engine) -> None:
    dead = lease(engine, "dead")
    dead.acquire()
    pretend(engine, process="1@0@elsewhere")  # so that its process cannot be looked at
    time.sleep(0.3)
    told: list[str] = []
    started = time.monotonic()
    successor = lease(engine, "next")
    successor.acquire(waiting=told.append)
    assert time.monotonic() - started >= 0.2
    assert len(told) == 1
    with pytest.raises(LeaseLostError), engine.begin() as connection:
        dead.fence(connection)
    with engine.begin() as connection:
        successor.fence(connection)


@pytest.mark.usefixtures("watching")
def test_a_holder_whose_process_has_ended_is_taken_over_before_its_lease_runs_out(engine: sa.Engine) -> None:
    lease(engine, "dead").acquire()
    pretend(engine, process=described(os.getpid()).replace("@", "@1", 1))
    started = time.monotonic()
    lease(engine, "next").acquire()
    assert time.monotonic() - started < HANG_SECONDS


@pytest.mark.usefixtures("watching")
@pytest.mark.parametrize("hours", [-5, 5])
def test_a_living_holder_is_left_alone_however_wrong_the_clock_is(engine: sa.Engine, hours: int) -> None:
    living = lease(engine, "living")
    living.acquire()
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(0.1):
            with engine.begin() as connection:
                living.fence(connection)
            pretend(engine, beat_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours))

    pretend(engine, beat_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours))
    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(LeaseHeldError):
            lease(engine, "next").acquire()
    finally:
        stop.set()
        thread.join()


@pytest.mark.usefixtures("watching")
@pytest.mark.parametrize("hours", [-5, 5])
def test_a_living_holder_is_not_taken_for_dead_however_wrong_the_clock_is(
    engine: sa.Engine, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    living = lease(engine, "living")
    living.acquire()
    living.start_heartbeat(interrupt=lambda: None)
    try:
        pretend(engine, beat_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours))
        holder = current_holder(engine, TABLES, "1")
        assert holder is not None
        assert not is_dead(holder, engine, TABLES, "1")
    finally:
        living.stop_heartbeat()
    times(monkeypatch, lease=1.5, beat=0.1, fresh=0.2)
    pretend(engine, beat_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours))
    holder = current_holder(engine, TABLES, "1")
    assert holder is not None
    assert is_dead(holder, engine, TABLES, "1")  # its heart has stopped, whatever the clock says


def test_a_clock_that_is_set_does_not_make_a_living_process_another_one(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease(engine, "living").acquire()
    jumped = psutil.boot_time() + 3600
    # what psutil reads of the system once somebody has set its clock
    monkeypatch.setattr("psutil._psplatform.boot_time", lambda: jumped)
    monkeypatch.setattr(psutil, "boot_time", lambda: jumped)
    holder = current_holder(engine, TABLES, "1")
    assert holder is not None
    assert not holder.is_gone


def test_a_holder_in_a_container_of_its_own_is_not_dead_because_its_number_is_unknown_here(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease(engine, "in a container").acquire()
    (tmp_path / "ns").symlink_to("pid:[4026539999]")  # another container on this machine, with this one's host name
    monkeypatch.setattr(processes, "_NAMESPACE", tmp_path / "ns")
    monkeypatch.setattr(psutil, "Process", lambda pid: pytest.fail("looked for another container's process"))
    holder = current_holder(engine, TABLES, "1")
    assert holder is not None
    assert not holder.is_gone


@pytest.mark.parametrize("written", ["1", "1@0", "1@gone", "x@0@place", "", "@@"])
def test_what_an_older_release_wrote_of_its_process_is_not_taken_for_death(written: str) -> None:
    assert not has_ended(written)


def test_a_process_that_ended_is_known_to_have_even_if_nobody_has_waited_for_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    written = described(child.pid)
    assert not has_ended(written)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
    assert has_ended(written)
    child.communicate()
    assert has_ended(written)


def test_on_sql_server_looking_waits_for_no_lock() -> None:
    assert "WITH (READUNCOMMITTED)" in str(lease_module._row_of(TABLES.lease, "1").compile(dialect=SQL_SERVER))


@pytest.mark.usefixtures("quick")
def test_a_holder_that_lost_its_lease_is_interrupted_by_its_heartbeat(engine: sa.Engine) -> None:
    holder = lease(engine, "holder")
    holder.acquire()
    interrupted = threading.Event()
    holder.start_heartbeat(interrupt=interrupted.set)
    pretend(engine, run_id="thief", token=99)
    assert interrupted.wait(HANG_SECONDS)
    holder.release()
    thief = current_holder(engine, TABLES, "1")
    assert thief is not None
    assert thief.run_id == "thief"


@pytest.mark.usefixtures("quick")
def test_a_cancelled_run_is_interrupted_by_its_heartbeat(engine: sa.Engine) -> None:
    holder = lease(engine, "holder")
    holder.acquire()
    interrupted = threading.Event()
    holder.start_heartbeat(interrupt=interrupted.set, cancelled=lambda: True)
    assert interrupted.wait(HANG_SECONDS)
    holder.release()


def test_of_many_that_want_it_at_once_exactly_one_gets_it(engine: sa.Engine) -> None:
    won: list[int] = []
    refused: list[int] = []
    barrier = threading.Barrier(8)

    def run(number: int) -> None:
        barrier.wait()
        try:
            lease(engine, f"run{number}").acquire()
            won.append(number)
        except LeaseHeldError:
            refused.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(refused) == 7


def test_companies_do_not_hold_each_other_up(engine: sa.Engine) -> None:
    lease(engine, "r1").acquire()
    Lease(engine, TABLES, company="2", run_id="r2", kind="all", started_by="x").acquire()


def test_a_missing_database_is_not_made_where_the_erp_should_be(tmp_path: Path) -> None:
    with pytest.raises(StateUnavailableError, match="does not exist"):
        state_engine(f"sqlite:///{tmp_path / 'erp.db'}", may_create=False)
    assert not (tmp_path / "erp.db").exists()


def test_programs_that_start_at_once_on_an_empty_database_all_find_the_tables(tmp_path: Path) -> None:
    engines = [state_engine(f"sqlite:///{tmp_path / 'new.db'}", may_create=True) for _ in range(4)]
    failures: list[CloudkasseError] = []

    def start(engine: sa.Engine) -> None:
        try:
            migrate(engine, TABLES)
        except CloudkasseError as error:
            failures.append(error)

    threads = [threading.Thread(target=start, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    assert failures == []


def test_the_tables_that_the_migrations_make_are_the_ones_that_the_program_knows(engine: sa.Engine) -> None:
    inspector = sa.inspect(engine)
    for table in TABLES.metadata.tables.values():
        found = {column["name"]: column for column in inspector.get_columns(table.name)}
        assert list(found) == [column.name for column in table.columns]
        assert {name for name, column in found.items() if not column["nullable"]} == {
            column.name for column in table.columns if not column.nullable
        }
        assert inspector.get_pk_constraint(table.name)["constrained_columns"] == [
            column.name for column in table.primary_key
        ]
