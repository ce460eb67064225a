"""The page and the protocol of each run: made for a command, and served to the browser while `ui` runs.

Served are these two, the sheet of each business day, and nothing else, read-only, to this computer only. They are made
when somebody asks: the page of a big shop takes seconds.
"""

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from assets.instance.home import LATEST, OPEN_TABLE, Home, open_instance
from assets.instance.typed_commands import as_typed
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.loading import load_installation
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError
from cloudkasse_etl.i18n.text import rendered

if TYPE_CHECKING:
    from assets.instance.run_history import PastRun
    from cloudkasse_etl.sync.outputs.page.facts import RunFacts

HOST = "127.0.0.1"
# A whole id as Dagster gives it, or the latest run: nothing that is a path, and nothing that could fit several runs.
_ADDRESS = re.compile(rf"/runs/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}|{LATEST})\.(html|csv)")
_DAY = re.compile(rf"/days/([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{LATEST})\.html")
_OPEN = f"/{OPEN_TABLE}"
_OF_A_COMPANY = re.compile(r"/companies/([a-z0-9][a-z0-9_-]*)(/.*)")  # of a chain; pages.ui/links.py writes them
# Where an older release had the table of what is open, which pages in the history still name.
_MOVED = f"/runs/{LATEST}.csv"
_SECONDS_FOR_A_REQUEST = 10
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


def facts_of(past: "PastRun", home: Home, configuration: Configuration) -> "RunFacts":
    """A run of the history as its page takes it.

    Args:
        past: The run.
        home: Dagster's folders.
        configuration: Settings and connections.

    Returns:
        The run's facts; without a protocol where a killed run left none.
    """
    from assets.instance.tags import starter_text
    from cloudkasse_etl.sync.outputs.page.facts import RunFacts
    from cloudkasse_etl.sync.run.protocol import read_protocol

    language = configuration.settings.language
    try:
        protocol = read_protocol(home.protocols, past.run_id)
    except ConfigurationError:
        protocol = None
    return RunFacts(
        run_id=past.run_id,
        kind=past.kind,
        outcome=past.outcome,
        message=rendered(past.message, language),
        started_at=past.started_at,
        seconds=past.seconds,
        started_by=starter_text(past.started_by, language),
        counts=past.counts,
        protocol=protocol,
    )


@contextmanager
def served(installation: Installation, home: Home, port: int) -> Iterator[str]:
    """Serves the pages and protocols of all runs during the block.

    Args:
        installation: The shop, or the chain, until the settings are others.
        home: Dagster's folders.
        port: The port on this computer.

    Yields:
        The address.

    Raises:
        OSError: The port is in use.
    """

    class Handler(_Pages):
        pages = RunPages(installation, home)
        hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})

    with ThreadingHTTPServer((HOST, port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{port}"
        finally:
            server.shutdown()
            thread.join()


class RunPages:
    """Makes pages and protocols, one at a time: each opens the history and reads the receipts of a month."""

    def __init__(self, installation: Installation, home: Home) -> None:
        self._installation = installation
        self._home = home
        self._lock = threading.Lock()

    def made(self, run_id: str, form: str, company: str | None = None) -> tuple[HTTPStatus, str, bytes]:
        """The page or the protocol of a run.

        Args:
            run_id: The run's whole id, or `latest`.
            form: `html` or `csv`.
            company: The company of a chain whose latest run is meant.

        Returns:
            Status, content type and content; where it cannot be made, why not.
        """
        if form == "csv":
            return self._answered(lambda installation: self._protocol(run_id))
        return self._answered(lambda installation: self._page(run_id, installation, company))

    def open_table(self, company: str | None = None) -> tuple[HTTPStatus, str, bytes]:
        """The table of what is rejected now, over all assets; status, content type and content as of `made`."""
        return self._answered(lambda installation: self._open_table(installation.configuration(company)))

    def day(self, text: str, company: str | None = None) -> tuple[HTTPStatus, str, bytes]:
        """The sheets of a business day, as `made` gives a run's page.

        Args:
            text: The day, like 2026-10-07, or `latest`, the last one with receipts.
            company: The company of a chain.
        """
        try:
            wanted = None if text == LATEST else dt.date.fromisoformat(text)
        except ValueError:
            return HTTPStatus.NOT_FOUND, "text/plain", b""
        return self._answered(lambda installation: self._day(wanted, installation.configuration(company)))

    def _answered(self, make: Callable[[Installation], tuple[str, bytes]]) -> tuple[HTTPStatus, str, bytes]:
        installation = self._current()
        language = installation.shared.language
        try:
            with self._lock:
                return HTTPStatus.OK, *make(installation)
        except ConfigurationError as error:
            return HTTPStatus.NOT_FOUND, "text/plain", error.render(language).encode()
        except CloudkasseError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", error.render(language).encode()

    def _current(self) -> Installation:
        """The settings of now, or the last good ones: `ui` may be open for weeks, and a page is in one language."""
        with suppress(ConfigurationError):
            self._installation = load_installation()
        return self._installation

    def _page(self, run_id: str, installation: Installation, company: str | None) -> tuple[str, bytes]:
        from assets.instance.run_history import find_run, last_run
        from cloudkasse_etl.sync.outputs.page.render import page_of

        with open_instance(self._home) as instance:
            past = last_run(instance, company) if run_id == LATEST else find_run(instance, run_id)
        configuration = installation.configuration(past.company)
        page, _ = page_of(configuration, facts_of(past, self._home, configuration), typed=as_typed)
        return "text/html", page.encode(errors="replace")

    def _day(self, day: dt.date | None, configuration: Configuration) -> tuple[str, bytes]:
        from cloudkasse_etl.sync.outputs.day.sheet_page import sheets_page
        from cloudkasse_etl.sync.outputs.day.sheet_reading import last_day, make_day_sheets

        day = day or last_day(configuration)
        page = sheets_page(make_day_sheets(configuration, day, day), configuration, typed=as_typed)
        return "text/html", page.encode(errors="replace")

    def _protocol(self, run_id: str) -> tuple[str, bytes]:
        from cloudkasse_etl.sync.run.protocol import csv_of, read_protocol

        return "text/csv", csv_of(read_protocol(self._home.protocols, run_id), as_typed)

    def _open_table(self, configuration: Configuration) -> tuple[str, bytes]:
        from cloudkasse_etl.sync.monitoring.open_records import open_records
        from cloudkasse_etl.sync.run.protocol import csv_of

        return "text/csv", csv_of(open_records(configuration).table(configuration.settings), as_typed)


class _Pages(BaseHTTPRequestHandler):
    """GET alone: the server answers every other method with 501."""

    pages: ClassVar[RunPages]
    hosts: ClassVar[frozenset[str]]
    timeout = _SECONDS_FOR_A_REQUEST
    server_version = "cloudkasse-etl"
    sys_version = ""

    def do_GET(self) -> None:
        """Answers with a page or a protocol."""
        found = _OF_A_COMPANY.fullmatch(self.path)
        company, path = found.groups() if found else (None, self.path)
        address = _ADDRESS.fullmatch(path)
        if self.headers.get("Host") not in self.hosts:
            # another name that leads here is how a page of the internet would read this one (DNS rebinding)
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"")
        elif path == _MOVED:
            self._answer(HTTPStatus.MOVED_PERMANENTLY, "text/plain", b"", {"Location": _OPEN})
        elif path == _OPEN:
            self._give(OPEN_TABLE, *self.pages.open_table(company))
        elif day := _DAY.fullmatch(path):
            self._give(f"{day[1]}.html", *self.pages.day(day[1], company))
        elif address is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"")
        else:
            run_id, form = address.groups()
            self._give(f"{run_id}.csv", *self.pages.made(run_id, form, company))

    def _give(self, file: str, status: HTTPStatus, kind: str, content: bytes) -> None:
        """Answers; a table is saved under the file's name."""
        saved = {"Content-Disposition": f'attachment; filename="{file}"'} if kind == "text/csv" else {}
        self._answer(status, kind, content, saved)

    def _answer(
        self, status: HTTPStatus, kind: str, content: bytes, further: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (*_HEADERS.items(), *further.items()):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing: the terminal of `ui` is for what a person must see."""
