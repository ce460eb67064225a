"""Protects a shop that installs without the sandbox's packages: it is told what lacks where it asks for the sandbox."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import HANG_SECONDS


@pytest.mark.parametrize("command", [["demo", "--folder", "demo"], ["sandbox"], ["sandbox", "misbehave", "off"]])
def test_what_needs_the_sandbox_says_how_to_install_it(command: list[str], tmp_path: Path) -> None:
    code = f"import sys; sys.modules['fastapi'] = None; from assets.cli.group import run; sys.exit(run({command!r}))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=HANG_SECONDS
    )
    assert found.returncode == 2, found.stderr
    first, hint = found.stderr.strip().splitlines()
    assert first == "The sandbox needs a package that is not installed: fastapi."
    assert hint.endswith("pip install -r requirements.txt")
    assert list(tmp_path.iterdir()) == []
