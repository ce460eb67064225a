"""The HTTP layer of the bundled CloudKasse: URLs, token, headers, problem answers; and the servers that run it.

What a batch does to the data is in store.py, what is wrong with an item in validation.py.
"""

import asyncio
import logging
import signal
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox import faults_endpoint, sell_endpoint, selling, validation
from cloudkasse_etl.sandbox.fault_plan import OFF, FaultPlan
from cloudkasse_etl.sandbox.misbehaviour import Control, Misbehaviour, SocketProtocol
from cloudkasse_etl.sandbox.models import PAGES, BatchAnswer, Entity, ServedRequests, Status, component_schemas
from cloudkasse_etl.sandbox.orders import describe_order, read_body
from cloudkasse_etl.sandbox.store import FEEDS, Store
from cloudkasse_etl.sandbox.validation import PROBLEM_TYPE, Limits, RequestProblem

DEFAULT_TOKEN = "sandbox"
API_VERSION = "1.0"
# A client that is still sending when the answer comes sees a broken connection instead of the answer. So the rest of
# a refused body is read, up to here.
MAX_DRAIN_BYTES = 64 * 1024 * 1024
MAX_KEPT_REQUESTS, MAX_KEPT_PATH = 100_000, 200
STOP_SECONDS = 0.5
GUARDED = ("/v1", selling.SELL_PATH, faults_endpoint.FAULTS_PATH)

Served = tuple[str, str, int]
Endpoint = Callable[[Request], Awaitable[Response]]

logger = logging.getLogger(__name__)


def create_app(store: Store, *, token: str, limits: Limits, control: Control | None = None) -> FastAPI:
    """Return the CloudKasse of a store as an ASGI application.

    What it has answered stands in `app.state.served`, a deque of (method, path, status).

    Args:
        store: The data; stays the caller's to close.
        token: The only bearer token that it accepts.
        limits: How much it takes.
        control: What goes wrong with requests, on purpose.
    """
    control = control or Control(FaultPlan())
    app = FastAPI(title="CloudKasse sandbox", version=API_VERSION, redirect_slashes=False, redoc_url=None)
    served: deque[Served] = deque(maxlen=MAX_KEPT_REQUESTS)
    app.state.served = served
    app.add_middleware(Misbehaviour, control=control)
    app.add_middleware(_Gate, token=token, served=served)
    app.add_exception_handler(RequestProblem, _on_error)
    app.add_exception_handler(HTTPException, _on_error)

    def add(path: str, endpoint: Endpoint, model: Any, name: str, summary: str, errors: set[int], **extra: Any) -> None:
        if not path.startswith("/sandbox/"):
            errors, extra = errors | {401, 503}, extra | {"security": [{"bearer": []}]}
        app.add_api_route(
            path,
            endpoint,
            methods=["POST" if "requestBody" in extra else "GET"],
            operation_id=name,
            summary=summary,
            responses={200: {"model": model}, **validation.describe_problems(errors)},
            openapi_extra=extra,
        )

    add("/v1/status", _status(store, limits), Status, "status", "Reach, token, counts, heads", set())
    for entity in Entity:
        path, summary = f"/v1/{entity}/batch", f"Create, change and retire {entity}"
        body, key = validation.describe_batch(entity, limits.batch_items), validation.describe_idempotency_key()
        endpoint = _write_batch(store, limits, entity)
        errors = {400, 409, 413, 422}
        add(path, endpoint, BatchAnswer, f"write_{entity}", summary, errors, requestBody=body, parameters=[key])
    pages: list[tuple[str, Callable[..., bytes], str, str]] = [
        *((entity, store.list_page, "cursor", "retired ones included") for entity in Entity),
        *((feed, store.feed_page, "after", "in the order of arrival") for feed in FEEDS),
    ]
    for name, read, cursor, remark in pages:
        parameters = [validation.describe_cursor(cursor), validation.describe_page_limit(limits.page_items)]
        endpoint, summary = _page(read, name, cursor, limits), f"All {name}, {remark}"
        add(f"/v1/{name}", endpoint, PAGES[name], f"list_{name}", summary, {400, 410}, parameters=parameters)
    add("/sandbox/requests", _served(served), ServedRequests, "served_requests", "Sandbox only: what was asked", set())
    add(*sell_endpoint.route(store), **describe_order(sell_endpoint.SaleOrder))
    for route, extra in faults_endpoint.routes(control):
        add(*route, **extra)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


class SandboxServer:
    """A CloudKasse on a real socket of 127.0.0.1, in a thread of its own, for as long as the `with` block lasts.

    Args:
        data: The file it keeps its data in; None keeps them in memory.
        port: The port; 0 takes a free one.
        token: The bearer token that it accepts.
        batch_items: Most items in a batch.
        page_items: Most items on a page.
        article_limit: Most active articles, None for any number.
        faults: What goes wrong with requests (`FaultPlan.parse`).

    Attributes:
        url: Where it listens, such as "http://127.0.0.1:40123".
        store: Its data, to look into and to let receipts arrive.
        control: What goes wrong with requests, to change it while it runs.

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
    ) -> None:
        self._data = data
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
            app = create_app(self.store, token=self._token, limits=self._limits, control=self.control)
            self._served = app.state.served
            started = threading.Event()
            server = _Server(_config(app), started.set)
            thread = threading.Thread(
                target=server.run, kwargs={"sockets": [listener]}, name="cloudkasse-sandbox", daemon=True
            )
            thread.start()
            stack.callback(thread.join)
            stack.callback(setattr, server, "should_exit", True)
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
) -> None:
    """Run a CloudKasse in the main thread until SIGINT or SIGTERM; then return.

    Args:
        data, port, token: As of `SandboxServer`.
        announce: Called once with the URL, when requests are served and a signal ends it cleanly.
        limits: How much it takes.
        faults: What goes wrong with requests (`FaultPlan.parse`).

    Raises:
        ConfigurationError: The port, the file or the faults cannot be used; nothing was announced.
    """
    control = Control(FaultPlan.parse(faults))
    with _listen(port) as listener, ExitStack() as stack:
        store = Store(data)
        stack.callback(store.close)
        url = _url(listener)
        server = _Server(_config(create_app(store, token=token, limits=limits, control=control)), lambda: announce(url))
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Uvicorn that tells when it serves, and that ends by returning where uvicorn would raise the signal again."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

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
        date_header=False,  # the gate's: a cloud whose clock is off says so here, too
        timeout_keep_alive=60,
        timeout_graceful_shutdown=STOP_SECONDS,  # type: ignore[arg-type]  # asyncio takes parts of a second
    )


def _listen(port: int) -> socket.socket:
    try:
        # Python itself leaves a socket open on a number that is no port.
        if not 0 <= port <= 65535:
            raise OSError("a port is a number from 0 to 65535")
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise ConfigurationError(
            f"The sandbox cannot listen on port {port}: {error}.",
            hint="Choose another port, or stop the program that uses this one.",
        ) from error


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _problem(problem: RequestProblem) -> Response:
    return Response(problem.body(), problem.status, problem.headers, media_type=PROBLEM_TYPE)


UNAUTHORIZED = _problem(
    RequestProblem(401, "unauthorized", "No bearer token, or a wrong one.", {"WWW-Authenticate": "Bearer"})
)
FAILED = _problem(RequestProblem(500, "internal_error", "The sandbox failed; its log says why."))
STOPPING = _problem(RequestProblem(503, "stopping", "The sandbox is being stopped.", {"Retry-After": "1"}))


class _Gate:
    """Outermost layer: token, time taken, record of requests, and an answer to what nobody expected."""

    def __init__(self, app: ASGIApp, *, token: str, served: deque[Served]) -> None:
        self._app = app
        self._token = token.encode()
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._served)
        try:
            await (self._app if self._is_welcome(scope) else UNAUTHORIZED)(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            logger.debug("A client went away while sending.")
        except asyncio.CancelledError:  # only when the server stops before a client has sent all
            await exchange.answer(STOPPING)
        except Exception:
            logger.exception("A request failed unexpectedly.")
            await exchange.answer(FAILED)

    def _is_welcome(self, scope: Scope) -> bool:
        is_guarded = scope["path"] in GUARDED or scope["path"].startswith("/v1/")
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return not is_guarded or validation.is_token_right(given, self._token)


class _Exchange:
    """One request and its answer, as they pass the gate."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, served: deque[Served]) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._served = served
        self._began = time.perf_counter()
        self._is_body_read = False
        self._is_answered = False

    async def answer(self, response: Response) -> None:
        """Give an answer in place of the application's, unless that has begun; the rest of the body is not awaited."""
        self._is_body_read = True
        if not self._is_answered:
            await response(self._scope, self.receive, self.send)

    async def receive(self) -> Message:
        message = await self._receive()
        self._is_body_read = self._is_body_read or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._drain()
            self._is_answered = True
            self._record(message["status"])
            milliseconds = (time.perf_counter() - self._began) * 1000
            message["headers"] = [*message["headers"], (b"server-timing", f"app;dur={milliseconds:.3f}".encode())]
            if not any(name == b"date" for name, _ in message["headers"]):
                message["headers"].append((b"date", formatdate(usegmt=True).encode()))
        await self._send(message)

    async def _drain(self) -> None:
        drained = 0
        while not self._is_body_read and drained <= MAX_DRAIN_BYTES:
            drained += len((await self.receive()).get("body", b""))

    def _record(self, status: int) -> None:
        method, path = self._scope["method"], self._scope["path"]
        if not path.startswith("/sandbox/"):
            self._served.append((method, path[:MAX_KEPT_PATH], status))


def _write_batch(store: Store, limits: Limits, entity: Entity) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        key = validation.check_idempotency_key(request.headers.getlist("idempotency-key"))
        body = await read_body(request, limits.body_bytes)
        # asyncio's own threads, since these are joined when the loop ends; anyio's linger.
        return _json(await asyncio.to_thread(store.write_batch, entity, body, key=key, limits=limits))

    return endpoint


def _page(read: Callable[..., bytes], name: str, cursor_name: str, limits: Limits) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        cursor = validation.check_cursor(request.query_params.getlist(cursor_name))
        limit = validation.check_page_limit(request.query_params.getlist("limit"), limits.page_items)
        return _json(await asyncio.to_thread(read, name, cursor, limit))

    return endpoint


def _status(store: Store, limits: Limits) -> Endpoint:
    wire_limits = {"batch_items": limits.batch_items, "page_items": limits.page_items}

    async def endpoint(request: Request) -> Response:
        summary = await asyncio.to_thread(store.summary)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return _json(orjson.dumps({"api_version": API_VERSION, "time": now, "limits": wire_limits} | summary))

    return endpoint


def _served(served: deque[Served]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        rows = [
            {"method": method, "path": path, "status": status, "count": count}
            for (method, path, status), count in Counter(served).items()
        ]
        return _json(orjson.dumps({"requests": rows}))

    return endpoint


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


async def _on_error(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):  # the framework's own: 404, 405
        phrase = HTTPStatus(error.status_code).phrase
        error = RequestProblem(error.status_code, phrase.lower().replace(" ", "_"), f"{phrase}.", error.headers)
    assert isinstance(error, RequestProblem)
    return _problem(error)


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; what is read and answered raw has to be added to what FastAPI sees."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        document["components"]["schemas"] |= component_schemas()
        document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = document
    return app.openapi_schema
