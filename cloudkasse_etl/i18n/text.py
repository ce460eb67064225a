"""Sentences for people: said in English where they arise, told in the settings' language where they are shown.

The languages are in locale/ (messages.py), which `make locale` brings up to what is said
(tests/support/repository/extraction.py).
"""

import string
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Self

from cloudkasse_etl.i18n.formats import spelled
from cloudkasse_etl.i18n.messages import ENGLISH, translated, translated_count
from cloudkasse_etl.i18n.messages import Language as Language


class Text(str):
    """A sentence in English that can be told in other languages; to all that know nothing of that a plain string.

    Attributes:
        template: The English words, with `{names}`.
        values: What fills them; other texts among them are told in the same language.
        many: The English words for any number but 1; empty where nothing is counted.
        context: What tells equal English words apart; empty for most.
    """

    template: str
    values: Mapping[str, object]
    many: str
    context: str

    def __new__(cls, template: str, values: Mapping[str, object], many: str = "", context: str = "") -> Self:
        """A text; the string that it is to others is the English one."""
        made = super().__new__(cls, cls._filled(template, values, many, context, ENGLISH))
        made.template, made.values, made.many, made.context = template, values, many, context
        return made

    def __getnewargs__(self) -> tuple[str, Mapping[str, object], str, str]:  # type: ignore[override]
        return self.template, self.values, self.many, self.context

    def told(self, language: Language) -> str:
        """The sentence in a language."""
        if language == ENGLISH:
            return str.__str__(self)
        values = {
            name: value.told(language) if isinstance(value, Text) else value for name, value in self.values.items()
        }
        return self._filled(self.template, values, self.many, self.context, language)

    @staticmethod
    def _filled(template: str, values: Mapping[str, object], many: str, context: str, language: Language) -> str:
        if many:
            words = translated_count(template, many, int(str(values["count"])), language)
        else:
            words = translated(template, language, context)
        return _formatter(language).vformat(words, (), values)


class _Beginning(Text):
    """A text without its last full stop, in whichever language."""

    @staticmethod
    def _filled(template: str, values: Mapping[str, object], many: str, context: str, language: Language) -> str:
        return Text._filled(template, values, many, context, language).removesuffix(".")


def say(template: str, /, **values: object) -> Text:
    """A sentence; each language must have an entry for its words, which a test sees to."""
    return Text(template, values)


def say_count(one: str, many: str, /, *, count: int, **values: object) -> Text:
    """A sentence that counts: `one` for 1, `many` for any other number; other languages have their own forms."""
    return Text(one, {"count": count, **values}, many)


def say_as(context: str, template: str, /, **values: object) -> Text:
    """A sentence whose English words are others elsewhere; `context` says which these are."""
    return Text(template, values, context=context)


def told(text: str, language: Language) -> str:
    """A text in a language, as far as it is one; a plain string is a name or somebody else's words."""
    return text.told(language) if isinstance(text, Text) else text


def told_each(texts: Iterable[str], language: Language) -> tuple[str, ...]:
    """Texts in a language: the headings of a table."""
    return tuple(told(text, language) for text in texts)


def told_by_name(texts: Mapping[str, str], language: Language) -> dict[str, str]:
    """Texts in a language, by the names that the program has for them."""
    return {name: told(text, language) for name, text in texts.items()}


def without_stop(text: str) -> Text:
    """A sentence as the beginning of another one."""
    return _Beginning("{sentence}", {"sentence": text})


def joined(separator: str, texts: Iterable[str]) -> Text:
    """Several texts as one."""
    values = {f"part{at}": text for at, text in enumerate(texts)}
    return Text(separator.join(f"{{{name}}}" for name in values), values)


class _Formatter(string.Formatter):
    """As str.format, {names} only; numbers as the language writes them."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        return spelled(text, self._language) if isinstance(value, (int, float)) and format_spec else text


@cache
def _formatter(language: Language) -> _Formatter:
    return _Formatter(language)
