"""Explains faults of cloudkasse.yaml in plain words and with their lines. Its keys: settings.py; YAML itself:
settings_yaml.py."""

import difflib
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Self, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from cloudkasse_etl.config.settings_yaml import TEXT_TAG, merged_data, merged_nodes, read_yaml, shown
from cloudkasse_etl.errors import ConfigurationError, Problem
from cloudkasse_etl.i18n.text import Text, joined, say

Path = tuple[int | str, ...]
ONE_ACCOUNT = say("one account")
_REFUSED = "refused"
# The pattern in settings.py that a value must match; the pattern itself is not shown.
WANTED_BY_PATTERN = {
    "[0-9A-Za-z]{1,15}": say("an account number of at most 15 letters and digits, in quotes"),
    r"(0|[1-9][0-9]?)\.[0-9]{2}": say('a VAT rate with two decimals, in quotes, like "19.00"'),
    "[a-z][a-z0-9_]{0,30}": say("at most 31 small letters, digits and _, beginning with a letter"),
    r'[^\s@<>",;:()]+@[^\s@<>",;:()]+': say("an e-mail address"),
    "[0-9A-Za-z._:-]+": say("the name of a mail server"),
    r"https?://[^\s@?#]+": say("an address like https://dagster.example.org"),
    r"(team:[^\s@]{1,60}|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7})": say(
        "an owner: team:accounting, or an e-mail address"
    ),
    "[0-9A-Za-z-]{1,64}": say("an id of letters, digits and -"),
    "[A-Za-z0-9]{1,4}": say("at most four letters and digits"),
    "[A-Z]{3}": say("a currency by its three letters, like EUR"),
    "[0-9]{2}-[0-9]{2}": say('month and day, in quotes, like "01-01"'),
    "[A-Z]{2}": say("two capitals"),
    "[0-9]{2}": say('two digits, in quotes, like "03"'),
    "[0-9]{1,4}": say('at most four digits, in quotes, like "9"'),
    "([01][0-9]|2[0-3]):[0-5][0-9]": say("a time of the day, like 08:00"),
}
_WANTED_BY_KIND = {
    "string": say("a text"),
    "int": say("a whole number"),
    "float": say("a number"),
    "decimal": say("a number"),
    "bool": say("true or false"),
    "date": say("a day, like 2026-01-31"),
    "path": say("the path of a file"),
    "tuple": say("a list, like [a, b]"),
    "dict": say("keys with values, like {{a: b}}"),
    "model": say("keys with values, like {{a: b}}"),
}


def refused(text: Text, *at: int | str) -> PydanticCustomError:
    """The error for a validator to raise: its text, and the place of the fault below the value."""
    return PydanticCustomError(_REFUSED, "{text}", {"text": text, "at": at})


def unknown(name: str, known: Iterable[str], what: Text) -> Text:
    """Explains that a name is unknown, with the closest known name or all of them.

    Args:
        name: The name that was written.
        known: The names that there are.
        what: What is named, as a noun of the sentence.

    Returns:
        The sentence.
    """
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return say("'{name}' is no {what}; did you mean '{close}'?", name=name, what=what, close=close[0])
    if known:
        return say("'{name}' is no {what}; there are: {known}.", name=name, what=what, known=", ".join(known))
    return say("'{name}' is no {what}.", name=name, what=what)


@dataclass(frozen=True)
class SettingsFile:
    """A settings file as it was written.

    Attributes:
        name: What the file is called in messages.
        node: Its content with lines.
        data: Its content.
        repeated: A problem for each repeated key, and for each repeated entry of a list.
    """

    name: str
    node: yaml.Node
    data: dict[str, Any]
    repeated: tuple[Problem, ...]

    @classmethod
    @lru_cache(maxsize=4)  # a command asks for its language first, and a sensor looks at the same file twice a minute
    def parse(cls, text: str, name: str) -> Self:
        """Reads YAML. What is returned is shared, and must not be changed.

        Raises:
            ConfigurationError: With the one problem that prevents reading it.
        """
        node, data, repeated = read_yaml(text, name)
        if node is None or data is None or data == {}:
            # A file that was cut off must not be read as a shop without registers, whose registers would be retired.
            problem = Problem(
                f"{name}:1", say("The file is empty."), say("Write the settings into it, or bring it back.")
            )
            raise ConfigurationError(problem.text, problems=[problem])
        if not isinstance(data, dict):
            problem = Problem(f"{name}:1", say("The file must be a list of keys, like 'timezone: Europe/Berlin'."))
            raise ConfigurationError(problem.text, problems=[problem])
        return cls(name, node, data, repeated)

    def over(self, shared: Self) -> Self:
        """This file over one that says what several share: its own keys win, section by section.

        Faults of either are told with the file that they are in; keys that the other repeats are that one's own faults.
        """
        merged = merged_nodes(self.node, shared.node)
        return type(self)(self.name, merged, merged_data(self.data, shared.data), self.repeated)

    def with_data(self, data: dict[str, Any]) -> Self:
        """The same with other values, for what follows from elsewhere."""
        return type(self)(self.name, self.node, data, self.repeated)

    def problems(self, error: ValidationError | None = None, model: type[BaseModel] | None = None) -> list[Problem]:
        """All faults of the file: those of its text, whatever the keys mean, and those that pydantic found.

        Args:
            error: What pydantic found; None where it found nothing.
            model: The settings that it was validated against.
        """
        found = list(self.repeated)
        explained = {} if error is None or model is None else self._explained(error, model)
        reported = set(explained)
        for node, path in _scalars(self.node):
            if problem := self._misspelled(node, path, is_reported=path in reported):
                found.append(problem)
                reported.add(path)
        return found + [problem for _, problem in sorted(explained.values(), key=lambda entry: entry[0])]

    def _misspelled(self, node: yaml.ScalarNode, path: Path, *, is_reported: bool) -> Problem | None:
        """Finds texts that are invalid in any setting: with control characters, with a blank at an end, or empty.

        A blank at an end is invisible, but makes a different number, name or account. An optional value is to be left
        out, or null: an empty text would be sent, searched for or connected to as it is.
        """
        where, key = _place_of(node), self._key(path)
        if not all(character.isprintable() for character in node.value):
            text = say("{key}: It has a control character: '{value}'.", key=key, value=shown(node.value))
            return Problem(where, text, say("Remove it."))
        if is_reported or node.tag != TEXT_TAG:
            return None
        if not node.value:
            return Problem(where, say("{key}: An empty text stands here.", key=key), say("Write a value, or null."))
        if node.value != node.value.strip():
            text = say("{key}: '{value}' begins or ends with a blank.", key=key, value=shown(node.value))
            return Problem(where, text, say("Remove the blanks."))
        return None

    def _explained(self, error: ValidationError, model: type[BaseModel]) -> dict[Path, tuple[int, Problem]]:
        """The faults that pydantic found, with lines; a key with alternative types is one problem."""
        found: dict[Path, list[Any]] = {}
        for detail in error.errors():
            path = tuple(part for part in detail["loc"] if _is_written(part))
            if detail["type"] == _REFUSED:
                path += tuple(detail["ctx"]["at"])
            found.setdefault(path, []).append(detail)
        # for a value that may be a list or a word, the fault of the list's entry is the most helpful
        deepest = [path for path in found if not any(len(o) > len(path) and o[: len(path)] == path for o in found)]
        return {path: (self._node(path).start_mark.line, self._problem(path, found[path], model)) for path in deepest}

    def _problem(self, path: Path, details: Sequence[Any], model: type[BaseModel]) -> Problem:
        where, key, detail = self.place(path), self._key(path), details[0]
        if detail["type"] == "extra_forbidden":
            text: Text = _unknown_key(str(path[-1]), _keys_at(model, path[:-1]))
            return Problem(where, say("{key}: {text}", key=key, text=text))
        if detail["type"] == "missing":
            return Problem(where, say("{key}: This key is missing.", key=key), say("Add it."))
        if detail["type"] == _REFUSED:
            return Problem(where, say("{key}: {text}", key=key, text=detail["ctx"]["text"]))
        wanted = list(dict.fromkeys(_wanted(detail) for detail in details))
        value = detail["input"]
        both = wanted[0] if len(wanted) == 1 else say("{one} or {other}", one=wanted[0], other=joined(", ", wanted[1:]))
        if value is None or value == "":
            text = say("It is empty; it must be {wanted}.", wanted=both)
        elif isinstance(value, str | bool):
            text = say("'{value}' cannot be used; it must be {wanted}.", value=shown(_spelled(value)), wanted=both)
        else:
            text = say("It must be {wanted}.", wanted=both)
        return Problem(where, say("{key}: {text}", key=key, text=text))

    def _key(self, path: Path) -> Text:
        """The keys down to a place; an entry of a list by its name, or by its number counted from 1."""
        names = ".".join(shown(str(part)) for part in path if isinstance(part, str))
        place = next((part for part in path if isinstance(part, int)), None)
        if place is None:
            return say("{names}", names=names)
        if path[0] != "registers":
            return say("{names} (entry {place})", names=names, place=place + 1)
        entry = self.data["registers"][place]
        number = entry.get("number") if isinstance(entry, dict) else None
        named = shown(number) if isinstance(number, str) and number.strip() else str(place + 1)
        return say("{names} (register {named})", names=names, named=named)

    def place(self, path: Path) -> str:
        """File and line (from 1) of the deepest node on the path that is in the file."""
        return _place_of(self._node(path))

    def _node(self, path: Path) -> yaml.Node:
        """The deepest node on the path that is in the file; of a mapping's entry its key."""
        place = node = self.node
        for part in path:
            if isinstance(node, yaml.MappingNode):
                pairs = ((key, value) for key, value in node.value if getattr(key, "value", None) == str(part))
                place, node = next(pairs, (place, node))
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                place = node = node.value[part]
        return place


def _place_of(node: yaml.Node) -> str:
    return f"{node.start_mark.name}:{node.start_mark.line + 1}"


def _unknown_key(name: str, known: Sequence[str]) -> Text:
    """Explains that there is no such key; one with dots is how messages name a key below others."""
    *above, key = name.split(".")
    if above and key and above[0] in known:
        return say(
            "'{name}' is no key here: it is written as {key}: below {above}:",
            name=shown(name),
            key=shown(key),
            above=shown(": ".join(above)),
        )
    return unknown(shown(name), known, say("key here"))


def _scalars(node: yaml.Node, path: Path = ()) -> Iterator[tuple[yaml.ScalarNode, Path]]:
    """Keys and values with the keys that lead to them."""
    if isinstance(node, yaml.ScalarNode):
        yield node, path
    elif isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            yield from _scalars(item, (*path, at))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(key, (*path, str(getattr(key, "value", ""))))
            yield from _scalars(value, (*path, str(getattr(key, "value", ""))))


def _is_written(part: int | str) -> bool:
    """Whether a part of pydantic's path is in the file: pydantic adds names of union members and "[key]"."""
    return isinstance(part, int) or not re.search(
        r"[\[\]()]|^(constrained-)?str$|^literal|^OverShort$|^dict$|^tuple$", part
    )


def _keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys of the section at this path."""
    found: Any = model
    for part in path:
        if isinstance(part, str):
            found = _under(found, part)
    sections = list(_sections(found))
    return [field.alias or name for section in sections for name, field in section.model_fields.items()]


def _under(annotation: Any, key: str) -> Any:
    """The type of the value of a key."""
    for section in _sections(annotation):
        for name, field in section.model_fields.items():
            if key in (name, field.alias):
                return field.annotation
    for part in _members(annotation):
        if get_origin(part) is dict:
            return get_args(part)[1]
    return None


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    for part in _members(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part
        elif get_origin(part) is tuple:
            yield from _sections(get_args(part)[0])


def _members(annotation: Any) -> list[Any]:
    """The types that a value may have."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    return _members(get_args(annotation)[0]) if get_origin(annotation) is Annotated else [annotation]


def _wanted(detail: Mapping[str, Any]) -> Text:
    """What a value should be, for the kinds of errors that pydantic has."""
    kind, context = str(detail["type"]), detail.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return WANTED_BY_PATTERN[str(context["pattern"]).removeprefix("^").removesuffix("$")]
    if kind == "literal_error":
        names = re.findall(r"'([^']*)'", str(context["expected"]))
        if len(names) == 2:
            return say("{one} or {other}", one=names[0], other=names[1])
        return say("one of {names}", names=", ".join(names)) if len(names) > 1 else say("{name}", name=names[0])
    if kind in ("string_too_short", "too_short"):
        return say("not empty")
    if kind == "string_too_long":
        return say("at most {count} characters long", count=context["max_length"])
    bounds = {"ge": say("at least"), "gt": say("above"), "le": say("at most"), "lt": say("below")}
    if bound := next((name for name in bounds if name in context), None):
        return say("{bound} {limit}", bound=bounds[bound], limit=_limit(context[bound]))
    return _WANTED_BY_KIND.get(kind.partition("_")[0], say("another value"))


def _limit(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _spelled(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()
