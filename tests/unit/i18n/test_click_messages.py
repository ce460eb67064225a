"""Protects that click speaks the language of the settings: what the installed release can say is in the catalogues."""

import ast
from pathlib import Path

import click
import pytest

from assets.cli.click_messages import SAID
from assets.cli.group import run
from assets.instance import typed_commands

PROGRAMMING = ("DeprecationWarning", "No options defined but a name was passed")
USAGE = {"en": "Usage: ", "de": "Aufruf: ", "fr": "Utilisation\u00a0: "}
# What no command of ours can come to: prompts with a confirmation, editors, mistakes of a program, other shells.
NEVER = {
    "Aborted!",
    "deprecated",
    "env var: {var}",
    "Confirm the action without prompting.",
    "Do you want to continue?",
    "%(prog)s, version %(version)s",
    "Error: {message}",
    "Try '{command} {option}' for help.",
    "Value must be an iterable.",
    "Choice({choices})",
    "path",
    "{value!r} is not a valid UUID.",
    "{value!r} is not a valid boolean. Recognized values: {states}",
    "{len_type} values are required, but {len_value} was given.",
    "Invalid start character for option ({option})",
    "Name '{name}' defined twice",
    "Could not determine name for option with declarations {decls!r}",
    "Boolean option {decl!r} cannot use the same flag for true/false.",
    "Arguments take exactly one parameter declaration, got {length}: {decls}.",
}


def test_every_message_of_click_that_a_person_can_meet_is_in_the_catalogues() -> None:
    found = set()
    for name in ("core", "decorators", "exceptions", "formatting", "parser", "types"):
        source = Path(str(click.__file__)).with_name(f"{name}.py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                text = node.args[0]
                if isinstance(text, ast.Constant) and not str(text.value).startswith(PROGRAMMING):
                    found.add(str(text.value))
    assert found - NEVER - {one for one, _ in SAID} == set()


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["No such command 'nope'.", "See: PROGRAM --help"]),
        ("de", ["Den Befehl 'nope' gibt es nicht.", "Siehe: PROGRAM --help"]),
        ("fr", ["La commande 'nope' n'existe pas.", "Voir\u00a0: PROGRAM --help"]),
    ],
)
def test_wrong_use_is_told_in_the_language_of_the_settings(
    language: str,
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = tmp_path / "cloudkasse.yaml"
    settings.write_text(f"timezone: Europe/Berlin\nlanguage: '{language}'  # a note\nregister: [\n", encoding="utf-8")
    monkeypatch.setenv("CLOUDKASSE_SETTINGS", str(settings))
    monkeypatch.setattr(typed_commands, "program", lambda: "PROGRAM")
    assert run(["nope"]) == 2
    assert capsys.readouterr().err.splitlines() == expected
    assert run(["export", "--help"]) == 0
    assert capsys.readouterr().out.startswith(USAGE[language])


def test_the_type_that_is_wanted_is_told_in_that_language_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLOUDKASSE_SETTINGS", str(tmp_path / "cloudkasse.yaml"))
    for language, words in (("en", "'x' is not a valid integer range."), ("de", "'x' ist nicht gültig (ganze Zahl).")):
        (tmp_path / "cloudkasse.yaml").write_text(f"language: {language}", encoding="utf-8")
        assert run(["receipts", "--limit", "x"]) == 2
        assert words in capsys.readouterr().err


def test_where_the_settings_cannot_be_read_wrong_use_is_told_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (tmp_path, tmp_path / "absent"):
        monkeypatch.setenv("CLOUDKASSE_SETTINGS", str(place))
        assert run(["nope"]) == 2
        assert capsys.readouterr().err.startswith("No such command")
