"""Disks of a test's own that are full or read-only, as Linux gives them to any user in a namespace of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def in_a_disk(mount: str, code: str) -> "subprocess.CompletedProcess[str]":
    """Runs code where `mount` was done, in a namespace of its own; skips where that is not allowed."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rm", "true"], capture_output=True).returncode:
        pytest.skip("a file system of its own needs user namespaces, which are not allowed here")
    script = f'{mount} && exec "$0" -c "$1"'
    return subprocess.run(
        [unshare, "-rm", "sh", "-c", script, sys.executable, code], capture_output=True, text=True, cwd=Path.cwd()
    )
