"""Protects our own tables from a program that wants the same rows in another order: a real deadlock on PostgreSQL."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from cloudkasse_etl.errors import StateUnavailableError
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.state.tables import StateTables
from cloudkasse_etl.sync.report import Outcome
from tests import small_erp
from tests.programs import wait_until
from tests.worlds import TOKEN, World, by_asset

TABLES = StateTables()
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%synced_record%'"


@pytest.fixture
def world(tmp_path: Path, postgres_url: str) -> Iterator[World]:
    erp_url = f"sqlite:///{tmp_path / 'erp.db'}"
    small_erp.build(erp_url)
    engine = sa.create_engine(postgres_url, poolclass=NullPool)
    with engine.begin() as connection:
        # who waits first looks for a deadlock first: by then the other one must be waiting, however busy the machine
        connection.execute(sa.text(f"ALTER DATABASE {engine.url.database} SET deadlock_timeout = '4s'"))
    engine.dispose()
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN) as server:
        yield World(tmp_path, erp_url, server, small_erp.SETTINGS, postgres_url)


@contextmanager
def another_program(url: str) -> Iterator[sa.Connection]:
    """A program that sits on the articles' records, and never is the one that a deadlock ends."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET deadlock_timeout = '1h'")
        connection.rollback()
        records = TABLES.synced_record
        connection.execute(records.update().where(records.c.entity == "articles").values(run_id="another's"))
        yield connection
        connection.rollback()
    engine.dispose()


def test_a_deadlock_ends_the_run_in_words_and_the_next_one_loses_and_doubles_nothing(world: World) -> None:
    world.sync(allow_retire=True)
    world.erp("UPDATE ART SET Bezeichnung = 'Neu' WHERE Artikelnummer = 'A4'")
    watcher = sa.create_engine(world.state_url, poolclass=NullPool)
    failed: list[BaseException] = []

    def synchronise() -> None:
        try:
            world.sync()
        except StateUnavailableError as error:
            failed.append(error)

    def is_waiting() -> bool:
        with watcher.connect() as connection:
            return bool(connection.execute(sa.text(WAITING)).scalar_one())

    with another_program(world.state_url) as other:
        run = threading.Thread(target=synchronise)
        run.start()
        wait_until(is_waiting, 30, "the synchronisation does not wait for the other program's rows")
        # and now the other one wants the row that the synchronisation holds: only its end can help
        other.execute(TABLES.lease.update().values(host="another's"))
        other.rollback()
        run.join(60)
        assert not run.is_alive()
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
