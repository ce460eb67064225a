"""Runs the bundled CloudKasse on a real socket: in its own thread, or in the main thread until a signal ends it."""

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from cloudkasse_etl.entities import TillKind
from cloudkasse_etl.sandbox import web_server
from cloudkasse_etl.sandbox.app import create_app
from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.validation import Limits
from cloudkasse_etl.sandbox.faults.fault_control import Control
from cloudkasse_etl.sandbox.faults.fault_plan import OFF, FaultPlan
from cloudkasse_etl.sandbox.gate import Served

DEFAULT_TOKEN = "sandbox"


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
            listener = stack.enter_context(web_server.listen(self._port))
            self.store = Store(self._data)
            stack.callback(self.store.close)
            app = create_app(self.store, token=self._token, limits=self._limits, control=self.control, till=self._till)
            self._served = app.state.served
            stack.enter_context(web_server.served(app, listener))
            self.url = web_server.url_of(listener)
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
    with web_server.listen(port) as listener, ExitStack() as stack:
        store = Store(data)
        stack.callback(store.close)
        url = web_server.url_of(listener)
        app = create_app(store, token=token, limits=limits, control=control, till=till)
        web_server.serve_until_signal(app, listener, lambda: announce(url))
