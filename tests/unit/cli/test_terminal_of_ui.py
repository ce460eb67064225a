"""Protects the terminal of `ui`: what Dagster itself says is seen there, and not what runs say; and it ends soon."""

import subprocess
import sys

import psutil
import pytest

from assets.cli.commands import ui
from assets.cli.commands.ui import without_runs

RUN = "f91dbbba-8a2c-4f6e-9d0e-2f1f0a3c5e77"
AT, INK, END = "2026-11-27 15:00:00 +0000", "\x1b[32m", "\x1b[0m"
OF_RUNS = f"""\
{INK}{AT}{END} - dagster - {INK}DEBUG{END} - __ASSET_JOB - {RUN} - 77 - RUN_START - Started.
{INK}{AT}{END} - dagster - {INK}ERROR{END} - sync_all - {RUN} - 77 - a - STEP_FAILURE - No.

dagster._core.definitions.events.Failure: CloudKasse cannot be reached.

Stack Trace:
  File "/somewhere/error_handling.py", line 42, in solid_execution_error_boundary
{AT} - dagster - INFO - plan - {RUN} - what_would_be_done - # The whole plan
| a | table |
"""
OF_DAGSTER = """\
2026-11-27 15:00:03 +0000 - dagster.daemon.SensorDaemon - ERROR - Sensor daemon caught an error
Traceback (most recent call last):
2026-11-27 15:00:04 +0000 - dagster - ERROR - Dagster webserver process shut down unexpectedly with return code 1
"""


def test_only_what_dagster_itself_says_is_passed_on() -> None:
    first, _, rest = OF_DAGSTER.partition("2026-11-27 15:00:04")
    said = f"A line without a beginning\n{first}{OF_RUNS}2026-11-27 15:00:04{rest}{OF_RUNS}"
    passed = "".join(without_runs(said.splitlines(keepends=True)))
    assert passed == f"A line without a beginning\n{OF_DAGSTER}"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_webserver_ends_first_so_that_its_port_is_closed_while_the_others_end() -> None:
    webserver = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(1000)", "dagster_webserver"]
    parent = (
        "import signal, subprocess, sys\n"
        f"child = subprocess.Popen({webserver!r})\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7 if child.wait() else 8))\n"
        "signal.pause()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    (child,) = psutil.Process(process.pid).children()
    ui._stop(process)  # it would wait for its child until it is killed
    assert process.returncode == 7
    assert not child.is_running()
    process.stdout.close()
