"""Finds the settings files of a chain's companies. A company's key, by which Dagster knows it, is its file's name."""

import os
import re
from pathlib import Path

from cloudkasse_etl.config.settings_language import SHARED_FILE
from cloudkasse_etl.config.variables import COMPANIES_VARIABLE
from cloudkasse_etl.errors import Problem, problems_error, system_reason
from cloudkasse_etl.i18n.text import say

# A partition's key in Dagster, a part of a database's name and of a variable's: what all of these take.
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ENDINGS = (".yaml", ".yml")


def company_files(folder: Path) -> dict[str, Path]:
    """The settings files of the companies by key, in order of the keys; those with other names are left out.

    Args:
        folder: The folder of a chain.

    Raises:
        ConfigurationError: The folder cannot be read, or has no company's file.
    """
    found = {path.stem: path for path in _files(folder) if _is_company(path)}
    if not found:
        problem = Problem(
            f"{COMPANIES_VARIABLE} ({folder})",
            say("No company has a settings file in this folder."),
            say(
                "Write one for each company, named like berlin.yaml; what all share stands in {shared}.",
                shared=SHARED_FILE,
            ),
        )
        raise problems_error([problem])
    return found


def company_file(folder: Path, key: str) -> Path | None:
    """The settings file of a company; None where it has none. The folder is not listed: a tick asks for all companies.

    Args:
        folder: The folder of a chain.
        key: The company's key, as a person may have written it.
    """
    path = folder / f"{key}.yaml"
    return path if _is_company(path) and path.stem == key and path.is_file() else None


def misnamed_files(folder: Path) -> list[Problem]:
    """The files that look like settings, and are no company's because of their name.

    Args:
        folder: The folder of a chain.

    Raises:
        ConfigurationError: The folder cannot be read.
    """
    return [
        Problem(
            str(path),
            say("This file is no company's settings: its name is no key."),
            say("Rename it: small letters, digits, - and _, at most 40, and .yaml; or move it elsewhere."),
        )
        for path in _files(folder)
        if path.suffix.lower() in _ENDINGS and path.name != SHARED_FILE and not _is_company(path)
    ]


def suffix_of(key: str) -> str:
    """What a company's own value of a variable ends with, after two underscores."""
    return re.sub("[^A-Z0-9]", "_", key.upper())


def _is_company(path: Path) -> bool:
    return path.suffix == ".yaml" and path.name != SHARED_FILE and _KEY.fullmatch(path.stem) is not None


def _files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if not entry.name.startswith(".") and entry.is_file())
    except OSError as error:
        problem = Problem(
            f"{COMPANIES_VARIABLE} ({folder})",
            say("The folder of the companies cannot be read: {reason}.", reason=system_reason(error)),
            say("Make it and write a settings file for each company into it, or name another folder."),
        )
        raise problems_error([problem]) from error
