"""Which process holds something, as others can look for it: whether it is known to have ended."""

import os
import socket
from pathlib import Path

import psutil

from cloudkasse_etl.fingerprint import fingerprint

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


def described(pid: int) -> str:
    """A process as `pid@start@place`: a number alone is given out again, and each container has its own numbers."""
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
        # Linux counts from its start, and psutil adds when that was by today's clock: set the clock, and every process
        # would be another one.
        start -= psutil.boot_time()
    return start


def _place() -> str:
    """Where process numbers mean the same as here; empty where that cannot be told.

    Containers that share a host's name count their processes apart, and so do machines that somebody cloned.
    """
    if not psutil.LINUX:
        return fingerprint(socket.gethostname(), size=8)
    try:
        return fingerprint(_BOOT.read_text(encoding="ascii") + str(_NAMESPACE.readlink()), size=8)
    except OSError:
        return ""


def _is_hidden(pid: int) -> bool:
    """Whether a process is there although it cannot be looked at: /proc may show each user his own ones only."""
    if not psutil.POSIX:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
