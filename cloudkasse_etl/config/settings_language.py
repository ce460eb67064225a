"""Finds the language of a settings file by searching its text: a command that prints its help reads no more."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from cloudkasse_etl.config.variables import COMPANIES_VARIABLE, COMPANY_VARIABLE, SETTINGS_VARIABLE
from cloudkasse_etl.i18n.messages import ENGLISH, Language, languages

DEFAULT_SETTINGS = "cloudkasse.yaml"
SHARED_FILE = "defaults.yaml"
"""What all companies of a chain share, in their folder."""
_MOST = 1_000_000
_LINE = re.compile(
    rb"""^(?:language|"language"|'language')[ ]*:[ ]*["']?([A-Za-z_-]+)["']?[ ]*(?:#.*)?\r?$""", re.MULTILINE
)


def companies_folder(environment: Mapping[str, str]) -> Path | None:
    """The folder of a chain's settings files, as an absolute path; None where the installation has one company."""
    found = environment.get(COMPANIES_VARIABLE, "").strip()
    return Path(found).expanduser().absolute() if found else None


def chosen_company(environment: Mapping[str, str] | None = None) -> str | None:
    """The company of a chain that a command is about; None in a single shop."""
    environment = os.environ if environment is None else environment
    return environment.get(COMPANY_VARIABLE) or None if companies_folder(environment) else None


def settings_path(environment: Mapping[str, str] | None = None) -> Path:
    """The settings file that the environment names, as an absolute path; of a chain that of the chosen company."""
    environment = os.environ if environment is None else environment
    folder = companies_folder(environment)
    if folder is not None:
        company = environment.get(COMPANY_VARIABLE)
        return folder / (f"{company}.yaml" if company else SHARED_FILE)
    return Path(environment.get(SETTINGS_VARIABLE) or DEFAULT_SETTINGS).absolute()


def written_language(path: Path) -> Language:
    """The language that a settings file names; English if it names none that is supported."""
    found = _written(path)
    if found is None and path.parent == companies_folder(os.environ):  # what a company leaves out, all share
        found = _written(path.with_name(SHARED_FILE))
    language = found or ENGLISH
    return language if language in languages() else ENGLISH


def _written(path: Path) -> str | None:
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            found = _LINE.search(file.read(_MOST))
    except (OSError, ValueError):
        return None
    return found[1].decode() if found else None
