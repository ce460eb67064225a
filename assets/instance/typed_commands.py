"""Our commands as they can be typed from here: by the program's path where no shell finds it, and with --demo.

So is the settings file that a text names: by its path. Texts of the library name both as the documentation does.
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from cloudkasse_etl.config.settings_language import DEFAULT_SETTINGS, chosen_company, settings_path
from cloudkasse_etl.config.variables import COMPANY_VARIABLE

PROGRAM = "cloudkasse-etl"
_COMMAND = re.compile(rf"(?<![\w/\\.-]){PROGRAM} (?P<command>[a-z][a-z-]*|--help)(?P<demo> --demo)?")
# Not the end of a path, which is told already.
_FILE = re.compile(rf"(?<![\w/\\.-]){re.escape(DEFAULT_SETTINGS)}(?![\w-])")
# Set in the environment, since `ui` starts processes which tell commands, too; no setting of a person's.
DEMO_VARIABLE = "CLOUDKASSE_TELL_DEMO"
ABOUT_NONE = frozenset({"demo", "sandbox", "ui", "--help"})
"""Commands that are about no company of a chain, or about all."""
# The UI's sensors look at several companies, each in a thread of its own.
_company: ContextVar[str | None] = ContextVar("company", default=None)


def tell_with_demo(*, is_demo: bool) -> None:
    """Sets whether commands are written with --demo from now on, here and in processes that are started from here."""
    os.environ.pop(DEMO_VARIABLE, None)
    if is_demo:
        os.environ[DEMO_VARIABLE] = "1"


def tell_about(company: str | None) -> None:
    """Sets the company of a chain with which commands are written from now on, in this thread."""
    _company.set(company)


@contextmanager
def telling_about(company: str | None) -> Iterator[None]:
    """Within the block, commands are written with a company of a chain, in this thread."""
    tell_about(company)
    try:
        yield
    finally:
        tell_about(None)


def as_typed(text: str) -> str:
    """A text whose commands and settings file can be copied out of it."""
    company = _company.get() or chosen_company()

    def typed(found: re.Match[str]) -> str:
        is_on_demo = DEMO_VARIABLE in os.environ and found["command"] not in ("demo", "--help")
        chosen = f" --company {company}" if company and found["command"] not in ABOUT_NONE else ""
        return f"{program()} {found['command']}{' --demo' if is_on_demo or found['demo'] else ''}{chosen}"

    if DEFAULT_SETTINGS in text:
        here = os.environ if company is None else {**os.environ, COMPANY_VARIABLE: company}
        text = _FILE.sub(lambda _: shown_path(settings_path(here)), text)
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
