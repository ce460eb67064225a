"""Runs the bundled SelectLine Web API on a real socket: in its own thread, or in the main thread until a signal ends
it."""

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from cloudkasse_etl.i18n.messages import ENGLISH, Language
from cloudkasse_etl.sandbox import web_server
from cloudkasse_etl.sandbox.faults.fault_control import Control
from cloudkasse_etl.sandbox.faults.fault_plan import OFF, FaultPlan
from cloudkasse_etl.sandbox.gate import Served
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import OTHER_TENANT, ShopBooks
from cloudkasse_etl.sandbox.selectline.fibu.chart import Chart
from cloudkasse_etl.sandbox.selectline.selectline_app import create_selectline_app
from cloudkasse_etl.sandbox.selectline.selectline_faults import BASE, SELECTLINE_FAULTS
from cloudkasse_etl.sandbox.selectline.webapi.sessions import Credentials, Sessions

DEFAULT_LICENCES = 1


class SelectlineServer:
    """SelectLine's Web API over a shop's database, on a real socket of 127.0.0.1, for the duration of the `with` block.

    Args:
        erp_url: The SQLAlchemy URL of the shop's database; tables of SelectLine's that it lacks are made in it.
        port: The port; 0 chooses a free one.
        credentials: Who may log in.
        licences: How many sessions may be open at once.
        faults: The faults to inject (`FaultPlan.parse`), such as "failed_after:0.2,seed=7".
        changeable_tax: Whether the ledger's tax codes let a posting state another tax than its rate comes to.
        language: The language of the clerk's page.

    Attributes:
        url: Where the API is, such as "http://127.0.0.1:40123/slmobileApi".
        page: Where the clerk's page is, such as "http://127.0.0.1:40123".
        books: The shop's database.
        sessions: Who is logged in.
        control: The injected faults, to change them while it runs.

    Raises:
        ConfigurationError: On entering, when the port or the database cannot be used.
    """

    url: str
    page: str
    books: ShopBooks
    sessions: Sessions

    def __init__(
        self,
        erp_url: str,
        *,
        port: int = 0,
        credentials: Credentials | None = None,
        licences: int = DEFAULT_LICENCES,
        faults: str = OFF,
        changeable_tax: bool = True,
        language: Language = ENGLISH,
    ) -> None:
        self._erp_url = erp_url
        self._port = port
        self._credentials = credentials or Credentials()
        self._licences = licences
        self._changeable_tax = changeable_tax
        self._language = language
        self.control = Control(FaultPlan.parse(faults, SELECTLINE_FAULTS))
        self._served: deque[Served] = deque()
        self._stack = ExitStack()

    @property
    def requests(self) -> list[Served]:
        """Method, path and status of what was served so far, oldest first."""
        return list(self._served)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            listener = stack.enter_context(web_server.listen(self._port))
            self.books = ShopBooks(self._erp_url)
            stack.callback(self.books.close)
            self.sessions = Sessions(self._credentials, licences=self._licences, tenant=OTHER_TENANT)
            chart = Chart(self.books, changeable_tax=self._changeable_tax)
            app = create_selectline_app(self.books, self.sessions, self.control, chart, self._language)
            self._served = app.state.served
            stack.enter_context(web_server.served(app, listener))
            self.page = web_server.url_of(listener)
            self.url = f"{self.page}{BASE}"
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()


def serve_selectline(
    erp_url: str,
    *,
    port: int,
    announce: Callable[[str, str], None],
    credentials: Credentials | None = None,
    licences: int = DEFAULT_LICENCES,
    faults: str = OFF,
    language: Language = ENGLISH,
) -> None:
    """Run SelectLine's Web API in the main thread until SIGINT or SIGTERM; then return.

    Args:
        erp_url: As for `SelectlineServer`.
        port: The port; 0 chooses a free one.
        announce: Called once with the addresses of the clerk's page and of the API, when requests are served.
        credentials: Who may log in.
        licences: How many sessions may be open at once.
        faults: The faults to inject (`FaultPlan.parse`).
        language: The language of the clerk's page.

    Raises:
        ConfigurationError: The port, the faults or the database cannot be used; nothing was announced.
    """
    control = Control(FaultPlan.parse(faults, SELECTLINE_FAULTS))
    with web_server.listen(port) as listener, ExitStack() as stack:
        books = ShopBooks(erp_url)
        stack.callback(books.close)
        sessions = Sessions(credentials or Credentials(), licences=licences, tenant=OTHER_TENANT)
        page = web_server.url_of(listener)
        app = create_selectline_app(books, sessions, control, Chart(books, changeable_tax=True), language)
        web_server.serve_until_signal(app, listener, lambda: announce(page, f"{page}{BASE}"))
