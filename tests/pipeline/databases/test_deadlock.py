"""Protects our own tables from a program that wants the same rows in another order: a real deadlock on PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from cloudkasse_etl.errors import StateUnavailableError
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.lease import lease
from cloudkasse_etl.sync.run.report import Outcome
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.worlds import World, by_asset

TABLES = StateTables()
IS_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = :pid"


@pytest.fixture(autouse=True)
def _tables_on_postgresql(world: World, postgres_url: str) -> None:
    world.state_url = postgres_url


@contextmanager
def another_program(url: str) -> Iterator[sa.Connection]:
    """A program that sits on the articles' records, and never is the one that a deadlock ends."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET deadlock_timeout = '1h'")
        connection.commit()  # else it would be taken back
        records = TABLES.synced_record
        connection.execute(records.update().where(records.c.entity == "articles").values(run_id="another's"))
        yield connection
        connection.rollback()
    engine.dispose()


@contextmanager
def stopping_before_the_records(world: World, goes_on: Callable[[], None]) -> Iterator[None]:
    """Stops a synchronisation where it holds its lease's row and is about to write the records."""

    def stop(_: Any, __: Any, statement: str, *___: Any) -> None:
        if TABLES.synced_record.name in statement and not statement.startswith("SELECT"):
            goes_on()

    sa.event.listen(sa.Engine, "before_cursor_execute", stop)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", stop)


def test_a_deadlock_ends_the_run_in_words_and_the_next_one_loses_and_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "BEAT_SECONDS", HANG_SECONDS)  # else a waiting heartbeat might be what is ended
    world.sync(allow_retire=True)
    world.erp("UPDATE ART SET Bezeichnung = 'Neu' WHERE Artikelnummer = 'A4'")
    watcher = sa.create_engine(world.state_url, poolclass=NullPool)
    failed: list[BaseException] = []

    def synchronise() -> None:
        try:
            world.sync()
        except StateUnavailableError as error:
            failed.append(error)

    def wait_for_the_other() -> None:
        # the first time only: then the other one waits, and who comes to wait last is the one that is ended
        if threading.current_thread() is run and not is_there.is_set():
            is_there.set()
            wait_until(is_waiting, "the other program does not wait for the synchronisation's row")

    def is_waiting() -> bool:
        with watcher.connect() as connection:
            return bool(connection.execute(sa.text(IS_WAITING), {"pid": pid}).scalar_one())

    is_there = threading.Event()
    run = threading.Thread(target=synchronise)
    with another_program(world.state_url) as other, stopping_before_the_records(world, wait_for_the_other):
        pid = other.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        run.start()
        assert is_there.wait(HANG_SECONDS)
        # the other one wants the row that the synchronisation holds, which wants the other's rows: only an end can help
        other.execute(TABLES.lease.update().values(host="another's"))
        other.rollback()
        run.join()
    (error,) = failed
    assert "ended a transaction of ours, which blocked another program and was blocked by it" in str(error)
    assert "Nothing of it was stored; the next synchronisation goes on from here." in str(error)
    before = len(world.writes())
    healed = world.sync()
    # the cloud had taken it: the request whose answer was never stored comes again under its own key
    assert (healed.outcome, by_asset(healed, "cloudkasse_articles").get("changed")) == (Outcome.SUCCESSFUL, 1)
    assert len(world.writes()) == before + 1
    assert [article["name"] for article in world.cloud("articles").values()].count("Neu") == 1
    assert world.sync().outcome is Outcome.NO_NEW_DATA
    watcher.dispose()
