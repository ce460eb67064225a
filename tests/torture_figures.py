"""How much the torturing tests try, and the figures that `make torture` makes a table of."""

import json
import os
from pathlib import Path
from typing import Any

_FILE = "TORTURE_FIGURES"

# With a file for the figures everything is tried; the normal suite tries a sample.
LONG = bool(os.environ.get(_FILE))


def record(promise: str, points: int, lost: int, doubled: int, **more: Any) -> None:
    """Notes what a test has tried, as a line of JSON in the file that TORTURE_FIGURES names; without it, nothing.

    Args:
        promise: Which promise the test holds to.
        points: How many places or moments were tried.
        lost: Records that were missing in the end.
        doubled: Records that stood there in the end although they should not, or too often.
        more: Whatever else tells how hard it was.
    """
    if LONG:
        test = os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0]
        figures = {"promise": promise, "test": test, "points": points, "lost": lost, "doubled": doubled, **more}
        with Path(os.environ[_FILE]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")
