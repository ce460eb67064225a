"""Protects the books from processes that die: wherever `sync receipts --import` is killed, the next one finishes it.

The sync runs in processes of its own, which are killed by SIGKILL; they start from one that has everything imported,
so that dozens of deaths take seconds. What is left at the end is what an undisturbed run leaves.
"""

import copy
import itertools
import os
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.config.loading import load
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.lease import lease
from cloudkasse_etl.state.stores.books.booked_receipts import BookedReceipts
from cloudkasse_etl.state.stores.books.staged_closings import StagedClosings
from cloudkasse_etl.state.stores.books.staged_receipts import StagedReceipts
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport
from cloudkasse_etl.sync.receipts import receipt_import
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.session import open_session
from tests.support import small_erp
from tests.support.books import Tables, complete, tables, with_accounts
from tests.support.patience import HANG_SECONDS
from tests.support.processes.forked import CONTEXT, patch_for_good, start, was_killed
from tests.support.selling.selling_shop import delivered, shop
from tests.support.torture.torture_figures import LONG, Promise, record
from tests.support.worlds import TOKEN, World

KILLS = 300 if LONG else 25
RECEIPTS = 140
PAGE_ITEMS = 30
BATCH = 45
STEPS = ((StagedReceipts, "stage"), (StagedClosings, "stage"), (BookedReceipts, "book"))


@dataclass(frozen=True)
class Death:
    """Where a process kills itself.

    Attributes:
        step: At which page or batch that it is about to write, from 1.
        moment: `before` its transaction, `inside` (all is written, nothing committed), or `after` it.
    """

    step: int
    moment: str


def sync_receipts(environment: Mapping[str, str], folder: Path, death: Death | None, begun: Event) -> None:
    """What a killed process was doing: a whole `sync receipts --import`, with small pages and batches."""
    # the killed process is known to be dead, so its lease need not be watched for long
    lease.BEAT_SECONDS, lease.FRESH_SECONDS = 0.04, 0.1
    receipt_import.BATCH = BATCH
    if death is not None:
        _arrange(death)
    with open_session(
        load(environment),
        run_id=str(uuid.uuid4()),
        kind="receipts",
        options=SyncOptions(import_receipts=True),
        protocol_folder=folder / "protocols",
        started_by="a test",
    ) as session:
        begun.set()
        stage_receipts(session)
        stage_closings(session)
        receipt_import.import_receipts(session)
        session.finish()


def _arrange(death: Death) -> None:
    numbers = itertools.count(1)
    is_now = False

    def die(moment: str) -> None:
        if is_now and moment == death.moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def dying(original: Callable[..., Any]) -> Callable[..., Any]:
        def step(store: object, *arguments: Any, **more: Any) -> None:
            nonlocal is_now
            written = arguments[0] if arguments else more["booked"]  # an empty page is no step
            is_now = bool(written) and next(numbers) == death.step
            die("before")
            original(store, *arguments, **more)
            die("after")

        return step

    for store, name in STEPS:
        setattr(store, name, dying(getattr(store, name)))
    transaction = StateConnection.transaction

    @contextmanager
    def dying_inside(store: StateConnection) -> Iterator[sa.Connection]:
        with transaction(store) as connection:
            yield connection
            die("inside")

    patch_for_good(StateConnection, transaction=dying_inside)


class Killer:
    """Starts syncs in processes of their own, and kills them."""

    def __init__(self, world: World) -> None:
        world.configuration()
        self.world = world

    def run(self, death: Death | None = None, *, kill_after: float | None = None) -> bool:
        """Runs one sync; False where it was killed.

        Args:
            death: Where it kills itself.
            kill_after: Seconds after its beginning until it is killed from outside, unless it is through.
        """
        begun = CONTEXT.Event()
        process = start(sync_receipts, self.world.environment, self.world.folder, death, begun)
        if kill_after is not None:
            assert begun.wait(HANG_SECONDS)
            time.sleep(kill_after)
            process.kill()
        return not was_killed(process)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """A cloud in which two days were sold."""
    store = shop()
    sell(store, days=2, receipts=RECEIPTS, seed=5)
    with SandboxServer(tmp_path_factory.mktemp("cloud") / "cloud.db", token=TOKEN, page_items=PAGE_ITEMS) as running:
        running.store.deliver_receipts(delivered(store))
        running.store.deliver_closings(delivered(store, "closings"))
        yield running
    store.close()


@pytest.fixture(scope="module")
def undisturbed(server: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, float]:
    """What a run leaves that nobody disturbs, and how long it takes once it has begun."""
    folder = tmp_path_factory.mktemp("undisturbed")
    killer = Killer(make_world(folder, server))
    seconds = time.monotonic()
    assert killer.run()
    found = tables(killer.world)
    assert len(found["posting"]) > 1000
    assert len(found["stock_movement"]) > 50
    assert {row["status"] for row in found["receipt"]} == {"imported", "no_effect", "rejected"}
    again = make_world(tmp_path_factory.mktemp("measured"), server)
    seconds = time.monotonic()
    assert Killer(again).run()  # the second one: the first had to import everything
    return found, time.monotonic() - seconds


def make_world(folder: Path, server: SandboxServer, url: str | None = None) -> World:
    url = url or f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url, articles=12)
    settings = copy.deepcopy(small_erp.SETTINGS)
    settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "2", "price_group": "2"})
    settings = with_accounts(settings)
    del settings["accounts"]["tenders"]["Kreditkarte"]  # so that something is refused
    return World(folder, url, server, settings)


def check_end(world: World, expected: Tables, kills: int, database: str = "SQLite") -> None:
    """The same end state, and a further run finds nothing to do in one request."""
    found = tables(world)
    lost = sum(amount(rows, found[name]) for name, rows in expected.items())
    doubled = sum(amount(found[name], rows) for name, rows in expected.items())
    record(Promise.KILLED_ANYWHERE, kills, lost, doubled, database=database)
    for name, rows in expected.items():
        assert found[name] == rows, name
    asked = len(world.server.requests)
    assert Killer(world).run()
    assert len(world.server.requests) == asked + 1
    assert tables(world) == found
    assert complete(world) == CompletenessReport()


def amount(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> int:
    """How many of the rows the others lack."""
    return (Counter(map(repr, rows)) - Counter(map(repr, others))).total()


def test_killed_at_random_moments_it_ends_as_if_nothing_had_been(
    server: SandboxServer, undisturbed: tuple[Tables, float], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    chance = random.Random(50)
    kills = before = 0
    for attempt in itertools.count():
        folder = tmp_path / str(attempt)
        folder.mkdir()
        killer = Killer(make_world(folder, server))
        for _ in range(KILLS):
            # an eighth of the whole at most, so that one shop's sync dies many times on its way
            if killer.run(kill_after=chance.uniform(0, seconds / 8)):
                break
            kills += 1
            if kills == KILLS:
                assert killer.run()
                break
        else:
            pytest.fail("it never gets through")
        check_end(killer.world, expected, kills - before)
        before = kills
        if kills == KILLS:
            return


@pytest.mark.parametrize(
    ("moment", "database"),
    [
        pytest.param("before", "sqlite", id="between a page and its transaction"),
        pytest.param("inside", "sqlite", id="inside a transaction"),
        pytest.param("inside", "postgresql", id="inside a transaction of PostgreSQL"),
        pytest.param("after", "sqlite", id="after the commit"),
    ],
)
def test_killed_at_every_step_it_ends_as_if_nothing_had_been(
    server: SandboxServer,
    undisturbed: tuple[Tables, float],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    moment: str,
    database: str,
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    killer = Killer(make_world(tmp_path, server, url))
    assert not killer.run(Death(1, moment))
    # Each further process goes one step further and dies at the next one; of the last step nothing is left to die at.
    step = 1 if moment == "after" else 2
    deaths = 0
    while not killer.run(Death(step, moment)):
        deaths += 1
        assert deaths < 40
    assert deaths >= 8
    check_end(killer.world, undisturbed[0], deaths + 1, "PostgreSQL" if url else "SQLite")
