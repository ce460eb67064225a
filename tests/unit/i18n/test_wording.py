"""Protects that whatever the program says can be told in German too, with the same names filled in."""

import ast
import copy
import pickle
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloudkasse_etl
from cloudkasse_etl import errors
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.german import TEXTS
from cloudkasse_etl.i18n.text import Text, joined, say, told, without_stop
from cloudkasse_etl.rejections.rejection import CATALOGUE, Rejection

PROJECT = Path(cloudkasse_etl.__file__).parent.parent


def said() -> Iterator[tuple[str, str]]:
    """All calls of `say`: where, and the English words."""
    for folder in ("cloudkasse_etl", "assets"):
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                    template = node.args[0]
                    where = f"{path.name}:{node.lineno}"
                    assert isinstance(template, ast.Constant), f"{where}: words that are computed have no translation"
                    yield where, str(template.value)


def names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def has_words(template: str) -> bool:
    return any(c.isalpha() for text, *_ in string.Formatter().parse(template) for c in text)


def test_all_that_is_said_has_a_german_text_and_every_german_text_is_said() -> None:
    english = {template: where for where, template in said()}
    assert not {where: t for t, where in english.items() if t not in TEXTS and has_words(t)}
    assert not set(TEXTS) - set(english), "what is no longer said needs no German"


def test_no_english_words_are_translated_twice() -> None:
    keys = [
        key.value
        for path in (PROJECT / "cloudkasse_etl" / "german").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    ]
    assert [key for key, times in Counter(keys).items() if times > 1] == []


@pytest.mark.parametrize("english", TEXTS)
def test_both_languages_are_filled_from_the_same_names(english: str) -> None:
    german = TEXTS[english]
    assert names(german) == names(english)
    assert english.endswith(".") == german.endswith(".")


def test_a_text_is_english_to_whoever_knows_nothing_of_it() -> None:
    text = say("{place} does not exist.", place=say("The ERP's database file {file}", file="erp.db"))
    assert text == "The ERP's database file erp.db does not exist."
    assert told(text, "de") == "Die Datenbankdatei erp.db der Warenwirtschaft ist nicht vorhanden."
    assert told("a name", "de") == "a name"
    assert told(joined(" ", [text, "x"]), "de").endswith("nicht vorhanden. x")
    assert told(without_stop(text), "de").endswith("nicht vorhanden")
    assert without_stop(text).endswith("not exist")


def test_numbers_are_written_as_each_language_does() -> None:
    text = say("This machine's clock is {seconds:,.0f} seconds behind CloudKasse's.", seconds=1234.0)
    assert "1,234" in text
    assert "1.234" in text.told("de")


@pytest.mark.parametrize("copied", [lambda t: pickle.loads(pickle.dumps(t)), copy.deepcopy])
def test_a_copy_still_knows_german(copied: "object") -> None:
    assert callable(copied)
    text = copied(say("Correct company.database_name in the settings."))
    assert isinstance(text, Text)
    assert text.told("de") == "Berichtigen Sie company.database_name in den Einstellungen."


def test_an_error_is_told_with_its_cure() -> None:
    error = ConfigurationError(say("This is no address."), hint=say("Add it."))
    assert (str(error), error.told("de")) == ("This is no address. Add it.", "Das ist keine Adresse. Ergänzen Sie ihn.")


SHOWN_BY = {
    name for name, value in vars(errors).items() if isinstance(value, type) and name.endswith(("Error", "Problem"))
}
SHOWN_BY |= {"problems_error", "echo", "secho", "print_error", "SkipReason"}
# The sandbox and the demo's story are English: they are no part of a shop's work.
ENGLISH = ("sandbox", "demo.py", "german")


def shown() -> Iterator[tuple[str, ast.expr]]:
    """What is handed to errors, to the terminal and to the sensors' ticks: where, and the expression."""
    for folder in ("cloudkasse_etl", "assets"):
        for path in (PROJECT / folder).rglob("*.py"):
            if any(part in ENGLISH or part.startswith("sandbox") for part in path.parts):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
                    if name in SHOWN_BY:
                        for value in (*node.args, *(key.value for key in node.keywords if key.arg in ("hint", "cure"))):
                            yield f"{path.name}:{node.lineno}", value


def test_words_for_people_are_said_and_not_only_written() -> None:
    bare = []
    for where, value in shown():
        parts = value.values if isinstance(value, ast.JoinedStr) else [value]
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value.strip():
                bare.append(f"{where}: {part.value}")
    assert bare == []


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_german_cure_speaks_to_the_person(code: str) -> None:
    cure = CATALOGUE[code].de_cure
    assert " Sie" in cure or cure.endswith("von selbst."), cure


def test_amounts_and_rates_in_a_german_reason_are_written_as_germans_write_them() -> None:
    detail = {"line": "1", "value": "-1,234.50", "rate": "19.00", "tax": "0.00", "expected": "-197.11"}
    refused = Rejection("staged_receipts", "r1", "receipt_tax_rate", detail)
    assert refused.text("en") == "Line 1: -1,234.50 gross at 19.00 % has 0.00 tax; -197.11 was expected."
    assert refused.text("de") == "Zeile 1: -1.234,50 brutto zu 19,00 % hat 0,00 Steuer; erwartet wurden -197,11."
    assert Rejection("", "", "receipt_lines_total", {}).text("de") == "Die Zeilen ergeben ?, der Bon sagt ?."


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_rate_in_a_german_reason_is_written_as_germans_write_it(code: str) -> None:
    german = CATALOGUE[code].de
    assert "} %" not in german.replace(":n} %", ""), german
