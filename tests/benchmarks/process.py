"""Runs a program and measures it whole: wall time, processor time and peak memory, its child processes included."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[2]
MAIN_PYTHON = PROJECT / ".venv" / "bin" / "python"
PEERS_PYTHON = PROJECT / ".venv" / "bench" / "bin" / "python"
OURS = PROJECT / ".venv" / "bin" / "cloudkasse-etl"
SECONDS_BETWEEN_SAMPLES = 0.05
TIMEOUT_SECONDS = 3600.0


@dataclass(frozen=True)
class Run:
    """What a program took.

    Attributes:
        seconds: From its start to its end.
        cpu_seconds: Of all processors, user and system, of the program and all its children.
        peak_bytes: The largest resident memory of the whole tree.
        output: What it printed.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str = ""


class ProgramFailedError(Exception):
    """A program that was to be measured ended with an error: its figure says nothing."""


def measure(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    codes: Sequence[int] = (0,),
) -> Run:
    """Runs a program to its end.

    Args:
        command: Program and arguments.
        folder: Its working directory; its temporary files and caches go there, too.
        environment: Variables beside those of this process.
        codes: The exit codes that are expected.

    Raises:
        ProgramFailedError: It ended with another code.
    """
    variables = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder), **(environment or {})}
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH"):
        variables.pop(name, None)
    sys.stdout.flush()
    with (folder / "stderr.txt").open("w+") as errors, (folder / "stdout.txt").open("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], cwd=folder, env=variables, stdout=output, stderr=errors
        )
        watch = _Watch(process.pid)
        killer = threading.Timer(TIMEOUT_SECONDS, process.kill)
        killer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            seconds = time.perf_counter() - started
            killer.cancel()
            process.returncode = 0  # it was waited for
            peak = watch.end()
        output.seek(0)
        errors.seek(0)
        code = os.waitstatus_to_exitcode(status)
        if code not in codes:
            raise ProgramFailedError(f"{command} ended with {code}:\n{output.read()[-2000:]}\n{errors.read()[-4000:]}")
        return Run(
            seconds,
            usage.ru_utime + usage.ru_stime,
            peak,
            output.read(),
        )


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


class _Watch:
    """Samples the memory of a process and its children.

    Not wait4's ru_maxrss: it begins with the memory of the one that started the process, which is ours.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        try:
            root = psutil.Process(self._pid)
            while not self._ended.wait(SECONDS_BETWEEN_SAMPLES):
                tree = sum(map(_resident, [root, *root.children(recursive=True)]))
                self._peak = max(self._peak, tree, _peak(self._pid))
        except psutil.NoSuchProcess:
            return

    def end(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._peak


def _peak(pid: int) -> int:
    """The largest resident memory that a process has had so far, where the system tells it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
