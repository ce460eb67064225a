"""Protects the law of stock that waits: a line is moved once, or open with its present reason, or a person's.

Through any changes of the ERP, of the settings and of people's minds; the oracle follows each line by itself.
"""

import copy
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.receipts.decisions import dismiss_line, restore_line
from tests.support import databases, small_erp
from tests.support.books import book, decider, deliver, fetch_and_book, tables, with_accounts
from tests.support.erp_changes import add_article
from tests.support.receipts.receipt_factory import item, line
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

pytestmark = databases.ONLY_SQLITE

BY_HAND = {"stock_serial_missing", "stock_article_missing"}
SIZES = {("kg", "g"): Fraction(1000), ("g", "kg"): Fraction(1, 1000)}
ARTICLES: dict[str, dict[str, Any] | None] = {
    "gone": None,
    "kg": {"Mengeneinheit": "kg"},
    "g": {"Mengeneinheit": "g"},
    "pieces": {"Mengeneinheit": "Stk"},
    "serial": {"Mengeneinheit": "kg", "SerieCharge": "S"},
    "service": {"Mengeneinheit": "kg", "Lagerartikel": False},
    "empty set": {"Mengeneinheit": "kg", "Stueckliste": "H"},
}
NUMBERS = ("X", "Y")
SOLD = [
    *((number, *rest) for number in NUMBERS for rest in [
        ("K1", "kg", None), ("K2", "g", None), ("K1", None, "N-1"), ("K2", "Stk", None), ("K2", "kg", "N-1"),
    ]),
    (None, "K1", "Stk", None),
]  # fmt: skip
KINDS = st.sampled_from(["serial", "kg", "gone", *sorted(ARTICLES)])
ACTIONS = st.one_of(
    st.tuples(st.just("article"), st.sampled_from(NUMBERS), KINDS),
    st.tuples(st.just("article"), st.sampled_from(NUMBERS), KINDS),
    st.tuples(st.just("register"), st.booleans()),
    st.tuples(st.sampled_from(["dismiss", "restore"]), st.integers(0, len(SOLD) - 1)),
)


@dataclass
class Line:
    """A line as the oracle knows it: `open` and `dismissed` with the code, `moved` with thousandths and unit."""

    article: str | None
    register: str
    unit: str | None
    serial: str | None
    state: str = "open"
    code: str = ""
    moved: tuple[int, str] | None = None

    def look(self, articles: dict[str, str], is_named: bool) -> None:
        """What an import finds now."""
        if self.state != "open" or self.code in BY_HAND:
            return
        code, size, unit = self.judged(articles, is_named)
        if code:
            self.code = code
        else:
            self.state = "moved"
            self.moved = (int(-250_000 * size), unit) if size else None

    def judged(self, articles: dict[str, str], is_named: bool) -> tuple[str, Fraction, str]:
        """The code of the reason, or how much of which unit one of the line's is; 0 where nothing moves."""
        if self.article is None:
            return "stock_article_missing", Fraction(0), ""
        kind = articles[self.article]
        if kind == "gone":
            return "stock_article_unknown", Fraction(0), ""
        if kind == "service":
            return "", Fraction(0), ""
        if kind == "empty set":
            return "stock_set_empty", Fraction(0), ""
        if kind == "serial" and self.serial is None:
            return "stock_serial_missing", Fraction(0), ""
        unit = {"pieces": "Stk", "serial": "kg"}.get(kind, kind)
        size = Fraction(1) if self.unit in (unit, None) else SIZES.get((str(self.unit), unit))
        if size is None:
            return "stock_unit_unknown", Fraction(0), ""
        if self.register == "K2" and not is_named:
            return "stock_warehouse_missing", Fraction(0), ""
        return "", size, unit


def set_article(world: World, number: str, kind: str) -> None:
    world.erp("DELETE FROM ART WHERE Artikelnummer = :a", {"a": number})
    if (fields := ARTICLES[kind]) is not None:
        add_article(world, number, **fields)


def must_agree(world: World, lines: list[Line]) -> None:
    found = tables(world)
    assert {row["record_key"]: row["code"] for row in found["rejection"] if row["asset"] == "stock_movements"} == {
        f"R{n}|1": one.code for n, one in enumerate(lines) if one.state == "open"
    }
    moved = [(row["movement_id"], (row["quantity_milli"], row["unit"])) for row in found["stock_movement"]]
    assert sorted(moved) == [(f"R{n}:1:0", one.moved) for n, one in enumerate(lines) if one.moved]
    assert {row["serial"] for row in found["stock_movement"]} == {one.serial for one in lines if one.moved}


@settings(max_examples=200 if LONG else 25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.fixed_dictionaries(dict.fromkeys(NUMBERS, KINDS)),
    st.lists(st.lists(ACTIONS, min_size=1, max_size=2), min_size=2, max_size=3 if LONG else 2),
)
def test_a_line_is_moved_once_or_open_with_its_present_reason_or_a_persons(
    articles: dict[str, str],
    history: list[list[tuple[Any, ...]]],
) -> None:
    lines, articles, is_named = [Line(*one) for one in SOLD], dict(articles), True
    with tempfile.TemporaryDirectory() as folder, SandboxServer(None, token=TOKEN) as server:
        url = f"sqlite:///{folder}/erp.db"
        small_erp.build(url)
        values = copy.deepcopy(small_erp.SETTINGS)
        second = {"number": "K2", "name": "Markt", "warehouse": "2", "price_group": "2"}
        world = World(Path(folder), url, server, with_accounts(values | {"registers": [*values["registers"], second]}))
        registers = world.settings["registers"]
        for number, kind in articles.items():
            set_article(world, number, kind)
        deliver(
            world,
            *(
                item(
                    line(article=one.article, unit=one.unit, serial=one.serial, quantity="250.000"),
                    id=f"R{n}", number=n, register=one.register,
                )
                for n, one in enumerate(lines)
            ),
        )  # fmt: skip
        fetch_and_book(world)
        for one in lines:
            one.look(articles, is_named)
        must_agree(world, lines)
        for actions in history:
            for action, *chosen in actions:
                if action == "article":
                    articles[chosen[0]] = chosen[1]
                    set_article(world, *chosen)
                elif action == "register":
                    is_named = chosen[0]
                    world.settings["registers"] = registers if is_named else registers[:1]
                elif action == "dismiss" and lines[chosen[0]].state == "open":
                    dismiss_line(decider(world, "by hand"), f"R{chosen[0]}", 1)
                    lines[chosen[0]].state = "dismissed"
                elif action == "restore" and lines[chosen[0]].state == "dismissed":
                    restore_line(decider(world, "not at all"), f"R{chosen[0]}", 1)
                    lines[chosen[0]].state = "open"
            planned = plan(world.configuration(), "import").imports
            must_agree(world, lines)  # a plan changes nothing
            before = len(tables(world)["stock_movement"])
            book(world)
            for one in lines:
                one.look(articles, is_named)
            must_agree(world, lines)
            assert planned is not None
            assert planned.movements == len(tables(world)["stock_movement"]) - before
            assert {r.key: r.code for r in planned.rejections} == {
                f"R{n}|1": one.code for n, one in enumerate(lines) if one.state == "open"
            }
