"""Protects that a command in a message can be copied and typed where the reader is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.instance import typed_commands
from assets.instance.typed_commands import as_typed, tell_with_demo
from assets.ui.tables import shown_table
from tests.docs.pages import PROJECT


@pytest.fixture
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A virtual environment that is on no PATH, in the current folder."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "cloudkasse-etl"):
        (programs / name).touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    yield programs
    tell_with_demo(is_demo=False)


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths as POSIX writes them")


def test_a_program_that_no_shell_finds_is_told_by_its_path(
    own_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert as_typed("See: cloudkasse-etl history.") == "See: .venv/bin/cloudkasse-etl history."
    assert as_typed("See: cloudkasse-etl --help") == "See: .venv/bin/cloudkasse-etl --help"
    monkeypatch.chdir(own_environment)
    assert as_typed("cloudkasse-etl sync") == "./cloudkasse-etl sync"
    (own_environment.parents[1] / "elsewhere").mkdir()
    monkeypatch.chdir(own_environment.parents[1] / "elsewhere")
    assert as_typed("cloudkasse-etl sync") == f"{own_environment}/cloudkasse-etl sync"
    monkeypatch.setenv("PATH", str(own_environment))
    assert as_typed("cloudkasse-etl sync") == "cloudkasse-etl sync"


def test_another_program_of_that_name_on_the_path_is_not_meant(
    own_environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "cloudkasse-etl").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(other))
    assert as_typed("cloudkasse-etl sync") == ".venv/bin/cloudkasse-etl sync"


def test_a_command_on_the_demo_tells_commands_on_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_commands, "program", lambda: "P")
    assert (
        as_typed("cloudkasse-etl receipts release ID: cloudkasse-etl ui --demo") == "P receipts release ID: P ui --demo"
    )
    assert as_typed("/log/cloudkasse-etl x") == "/log/cloudkasse-etl x"
    tell_with_demo(is_demo=True)
    assert as_typed("cloudkasse-etl receipts release ID") == "P receipts --demo release ID"
    assert as_typed("cloudkasse-etl ui --demo; cloudkasse-etl demo.") == "P ui --demo; P demo."
    assert as_typed("cloudkasse-etl --help") == "P --help"
    tell_with_demo(is_demo=False)


def test_processes_that_are_started_on_the_demo_tell_commands_on_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_commands, "program", lambda: "P")
    monkeypatch.delenv(typed_commands.DEMO_VARIABLE, raising=False)
    tell_with_demo(is_demo=True)
    told = subprocess.run(
        [sys.executable, "-c", "from assets.instance.typed_commands import *; print(as_typed('cloudkasse-etl sync'))"],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    tell_with_demo(is_demo=False)
    assert told.endswith("cloudkasse-etl sync --demo\n")
    assert as_typed("cloudkasse-etl sync") == "P sync"


def test_the_settings_file_is_told_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLOUDKASSE_SETTINGS", str(tmp_path / "shops" / "mine.yaml"))
    assert as_typed("Enter it in cloudkasse.yaml.") == "Enter it in shops/mine.yaml."
    assert as_typed("/etc/cloudkasse.yaml:3, cloudkasse.yaml-old") == "/etc/cloudkasse.yaml:3, cloudkasse.yaml-old"
    monkeypatch.delenv("CLOUDKASSE_SETTINGS")
    assert as_typed("cloudkasse.yaml:3: wrong") == "cloudkasse.yaml:3: wrong"


def test_a_command_in_a_table_of_the_ui_can_be_pasted_into_a_shell(own_environment: Path) -> None:
    table = shown_table(["what to do"], [["Import them: cloudkasse-etl import."]])
    assert isinstance(table, dg.TableMetadataValue)
    assert table.records[0].data["what to do"] == "Import them: .venv/bin/cloudkasse-etl import."
