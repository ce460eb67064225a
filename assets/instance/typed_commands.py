"""Our commands as they can be typed from here: by the program's path where no shell finds it, and with --demo.

So is the settings file that a text names: by its path. Texts of the library name both as the documentation does.
"""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from cloudkasse_etl.config.settings_language import DEFAULT_SETTINGS, settings_path

PROGRAM = "cloudkasse-etl"
_COMMAND = re.compile(rf"(?<![\w/\\.-]){PROGRAM} (?P<command>[a-z][a-z-]*|--help)(?P<demo> --demo)?")


# Not the end of a path, which is told already.
_FILE = re.compile(rf"(?<![\w/\\.-]){re.escape(DEFAULT_SETTINGS)}(?![\w-])")
# Set in the environment, since `ui` starts processes which tell commands, too; no setting of a person's.
DEMO_VARIABLE = "CLOUDKASSE_TELL_DEMO"


def tell_with_demo(*, is_demo: bool) -> None:
    """Sets whether commands are written with --demo from now on, here and in processes that are started from here."""
    os.environ.pop(DEMO_VARIABLE, None)
    if is_demo:
        os.environ[DEMO_VARIABLE] = "1"


def as_typed(text: str) -> str:
    """A text whose commands and settings file can be copied out of it."""

    def typed(found: re.Match[str]) -> str:
        is_on_demo = DEMO_VARIABLE in os.environ and found["command"] not in ("demo", "--help")
        return f"{program()} {found['command']}{' --demo' if is_on_demo or found['demo'] else ''}"

    if DEFAULT_SETTINGS in text:
        text = _FILE.sub(lambda _: shown_path(settings_path()), text)
    return _COMMAND.sub(typed, text) if PROGRAM in text else text


def shown_path(path: str | Path) -> str:
    """A path as short as it can be typed from here."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def program() -> str:
    """The program as the shell finds it from the current folder."""
    there = Path(sys.executable).with_name(f"{PROGRAM}.exe" if sys.platform == "win32" else PROGRAM)
    found = shutil.which(PROGRAM)
    if not there.is_file() or (found is not None and Path(found).resolve() == there.resolve()):
        return PROGRAM
    path = Path(shown_path(there))
    if sys.platform == "win32":
        return f'"{path.with_suffix("")}"' if " " in str(path) else str(path.with_suffix(""))
    return shlex.quote(str(path) if os.sep in str(path) else f".{os.sep}{path}")
