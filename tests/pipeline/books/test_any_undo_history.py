"""Protects the law of corrections: the books come to what the last import of each receipt says, and no row changes.

Imports under changing accounts, undos of receipts, days and runs, and deaths in between, in any order. The oracle knows
no posting: it follows each receipt by itself.
"""

import copy
import datetime as dt
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine.default import DefaultDialect

from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.receipts.import_undo import Scope, plan_undo, undo_import
from tests.support import databases
from tests.support.books import balances, book, decider, deliver, fetch, sale, statuses, stock, tables, with_accounts
from tests.support.level_shop import LevelShop
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import World, small_world

pytestmark = databases.ONLY_SQLITE

COUNT = 4
DAYS = (dt.date(2026, 11, 23), dt.date(2026, 11, 24))
ACCOUNTS = ("8400", "8401", "8402")
SOME = st.sets(st.integers(1, COUNT), min_size=1)
ACTIONS = st.one_of(
    st.tuples(st.just("import"), st.sampled_from(ACCOUNTS), st.none() | SOME),
    st.tuples(st.just("receipts"), SOME, st.booleans()),
    st.tuples(st.just("day"), st.sampled_from(DAYS), st.just(False)),
    st.tuples(st.just("run"), st.integers(0, 3), st.just(False)),
)
HISTORIES = st.lists(st.tuples(ACTIONS, st.none() | st.integers(1, 8)), min_size=2, max_size=6)


class DeathError(BaseException):
    """The process ends here, as far as the database can see."""


@contextmanager
def dying(at: int | None, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Dies before the how manieth commit if that is odd, else right after it; never where none is named."""
    commit: Any = DefaultDialect.do_commit
    commits, mine = Counter[str](), threading.current_thread()

    def counted(self: DefaultDialect, connection: Any) -> None:
        if threading.current_thread() is not mine:  # the heartbeat's come by the clock
            commit(self, connection)
            return
        commits["seen"] += 1
        if at is not None and 2 * commits["seen"] - 1 == at:
            raise DeathError
        commit(self, connection)
        if at is not None and 2 * commits["seen"] == at:
            raise DeathError

    with patch.context() as patched:
        patched.setattr(DefaultDialect, "do_commit", counted)
        with suppress(DeathError):
            yield


@dataclass
class Sold:
    """A receipt as the oracle knows it."""

    day: dt.date
    account: str | None = None
    is_dismissed: bool = False


@pytest.fixture(scope="module")
def level() -> Iterator[LevelShop]:
    with tempfile.TemporaryDirectory() as folder, small_world(Path(folder)) as shop:
        shop.settings = with_accounts(copy.deepcopy(shop.settings))
        yield LevelShop(shop)


def act(world: World, action: tuple[Any, ...], runs: list[str]) -> None:
    what, chosen, more = action
    if what == "import":
        world.settings["accounts"]["revenue"]["19.00"] = chosen
        ids = () if more is None else [f"R{n}" for n in sorted(more) if statuses(world)[f"R{n}"] == "staged"]
        if more is None or ids:
            book(world, *ids)
        return
    scope = Scope(day=chosen) if what == "day" else Scope(run=runs[chosen]) if what == "run" else named(chosen)
    planned = plan_undo(world.configuration(), scope, is_dismissed=more)
    done = undo_import(decider(world, "otherwise"), scope, is_dismissed=more)
    assert planned.as_dict() | {"run_id": None} == done.as_dict() | {"run_id": None}


def named(numbers: set[int]) -> Scope:
    return Scope(tuple(f"R{number}" for number in sorted(numbers)))


def must_agree(world: World, oracle: dict[int, Sold], before: dict[str, list[dict[str, Any]]]) -> None:
    found = tables(world)
    booked = [one.account for one in oracle.values() if one.account]
    wanted = Counter({account: -2380 * booked.count(account) for account in set(booked)})
    wanted["1000"] += 2380 * len(booked)
    assert {key: cents for key, cents in balances(world).items() if cents} == {k: v for k, v in wanted.items() if v}
    assert sum(stock(world).values()) == -2000 * len(booked)
    assert statuses(world) == {
        f"R{n}": "imported" if one.account else "dismissed" if one.is_dismissed else "staged"
        for n, one in oracle.items()
    }
    for name, key, value in (
        ("posting", "posting_id", "amount_cents"),
        ("stock_movement", "movement_id", "quantity_milli"),
    ):
        rows = {row[key]: row for row in found[name]}
        assert all(rows.get(row[key]) == row for row in before.get(name, ()))  # nothing was changed or deleted
        corrected = [row["corrects"] for row in found[name] if row["corrects"] is not None]
        assert len(set(corrected)) == len(corrected)
        for row in found[name]:
            if row["corrects"] is not None:
                other = rows[row["corrects"]]
                same = ("receipt_id", "generation", "account", "tax_code", "article", "warehouse", "tender")
                assert {n: row.get(n) for n in same} == {n: other.get(n) for n in same}
                assert row[value] == -other[value]
                assert (other["corrects"], row["reason"]) == (None, "otherwise")
    before.clear()
    before.update(found)


@settings(max_examples=200 if LONG else 25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=HISTORIES)
def test_the_books_come_to_what_the_last_import_of_each_receipt_says(
    level: LevelShop, monkeypatch: pytest.MonkeyPatch, histories: list[tuple[tuple[Any, ...], int | None]]
) -> None:
    world = level.again()
    oracle = {n: Sold(DAYS[n % 2]) for n in range(1, COUNT + 1)}
    deliver(world, *(sale(n, business_day=one.day.isoformat()) for n, one in oracle.items()))
    fetch(world)
    before: dict[str, list[dict[str, Any]]] = {}
    for action, death in histories:
        what, chosen, _ = action
        runs = run_ids(world)
        if what == "run" and chosen >= len(runs):
            continue
        if what == "receipts" and any(not is_named(world, oracle, n) for n in chosen):
            continue
        for at in (None,) if death is None else (death, None):  # whoever finds it dead calls it once more
            with dying(at, monkeypatch):
                act(world, action, runs)
            world.erp("UPDATE cloudkasse_lease SET run_id = NULL")  # that of the dead runs out
        follow(oracle, action, runs, world)
        must_agree(world, oracle, before)


def is_named(world: World, oracle: dict[int, Sold], number: int) -> bool:
    """Whether it was ever booked: what never was cannot be undone."""
    if oracle[number].account:
        return True
    return any(row["receipt_id"] == f"R{number}" for row in tables(world)["posting"])


def run_ids(world: World) -> list[str]:
    with open_reading(world.configuration()) as store, store.connection.reading() as connection:
        table = store.connection.tables.posting
        query = table.select().with_only_columns(table.c.run_id).where(table.c.corrects.is_(None)).distinct()
        return sorted(connection.execute(query).scalars())


def follow(oracle: dict[int, Sold], action: tuple[Any, ...], runs: list[str], world: World) -> None:
    what, chosen, more = action
    if what == "import":
        for number in oracle if more is None else more:
            one = oracle[number]
            if one.account is None and not one.is_dismissed:
                one.account = chosen
        return
    for number, one in oracle.items():
        if what == "receipts":
            is_meant = number in chosen
        elif what == "day":
            is_meant = one.day == chosen
        else:
            is_meant = one.account is not None and booked_last_by(world, number) == runs[chosen]
        if is_meant and one.account is not None:
            one.account, one.is_dismissed = None, bool(more)


def booked_last_by(world: World, number: int) -> str:
    with open_reading(world.configuration()) as store, store.connection.reading() as connection:
        table = store.connection.tables.posting
        query = (
            table.select()
            .with_only_columns(table.c.run_id)
            .where(table.c.receipt_id == f"R{number}", table.c.corrects.is_(None))
            .order_by(table.c.generation.desc())
        )
        return str(connection.execute(query).scalar() or "")
