"""Documentation of a contract for people: its columns with type, meaning, source and rules, and their lineage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandera.pandas as pa

from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.i18n.text import Language, rendered, say
from cloudkasse_etl.schemas.checks import DAY, FIRST_DAY, QUANTITY, RATE

_EXAMPLES = {DAY: "2026-07-01", RATE: "19.00", QUANTITY: "0.000", "[A-Z]{2}": "DE", "[A-Z]{3}": "EUR"}


@dataclass(frozen=True, slots=True)
class ReadableColumn:
    """A column as it is described to a person who does not program.

    Attributes:
        name: Its name.
        type: The kind of its values: `text`, `date`, `whole cents`, …
        description: Its meaning and source.
        nullable: Whether it may be empty.
        unique: Whether each value appears only once.
        rules: Its further checks.
    """

    name: str
    type: str
    description: str
    nullable: bool
    unique: bool
    rules: tuple[str, ...]


def readable_columns(model: type[pa.DataFrameModel], language: Language) -> tuple[ReadableColumn, ...]:
    """The contract's columns, in its order."""
    key = key_of(model)
    return tuple(
        ReadableColumn(
            name,
            rendered(_type(name, column), language),
            say(
                "{description} From {source}.",
                description=rendered(column.description, language),
                source=", ".join(_sources(column)),
            ).render(language),
            column.nullable,
            key == (name,),
            _rules(name, column, key, language),
        )
        for name, column in _columns(model).items()
    )


def key_of(model: type[pa.DataFrameModel]) -> tuple[str, ...]:
    """The columns that together name a record of the contract."""
    (metadata,) = (model.get_metadata() or {}).values()
    return tuple(metadata["dataframe"]["key"])


def drawn_from(
    model: type[pa.DataFrameModel], upstream: Mapping[str, type[pa.DataFrameModel]]
) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Which columns of other assets each column comes from, by the sources that the contracts name.

    A column of the same name and source is the one that is handed on. Otherwise it is made of those that hold its
    sources.

    Args:
        model: The contract.
        upstream: The contracts of the assets whose records it is made of, by asset.

    Returns:
        Column → (asset, column); a column that comes from elsewhere is left out.
    """
    found = {}
    for name, column in _columns(model).items():
        mine = _sources(column)
        handed_on, made_of = [], []
        for asset, other in upstream.items():
            for theirs, source in _columns(other).items():
                held = _named_sources(source)
                if theirs == name and held == _named_sources(column):
                    handed_on.append((asset, theirs))
                elif set(held) & set(mine):
                    made_of.append((asset, theirs))
        if handed_on or made_of:
            found[name] = tuple(handed_on or made_of)
    return found


def _columns(model: type[pa.DataFrameModel]) -> Mapping[str, Any]:
    return model.to_schema().columns


def _named_sources(column: Any) -> tuple[str, ...]:
    """Its sources as rejections name them."""
    return tuple(str(column.metadata["column"]).split(", "))


def _sources(column: Any) -> tuple[str, ...]:
    """All sources that its value depends on."""
    return (*_named_sources(column), *column.metadata.get("also", ()))


def _type(name: str, column: Any) -> str:
    dtype = str(column.dtype)
    if dtype.startswith("datetime64") or DAY in _patterns(column):
        return say("date")
    if RATE in _patterns(column):
        return say("percent")
    if dtype == "bool":
        return say("yes or no")
    if dtype.startswith("int"):
        # names contain the units (docs/rules.md)
        if name.endswith("_cents"):
            return say("whole cents")
        return say("thousandths") if name.endswith("_milli") else say("whole number")
    return say("number") if dtype.startswith("float") or QUANTITY in _patterns(column) else say("text")


def _patterns(column: Any) -> tuple[str, ...]:
    return tuple(check.statistics["pattern"] for check in column.checks if check.name == "full_match")


def _rules(name: str, column: Any, key: tuple[str, ...], language: Language) -> tuple[str, ...]:
    # that a text has no control character is asked of each, and so says nothing of any
    rules = [_rule(c.name, c.statistics, language) for c in column.checks if c.name != "clean_text"]
    if name in key and len(key) > 1:
        rules.append(say("once with {others}", others=", ".join(k for k in key if k != name)))
    return tuple(rendered(rule, language) for rule in rules)


def _rule(name: str, limits: Mapping[str, Any], language: Language) -> str:
    if name == "clean_key":
        return say("no outer blanks")
    if name == "max_characters":
        return say("at most {limit} characters", limit=limits["limit"])
    if name == "finite":
        return say("a finite number")
    if name == "known_day":
        return say("from {first} on", first=f"{FIRST_DAY:%Y-%m-%d}")
    if name == "in_range":
        lowest, highest = (counted(limits[limit], language) for limit in ("min_value", "max_value"))
        return say("from {lowest} to {highest}", lowest=lowest, highest=highest)
    if name == "greater_than_or_equal_to":
        return say("at least {lowest}", lowest=limits["min_value"])
    if name == "not_equal_to":
        return say("not {value}", value=limits["value"])
    if name != "full_match":
        raise LookupError(f"There are no words for the rule {name}.")
    pattern = limits["pattern"]
    if pattern in _EXAMPLES:
        return say("written like {example}", example=_EXAMPLES[pattern])
    return say("one of: {values}", values=pattern.replace("|", ", "))
