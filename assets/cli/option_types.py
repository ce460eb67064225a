"""Types of command options: texts, days, files and addresses; invalid values are usage errors."""

import datetime as dt
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

_EMPTY = "It is empty."


class _Text(click.ParamType[str]):
    """A text that a database and a file can store; a required one must not be empty."""

    name = "text"

    def __init__(self, *, is_needed: bool) -> None:
        self._is_needed = is_needed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it was given."""
        text = str(value)
        if self._is_needed and not text.strip():
            self.fail(_EMPTY, param, ctx)
        try:
            text.encode()
        except UnicodeEncodeError:  # bytes that the terminal's encoding knows no letter for
            self.fail("It has a character that no text has.", param, ctx)
        return text


class _Day(click.DateTime):
    """A day within the range of the settings."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The day's beginning."""
        from cloudkasse_etl.config.section import FIRST_DAY, LAST_DAY

        found: dt.datetime = super().convert(value, param, ctx)
        if not FIRST_DAY <= found.date() <= LAST_DAY:
            self.fail(f"'{value}' is not between {FIRST_DAY} and {LAST_DAY}.", param, ctx)
        return found


class _Path(click.Path):
    """A path that is not empty: an empty one would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not str(value).strip():
            self.fail(_EMPTY, param, ctx)
        if str(value) == "-" and not self.allow_dash:
            self.fail("It is no file; standard output cannot be written to here.", param, ctx)
        return super().convert(value, param, ctx)


class _Address(click.ParamType[str]):
    """An HTTP address."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address as it was given."""
        try:
            found = urlsplit(str(value))
            is_address = found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
        except ValueError:  # an invalid port
            is_address = False
        if not is_address:
            self.fail(f"'{value}' is no address like http://127.0.0.1:8850.", param, ctx)
        return str(value)


TEXT = _Text(is_needed=True)
REASON = _Text(is_needed=False)  # that one is wanted is told in words of its own
DAY = _Day()
ADDRESS = _Address()
FILE = _Path(dir_okay=False, path_type=Path)
FILE_OR_OUTPUT = _Path(dir_okay=False, allow_dash=True)
FOLDER = _Path(file_okay=False, path_type=Path)
