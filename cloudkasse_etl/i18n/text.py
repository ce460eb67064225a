"""Sentences for people: said in English where they arise, told in the settings' language where they are shown.

What a rejected record is told with has codes and both languages (failures.py); all other German is in german/.
"""

import string
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

Language = Literal["de", "en"]
_SWAPPED = str.maketrans(",.", ".,")


class Text(str):
    """A sentence in English that knows how to be told in German too; to all that know nothing of it a plain string.

    Attributes:
        template: The English words, with `{names}`.
        values: What fills them; other texts among them are told in the same language.
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, values: Mapping[str, object]) -> Self:
        """A text; the string that it is to others is the English one."""
        made = super().__new__(cls, _ENGLISH.vformat(template, (), values))
        made.template = template
        made.values = values
        return made

    def __getnewargs__(self) -> tuple[str, Mapping[str, object]]:  # type: ignore[override]
        return self.template, self.values

    def told(self, language: Language) -> str:
        """The sentence in a language."""
        if language == "en":
            return str.__str__(self)
        template = _german().get(self.template, self.template)
        values = {
            name: value.told(language) if isinstance(value, Text) else value for name, value in self.values.items()
        }
        return _GERMAN.vformat(template, (), values)


class _Beginning(Text):
    """A text without its last full stop, in whichever language."""

    def __new__(cls, template: str, values: Mapping[str, object]) -> Self:
        """The English one is without it too."""
        made = str.__new__(cls, _ENGLISH.vformat(template, (), values).removesuffix("."))
        made.template, made.values = template, values
        return made

    def told(self, language: Language) -> str:
        """The text in a language."""
        return super().told(language).removesuffix(".")


def say(template: str, /, **values: object) -> Text:
    """A sentence; `german` must have an entry for its words, which a test sees to."""
    return Text(template, values)


def told(text: str, language: Language) -> str:
    """A text in a language, as far as it is one; a plain string is a name or somebody else's words."""
    return text.told(language) if isinstance(text, Text) else text


def spelled(number: str, language: Language) -> str:
    """A number that is written the English way, in a language's: 1,234.5 is 1.234,5 in German."""
    return number.translate(_SWAPPED) if language == "de" else number


def counted(value: int, language: Language) -> str:
    """A whole number with its thousands told apart."""
    return spelled(f"{value:,}", language)


def shown_time(moment: datetime, zone: ZoneInfo) -> str:
    """A point in time by the shop's clock, to the minute, with the zone that was in force: 2026-07-01 09:05 CEST.

    The Dagster UI shows its own times in the browser's zone, which need not be the shop's.
    """
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def without_stop(text: str) -> Text:
    """A sentence as the beginning of another one."""
    return _Beginning("{sentence}", {"sentence": text})


def joined(separator: str, texts: Iterable[str]) -> Text:
    """Several texts as one."""
    values = {f"part{at}": text for at, text in enumerate(texts)}
    return Text(separator.join(f"{{{name}}}" for name in values), values)


class _English(string.Formatter):
    """As str.format; {names} only."""


class _German(string.Formatter):
    """Numbers with a comma for decimals and points for thousands."""

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        if isinstance(value, (int, float)) and format_spec:
            return spelled(text, "de")
        return text


_ENGLISH, _GERMAN = _English(), _German()


@cache
def _german() -> Mapping[str, str]:
    from cloudkasse_etl.i18n.german import TEXTS  # an English shop does without

    return TEXTS
