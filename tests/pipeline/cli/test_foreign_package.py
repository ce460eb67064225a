"""Protects against another top-level package `assets` that wins on Python's path: it is named, with what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assets.cli.group import run
from cloudkasse_etl.__main__ import WRONG_USE
from cloudkasse_etl.config.code_path import foreign_package
from tests.support.patience import HANG_SECONDS


def call(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a command where a folder comes first on Python's path."""
    return subprocess.run(
        [sys.executable, "-m", "cloudkasse_etl", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=HANG_SECONDS,
    )


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder with a package `assets` that has nothing to do with us."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "__init__.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    return tmp_path


def test_ours_is_found_and_the_command_runs(tmp_path: Path) -> None:
    assert foreign_package() is None
    done = call(tmp_path, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("cloudkasse-etl")


def test_another_package_is_named_with_what_to_do_and_not_imported(foreign: Path) -> None:
    done = call(foreign, "history")
    assert (done.returncode, done.stdout) == (WRONG_USE, "")
    assert str(foreign / "assets") in done.stderr
    assert "PYTHONPATH" in done.stderr
    assert "Traceback" not in done.stderr


def test_programs_read_it_as_an_object_and_people_in_the_language_of_the_settings(foreign: Path) -> None:
    settings = foreign / "cloudkasse.yaml"
    settings.write_text("language: de\n", encoding="utf-8")
    done = call(foreign, "history", "--json", CLOUDKASSE_SETTINGS=str(settings), PYTHONIOENCODING="utf-8")
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"]) == (WRONG_USE, WRONG_USE)
    assert "eigene virtuelle Umgebung" in told["hint"]


def test_the_ui_does_not_start_where_dagster_would_find_another_package(
    foreign: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(foreign)
    assert run(["ui"]) == WRONG_USE
    said = capsys.readouterr().err
    assert str(foreign / "assets") in said
    assert "another folder" in said


def test_a_folder_of_that_name_that_holds_no_code_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    assert foreign_package(tmp_path) is None
    assert call(tmp_path, "--version").returncode == 0
