"""Protects that Ctrl-C ends a command with 20 and a line at most, at whatever moment it comes."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.support.patience import HANG_SECONDS

# The interrupt comes at the moment at which a module begins to be imported.
WHILE_IMPORTING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
def interrupt(event, arguments):
    if event == "import" and arguments[0] == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(interrupt)
from assets.cli.start import main
main(sys.argv[2:])
"""
# No exception gets out of a destructor: Python would tell it and go on.
IN_A_DESTRUCTOR = """
import signal, sys, threading
import assets.cli.start, assets.cli.group
class Destroyed:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
@assets.cli.group.group.command()
def wait():
    Destroyed()
    threading.Event().wait()
assets.cli.start.main(["wait"])
"""
IN_THE_END = """
import atexit, signal
import assets.cli.start
atexit.register(signal.raise_signal, signal.SIGINT)
assets.cli.start.main(["--version"])
"""


def ended(code: str, *arguments: str) -> tuple[int, str, Sequence[str]]:
    """What a process came to: its exit code, what it printed, and what it said on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "CLOUDKASSE_SETTINGS": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.strip().splitlines()


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("assets.instance.interrupts", id="before the handler is in place"),
        pytest.param("click", id="among the imports of all commands"),
        pytest.param("dagster", id="among the imports of one command"),
    ],
)
def test_while_modules_are_imported(module: str) -> None:
    code, out, err = ended(WHILE_IMPORTING, module, "history")
    assert (code, out) == (20, "")
    assert len(err) <= 1
    assert not err or err[0].startswith("Interrupted.")


def test_json_is_one_object_all_the_same() -> None:
    code, out, err = ended(WHILE_IMPORTING, "click", "history", "--json")
    assert (code, err) == (20, [])
    assert json.loads(out)["exit_code"] == 20


def test_where_no_exception_gets_out() -> None:
    code, _, err = ended(IN_A_DESTRUCTOR)
    assert code == 20
    assert [line.split(".")[0] for line in err] == ["Interrupted"]


def test_after_the_last_word_the_exit_code_stands() -> None:
    code, out, err = ended(IN_THE_END)
    assert (code, err) == (0, [])
    assert "version" in out
