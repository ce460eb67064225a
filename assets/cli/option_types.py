"""Types of command options: texts, days, files and addresses; invalid values are usage errors."""

import datetime as dt
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from assets.cli.click_messages import CONTEXT, language
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.messages import translated
from cloudkasse_etl.i18n.text import Text, say

T = TypeVar("T")
_EMPTY = say("It is empty.")
_FORMS_OF_A_DAY = ("%Y-%m-%d", "%d.%m.%Y")
_NUMBERS = re.compile(r"([0-9]{1,16})(?:-([0-9]{1,16}))?")


class _Text(click.ParamType[str]):
    """A text that a database and a file can store; a required one must not be empty."""

    name = "text"

    def __init__(self, *, is_needed: bool) -> None:
        self._is_needed = is_needed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it was given."""
        text = str(value)
        if self._is_needed and not text.strip():
            self.fail(_EMPTY.render(language()), param, ctx)
        try:
            text.encode()
        except UnicodeEncodeError:  # bytes that the terminal's encoding knows no letter for
            self.fail(say("It has a character that no text has.").render(language()), param, ctx)
        return text


class _KnownName(_Text):
    """A name out of a list. For any other name the error tells the closest one, or the whole list."""

    def __init__(self, what: Text, known: Iterable[str], beginning: str | None) -> None:
        super().__init__(is_needed=True)
        self._what, self._known, self._beginning = what, tuple(known), beginning

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it was given."""
        from cloudkasse_etl.config.settings_file import unknown

        name = super().convert(value, param, ctx)
        if name not in self._known and not (self._beginning and name.startswith(self._beginning)):
            self.fail(unknown(name, self._known, self._what).render(language()), param, ctx)
        return name


class _Day(click.ParamType[dt.datetime]):
    """A day within the range of the settings, as JSON and CSV write it or as Germans do."""

    name = "day"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """How the help writes it."""
        return "YYYY-MM-DD|DD.MM.YYYY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """The day's beginning."""
        from cloudkasse_etl.config.section import FIRST_DAY, LAST_DAY

        if isinstance(value, dt.datetime):
            return value
        found = _read_day(str(value).strip())
        if found is None:
            text = say("'{value}' is no day; write 2026-11-01 or 01.11.2026 (the first of November).", value=value)
            self.fail(text.render(language()), param, ctx)
        if not FIRST_DAY <= found.date() <= LAST_DAY:
            text = say("'{value}' is not between {first} and {last}.", value=value, first=FIRST_DAY, last=LAST_DAY)
            self.fail(text.render(language()), param, ctx)
        return found


def _read_day(text: str) -> dt.datetime | None:
    for form in _FORMS_OF_A_DAY:
        with suppress(ValueError):
            return dt.datetime.strptime(text, form)  # noqa: DTZ007 -- a day has no time zone
    return None


class _Numbers(click.ParamType[tuple[int, int]]):
    """A number, or several in a row like 341-345: the first and the last of them."""

    name = "numbers"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """How the help writes it."""
        return "NUMBER|FIRST-LAST"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """The first and the last number."""
        found = _NUMBERS.fullmatch(str(value).strip())
        if found is None:
            text = say("'{value}' is no number; write 341, or 341-345 for several in a row.", value=value)
            self.fail(text.render(language()), param, ctx)
        first, last = int(found[1]), int(found[2] or found[1])
        if not first <= last <= 2**53:
            self.fail(say("'{value}' holds no number.", value=value).render(language()), param, ctx)
        return first, last


class _Path(click.Path):
    """A path that is not empty: an empty one would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not str(value).strip():
            self.fail(_EMPTY.render(language()), param, ctx)
        if str(value) == "-" and not self.allow_dash:
            text = say("It is no file; standard output cannot be written to here.")
            self.fail(text.render(language()), param, ctx)
        self.name = translated("file" if self.file_okay else "directory", language(), CONTEXT)
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
            text = say("'{value}' is no address like http://127.0.0.1:8850.", value=value)
            self.fail(text.render(language()), param, ctx)
        return str(value)


def known_name(what: Text, known: Iterable[str], *, beginning: str | None = None) -> click.ParamType[str]:
    """Makes the type of a name out of a list. For any other name the error tells the closest one, or the whole list.

    Args:
        what: What is named, as a noun of the sentence.
        known: The names.
        beginning: How further names begin, which are not ours to list.

    Returns:
        The type.
    """
    return _KnownName(what, known, beginning)


def needed(value: T | None, name: str) -> T:
    """The value of an option that is needed only sometimes; a usage error where it was left out."""
    if value is None:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param=next(p for p in context.command.params if p.name == name))
    return value


def refuse_backwards(first: dt.datetime | None, last: dt.datetime | None) -> None:
    """Refuses days whose last one is before the first.

    Raises:
        ConfigurationError: It is.
    """
    if first is not None and last is not None and last < first:
        raise ConfigurationError(
            say("--to ({last}) is before --from ({first}).", last=f"{last:%Y-%m-%d}", first=f"{first:%Y-%m-%d}"),
            hint=say("Both days are included; a single day is named twice."),
        )


TEXT = _Text(is_needed=True)
REASON = _Text(is_needed=False)  # that one is wanted is told in words of its own
DAY = _Day()
NUMBERS = _Numbers()
ADDRESS = _Address()
FILE = _Path(dir_okay=False, path_type=Path)
FILE_OR_OUTPUT = _Path(dir_okay=False, allow_dash=True)
FOLDER = _Path(file_okay=False, path_type=Path)
