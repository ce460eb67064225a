"""Finds out whose package `assets` is on Python's path. Imports next to nothing: it runs before anything else."""

from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudkasse_etl.i18n.text import Text

PACKAGE = "assets"


def foreign_package(first: Path | None = None) -> str | None:
    """The place of the package `assets` that Python would import, if it is not ours; None if it is.

    Args:
        first: A folder that will come before all others; Python's path as it is where None.
    """
    found = PathFinder.find_spec(PACKAGE, [str(first)]) if first else find_spec(PACKAGE)
    if found is None or found.origin is None:  # a folder without `__init__.py` gives way to any package behind it
        return None
    places = list(found.submodule_search_locations or [found.origin])
    return None if any(Path(place, "cli", "start.py").is_file() for place in places) else places[0]


def foreign_text(place: str) -> "Text":
    """That a package `assets` is in the way of ours."""
    from cloudkasse_etl.i18n.text import say

    return say(
        "The package {package} in {path} is not this program's, and comes before it on Python's path.",
        package=PACKAGE,
        path=place,
    )
