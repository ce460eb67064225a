"""Protects that a run that looks at the changed articles alone finds exactly what one that looks at all of them finds.

A random history of the ERP goes by. After each turn two runs start from the same state of ours and of the cloud: one as
it is, and one whose snapshot of the ERP's rows was taken away, so that it compares everything. What the cloud holds,
all that we keep and all that is reported must then be the same.
"""

import copy
import datetime as dt
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.state.stores.erp_rows import SNAPSHOT
from cloudkasse_etl.sync.run.report import RunReport
from tests.support import databases, small_erp
from tests.support.databases import fresh_database
from tests.support.erp_changes import ARTICLES, BELOW, CHANGES, Change
from tests.support.level_shop import LevelFiles
from tests.support.small_erp import TWO_REGISTERS
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

pytestmark = databases.CHOOSES_ITSELF

TODAY = dt.date(2026, 11, 24)


TURNS = st.lists(
    st.tuples(st.lists(CHANGES, min_size=1, max_size=3), st.sampled_from([0, 0, 0, 5, 40])),
    min_size=2,
    max_size=4 if LONG else 2,
)


@dataclass
class Twins:
    """One ERP, and twice the same state of ours and of the cloud: one run looks at what changed, one at everything."""

    folder: Path
    erp_url: str
    state_urls: tuple[str, str]
    servers: tuple[SandboxServer, SandboxServer]
    as_of: dt.date = TODAY
    ids: int = 1000
    narrowed: list[int | None] = field(default_factory=list)

    def world(self, place: int) -> World:
        return World(
            self.folder,
            self.erp_url,
            self.servers[place],
            copy.deepcopy(TWO_REGISTERS),
            self.state_urls[place],
            self.as_of,
        )

    def change(self, change: Change) -> None:
        true, false = ("TRUE", "FALSE") if self.erp_url.startswith("postgresql") else ("1", "0")
        for statement in change.statements(self.new_id):
            text = statement.replace("{true}", true).replace("{false}", false)
            self.world(0).erp(text.replace(":", "\\:"))

    def new_id(self) -> str:
        self.ids += 1
        return str(self.ids)

    def copy_state(self) -> None:
        """Makes the second what the first is, but for its snapshot."""
        with sqlite3.connect(self.folder / "cloud0.db") as source, sqlite3.connect(self.folder / "cloud1.db") as target:
            source.backup(target)
        first, second = self.state_urls
        if first.startswith("sqlite"):
            shutil.copy(first.removeprefix("sqlite:///"), second.removeprefix("sqlite:///"))
        else:
            databases.clone(first, *(str(sa.make_url(url).database) for url in (first, second)))
        engine = sa.create_engine(second, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE cloudkasse_target SET api_url = :new WHERE api_url = :old"),
                {"new": self.servers[1].url, "old": self.servers[0].url},
            )
            connection.execute(sa.text("DELETE FROM cloudkasse_level WHERE asset = :asset"), {"asset": SNAPSHOT})
        engine.dispose()

    def turn(self) -> None:
        """Both runs; what they leave must be the same."""
        self.copy_state()
        began = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        reports = [self.world(place).sync(allow_retire=True) for place in (0, 1)]
        assert told(reports[0]) == told(reports[1])
        assert held(self.folder / "cloud0.db") == held(self.folder / "cloud1.db")
        kept = [kept_in(url, began) for url in self.state_urls]
        for name, rows in kept[1].items():
            assert kept[0][name] == rows, name
        assert all(report.looked_at is None for report in reports[1].assets.values())
        gross = reports[0].assets["gross_prices"]
        if not gross.quiet:
            self.narrowed.append(gross.looked_at)


def told(report: RunReport) -> dict[str, Any]:
    """All that a run tells, but for when."""
    return {
        name: (
            asset.counts.as_dict(),
            sorted((r.key, r.code, r.content, r.still) for r in asset.rejections),
            asset.deferrals,
            asset.rows,
            asset.lacking,
            asset.quiet,
        )
        for name, asset in report.assets.items()
    }


def held(cloud: Path) -> list[Any]:
    with sqlite3.connect(cloud) as connection:
        rows = connection.execute("SELECT entity, key, active, body FROM record ORDER BY entity, key").fetchall()
    found = [(entity, key, active, json.loads(body)) for entity, key, active, body in rows]
    return [(entity, key, active, {n: v for n, v in body.items() if n != "id"}) for entity, key, active, body in found]


def kept_in(url: str, began: dt.datetime) -> dict[str, Any]:
    """Our own tables, but for when and by which run what is new was written, and for the snapshot."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.execute(sa.text(query))]

        def since(value: Any) -> Any:
            moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
            return moment if moment < began else "now"

        levels = {}
        for asset, details, generation in rows("SELECT asset, details, generation FROM cloudkasse_level"):
            found = json.loads(details)
            levels[asset] = ({k: v for k, v in found.items() if k not in ("snapshot", "rest")}, generation)
        levels.pop(SNAPSHOT, None)
        found = {
            "levels": levels,
            "records": sorted(
                rows("SELECT entity, record_key, content_hash, content, active FROM cloudkasse_synced_record")
            ),
            "rejections": sorted(
                (*row[:5], str(since(row[5])))
                for row in rows("SELECT asset, record_key, code, detail, content, since FROM cloudkasse_rejection")
            ),
            "waiting": sorted(
                (*row[:5], str(since(row[5])))
                for row in rows("SELECT asset, code, awaited, record_count, examples, since FROM cloudkasse_waiting")
            ),
            "attempts": rows("SELECT entity FROM cloudkasse_attempt"),
        }
    engine.dispose()
    return found


@contextmanager
def twins_in(folder: Path, erp_url: str, state_urls: tuple[str, str]) -> Iterator[Twins]:
    """A shop that is level with its cloud."""
    small_erp.build(erp_url, ARTICLES)
    with (
        SandboxServer(folder / "cloud0.db", token=TOKEN) as first,
        SandboxServer(folder / "cloud1.db", token=TOKEN) as second,
    ):
        twins = Twins(folder, erp_url, state_urls, (first, second))
        twins.world(0).sync(allow_retire=True)
        yield twins


def live(twins: Twins, turns: list[tuple[list[Change], int]]) -> None:
    """The shop's history, turn by turn."""
    for changes, days in turns:
        twins.as_of += dt.timedelta(days=days)
        for change in changes:
            twins.change(change)
        twins.turn()


@pytest.fixture(scope="module")
def level_twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Twins]]:
    """Makes the shop level again: a first run for each history would take most of a second."""
    folder = tmp_path_factory.mktemp("twins")
    urls = (f"sqlite:///{folder / 'ours0.db'}", f"sqlite:///{folder / 'ours1.db'}")
    with twins_in(folder, f"sqlite:///{folder / 'erp.db'}", urls) as first:
        files = LevelFiles(folder, "erp.db", "ours0.db", "cloud0.db")

        def again() -> Twins:
            files.restore()
            return Twins(folder, first.erp_url, urls, first.servers)

        yield again


@settings(max_examples=100 if LONG else 25)
@given(turns=TURNS)
def test_what_changed_alone_is_found_as_everything_is(
    level_twins: Callable[[], Twins], turns: list[tuple[list[Change], int]]
) -> None:
    live(level_twins(), turns)


@pytest.fixture
def postgres_urls(_postgres: Any) -> Callable[[], str]:
    """Makes fresh databases."""
    return lambda: fresh_database(_postgres)


def test_it_is_so_on_postgresql(postgres_urls: Callable[[], str], tmp_path: Path) -> None:
    turns = [
        ([Change("named", 1, 1, 101, ""), Change("price", 2, 2, 250, ""), Change("unknown article", 1, 1, 500, "")], 5),
        (
            [Change("with prices", 3, 4, 100, ""), Change("deleted", 5, 5, 100, ""), Change("no price", 6, 6, 100, "")],
            0,
        ),
        ([Change("swapped", 7, 8, 100, BELOW)], 0),
    ]
    with twins_in(tmp_path, postgres_urls(), (postgres_urls(), postgres_urls())) as twins:
        live(twins, turns)
    assert all(twins.narrowed), twins.narrowed
