"""Serves an ASGI application on a real socket of this computer: in a thread of its own, or in the main thread until a
signal ends it.

Which application it is, its makers know: server.py and selectline/selectline_server.py.
"""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sandbox.dependencies import ASGIApp, uvicorn
from cloudkasse_etl.sandbox.faults.exchange import SocketProtocol

STOP_SECONDS = 0.5
TICK_SECONDS = 0.1  # how soon a signal is noticed


@contextmanager
def served(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    """Serve an application in its own thread for the duration of the `with` block."""
    started = threading.Event()
    server = _Server(_config(app), started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="cloudkasse-sandbox", daemon=True)
    thread.start()
    try:
        while not started.wait(0.05):
            if not thread.is_alive():
                raise RuntimeError("The sandbox's server did not start.")
        yield
    finally:
        server.stop()
        thread.join()


def serve_until_signal(app: ASGIApp, listener: socket.socket, on_started: Callable[[], None]) -> None:
    """Serve an application in the main thread until SIGINT or SIGTERM; then return.

    Args:
        app: The application.
        listener: The socket.
        on_started: Called once, when requests are served and a signal ends it cleanly.
    """
    _Server(_config(app), on_started).run(sockets=[listener])


def listen(port: int) -> socket.socket:
    """Return a listening socket of 127.0.0.1.

    Raises:
        ConfigurationError: The port cannot be used.
    """
    try:
        # Python itself leaves a socket open on an invalid port number.
        if not 0 <= port <= 65535:
            raise OSError("a port is a number from 0 to 65535")
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise ConfigurationError(
            say("The sandbox cannot listen on port {port}: {reason}.", port=port, reason=str(error)),
            hint=say("Choose another port, or stop the program that uses this one."),
        ) from error


def url_of(listener: socket.socket) -> str:
    """Return the address that a socket listens on, such as "http://127.0.0.1:40123"."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


class _Server(uvicorn.Server):
    """Uvicorn that reports when it serves, and that returns at a signal where uvicorn would raise it again."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_requested = asyncio.Event()

    def stop(self) -> None:
        """Stops it at once, from another thread; uvicorn checks its flag only ten times a second."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop_requested.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._on_started()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop_requested.wait(), TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # uvicorn would sleep before it checks whether any connection is left
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # lets connections close that only waited for another request
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def _config(app: ASGIApp) -> uvicorn.Config:
    # The same loop and parser everywhere, whether or not uvloop and httptools happen to be installed.
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=SocketProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,  # set by the gate: it simulates a cloud whose clock is wrong
        timeout_keep_alive=60,
        timeout_graceful_shutdown=STOP_SECONDS,  # type: ignore[arg-type]  # asyncio accepts fractions of a second
    )
