"""docs/promises.md: what is guaranteed, which test tries to break it, and what the last `make torture` came to."""

import datetime as dt
import json
import platform
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from tests.support.torture.torture_figures import Promise

PAGE = Path(__file__).parents[3] / "docs" / "promises.md"
PACKAGES = ("dagster", "sqlalchemy", "psycopg", "pandas")

# What a point is in each test, by the beginning of its name; a test that is not here has no line in the page.
TRIED: Mapping[str, str] = {
    "test_of_16_at_once": "16 processes want the lock at the same moment, their clocks hours apart: attempts",
    "test_those_that_try": "processes that try until they had their turn: turns, none overlapping another",
    "test_of_some_syncs": "whole commands start at the same moment: commands",
    "test_a_killed_holder": "the holder is killed, others want to follow: deaths",
    "test_a_frozen_holder": "the holder is frozen until another took over, then goes on: awakenings",
    "test_killed_at_each_boundary": "SIGKILL before and after each HTTP request, commit and step: deaths",
    "test_killed_before_or_after_a_step": "SIGKILL before and after each Dagster step of a command: deaths",
    "test_killed_at_random": "SIGKILL at a random moment of a synchronisation of receipts: deaths",
    "test_killed_at_every_step": "SIGKILL at each page and batch, also inside the transaction: deaths",
    "test_whatever_fails": "requests that went wrong, each kind alone and all mixed",
    "test_whatever_stands_in_a_cell_the_good_records": "anything in any cells of the ERP: synchronisations",
    "test_whatever_stands_in_a_cell_the_good_receipts": "the same, with receipts to book: imports",
    "test_any_answer_ends": "any JSON or bytes as an answer, at each endpoint: answers",
    "test_any_mangled_receipt": "receipts with something missing, added or of another type: receipts",
    "test_any_text_is_taken": "any text as settings: texts",
    "test_any_bytes_are_taken": "any bytes as settings: files",
    "test_every_row_is_either_kept": "any rows against the contracts: frames",
    "test_a_command_says": "every request of a command goes wrong in one way: ways",
    "test_a_shop_that_runs_for_long": "it is sold, the ERP changes, requests fail: synchronisations",
    "test_a_shop_that_runs_by_itself": "the same under the UI's daemon, with sensor and schedule: changes of the shop",
}


@dataclass
class Line:
    """What one test came to on one database."""

    promise: str
    test: str
    database: str
    points: int = 0
    lost: int = 0
    doubled: int = 0
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return self.test.rpartition("::")[2].partition("[")[0]

    @property
    def tried(self) -> str:
        return next(words for begin, words in TRIED.items() if self.name.startswith(begin))


def lines(figures: Iterable[Mapping[str, Any]]) -> list[Line]:
    """The figures, summed up by promise, test and database."""
    found: dict[tuple[str, str, str], Line] = {}
    for one in figures:
        name = one["test"].partition("[")[0]
        key = (one["promise"], name, one.get("database", "—"))
        line = found.setdefault(key, Line(*key))
        line.points += one["points"]
        line.lost += one["lost"]
        line.doubled += one["doubled"]
        line.seconds = max(line.seconds, one.get("seconds", 0.0))
    order = [str(promise) for promise in Promise]
    return sorted(found.values(), key=lambda line: (order.index(line.promise), line.test, line.database))


def write_page(figures: Sequence[Mapping[str, Any]], *, minutes: float, is_short: bool) -> None:
    """Makes the page of a run that ended just now on this machine, and shows it."""
    form = "short form" if is_short else "long form"
    today = dt.datetime.now().astimezone().date()
    text = page(figures, form=form, minutes=minutes, day=today, machine=machine(), versions=versions())
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    print(f"\n{text}")


def page(
    figures: Sequence[Mapping[str, Any]], *, form: str, minutes: float, day: dt.date, machine: str, versions: str
) -> str:
    """The whole page."""
    found = lines(figures)
    rows = [
        f"| {line.promise} | {line.tried} | [{line.name}](../{line.test.partition('::')[0]}) | {line.database} "
        f"| {line.points:,} | {line.lost} | {line.doubled} | {f'{line.seconds:.1f} s' if line.seconds else ''} |"
        for line in found
    ]
    total = sum(line.points for line in found)
    return f"""# What is guaranteed, and what the last `make torture` came to

Made by `make torture`, which tries to break each promise in its long form; do not edit. `make test` runs a short form
of the same tests. *Lost* are records that were missing at the end, *doubled* those that stood there although they
should not, or too often; the end is compared row by row, in the cloud and in all tables, with that of a shop that
nobody disturbed. That the tests would find a loss, products that are broken on purpose show
([test_a_product_that_loses_something_is_found](../tests/crash/test_crash_matrix.py)).

- {day:%Y-%m-%d}, {form}, {minutes:.0f} minutes, {total:,} points: {sum(line.lost for line in found)} lost,
  {sum(line.doubled for line in found)} doubled
- {machine}
- {versions}

| promise | what was tried | test | database | points | lost | doubled | longest |
|---|---|---|---|--:|--:|--:|--:|
{chr(10).join(rows)}
"""


def machine() -> str:
    """What it ran on, without anybody's name or path."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} processors, {memory:.0f} GB"


def versions() -> str:
    """What it ran with."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}"


def read(figures: Path) -> list[dict[str, Any]]:
    """The figures that tests have noted."""
    return [json.loads(line) for line in figures.read_text(encoding="utf-8").splitlines()]
