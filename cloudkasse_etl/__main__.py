"""Start of a command: calls the package `assets`, or reports that another package of that name is in its place.

`assets` is a common name, and the first of that name on Python's path wins without a word: all that a person would see
is that some module is missing. The name of this package is its own, so the look is here. `assets` is named as a text,
since imports run the other way. Little is imported before it: interrupts are heard from assets/cli/start.py on.
"""

import json
import sys

INTERRUPTED, WRONG_USE = 20, 2


def main() -> None:
    """Runs the command that the process was started with, and ends the process with its exit code."""
    try:
        from importlib import import_module

        from cloudkasse_etl.config.code_path import PACKAGE, foreign_package

        foreign = foreign_package()
        start = None if foreign else import_module(f"{PACKAGE}.cli.start")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    if start is None:
        sys.exit(_refuse(str(foreign)))
    start.main()


def _refuse(place: str) -> int:
    from cloudkasse_etl.config.code_path import foreign_text
    from cloudkasse_etl.config.settings import language_of, settings_path
    from cloudkasse_etl.i18n.text import say

    language = language_of(settings_path())
    error = foreign_text(place).render(language)
    cure = say("Install the program into a virtual environment of its own, or take that folder off PYTHONPATH.")
    hint = cure.render(language)
    if "--json" in sys.argv:
        print(json.dumps({"error": error, "hint": hint, "exit_code": WRONG_USE}, ensure_ascii=False))
    print(f"{error}\n{hint}", file=sys.stderr)
    return WRONG_USE


if __name__ == "__main__":
    main()
