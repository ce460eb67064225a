"""`make torture`: the long forms of the tests that try to break the promises, and the page of what they came to."""

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.promises_page import PAGE, machine, page, read, versions
from tests.torture_figures import FILE

TESTS = [
    "tests/crash",
    "tests/faults",
    "tests/lock",
    "tests/soak",
    "tests/e2e/test_killed_receipts.py",
]


def main() -> int:
    """Runs them, and writes the page if all of them hold; pytest's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.jsonl"
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "load", *TESTS, *sys.argv[1:]]
        code = subprocess.run(command, env={**os.environ, FILE: str(figures)}, check=False).returncode
        minutes = (time.monotonic() - began) / 60
        if code:
            print(f"Something broke a promise; {PAGE.name} stays as it was.")
            return code
        PAGE.parent.mkdir(exist_ok=True)
        today = dt.datetime.now().astimezone().date()
        text = page(read(figures), minutes=minutes, day=today, machine=machine(), versions=versions())
        PAGE.write_text(text, encoding="utf-8")
        print(f"\n{text}")
    return code


if __name__ == "__main__":
    sys.exit(main())
