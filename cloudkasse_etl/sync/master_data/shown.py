"""Formats records and their fields for people: the naming field of a record, and its values. No I/O."""

from collections.abc import Mapping
from typing import Any

from cloudkasse_etl.i18n.formats import plain_euros, spelled
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.rejection import Language

_NAMING = ("name", "display_name", "gross_cents")
_MAX_CHARACTERS = 80
_EMPTY = say("(empty)")


def naming_field(item: Mapping[str, Any]) -> str | None:
    """The field by which a person recognises a record, besides its key: a name, or a price; None if it has neither."""
    return next((name for name in _NAMING if item.get(name) not in (None, "")), None)


def shown_name(item: Mapping[str, Any], language: Language) -> str:
    """The value of the naming field; empty if there is none."""
    name = naming_field(item)
    return shown_value(name, item[name], language) if name else ""


def field_name(field: str) -> str:
    """The name of a field for people, without its unit, which the value shows."""
    return field.removesuffix("_cents")


def shown_value(field: str, value: Any, language: Language) -> str:
    """The text of a field's value; long foreign texts are shortened.

    Args:
        field: The field's name, which shows its unit.
        value: The value; None is shown as such.
        language: The language of the format.

    Returns:
        The text; an amount in cents is shown in euros.
    """
    if value is None or value == "":
        return _EMPTY.render(language)
    if field.endswith("_cents") and isinstance(value, int):
        return euro_text(value, language)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value)[: _MAX_CHARACTERS + 1])
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"


def euro_text(cents: int, language: Language) -> str:
    """An amount in the language's format."""
    return f"{spelled(plain_euros(cents), language)} €"
