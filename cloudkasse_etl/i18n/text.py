"""Sentences for people: written in English where they arise, translated to the settings' language when shown.

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
    """A sentence in English that can be translated; code that does not know this class sees a plain English string.

    Attributes:
        template: The English text, with `{names}`.
        values: The values of its placeholders; texts among them are translated too.
        many: The English text for any number but 1; empty where nothing is counted.
        context: Distinguishes equal English texts with different meanings; empty for most.
    """

    template: str
    values: Mapping[str, object]
    many: str
    context: str

    def __new__(cls, template: str, values: Mapping[str, object], many: str = "", context: str = "") -> Self:
        """Makes a text; as a plain string it is the English sentence."""
        made = super().__new__(cls, cls._filled(template, values, many, context, ENGLISH))
        made.template, made.values, made.many, made.context = template, values, many, context
        return made

    def __getnewargs__(self) -> tuple[str, Mapping[str, object], str, str]:  # type: ignore[override]
        return self.template, self.values, self.many, self.context

    def render(self, language: Language) -> str:
        """The sentence in a language."""
        if language == ENGLISH:
            return str.__str__(self)
        values = {
            name: value.render(language) if isinstance(value, Text) else value for name, value in self.values.items()
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
    """A sentence that is to be translated; a test ensures that each language has an entry for it."""
    return Text(template, values)


def say_count(one: str, many: str, /, *, count: int, **values: object) -> Text:
    """A sentence that depends on a number: `one` for 1, `many` for any other; other languages have their own forms.

    Where English has one form for both ("2 rejected") it stands twice: French tells one from many there.

    Args:
        one: The English text for 1.
        many: The English text for any other number.
        count: The number; a placeholder too.
        **values: The values of further placeholders.

    Returns:
        The sentence.
    """
    return Text(one, {"count": count, **values}, many)


def say_as(context: str, template: str, /, **values: object) -> Text:
    """A sentence whose English text means something else in other places.

    Args:
        context: Distinguishes the meanings.
        template: The English text, with `{names}`.
        **values: The values of its placeholders.

    Returns:
        The sentence.
    """
    return Text(template, values, context=context)


def rendered(text: str, language: Language) -> str:
    """A text in a language; a plain string (a name, or a text of another system) is returned unchanged."""
    return text.render(language) if isinstance(text, Text) else text


def rendered_each(texts: Iterable[str], language: Language) -> tuple[str, ...]:
    """Texts in a language: the headings of a table."""
    return tuple(rendered(text, language) for text in texts)


def rendered_by_name(texts: Mapping[str, str], language: Language) -> dict[str, str]:
    """Texts in a language, by the names that the program has for them."""
    return {name: rendered(text, language) for name, text in texts.items()}


def without_stop(text: str) -> Text:
    """A sentence without its full stop, to continue it."""
    return _Beginning("{sentence}", {"sentence": text})


def joined(separator: str, texts: Iterable[str]) -> Text:
    """Joins several texts to one."""
    values = {f"part{at}": text for at, text in enumerate(texts)}
    return Text(separator.join(f"{{{name}}}" for name in values), values)


def with_colon(head: str, more: str, language: Language) -> str:
    """Two texts with a colon between them: French puts a space before it.

    Args:
        head: The first text, already told.
        more: The second one.
        language: The language of both.

    Returns:
        Both in one.
    """
    return say_as("punctuation", "{head}: {more}", head=head, more=more).render(language)


def with_semicolon(head: str, more: str, language: Language) -> str:
    """Two texts with a semicolon between them, if there is a second one.

    Args:
        head: The first text, already told.
        more: The second one; empty for none.
        language: The language of both.

    Returns:
        Both in one.
    """
    return say_as("punctuation", "{head}; {more}", head=head, more=more).render(language) if more else head


class _Formatter(string.Formatter):
    """str.format with {names} only; numbers in the language's format."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        return spelled(text, self._language) if isinstance(value, (int, float)) and format_spec else text


@cache
def _formatter(language: Language) -> _Formatter:
    return _Formatter(language)
