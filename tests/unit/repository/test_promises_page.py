"""Protects docs/promises.md: its table is made from what was tried, and names tests that are there."""

import ast
import datetime as dt
import re

import pytest

from tests.support.torture.promises_page import PAGE, TRIED, lines, page
from tests.support.torture.torture_figures import Promise

PROJECT = PAGE.parent.parent


def figure(name: str, points: int, lost: int = 0, **more: object) -> dict[str, object]:
    test = f"tests/lock/test_lock_attack.py::{name}[case-{points}]"
    return {"promise": Promise.ONE_AT_A_TIME, "test": test, "points": points, "lost": lost, "doubled": 0, **more}


def test_figures_are_summed_up_by_test_and_database() -> None:
    figures = [
        figure("test_a_killed_holder", 1, seconds=2.5, database="SQLite"),
        figure("test_a_killed_holder", 2, lost=3, seconds=1.0, database="SQLite"),
        figure("test_a_killed_holder", 4, database="PostgreSQL"),
    ]
    found = {line.database: (line.points, line.lost, line.seconds) for line in lines(figures)}
    assert found == {"SQLite": (3, 3, 2.5), "PostgreSQL": (4, 0, 0.0)}
    made = page(
        figures, form="long form", minutes=61, day=dt.date(2026, 11, 24), machine="a machine", versions="versions"
    )
    assert "2026-11-24, long form, 61 minutes, 7 points: 3 lost," in made
    assert "[test_a_killed_holder](../tests/lock/test_lock_attack.py) | SQLite | 3 | 3 | 0 | 2.5 s |" in made


def test_a_test_without_words_for_what_it_tried_is_noticed() -> None:
    with pytest.raises(StopIteration):
        page([figure("test_of_nobody", 1)], form="", minutes=1, day=dt.date(2026, 1, 1), machine="", versions="")


def test_each_test_that_the_page_knows_exists_once() -> None:
    names = [
        node.name
        for path in (PROJECT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    assert {begin: sum(name.startswith(begin) for name in names) for begin in TRIED} == dict.fromkeys(TRIED, 1)


def test_the_page_of_the_last_run_holds_what_is_promised() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (.+?) \| .+ \| \[(\w+)\]\(\.\./(.+?)\) \| [\w—]+ \| ([\d,]+) \| (\d+) \| (\d+) \|", text, re.M
    )
    assert {row[0] for row in rows} == {str(promise) for promise in Promise}
    for _, name, file, points, lost, doubled in rows:
        assert f"def {name}(" in (PROJECT / file).read_text(encoding="utf-8")
        assert int(points.replace(",", "")) > 0
        assert (lost, doubled) == ("0", "0")
