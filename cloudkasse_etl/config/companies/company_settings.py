"""Reads a company's settings file over what all companies share, and refuses what only holds for all of them."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cloudkasse_etl.config.settings import Settings, read_file, settings_of
from cloudkasse_etl.config.settings_file import SettingsFile
from cloudkasse_etl.config.settings_language import SHARED_FILE
from cloudkasse_etl.errors import ConfigurationError, Problem, problems_error
from cloudkasse_etl.i18n.text import say

SHARED_SECTIONS = ("alerts", "automation", "history", "ui")
"""What one installation does once, for all companies: alerts, schedules, pruning, the UI."""
SHARED_KEYS = (("till", "kind"), ("delivery", "documents"), ("delivery", "ledger"), ("delivery", "when"))
"""What decides which assets and jobs there are; the graph is one for all companies."""
_NUMBER_LENGTH = 20
_COMPANY = re.compile(rb"^company:(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(rb"\bnumber[\"']?\s*:\s*[\"']?([^\"',}\s#]+)")


def read_shared(folder: Path) -> SettingsFile | None:
    """What all companies share, as it was written; None where there is no such file.

    Raises:
        ConfigurationError: With every problem of the file.
    """
    path = folder / SHARED_FILE
    if not path.exists():
        return None
    file = read_file(path)
    settings_of(file)
    if isinstance(company := file.data.get("company"), dict) and "number" in company:
        place = file.place(("company", "number"))
        problem = Problem(
            place,
            say("company.number: All companies would have this number, and their books would be one."),
            say("Write it into each company's own file, or leave it out: then the file's name is the number."),
        )
        raise problems_error([problem])
    return file


def read_company(key: str, path: Path, shared: SettingsFile | None) -> Settings:
    """A company's settings.

    Args:
        key: The company's key.
        path: Its settings file.
        shared: What all companies share: `read_shared`.

    Returns:
        Its own keys over the shared ones; without a number of its own the key is its number.

    Raises:
        ConfigurationError: With every problem, each naming file, line and key.
    """
    own = read_file(path)
    problems = [*_of_all(own), *_shaping(own, {} if shared is None else shared.data)]
    file = own if shared is None else own.over(shared)
    company = file.data.get("company")
    if company is None or (isinstance(company, dict) and company.get("number") is None):
        if len(key) > _NUMBER_LENGTH:
            where = file.place(("company",)) if company else f"{own.name}:1"
            text = say("company.number is missing, and the file's name is too long to be the company's number.")
            raise problems_error([*problems, Problem(where, text, say("Add it, with at most 20 characters."))])
        file = file.with_data({**file.data, "company": {**(company or {}), "number": key}})
    try:
        settings = settings_of(file)
    except ConfigurationError as error:
        raise problems_error([*problems, *error.problems]) from None
    if problems:
        raise problems_error(problems)
    return settings


def same_number(key: str, number: str, files: Mapping[str, Path]) -> list[Problem]:
    """Whether another company has the same number: their rows would be each other's.

    Args:
        key: A company's key.
        number: Its number.
        files: The settings files of all companies by key.

    Returns:
        A problem, if so. Other files are searched, not parsed: a chain has a thousand of them.
    """
    others = (other for other, path in files.items() if other != key and number == (written_number(path) or other))
    return [
        Problem(
            f"{files[key].name}:1",
            say("company.number: '{number}' is the number of company {other} already.", number=number, other=other),
            say("Give each company a number of its own."),
        )
        for other in others
    ]


def written_number(path: Path) -> str | None:
    """The number that a company's settings file names; None where it names none."""
    try:
        status = path.stat()
        return _written_number(path, status.st_mtime_ns, status.st_size)
    except OSError:
        return None


@cache
def _written_number(path: Path, _changed: int, _size: int) -> str | None:
    section = _COMPANY.search(path.read_bytes())
    found = _NUMBER.search(section[1]) if section else None
    return found[1].decode(errors="replace") if found else None


def _of_all(own: SettingsFile) -> Iterable[Problem]:
    for name in SHARED_SECTIONS:
        if name in own.data:
            yield Problem(
                own.place((name,)),
                say("{key}: What stands here holds for all companies together.", key=name),
                say("Move it to {shared}.", shared=SHARED_FILE),
            )


def _shaping(own: SettingsFile, shared: Mapping[str, Any]) -> Iterable[Problem]:
    for section, name in SHARED_KEYS:
        value, theirs = _value(own.data, section, name), _value(shared, section, name)
        default = getattr(getattr(Settings(), section), name)
        if value is not None and value != (default if theirs is None else theirs):
            yield Problem(
                own.place((section, name)),
                say(
                    "{key}: It decides which assets there are, and is the same for all companies.",
                    key=f"{section}.{name}",
                ),
                say(
                    "Write it into {shared}; companies with another one need an installation of their own.",
                    shared=SHARED_FILE,
                ),
            )


def _value(data: Mapping[str, Any], section: str, name: str) -> Any:
    found = data.get(section)
    return found.get(name) if isinstance(found, dict) else None
