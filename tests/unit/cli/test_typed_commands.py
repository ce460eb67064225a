"""Protects that a command in a message can be copied and typed where the reader is."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.cli import typed_commands
from assets.cli.typed_commands import as_typed, tell_with_demo


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
    tell_with_demo(is_demo=False)
