"""Parses the YAML of settings in bounded time and memory; values stay text, with the lines of their nodes."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from cloudkasse_etl.errors import ConfigurationError, Problem
from cloudkasse_etl.i18n.text import Text, say

_YAML = "tag:yaml.org,2002:"
TEXT_TAG = f"{_YAML}str"
_TAGS = frozenset(f"{_YAML}{kind}" for kind in ("str", "bool", "null", "seq", "map", "merge"))
_SHOWN_CHARACTERS = 60
# A hundred registers have about a thousand values; more than this is a mistake or an attack, and would take minutes.
MAX_BYTES = 256 * 1024
MAX_VALUES = 20_000
MAX_DEPTH = 50
_USER_IN_URL = re.compile(r"//[^/\s]*@")


def read_yaml(text: str, name: str) -> tuple[yaml.Node | None, Any, tuple[Problem, ...]]:
    """Parses a text: its nodes with their lines, its values, and repeated keys.

    Args:
        text: The whole file.
        name: What the file is called in messages.

    Returns:
        The root with all lines; texts, booleans and null, in lists and mappings; a problem for each repeated key and
        each repeated entry of a list.

    Raises:
        ConfigurationError: With the one problem that prevents reading it.
    """
    if len(text) > MAX_BYTES:
        raise too_large(f"{name}:1")
    try:
        node = _composed(text, name)
        _bound(node, name)
        # before merge keys are applied: a key that overrides a merged one is not repeated
        repeated = tuple(_repeated(node, name)) if node is not None else ()
        loader = _Loader("")
        try:
            return node, loader.construct_document(node) if node is not None else None, repeated
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        raise _unreadable(f"{name}:{text[: error.position].count(chr(10)) + 1}", "a control character") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unreadable(f"{name}:{line}", shown(str(error.problem))) from None
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise _unreadable(f"{name}:1", shown(str(error)) or type(error).__name__) from None


def _composed(text: str, name: str) -> yaml.Node | None:
    """The root of a text; each node's place tells the file's name too, since a company's settings come from two."""
    loader = _Loader(text)
    loader.name = name
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """YAML whose numbers and dates stay text.

    "007" is a register, not seven, and 19.00 a VAT rate with two decimals: each field decides its own type.
    `no` and `on` stay text too; only true, false and null are special.
    """


def _boolean(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> bool:
    value = str(loader.construct_scalar(node)).lower()
    if value not in ("true", "false"):
        raise yaml.constructor.ConstructorError(
            None, None, f"'{shown(value)}' is neither true nor false", node.start_mark
        )
    return value == "true"


# Values with an explicit tag are refused before (_bound); `!!bool x` would end in a KeyError.
_Loader.add_constructor(f"{_YAML}bool", _boolean)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in (f"{_YAML}null", f"{_YAML}merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_YAML}bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def too_large(where: str) -> ConfigurationError:
    """The error for a file that is larger than any settings."""
    problem = Problem(
        where,
        say("The file has more than {count} kB; settings never have.", count=MAX_BYTES // 1024),
        say("Look whether this is the settings file."),
    )
    return ConfigurationError(problem.text, problems=[problem])


def _bound(root: yaml.Node | None, name: str) -> None:
    """Refuses a tree that would be endless, or nearly so, once its anchors are resolved.

    Raises:
        ConfigurationError: An anchor contains itself, or the values are too many or nested too deeply.
    """
    sizes: dict[int, int] = {}
    above: set[int] = set()

    def size_of(node: yaml.Node) -> int:
        """The number of values of a node; each node is visited once, however often an alias names it."""
        if (known := sizes.get(id(node))) is not None:
            return known
        line = node.start_mark.line + 1
        if id(node) in above:
            raise _entangled(f"{name}:{line}", say("What stands here contains itself by an alias (*)."))
        if len(above) >= MAX_DEPTH:
            raise _entangled(f"{name}:{line}", say("This is nested deeper than {count} levels.", count=MAX_DEPTH))
        if node.tag not in _TAGS:
            problem = Problem(
                f"{name}:{line}", say("A tag stands here ({tag}).", tag=shown(str(node.tag))), say("Remove it.")
            )
            raise ConfigurationError(problem.text, problems=[problem])
        above.add(id(node))
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        size = 1
        for part in parts:
            size += sum(map(size_of, part)) if isinstance(part, tuple) else size_of(part)
            if size > MAX_VALUES:
                raise _entangled(
                    f"{name}:{line}",
                    say("With all its aliases (*), this comes to more than {count} values.", count=MAX_VALUES),
                )
        above.discard(id(node))
        sizes[id(node)] = size
        return size

    if root is not None:
        size_of(root)


def _entangled(where: str, text: Text) -> ConfigurationError:
    problem = Problem(where, text, say("Write out what is meant."))
    return ConfigurationError(problem.text, problems=[problem])


def _unreadable(where: str, reason: str) -> ConfigurationError:
    problem = Problem(
        where,
        say("This cannot be read as YAML ({reason}).", reason=reason),
        say("Look at indentation (blanks, no tabs), colons, quotes and brackets here and in the lines before."),
    )
    return ConfigurationError(problem.text, problems=[problem])


def _repeated(node: yaml.Node, name: str) -> Iterator[Problem]:
    """Finds repeated keys, and repeated entries of a list.

    Entries that differ in upper and lower case only are the same to SelectLine's database and to a mail server.

    Raises:
        ConfigurationError: A key is not text.
    """
    seen = set()
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            where = f"{name}:{key.start_mark.line + 1}"
            if key.tag not in (TEXT_TAG, f"{_YAML}merge"):
                problem = Problem(where, say("A key that stands here is no text."), say("Write it in quotes."))
                raise ConfigurationError(problem.text, problems=[problem])
            if key.tag != f"{_YAML}merge" and key.value in seen:
                text = say("The key '{key}' stands here a second time.", key=shown(key.value))
                yield Problem(where, text, say("Keep one of them."))
            seen.add(key.value)
            yield from _repeated(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if isinstance(item, yaml.ScalarNode):
                value = item.value.casefold()
                if value in seen:
                    text = say("'{value}' stands in this list a second time.", value=shown(item.value))
                    yield Problem(f"{name}:{item.start_mark.line + 1}", text, say("Keep one of them."))
                seen.add(value)
            yield from _repeated(item, name)


def merged_nodes(own: yaml.Node, shared: yaml.Node) -> yaml.Node:
    """The nodes of one file over those of another: mappings key by key; lists and values of the first as they are."""
    if not isinstance(own, yaml.MappingNode) or not isinstance(shared, yaml.MappingNode):
        return own
    below = {key.value: value for key, value in shared.value}
    values = [(key, merged_nodes(value, below.pop(key.value, value))) for key, value in own.value]
    return yaml.MappingNode(
        own.tag, [*values, *((key, value) for key, value in shared.value if key.value in below)], own.start_mark
    )


def merged_data(own: Any, shared: Any) -> Any:
    """The same with the values."""
    if not isinstance(own, dict) or not isinstance(shared, dict):
        return own
    return shared | {key: merged_data(value, shared[key]) if key in shared else value for key, value in own.items()}


def shown(value: str) -> str:
    """A value made safe for a message: one line, of limited length, without anything that may be a password."""
    value = _USER_IN_URL.sub("//…@", value)
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value[:200])
    return clean if len(clean) <= _SHOWN_CHARACTERS else f"{clean[: _SHOWN_CHARACTERS - 1]}…"
