"""Identifies processes, so that another program can find out whether one has ended."""

import os
import socket
from pathlib import Path

import psutil

from cloudkasse_etl.fingerprint import fingerprint

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


def described(pid: int) -> str:
    """A process as `pid@start@place`: pids are reused, and each container has its own pids."""
    return f"{pid}@{_start(psutil.Process(pid)):.0f}@{_place()}"


def has_ended(process: str) -> bool:
    """Whether a process, as `described`, is known to have ended; False where it cannot be known."""
    number, _, rest = process.partition("@")
    start, _, place = rest.partition("@")
    if not place or place != _place() or not number.isdecimal():
        return False
    try:
        found = psutil.Process(int(number))
        return f"{_start(found):.0f}" != start or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return not _is_hidden(int(number))
    except psutil.Error:
        return False


def _start(process: psutil.Process) -> float:
    start = process.create_time()
    if psutil.LINUX:
        # Linux counts from boot, and psutil adds the time of boot by the present clock: after setting the clock, every
        # process would seem to be another one.
        start -= psutil.boot_time()
    return start


def _place() -> str:
    """The scope in which pids mean the same as here; empty where that cannot be determined.

    Containers that share a host's name have separate pids, and so do cloned machines.
    """
    if not psutil.LINUX:
        return fingerprint(socket.gethostname(), size=8)
    try:
        return fingerprint(_BOOT.read_text(encoding="ascii") + str(_NAMESPACE.readlink()), size=8)
    except OSError:
        return ""


def _is_hidden(pid: int) -> bool:
    """Whether a process exists although it cannot be read: /proc may show each user only his own processes."""
    if not psutil.POSIX:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
