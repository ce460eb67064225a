"""Protects that whatever the program says can be told in each of its languages, with the same names filled in."""

import ast
import copy
import datetime as dt
import pickle
import string
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Message as Entry

from cloudkasse_etl import errors
from cloudkasse_etl.config.settings import Settings, parse_settings
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.messages import ENGLISH, LOCALE, PATTERNS, languages, translated
from cloudkasse_etl.i18n.text import Text, joined, rendered, say, say_count, without_stop
from cloudkasse_etl.rejections.rejection import CATALOGUE, Rejection
from cloudkasse_etl.state.stores.books.receipt_status import Status, status_word
from tests.support.repository.extraction import PROJECT, catalogue, messages, path_of

LANGUAGES = [language for language in languages() if language != ENGLISH]
# A language that says all that the program says; of others what they lack stays English.
COMPLETE = ["de", "fr"]


def fields(template: str) -> set[tuple[str, str]]:
    return {(name, form or "") for _, name, form, _ in string.Formatter().parse(template) if name}


def entries(language: str) -> list[Entry]:
    return [entry for entry in catalogue(language) if entry.id]


def forms(entry: Entry) -> list[tuple[str, str]]:
    """English words and what stands for them in the language, each form of a sentence that counts."""
    if isinstance(entry.id, str):
        return [(entry.id, str(entry.string))]
    return [(str(entry.id[min(at, 1)]), text) for at, text in enumerate(entry.string or ())]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_an_entry_for_all_that_is_said_and_for_nothing_else(language: str) -> None:
    said = {(m.context, m.text, m.many) for m in messages()}
    there = {
        (entry.context or "", *((entry.id, "") if isinstance(entry.id, str) else entry.id))
        for entry in entries(language)
    }
    assert said - there == set(), "make locale brings them in"
    assert there - said == set(), "make locale takes them out"
    assert catalogue(language).obsolete == {}
    assert [entry.id for entry in entries(language) if entry.fuzzy] == []


@pytest.mark.parametrize("language", COMPLETE)
def test_every_entry_is_translated(language: str) -> None:
    assert [entry.id for entry in entries(language) if not all(text for _, text in forms(entry))] == []


def test_a_language_is_one_file() -> None:
    assert {path for path in LOCALE.rglob("*") if path.is_file()} == {path_of(language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_are_filled_from_the_same_names(language: str) -> None:
    for entry in entries(language):
        for english, text in forms(entry) if entry.context != PATTERNS else ():
            if text:
                assert fields(text) == fields(english), text
                assert english.endswith(".") == text.endswith("."), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_program_reads_a_catalogue_as_babel_does(language: str) -> None:
    for entry in entries(language):
        if isinstance(entry.id, str) and entry.string:
            assert translated(entry.id, language, entry.context or "") == entry.string


def test_a_status_is_a_word_of_the_language_wherever_it_is_told() -> None:
    for status in Status:
        assert "_" not in rendered(status_word(status), "en")  # which is a word of programs
        assert rendered(status_word(status.value), "de") != status
    text = say(
        "The receipt {receipt} cannot be imported; its status: {status}.", receipt="K1-1", status=status_word("staged")
    )
    assert text.render("de").endswith(": übernommen.")


@pytest.mark.parametrize("count", [0, 1, 2, 1234])
def test_one_form_of_a_sentence_goes_with_each_number(count: int) -> None:
    text = say_count("{count} day", "{count} days", count=count)
    assert text == (f"{count} day" if count == 1 else f"{count} days")
    assert text.render("de") == text, "a sentence without an entry stays English"
    assert pickle.loads(pickle.dumps(text)) == text


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_reason_and_cure_of_a_rejection_can_be_told(code: str) -> None:
    said = {message.text for message in messages()}
    assert {CATALOGUE[code].text, CATALOGUE[code].cure} <= said


def test_a_text_is_english_to_whoever_knows_nothing_of_it() -> None:
    text = say("{place} does not exist.", place=say("The ERP's database file {file}", file="erp.db"))
    assert text == "The ERP's database file erp.db does not exist."
    assert rendered(text, "de") == "Die Datenbankdatei erp.db der Warenwirtschaft ist nicht vorhanden."
    assert rendered("a name", "de") == "a name"
    assert rendered(joined(" ", [text, "x"]), "de").endswith("nicht vorhanden. x")
    assert rendered(without_stop(text), "de").endswith("nicht vorhanden")
    assert without_stop(text).endswith("not exist")


def test_numbers_are_written_as_each_language_does() -> None:
    text = say("This machine's clock is {seconds:,.0f} seconds behind the till's.", seconds=1234.0)
    assert "1,234" in text
    assert "1.234" in text.render("de")


@pytest.mark.parametrize("copied", [lambda t: pickle.loads(pickle.dumps(t)), copy.deepcopy])
def test_a_copy_still_knows_german(copied: "object") -> None:
    assert callable(copied)
    text = copied(say("Correct company.database_name in the settings."))
    assert isinstance(text, Text)
    assert text.render("de") == "Berichtigen Sie company.database_name in den Einstellungen."


def test_an_error_is_told_with_its_cure() -> None:
    error = ConfigurationError(say("This is no address."), hint=say("Add it."))
    assert (str(error), error.render("de")) == (
        "This is no address. Add it.",
        "Das ist keine Adresse. Ergänzen Sie ihn.",
    )


SHOWN_BY = {
    name for name, value in vars(errors).items() if isinstance(value, type) and name.endswith(("Error", "Problem"))
}
SHOWN_BY |= {"problems_error", "echo", "secho", "print_error", "SkipReason"}
# The sandbox and the demo's story are English: they are no part of a shop's work.
IN_ENGLISH = ("sandbox", "demo.py")


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
    cure = translated(CATALOGUE[code].cure, "de")
    assert " Sie" in cure or cure.endswith("von selbst."), cure


def test_amounts_and_rates_in_a_german_reason_are_written_as_germans_write_them() -> None:
    detail = {"line": "1", "value": "-1,234.50", "rate": "19.00", "tax": "0.00", "expected": "-197.11"}
    refused = Rejection("staged_receipts", "r1", "receipt_tax_rate", detail)
    assert refused.text("en") == "Line 1: -1,234.50 gross at 19.00 % has 0.00 tax; -197.11 was expected."
    assert refused.text("de") == "Zeile 1: -1.234,50 brutto zu 19,00 % hat 0,00 Steuer; erwartet wurden -197,11."
    assert Rejection("", "", "receipt_lines_total", {}).text("de") == "Die Zeilen ergeben ?, der Bon sagt ?."


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_rate_in_a_reason_is_written_as_the_language_does(code: str) -> None:
    for language in languages():
        text = translated(CATALOGUE[code].text, language)
        assert "} %" not in text.replace(":n} %", ""), text


def test_a_third_language_tells_sentences_and_counts_by_its_own_rule() -> None:
    assert say("Nothing: everything is level.").render("fr") == "Rien\u00a0: tout est à jour."
    assert [say_count("1 problem", "{count} problems", count=n).render("fr") for n in (0, 1, 2)] == [
        "1 problème",  # which is French for none as well
        "1 problème",
        "2 problèmes",
    ]


def test_a_third_language_writes_numbers_and_days_as_its_catalogue_says() -> None:
    day = dt.date(2026, 10, 5)
    assert formats.euros(123_456_789, "fr") == "1\u202f234\u202f567,89"
    assert formats.ungrouped(-123_456, 2, "fr") == "-1234,56"
    assert [formats.day(day, "fr", year=True), formats.day_in_figures(day, "fr")] == ["lun 5 oct. 2026", "05/10/2026"]
    assert say("{count:,} waiting", count=1234).render("fr") == "1\u202f234 en attente"
    refused = Rejection("staged_receipts", "r1", "value_too_long", {"field": "name", "limit": "60"})
    assert refused.text("fr") == "name a plus de 60 caractères."


def test_the_settings_take_each_language_that_has_a_catalogue() -> None:
    assert [Settings.model_validate({"language": language}).language for language in languages()] == ["de", "en", "fr"]
    with pytest.raises(ConfigurationError, match="'it' cannot be used; it must be one of de, en, fr"):
        parse_settings("language: it")
