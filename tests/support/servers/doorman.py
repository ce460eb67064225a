"""A cloud with a doorman: before a request is let in, something is done while its sender waits for the answer."""

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support.patience import HANG_SECONDS
from tests.support.servers.background import InBackground

_OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


class Doorman(InBackground):
    """Stands on a socket of its own before a cloud, for as long as the `with` block lasts.

    Args:
        url: Where the cloud listens.
        deed: Done at each request, while it is open; told its method and path.

    Attributes:
        url: Where it listens itself.
        errors: What went wrong with the deeds. The requests went through all the same.
        count: How many requests there were.
    """

    url: str

    def __init__(self, url: str, deed: Callable[[str, str], None]) -> None:
        self._target = urlsplit(url)
        self.deed = deed
        self.errors: list[str] = []
        self.count = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        doorman = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                doorman.do(self.command, self.path)
                status, headers, answer = doorman.forward(self.command, self.path, dict(self.headers.items()), body)
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in _OF_A_CONNECTION:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 -- http.server's names

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.listen(server)
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def do(self, method: str, path: str) -> None:
        """The deed; one at a time."""
        with self._lock:
            self.count += 1
            try:
                self.deed(method, path)
            except Exception as error:  # noqa: BLE001 -- the test tells whatever it was
                self.errors.append(f"{method} {path}: {type(error).__name__}: {error}")

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the cloud answers."""
        connection = http.client.HTTPConnection(str(self._target.hostname), self._target.port, timeout=HANG_SECONDS)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in _OF_A_CONNECTION}
            connection.request(method, path, body, kept)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()
