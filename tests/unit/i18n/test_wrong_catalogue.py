"""Protects that a slip in a language's file costs a translation at most, and that `check` names the file."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assets.cli.group import run
from cloudkasse_etl.i18n import formats, messages
from cloudkasse_etl.i18n.text import say, say_count
from cloudkasse_etl.sync.monitoring.diagnosis import diagnose

Wrong = Callable[[bytes, bytes], Path]
RULE = b"Plural-Forms: nplurals=2; plural=(n > 1);"
GOOD = say("Nothing: everything is level.")


def forget() -> None:
    for cached in (messages.languages, messages._read, messages._fits, formats.marks, formats._swaps):
        cached.cache_clear()


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wrong]:
    """Makes French the language of a shop whose catalogue has other bytes in one place."""
    (tmp_path / "cloudkasse.yaml").write_text("language: fr\n", encoding="utf-8")
    monkeypatch.setenv("CLOUDKASSE_SETTINGS", str(tmp_path / "cloudkasse.yaml"))

    def change(old: bytes, new: bytes) -> Path:
        content = messages.catalogue_path("fr").read_bytes()
        assert old in content
        monkeypatch.setattr(messages, "LOCALE", tmp_path / "locale")
        path = messages.catalogue_path("fr")
        path.parent.mkdir(parents=True)
        path.write_bytes(content.replace(old, new, 1))
        forget()
        return path

    yield change
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'msgid ""\n', b'#, fuzzy\nmsgid ""\n', id="msginit's header"),
        pytest.param(b"charset=utf-8", b"charset=CHARSET", id="the header of a template"),
        pytest.param(b"text/plain; charset=utf-8", b"text/plain", id="no encoding"),
    ],
)
def test_a_header_as_tools_begin_it_is_as_good_as_any(wrong: Wrong, old: bytes, new: bytes) -> None:
    wrong(old, new)
    assert GOOD.render("fr") == "Rien\u00a0: tout est à jour."
    assert say_count("1 problem", "{count} problems", count=0).render("fr") == "1 problème", "French for none as well"
    assert [note for note in diagnose(settings_of()) if note.is_note] == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (RULE, b"Plural-Forms: nplurals=2; plural=(n >;", "Its header cannot be used, Plural-Forms above all."),
        (RULE, b"Plural-Forms: nplurals=2", "Its header cannot be used, Plural-Forms above all."),
        (RULE, b"Plural-Forms: nplurals=2; plural=n%0;", "Its header cannot be used, Plural-Forms above all."),
        (b"Last-Translator: ", b"Last-Translator: \xe9", "This is no UTF-8."),
    ],
)
def test_a_file_that_cannot_be_read_leaves_everything_english(
    wrong: Wrong,
    old: bytes,
    new: bytes,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = wrong(old, new)
    assert run(["--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: cloudkasse-etl")
    assert run(["nope"]) == 2
    assert capsys.readouterr().err.startswith("No such command 'nope'.")
    assert [GOOD.render("fr"), formats.euros(123_456, "fr")] == [GOOD, "1,234.56"]
    (note,) = (problem for problem in diagnose(settings_of()) if problem.is_note)
    assert note.where.startswith(str(path))
    assert (note.text, note.cure) == (fault, "Correct the file, or install the program anew.")
    monkeypatch.setattr("assets.cli.group.group.main", fail)
    assert run(["check"]) == 20
    assert capsys.readouterr().err.startswith("Unforeseen error: ZeroDivisionError")


def test_an_entry_that_is_not_translated_yet_is_english_and_no_slip(wrong: Wrong) -> None:
    wrong(b'msgstr "{count:,} en attente"', b'msgstr ""')
    assert say("{count:,} waiting", count=1234).render("fr") == "1\u202f234 waiting"
    assert GOOD.render("fr") == "Rien\u00a0: tout est à jour."
    assert [note for note in diagnose(settings_of()) if note.is_note] == []


@pytest.mark.parametrize("slip", [b"{foo}", b"{", b"{}", b"{0}"])
def test_an_entry_that_cannot_be_filled_is_english_and_no_other(wrong: Wrong, slip: bytes) -> None:
    path = wrong(b"{count:,} en attente", b"{count:,} en attente " + slip)
    assert say("{count:,} waiting", count=1234).render("fr") == "1\u202f234 waiting"
    assert GOOD.render("fr") == "Rien\u00a0: tout est à jour."
    (note,) = (problem for problem in diagnose(settings_of()) if problem.is_note)
    assert (note.where, note.text) == (
        str(path),
        "A translation has other placeholders than its sentence: {count:,} waiting",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1\u202f234,5", "1234,5"),
        ("lun mar mer", "lun mer"),
        ("{weekday} {day} {month_name} {year}", "{weekday} {date}"),
        ("{weekday} {day} {month_name} {year}", "{weekday:,} {day}"),
    ],
)
def test_formats_of_numbers_and_days_that_are_none_are_english(wrong: Wrong, old: str, new: str) -> None:
    wrong(f'msgstr "{old}'.encode(), f'msgstr "{new}'.encode())
    assert formats.day(dt.date(2026, 10, 5), "fr", year=True) in ("lun 5 oct. 2026", "Mon 5 oct. 2026")
    assert formats.euros(123_456, "fr") in ("1,234.56", "1\u202f234,56")


def test_a_click_sentence_with_a_wrong_name_is_english(wrong: Wrong, capsys: pytest.CaptureFixture[str]) -> None:
    wrong(b"La commande {name!r}", b"La commande {nom!r}")
    assert run(["nope"]) == 2
    assert capsys.readouterr().err.startswith("No such command 'nope'.")


def settings_of() -> dict[str, str]:
    return {"CLOUDKASSE_SETTINGS": os.environ["CLOUDKASSE_SETTINGS"]}


def fail(*_: object, **__: object) -> int:
    raise ZeroDivisionError
