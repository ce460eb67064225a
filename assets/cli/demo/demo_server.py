"""A server of the demo's, for as long as a command needs it: one serves it, others use it and take over when that ends.

It has no process of its own: a command that is killed leaves nothing behind but a free port, and a lock that the
system has taken back. What it holds lies in a file, so whoever takes over knows all that the one before did.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say

if TYPE_CHECKING:
    from filelock import FileLock

HOST = "127.0.0.1"
LOOK_SECONDS = 0.05  # how soon a server that has ended is served again
PATIENCE_SECONDS = 60.0
_LOCKS = ("cloud", "selectline")


class DemoServer(ABC):
    """A server which answers on its port for the duration of the `with` block.

    Args:
        folder: The demo's folder.
        port: The server's port.
        name: What it plays, as a person calls it.
        lock: The name of its lock.

    Raises:
        ConfigurationError: On entering: the sandbox is not installed, or another program uses the port.
    """

    def __init__(self, folder: Path, port: int, name: str, lock: str) -> None:
        self._port, self._name = port, name
        self._lock = _lock_of(folder, lock)
        self._serving = ExitStack()
        self._ending = threading.Event()
        self._next: threading.Thread | None = None

    @abstractmethod
    def _server(self) -> AbstractContextManager[object]:
        """What answers on the port."""

    def __enter__(self) -> Self:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._serve():
            if not is_free(self._port):
                self._next = threading.Thread(target=self._stand_by, name=f"demo-{self._name}", daemon=True)
                self._next.start()
                break
            if time.monotonic() > until:
                raise ConfigurationError(
                    say(
                        "Another command serves the demo's {server}, but nothing answers on port {port}.",
                        server=self._name, port=self._port,
                    ),
                    hint=say("End the commands that use the demo, and try again."),
                )  # fmt: skip
            time.sleep(LOOK_SECONDS)
        return self

    def __exit__(self, *exception: object) -> None:
        self._ending.set()
        if self._next is not None:
            self._next.join()
        self._serving.close()

    def _serve(self) -> bool:
        """Serves it, unless another command does. Returns whether it is served from here now."""
        # here, in the main thread at first: imports in two threads at once can lock each other out
        from filelock import Timeout

        server = self._server()
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        with ExitStack() as stack:
            stack.callback(self._lock.release)
            if not is_free(self._port):
                raise ConfigurationError(
                    say(
                        "Port {port}, on which the demo's {server} runs, is used by another program.",
                        server=self._name, port=self._port,
                    ),
                    hint=say(
                        "End that program. Or make a new demo on a free port, which replaces shop and settings: "
                        "cloudkasse-etl demo."
                    ),
                )  # fmt: skip
            stack.enter_context(server)
            self._serving = stack.pop_all()
        return True

    def _stand_by(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            try:
                if self._serve():
                    return
            except ConfigurationError:  # its port is still being given back, or was taken: whoever asks there says so
                continue


@contextmanager
def unused(folder: Path) -> Iterator[None]:
    """Keeps other commands out of a demo while it is made again.

    Raises:
        ConfigurationError: A command uses one of its servers.
    """
    from filelock import Timeout

    try:
        with ExitStack() as stack:
            for name in _LOCKS:
                stack.enter_context(_lock_of(folder, name).acquire(blocking=False))
            yield
    except Timeout:
        raise ConfigurationError(
            say("The demo in {folder} is in use.", folder=str(folder)),
            hint=say(
                "End the commands that use it, like cloudkasse-etl ui --demo, or make another: "
                "cloudkasse-etl demo --folder FOLDER."
            ),
        ) from None


def _lock_of(folder: Path, name: str) -> "FileLock":
    from filelock import FileLock

    return FileLock(folder / f"{name}.lock", thread_local=False)


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of this computer."""
    import socket

    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True
