"""`make locale`: finds all that the program says, and brings the catalogues of the languages up to it. By babel.

Run as a program it updates each catalogue: new sentences come in empty, and what is no longer said goes.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import cloudkasse_etl
from cloudkasse_etl.i18n.messages import ENGLISH, LOCALE, PATTERNS, languages

PROJECT = Path(cloudkasse_etl.__file__).parent.parent
# The number of sentences at the beginning of a call's arguments. Those of say_count are the forms of one.
KEYWORDS = {"say": 1, "Failure": 2, "unclear": 1, "by_hand": 1, "beyond": 1}


class Message(NamedTuple):
    """A sentence of the code.

    Attributes:
        where: The file, as it stands in the project.
        text: The English words.
        many: Those for other numbers than 1; empty where nothing is counted.
        context: What tells equal words apart; empty for most.
    """

    where: str
    text: str
    many: str = ""
    context: str = ""


@cache
def messages() -> tuple[Message, ...]:
    """All that the program says, in the order of its files."""
    return tuple(
        message
        for folder in ("cloudkasse_etl", "assets")
        for path in sorted((PROJECT / folder).rglob("*.py"))
        for message in _of_file(path)
    )


def template() -> Catalog:
    """The same as a catalogue without translations."""
    catalog = Catalog(project="cloudkasse-etl")
    for message in messages():
        ids = (message.text, message.many) if message.many else message.text
        catalog.add(ids, locations=[(message.where, 0)], context=message.context or None)
    return catalog


def catalogue(language: str) -> Catalog:
    """A language's catalogue as babel reads it, with what is fuzzy or obsolete in it."""
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def path_of(language: str) -> Path:
    """The file of a language."""
    return LOCALE / language / "LC_MESSAGES" / "cloudkasse_etl.po"


def write(catalog: Catalog, path: Path) -> None:
    """Writes a catalogue: in the order of the code, without line numbers, which would change with every edit."""
    catalog.header_comment = "# All that cloudkasse-etl says; `make locale` brings in what is new in the code."
    catalog.fuzzy = False
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=118, omit_header=False, include_lineno=False, ignore_obsolete=True)


def update(*new: str) -> None:
    """Brings each catalogue up to the code, and begins those of new languages."""
    for language in new:
        write(Catalog(locale=language, project="cloudkasse-etl"), path_of(language))
    languages.cache_clear()
    for language in languages():
        if language != ENGLISH:
            found = catalogue(language)
            found.update(template(), no_fuzzy_matching=True, update_creation_date=False)
            write(found, path_of(language))


def _of_file(path: Path) -> Iterator[Message]:
    where = path.relative_to(PROJECT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield from _of_call(node, where)
        elif isinstance(node, ast.FunctionDef) and "asset" in map(_name, node.decorator_list):
            described = ast.get_docstring(node)  # those of a kind of record are said in entities.py
            yield from [Message(where, inspect.cleandoc(described))] if described else []


def _of_call(call: ast.Call, where: str) -> Iterator[Message]:
    name = _name(call)
    if name in KEYWORDS and isinstance(call.func, ast.Name):  # dg.Failure is Dagster's
        for text in _texts(call.args[: KEYWORDS[name]], where):
            if has_words(text):
                yield Message(where, text)
    elif name == "say_count":
        one, many = _texts(call.args, where)
        yield Message(where, one, many)
    elif name == "say_as":
        context, text = _texts(call.args, where)
        yield Message(where, text, context=context)
    elif name == "from_click":
        one, many = (*_texts(call.args, where), "")[:2]
        yield Message(where, one, many, "click")
    elif name == "pattern":
        (text,) = _texts(call.args, where)
        yield Message(where, text, context=PATTERNS)
    elif name == "AssetSpec":
        for text in _texts([keyword.value for keyword in call.keywords if keyword.arg == "description"], where):
            yield Message(where, text)


def _name(node: ast.expr) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    return str(getattr(function, "id", None) or getattr(function, "attr", ""))


def _texts(arguments: Sequence[ast.expr], where: str) -> list[str]:
    found = []
    for argument in arguments:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            found.append(argument.value)
        elif not isinstance(argument, ast.Name):  # the helpers of the catalogue hand their own argument on
            raise AssertionError(f"{where}:{argument.lineno}: words that are computed have no translation")
    return found


def has_words(text: str) -> bool:
    """Whether there is anything to translate: `{where}: {text}` is the same everywhere."""
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        if depth == 0 and sign.isalpha():
            return True
    return False


if __name__ == "__main__":
    update(*sys.argv[1:])
