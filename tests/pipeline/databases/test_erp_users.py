"""Protects the ERP's users: while we wait for the cloud they can write, and no server has a transaction to end.

A doorman stands before the cloud. At each request of a whole run, while it is open, it does what a user of the ERP
does; had the run a transaction open meanwhile, neither could ever go on. Time decides nothing: the limits here are only
reached where the test fails.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from cloudkasse_etl.erp.selectline.erp_tables import METADATA
from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support import databases, small_erp
from tests.support.books import balances, with_accounts
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.programs import STORAGE, Program, program_in
from tests.support.receipts.receipt_factory import Fields, item, line
from tests.support.servers.doorman import Doorman
from tests.support.worlds import TOKEN, World

NAME = 'UPDATE "ART" SET "Bezeichnung" = \'{name}\' WHERE "Artikelnummer" = \'A1\''
pytestmark = databases.CHOOSES_ITSELF

User = Callable[[str, str], None]


def sale(number: int, article: str = "A1") -> Fields:
    return item(line("Umsatz", 2380, article=article, quantity="2.000"), id=f"R{number}", number=number)


def writer(url: str) -> User:
    """A user of the ERP who renames an article at each request, and looks which transactions are open on a server."""
    count = 0

    def write(method: str, path: str) -> None:
        nonlocal count
        count += 1
        statement = NAME.format(name=f"Name {count}")
        if url.startswith("sqlite"):
            file = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=HANG_SECONDS, isolation_level=None)
            try:
                file.execute(statement)
            finally:
                file.close()
            return
        engine = sa.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                _nobody_is_idle(connection)
                connection.exec_driver_sql(f"SET lock_timeout = '{HANG_SECONDS:.0f}s'")
                connection.exec_driver_sql(statement)
        finally:
            engine.dispose()

    return write


def _nobody_is_idle(connection: sa.Connection) -> None:
    """Waits until no transaction is open in which nothing happens: a page is stored while the next one is fetched."""
    query = (
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%%'"
    )
    wait_until(lambda: not connection.exec_driver_sql(query).scalars().all(), "a transaction stays open")


@pytest.fixture(params=["sqlite, our tables in it", "sqlite, our tables apart", "postgresql", "postgresql, apart"])
def served(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    empty_history: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Program]:
    """The program of a small shop on each database; its cloud takes and gives little at a time, and has receipts."""
    on_postgresql = request.param.startswith("postgresql")
    url = request.getfixturevalue("postgres_url") if on_postgresql else f"sqlite:///{tmp_path / 'erp.db'}"
    small_erp.build(url, articles=8)
    shutil.copytree(empty_history, tmp_path / STORAGE)
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN, batch_items=2, page_items=3) as server:
        world = World(tmp_path, url, server, with_accounts(small_erp.SETTINGS))
        if "apart" in request.param:
            world.state_url = f"sqlite:///{tmp_path / 'state.db'}"
        server.store.deliver_receipts([sale(number) for number in range(1, 11)])
        with program_in(world, monkeypatch) as made:
            made.capture = capsys
            yield made


@pytest.fixture
def doorman(served: Program, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doorman]:
    """The doorman before the program's cloud."""
    world = served.world
    with Doorman(world.server.url, writer(world.erp_url)) as doorman:
        monkeypatch.setenv("CLOUDKASSE_API_URL", doorman.url)
        world.more_environment["CLOUDKASSE_API_URL"] = doorman.url
        yield doorman


def test_at_every_request_of_every_run_the_erps_users_can_write(served: Program, doorman: Doorman) -> None:
    world = served.world
    runs = (["sync", "all", "--import"], ["sync", "all", "--import"], ["sync", "all", "--full"], ["plan", "all"])
    for number, arguments in enumerate(runs):
        world.server.store.deliver_receipts([sale(100 + number)])
        before = doorman.count
        code, told = served.call_json(*arguments)
        assert code == 0, told
        assert doorman.count > before
        assert doorman.errors == []
    doorman.deed = lambda method, path: None
    assert served.call_json("sync", "all", "--import")[0] == 0
    wanted = _name(world.erp_url)
    assert world.cloud("articles")["A1"]["name"] == wanted, "what changed during the runs was found by the last one"
    assert served.call_json("sync")[1]["outcome"] == "no_new_data"
    assert balances(world)["1371"] == 0


def _name(url: str) -> str:
    engine = sa.create_engine(url, poolclass=NullPool)
    articles = METADATA.tables["ART"]
    try:
        with engine.connect() as connection:
            query = sa.select(articles.c.Bezeichnung).where(articles.c.Artikelnummer == "A1")
            return str(connection.execute(query).scalar_one())
    finally:
        engine.dispose()
