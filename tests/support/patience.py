"""How long tests wait. No test may fail because the machine is slow, so there is one limit, and it only ends a hang.

What a limit of time would tell is told by counting instead: requests, looks at a lease, calls of functions. How long
something takes is for the benchmarks to say.
"""

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

HANG_SECONDS = 600.0


def wait_until(is_so: Callable[[], Any], what: str) -> Any:
    """Waits for something to become true and returns it; fails with what it waited for."""
    deadline = time.monotonic() + HANG_SECONDS
    while time.monotonic() < deadline:
        if result := is_so():
            return result
        time.sleep(0.1)
    pytest.fail(f"after {HANG_SECONDS:.0f} seconds: {what}")


def calls_of(work: Callable[[], object]) -> int:
    """How many calls of Python functions a work takes in this thread: the same number on every machine."""
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "call"

    former = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(former)
    return calls
