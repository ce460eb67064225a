"""Runs the bundled CloudKasse on a real socket: in its own thread, or in the main thread until a signal ends it."""

import asyncio
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from cloudkasse_etl.entities import TillKind
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sandbox.app import create_app
from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.validation import Limits
from cloudkasse_etl.sandbox.dependencies import ASGIApp, uvicorn
from cloudkasse_etl.sandbox.faults.fault_plan import OFF, FaultPlan
from cloudkasse_etl.sandbox.faults.wire_faults import Control, SocketProtocol
from cloudkasse_etl.sandbox.gate import Served

DEFAULT_TOKEN = "sandbox"
STOP_SECONDS = 0.5
TICK_SECONDS = 0.1  # how soon a signal is noticed


class SandboxServer:
    """A CloudKasse on a real socket of 127.0.0.1, in its own thread, for the duration of the `with` block.

    Args:
        data: The file for its data; None keeps them in memory.
        port: The port; 0 chooses a free one.
        token: The bearer token that it accepts.
        batch_items: Most items in a batch.
        page_items: Most items on a page.
        article_limit: Most active articles, None for any number.
        faults: The faults to inject (`FaultPlan.parse`).
        till: The till whose API it has besides: `korona` answers as KORONA.cloud too.

    Attributes:
        url: Where it listens, such as "http://127.0.0.1:40123".
        store: Its data, to inspect and to let receipts arrive.
        control: The injected faults, to change them while it runs.

    Raises:
        ConfigurationError: On entering, when the port or the file cannot be used.
    """

    url: str
    store: Store

    def __init__(
        self,
        data: Path | None,
        *,
        port: int = 0,
        token: str = DEFAULT_TOKEN,
        batch_items: int = 500,
        page_items: int = 1000,
        article_limit: int | None = None,
        faults: str = OFF,
        till: TillKind = "cloudkasse",
    ) -> None:
        self._data = data
        self._till = till
        self._port = port
        self._token = token
        self._limits = Limits(batch_items=batch_items, page_items=page_items, article_limit=article_limit)
        self.control = Control(FaultPlan.parse(faults))
        self._served: deque[Served] = deque()
        self._stack = ExitStack()

    @property
    def requests(self) -> list[Served]:
        """Method, path and status of what was served so far, oldest first."""
        return list(self._served)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            listener = stack.enter_context(_listen(self._port))
            self.store = Store(self._data)
            stack.callback(self.store.close)
            app = create_app(self.store, token=self._token, limits=self._limits, control=self.control, till=self._till)
            self._served = app.state.served
            started = threading.Event()
            server = _Server(_config(app), started.set)
            thread = threading.Thread(
                target=server.run, kwargs={"sockets": [listener]}, name="cloudkasse-sandbox", daemon=True
            )
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.stop)
            while not started.wait(0.05):
                if not thread.is_alive():
                    raise RuntimeError("The sandbox's server did not start.")
            self.url = _url(listener)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()


def serve(
    data: Path | None,
    *,
    port: int,
    token: str,
    announce: Callable[[str], None],
    limits: Limits = Limits(),  # noqa: B008 -- frozen
    faults: str = OFF,
    till: TillKind = "cloudkasse",
) -> None:
    """Run a CloudKasse in the main thread until SIGINT or SIGTERM; then return.

    Args:
        data: The file for its data; None keeps them in memory.
        port: The port; 0 chooses a free one.
        token: The bearer token that it accepts.
        announce: Called once with the URL, when requests are served and a signal ends it cleanly.
        limits: How much it accepts.
        faults: The faults to inject (`FaultPlan.parse`).
        till: As for `SandboxServer`.

    Raises:
        ConfigurationError: The port, the file or the faults cannot be used; nothing was announced.
    """
    control = Control(FaultPlan.parse(faults))
    with _listen(port) as listener, ExitStack() as stack:
        store = Store(data)
        stack.callback(store.close)
        url = _url(listener)
        app = create_app(store, token=token, limits=limits, control=control, till=till)
        server = _Server(_config(app), lambda: announce(url))
        server.run(sockets=[listener])


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


def _listen(port: int) -> socket.socket:
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


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
