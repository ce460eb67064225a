"""Protects that nothing is lost that the ERP's users change while a run goes on, whatever it does in which order.

A run reads at several moments. Between any two of its steps somebody changes something; the next run, which looks at
what has changed alone, must leave nothing to one that compares everything and asks the cloud for all it holds.
"""

import copy
import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudkasse_etl.entities import ARTICLES, GROSS_PRICES, KINDS, PRICES
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sync.master_data.extraction import extract
from cloudkasse_etl.sync.master_data.price_computation import compute_gross_prices
from cloudkasse_etl.sync.master_data.upload import upload
from cloudkasse_etl.sync.run.report import AssetReport, RunReport
from cloudkasse_etl.sync.run.session import SyncSession
from tests.support import databases, small_erp
from tests.support.erp_changes import ARTICLES as SHOP_ARTICLES
from tests.support.erp_changes import CHANGES, Change
from tests.support.level_shop import LevelShop
from tests.support.small_erp import TWO_REGISTERS
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

pytestmark = databases.CHOOSES_ITSELF

Step = Callable[[SyncSession], AssetReport]
STEPS: Mapping[str, Step] = {
    **{kind.extract: partial(extract, kind=kind) for kind in KINDS},
    GROSS_PRICES: compute_gross_prices,
    **{kind.cloud: partial(upload, kind=kind) for kind in KINDS},
}
AFTER: Mapping[str, Sequence[str]] = {
    **{kind.extract: () for kind in KINDS},
    GROSS_PRICES: (ARTICLES.extract, PRICES.extract),
    **{kind.cloud: (kind.source, *([kind.after.cloud] if kind.after else [])) for kind in KINDS},
}
"""The steps of a run, and what comes before each."""


def in_order(wish: Sequence[str]) -> list[Step]:
    """The steps as near to a wish as what comes before what allows, as Dagster may carry them out."""
    done: list[str] = []
    while len(done) < len(wish):
        done.append(next(s for s in wish if s not in done and set(AFTER[s]) <= set(done)))
    return [STEPS[name] for name in done]


class Shop:
    """A shop whose ERP is changed while it is synchronised."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = itertools.count(1000)

    def change(self, change: Change) -> None:
        for statement in change.statements(lambda: str(next(self._ids))):
            self._world.erp(statement.replace("{true}", "1").replace("{false}", "0").replace(":", "\\:"))

    def sync(self, steps: Sequence[Step], changes: Mapping[int, Change]) -> None:
        """A run; the changes are made before the steps of these places."""
        with self._world.session(allow_retire=True) as session:
            for place, step in enumerate(steps):
                if place in changes:
                    self.change(changes[place])
                step(session)
            session.finish()


def sent(report: RunReport) -> int:
    counts = report.counts
    return counts.new + counts.changed + counts.deactivated


def refused(report: RunReport) -> set[tuple[str, str, str, str | None]]:
    return {(r.asset, r.key, r.code, r.content) for asset in report.assets.values() for r in asset.rejections}


@pytest.fixture(scope="module")
def busy_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LevelShop]:
    """A shop that is level with its cloud.

    Our tables lie apart, so that the ERP has SQLite's default journal: whoever reads keeps everybody from writing.
    """
    folder = tmp_path_factory.mktemp("busy")
    url, state = (f"sqlite:///{folder / name}" for name in ("erp.db", "state.db"))
    small_erp.build(url, SHOP_ARTICLES)
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        yield LevelShop(World(folder, url, server, copy.deepcopy(TWO_REGISTERS), state, dt.date(2026, 11, 24)))


@settings(max_examples=100 if LONG else 25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    before=st.lists(CHANGES, max_size=2),
    wish=st.permutations(list(AFTER)),
    meanwhile=st.dictionaries(st.integers(0, len(AFTER) - 1), CHANGES, min_size=1, max_size=4),
)
def test_what_is_changed_during_a_run_is_found_by_it_or_by_the_next_one(
    busy_shop: LevelShop, before: list[Change], wish: list[str], meanwhile: dict[int, Change]
) -> None:
    world = busy_shop.again()
    shop = Shop(world)
    for change in before:
        shop.change(change)
    shop.sync(in_order(wish), meanwhile)
    next_one = world.sync(allow_retire=True)
    everything = world.sync(full=True, allow_retire=True)
    assert sent(everything) == 0
    assert refused(everything) == refused(next_one)
