"""Ends a process: normally, or at any moment by Ctrl-C, SIGTERM, Ctrl-Break. Imports nothing that is slow."""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

EXIT_CODE = 20
SECONDS_UNTIL_AGAIN = 0.05


def end_at_once(code: int = EXIT_CODE, *, printed: str = "") -> None:
    """Lets an interrupt end the process at once: for the time when there is nothing to clean up yet, or any more.

    An exception would hit some module in the middle of its import, or Python during its shutdown, and be printed by it.

    Args:
        code: The exit code.
        printed: What is still written to standard output.
    """

    def end(number: int, frame: FrameType | None) -> None:
        if printed:
            os.write(1, printed.encode())
        os._exit(code)

    _set(end)


def end(code: int) -> NoReturn:
    """Ends the process like Python, but without destroying every module and object: a quarter of a quiet sync."""
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


def raise_in_main_thread() -> None:
    """Lets an interrupt raise KeyboardInterrupt, so that a command cleans up.

    SIGINT too: a shell that starts a command in the background has it ignored, and a lost lease interrupts by it.
    An interrupt in a destructor or a callback, where exceptions are lost, is repeated a moment later.
    """
    sys.unraisablehook = _again
    _set(signal.default_int_handler)


def interrupt_main_thread() -> None:
    """Has the effect of Ctrl-C, from another thread, also while the main thread waits for the network."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:  # Windows
        signal.raise_signal(signal.SIGINT)


@contextmanager
def ignored() -> Iterator[None]:
    """Ignores interrupts while a command cleans up: a second one must not leave children behind."""
    former = [(number, signal.signal(number, signal.SIG_IGN)) for number in _all()]
    try:
        yield
    finally:
        for number, handler in former:
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _set(handler: Callable[[int, FrameType | None], Any]) -> None:
    for number in _all():
        if sys.platform == "win32" or number != signal.SIGHUP:
            signal.signal(number, handler)


def _all() -> list[signal.Signals]:
    """The signals by which a person or the system ends a command; SIGHUP keeps its handler where a shell ignores it."""
    if sys.platform == "win32":
        return [signal.SIGINT, signal.SIGTERM, signal.SIGBREAK]
    return [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def _again(unraisable: "sys.UnraisableHookArgs") -> None:
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    timer = threading.Timer(SECONDS_UNTIL_AGAIN, interrupt_main_thread)
    timer.daemon = True
    timer.start()
