"""A small HTTP server on a real socket that answers as a script tells it: rightly, late, cut short, or not at all.

Below it, what the tests of the client share: a client on such a server, a journal in memory, and good answers.
"""

import contextlib
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.sections.program_settings import Api
from cloudkasse_etl.tills.cloudkasse.client import CloudClient
from cloudkasse_etl.tills.port import Attempt, BatchOutcome, ItemResult, OnRetry, record_key
from tests.support.patience import HANG_SECONDS

TOKEN = "s3cret-token-of-the-shop"
API = Api(connections=2, connect_seconds=120, read_seconds=HANG_SECONDS, attempts=3, retry_seconds=HANG_SECONDS)


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(self.body)["items"]
        return items

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


@dataclass(frozen=True)
class Reply:
    """What it gets. `body` is sent as JSON unless it is bytes.

    `missing` bytes of it are announced and never sent; `drop` closes the connection instead of answering;
    `is_silent` never answers, as long as the server stands; `trickle_seconds` pass between the bytes of an answer.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    missing: int = 0
    drop: bool = False
    is_silent: bool = False
    trickle_seconds: float = 0.0


Script = Callable[[Request], Reply]


def problem(status: int, code: str | None = None, detail: str | None = None, **headers: str) -> Reply:
    """A problem+json; `Retry_After` becomes Retry-After."""
    body = {"type": "about:blank", "title": "x", "status": status, "code": code, "detail": detail}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, body, {"Content-Type": "application/problem+json", **named})


def in_turn(*replies: Reply) -> Script:
    """One reply after the other; the last one again and again."""
    waiting = list(replies)
    lock = threading.Lock()

    def script(_: Request) -> Reply:
        with lock:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return script


class ScriptedServer(socketserver.ThreadingTCPServer):
    """Serves on 127.0.0.1 while its context is open; `requests` holds what came."""

    allow_reuse_address = True
    request_queue_size = 32

    def __init__(self, script: Script, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), name="scripted-server")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        try:
            if self._tls is None:
                super().finish_request(request, client_address)
            else:
                with self._tls.wrap_socket(request, server_side=True) as wrapped:
                    self._open.add(wrapped)
                    super().finish_request(wrapped, client_address)
                    self._open.discard(wrapped)
        except OSError:
            pass  # the client went away, which is what some scripts are about
        finally:
            self._open.discard(request)


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out in one packet

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query={name: values[-1] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        self.server.requests.append(request)
        reply = self.server.script(request)
        if reply.is_silent:
            self.server.stopping.wait()
        if reply.drop or reply.is_silent:
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response_only(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + reply.missing))
        self.end_headers()
        if reply.trickle_seconds:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if self.server.stopping.wait(reply.trickle_seconds):
                    break
        else:
            self.wfile.write(body)
        self.wfile.flush()
        if reply.missing:
            self.close_connection = True

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class Journal:
    """Keeps attempts as the state does, in memory."""

    def __init__(self) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.recorded: list[Attempt] = []

    def record(self, attempts: Sequence[Attempt]) -> None:
        self.attempts |= {attempt.key: attempt for attempt in attempts}
        self.recorded += attempts

    def store(self, outcomes: Iterator[BatchOutcome]) -> list[ItemResult]:
        """What the consumer does: keep the results, drop what is answered."""
        results: list[ItemResult] = []
        for outcome in outcomes:
            results += outcome.results
            for key in outcome.answered:
                del self.attempts[key]
        return results


@contextlib.contextmanager
def cloud(
    script: Script, *, api: Api = API, certificate: Path | None = None, stop: threading.Event | None = None
) -> Iterator[tuple[CloudClient, ScriptedServer, Journal]]:
    journal = Journal()
    with ScriptedServer(script, certificate) as server, client(server.url, journal, api=api, stop=stop) as opened:
        yield opened, server, journal


def client(
    url: str,
    journal: Journal | None = None,
    *,
    api: Api = API,
    stop: threading.Event | None = None,
    on_retry: OnRetry = lambda text: None,
) -> CloudClient:
    connections = Connections(
        erp_url=SecretStr("sqlite://"), state_url=SecretStr("sqlite://"), api_url=url, api_token=SecretStr(TOKEN)
    )
    return CloudClient(connections, api, journal or Journal(), stop=stop, backoff_seconds=0.002, on_retry=on_retry)


def status(**changes: Any) -> Reply:
    now = datetime.now(UTC).isoformat()
    limits = {"batch_items": 500, "page_items": 1000}
    heads = {"receipts": "r9", "closings": "c3"}
    counts = {"articles": {"active": 7}, "loyalty": "unknown to us"}
    body = {"api_version": "1.0", "time": now, "company": None, "limits": limits, "counts": counts, "heads": heads}
    return Reply(body=body | changes)


def taken(request: Request) -> Reply:
    """Every record is taken."""
    entity = request.path.split("/")[2]
    return Reply(body={"results": [result(entity, index, item) for index, item in enumerate(request.items)]})


def result(entity: str, index: int, item: dict[str, Any]) -> dict[str, Any]:
    return {"index": index, "key": record_key(entity, item), "status": "created", "id": f"id{index}", "error": None}


def batches_by(handle: Script, batch_items: int = 500) -> Script:
    """Batches are handled by `handle`; the status is there as well."""
    limits = {"batch_items": batch_items, "page_items": 1000}
    return lambda request: handle(request) if request.method == "POST" else status(limits=limits)


def articles(count: int) -> list[dict[str, Any]]:
    return [{"number": f"A{index}", "name": "Kaffee", "active": True} for index in range(count)]


def sent(server: ScriptedServer) -> list[Request]:
    return [request for request in server.requests if request.method == "POST"]
