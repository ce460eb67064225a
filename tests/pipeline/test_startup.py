"""Protects that a command answers at once: it imports what it needs, and nothing that takes half a second besides."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import Program

HEAVY = ("dagster", "pandas", "numpy", "pyarrow", "pandera", "sqlalchemy", "alembic", "pydantic", "requests", "fastapi")
# Prints on standard error, behind what the command says, which of them it imported.
TELL = f"""
import sys
from assets.cli import run
code = run(sys.argv[1:])
print("imported:", *sorted(set({HEAVY!r}) & sys.modules.keys()), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.synced
@pytest.mark.parametrize(
    ("command", "allowed"),
    [
        (("--help",), set()),
        (("check", "--help"), set()),
        (("sync", "--help"), set()),
        (("protocol", ""), set()),
        (("receipts",), {"pydantic", "sqlalchemy"}),  # settings and our own tables
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_imports_nothing_heavy_that_it_does_not_need(
    program: Program, command: tuple[str, ...], allowed: set[str]
) -> None:
    if command[0] == "protocol":
        command = ("protocol", next(Path(program.home.protocols).glob("*.json")).stem)
    program.world.configuration()
    done = subprocess.run(
        [sys.executable, "-c", TELL, *command],
        env={**os.environ, **program.environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stderr.partition("imported:")[2].split()) == allowed
