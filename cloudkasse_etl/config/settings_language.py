"""Finds the language of a settings file by searching its text: a command that prints its help reads no more."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from cloudkasse_etl.i18n.messages import ENGLISH, Language, languages

SETTINGS_VARIABLE = "CLOUDKASSE_SETTINGS"
DEFAULT_SETTINGS = "cloudkasse.yaml"
_MOST = 1_000_000
_LINE = re.compile(
    rb"""^(?:language|"language"|'language')[ ]*:[ ]*["']?([A-Za-z_-]+)["']?[ ]*(?:#.*)?\r?$""", re.MULTILINE
)


def settings_path(environment: Mapping[str, str] | None = None) -> Path:
    """The settings file that the environment names, as an absolute path."""
    environment = os.environ if environment is None else environment
    return Path(environment.get(SETTINGS_VARIABLE) or DEFAULT_SETTINGS).absolute()


def written_language(path: Path) -> Language:
    """The language that a settings file names; English if it names none that is supported."""
    try:
        if not path.is_file():
            return ENGLISH
        with path.open("rb") as file:
            found = _LINE.search(file.read(_MOST))
    except (OSError, ValueError):
        return ENGLISH
    language = found[1].decode() if found else ENGLISH
    return language if language in languages() else ENGLISH
