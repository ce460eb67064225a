"""Where a command begins: hands over to the package `assets`, or says that another one lies in its place.

`assets` is a common name, and the first of that name on Python's path wins without a word: all that a person would see
is that some module is missing. The name of this package is its own, so the look is here. `assets` is named as a text,
since imports run the other way. Little is imported before it: interrupts are heard from assets/cli/start.py on.
"""

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "assets"
INTERRUPTED, WRONG_USE = 20, 2


def main() -> None:
    """Runs the command that the process was started with, and ends the process with its exit code."""
    try:
        foreign = foreign_package()
        start = None if foreign else import_module(f"{PACKAGE}.cli.start")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    if start is None:
        sys.exit(_refuse(str(foreign)))
    start.main()


def foreign_package() -> str | None:
    """Where the package `assets` lies that Python would import, if it is not ours; None if it is."""
    found = find_spec(PACKAGE)
    if found is None:
        return None
    places = list(found.submodule_search_locations or [found.origin or PACKAGE])
    return None if any(Path(place, "cli", "start.py").is_file() for place in places) else places[0]


def _refuse(place: str) -> int:
    from cloudkasse_etl.config.settings import language_of, settings_path
    from cloudkasse_etl.i18n.text import say

    language = language_of(settings_path())
    error = say(
        "The package {package} in {path} is not this program's, and comes before it on Python's path.",
        package=PACKAGE,
        path=place,
    ).told(language)
    hint = say("Install the program into a virtual environment of its own, or take that folder off PYTHONPATH.").told(
        language
    )
    if "--json" in sys.argv:
        print(json.dumps({"error": error, "hint": hint, "exit_code": WRONG_USE}, ensure_ascii=False))
    print(f"{error}\n{hint}", file=sys.stderr)
    return WRONG_USE


if __name__ == "__main__":
    main()
