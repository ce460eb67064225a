"""Records and their fields as a person reads them: which field names a record, and how a value is written. No I/O."""

from collections.abc import Mapping
from typing import Any

from cloudkasse_etl.i18n.formats import plain_euros, spelled
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.rejection import Language

_NAMING = ("name", "display_name", "gross_cents")
_MAX_CHARACTERS = 80
_EMPTY = say("(empty)")


def naming_field(item: Mapping[str, Any]) -> str | None:
    """The field by which a person knows a record, besides its key: a name, or a price; None where it has neither."""
    return next((name for name in _NAMING if item.get(name) not in (None, "")), None)


def shown_name(item: Mapping[str, Any], language: Language) -> str:
    """That field's value; empty where there is none."""
    name = naming_field(item)
    return shown_value(name, item[name], language) if name else ""


def field_name(field: str) -> str:
    """A field as a person reads it: the unit is told by the value."""
    return field.removesuffix("_cents")


def shown_value(field: str, value: Any, language: Language) -> str:
    """A value as a person reads it: cents as plain_euros, nothing as such, a foreign text cut to a bearable length."""
    if value is None or value == "":
        return _EMPTY.told(language)
    if field.endswith("_cents") and isinstance(value, int):
        return euro_text(value, language)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value)[: _MAX_CHARACTERS + 1])
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"


def euro_text(cents: int, language: Language) -> str:
    """An amount in the language's spelling."""
    return f"{spelled(plain_euros(cents), language)} €"
