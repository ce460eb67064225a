"""Our commands as they can be typed from here: by the program's path where no shell finds it, and with --demo."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

PROGRAM = "cloudkasse-etl"
_COMMAND = re.compile(rf"(?<![\w/\\.-]){PROGRAM} (?P<command>[a-z][a-z-]*)(?P<demo> --demo)?")


class _Told:
    """How this process writes commands."""

    with_demo = False


def tell_with_demo(*, is_demo: bool) -> None:
    """Sets whether commands are written with --demo from now on, since the one at work works on the demo."""
    _Told.with_demo = is_demo


def as_typed(text: str) -> str:
    """A text whose commands can be copied out of it."""

    def typed(found: re.Match[str]) -> str:
        demo = " --demo" if (_Told.with_demo and found["command"] != "demo") or found["demo"] else ""
        return f"{program()} {found['command']}{demo}"

    return _COMMAND.sub(typed, text) if PROGRAM in text else text


def program() -> str:
    """The program as the shell finds it from the current folder."""
    there = Path(sys.executable).with_name(f"{PROGRAM}.exe" if sys.platform == "win32" else PROGRAM)
    found = shutil.which(PROGRAM)
    if not there.is_file() or (found is not None and Path(found).resolve() == there.resolve()):
        return PROGRAM
    try:
        path = there.relative_to(Path.cwd())
    except ValueError:
        path = there
    if sys.platform == "win32":
        return f'"{path.with_suffix("")}"' if " " in str(path) else str(path.with_suffix(""))
    return shlex.quote(str(path) if os.sep in str(path) else f".{os.sep}{path}")
