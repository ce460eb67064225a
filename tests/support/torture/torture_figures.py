"""How much the torturing tests try, and the figures that `make torture` makes a table of."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Any

FILE = "TORTURE_FIGURES"
SHORT = "TORTURE_SHORT"

# With a file for the figures everything is tried, unless somebody wants the figures of the sample that the suite tries.
LONG = bool(os.environ.get(FILE)) and not os.environ.get(SHORT)

# The form that `make test-quick` sets: a handful of examples of each law.
QUICK = bool(os.environ.get("TEST_QUICK"))


class Promise(StrEnum):
    """What the program guarantees, and tests try to break."""

    ONE_AT_A_TIME = "Only one synchronisation of a company writes at a time, and nobody ever unlocks by hand"
    KILLED_ANYWHERE = "Killed at any moment, the next run ends as if nothing had been"
    FAULTY_NETWORK = "A faulty network, proxy or cloud loses nothing and doubles nothing"
    BAD_INPUT = "Whatever ERP, cloud or settings hold: a rejection or a clear error, and all that is good goes on"
    PLAIN_WORDS = "Whoever types a command reads in plain words, and in bounded time, what is wrong"
    FOR_MONTHS = "It runs for months: memory, open files and history do not grow"


def record(promise: Promise, points: int, lost: int, doubled: int, **more: Any) -> None:
    """Notes what a test has tried, as a line of JSON in the file that TORTURE_FIGURES names; without it, nothing.

    Args:
        promise: Which promise the test holds to.
        points: How many places or moments were tried.
        lost: Records that were missing in the end.
        doubled: Records that stood there in the end although they should not, or too often.
        more: Whatever else tells how hard it was; of `seconds` the page shows the longest, of `database` each.
    """
    if os.environ.get(FILE):
        test = os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0]
        figures = {"promise": promise, "test": test, "points": points, "lost": lost, "doubled": doubled, **more}
        with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")


def holds(promise: Promise) -> None:
    """Notes that a law held for one more example."""
    record(promise, 1, 0, 0)
