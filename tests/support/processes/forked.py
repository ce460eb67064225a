"""Processes of a test's own that may be killed: forked from one server that has imported everything once.

The server is one for the whole test process, so what any of its users needs is imported here.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from typing import Any

from tests.support.patience import HANG_SECONDS

_MODULES = [
    "cloudkasse_etl.sandbox.server",
    "tests.crash.observed",
    "tests.lock.contenders",
    "pytest",
    "alembic.command",  # imported late, by whoever opens our tables
]

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(_MODULES)


@contextmanager
def preloaded(*modules: str) -> Iterator[None]:
    """A server that has imported more for now: Dagster takes seconds, which most users can do without."""
    _restart([*_MODULES, *modules])
    try:
        yield
    finally:
        _restart(_MODULES)


def _restart(modules: list[str]) -> None:
    # what the standard library's own tests use: there is no public way to let it import something else
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
    CONTEXT.set_forkserver_preload(modules)


def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """A process that runs a function of a module which a process of its own can import."""
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    return process


def patch_for_good(owner: object, **replacements: object) -> None:
    """Puts something else in place of an object's members, in a process that will not live to have them back."""
    for name, replacement in replacements.items():
        setattr(owner, name, replacement)


def end_of(process: BaseProcess) -> int:
    """Waits until it has ended, and returns its exit code; a process that was killed has -9."""
    try:
        process.join(HANG_SECONDS)
        assert process.exitcode is not None, "the process hangs"
        return process.exitcode
    finally:
        process.kill()
        process.join()
        process.close()


def was_killed(process: BaseProcess) -> bool:
    """Waits until it has ended; True where it was killed, False where it got through. Anything else is an error."""
    code = end_of(process)
    assert code in (0, -signal.SIGKILL), code
    return code != 0
