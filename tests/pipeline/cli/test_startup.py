"""Protects that a command answers at once: it imports what it needs, and nothing that takes half a second besides."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import HANG_SECONDS
from tests.support.programs import Program

HEAVY = ("dagster", "pandas", "numpy", "pyarrow", "pandera", "sqlalchemy", "alembic", "pydantic", "requests", "fastapi")
# Prints on standard error, behind what the command says, which of them it imported.
TELL = f"""
import sys
from assets.cli.group import run
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
        timeout=HANG_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stderr.partition("imported:")[2].split()) == allowed


@pytest.mark.parametrize(
    ("words", "code", "daemon"), [(["--help"], 0, True), (["nonsense"], 2, True), (["--help"], 0, False)]
)
def test_it_ends_as_python_does_but_takes_down_nothing(words: list[str], code: int, daemon: bool) -> None:
    """What is to be done at the end is done, who still works is waited for; then modules are left to the system."""
    program = f"""
import atexit, os, sys, threading
class Taken:
    def __del__(self): os.write(1, b"taken down")
sys.modules["held"] = held = Taken()
held.itself = held
atexit.register(lambda: os.write(1, b"at the end"))
def work():
    threading.main_thread().join()
    os.write(1, b"worked")
threading.Thread(target=work, daemon={daemon}).start()
from assets.cli.start import main
main({words!r})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANG_SECONDS)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert "at the end" in done.stdout
    assert ("worked" in done.stdout, "taken down" in done.stdout) == (not daemon, not daemon)
