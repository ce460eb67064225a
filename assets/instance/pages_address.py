"""Where `ui` serves the pages and protocols of runs, for the processes that link them: its own, and commands beside it.

Its own processes inherit the address in a variable. A command finds it beside the history, where `ui` notes it; whether
that is still true, a lock tells, which the system takes from a process however it ends.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from assets.instance.home import PAGES_VARIABLE
from assets.instance.storage import VARIABLE as STORAGE_VARIABLE

_NOTE, _LOCK = "pages-address", "pages-address.lock"
# a command that looks whether a UI is open holds the lock for an instant
_SECONDS = 2.0


@contextmanager
def noted(storage: Path, url: str) -> Iterator[None]:
    """Notes the address during the block; of several UIs of one history, commands know the first.

    Args:
        storage: The folder of Dagster's history.
        url: The address.
    """
    note, lock = storage / _NOTE, _lock(storage)
    try:
        storage.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_SECONDS)
    except (OSError, Timeout):
        yield
        return
    try:
        with suppress(OSError):  # a full disk is no reason not to open a UI
            note.write_text(url, encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()


def pages_url() -> str | None:
    """The address at which `ui` serves the pages and protocols of runs; None where it does not."""
    if is_of_the_ui():
        return os.environ[PAGES_VARIABLE] or None
    storage = os.environ.get(STORAGE_VARIABLE)
    return _noted_in(Path(storage)) if storage else None


def is_of_the_ui() -> bool:
    """Whether `ui` started this process, so that it knows whether pages are served."""
    return PAGES_VARIABLE in os.environ


def _noted_in(storage: Path) -> str | None:
    note = storage / _NOTE
    if not note.is_file():
        return None
    try:
        with _lock(storage).acquire(blocking=False):
            return None  # its UI was killed
    except Timeout:
        pass
    except OSError:  # a history that is only read
        return None
    try:
        return note.read_text(encoding="utf-8") or None
    except OSError:  # it is ending just now
        return None


def _lock(storage: Path) -> FileLock:
    return FileLock(storage / _LOCK, thread_local=False)
