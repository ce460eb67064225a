"""`make torture`: the long forms of the tests that try to break the promises, and the page of what they came to.

With `--short` the sample that `make test` tries, too; all else goes to pytest.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.torture.promises_page import PAGE, read, write_page
from tests.support.torture.torture_figures import FILE, SHORT

TESTS = [
    "tests/crash",
    "tests/faults",
    "tests/lock",
    "tests/soak",
    "tests/e2e/test_killed_receipts.py",
    "tests/e2e/test_killed.py",
    "tests/pipeline/master_data/test_any_erp_value.py",
    "tests/pipeline/receipts/test_any_order.py",
    "tests/pipeline/receipts/test_any_receipt.py",
    "tests/contract/test_any_answer.py",
    "tests/unit/config/test_any_settings.py",
    "tests/unit/schemas/test_contracts.py",
]

# Some take hours.
PATIENT = ["-o", "faulthandler_timeout=0"]


def main() -> int:
    """Runs them, and writes the page if all of them hold; pytest's exit code."""
    is_short = "--short" in sys.argv
    more = [argument for argument in sys.argv[1:] if argument != "--short"]
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.jsonl"
        environment = {**os.environ, FILE: str(figures), SHORT: "yes" if is_short else ""}
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "load", *PATIENT, *TESTS, *more]
        code = subprocess.run(command, env=environment, check=False).returncode
        minutes = (time.monotonic() - began) / 60
        if code:
            print(f"Something broke a promise, or could not be tried; {PAGE.name} stays as it was.")
            return code
        write_page(read(figures), minutes=minutes, is_short=is_short)
    return code


if __name__ == "__main__":
    sys.exit(main())
