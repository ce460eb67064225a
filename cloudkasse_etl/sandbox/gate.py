"""Outermost layer of a sandbox: checks who asks, records requests, and answers unexpected errors."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from email.utils import formatdate

from cloudkasse_etl.sandbox.cloud import validation
from cloudkasse_etl.sandbox.cloud.validation import PROBLEM_TYPE, RequestProblem
from cloudkasse_etl.sandbox.dependencies import ASGIApp, ClientDisconnect, Message, Receive, Response, Scope, Send
from cloudkasse_etl.sandbox.faults import faults_endpoint
from cloudkasse_etl.sandbox.till import selling

# A client that is still sending when the answer comes sees a broken connection instead of the answer. So the rest of
# a refused body is read, up to here.
MAX_DRAIN_BYTES = 64 * 1024 * 1024
MAX_KEPT_PATH = 200
GUARDED = ("/v1", selling.SELL_PATH, faults_endpoint.FAULTS_PATH)

Served = tuple[str, str, int]

logger = logging.getLogger(__name__)


def problem_response(problem: RequestProblem) -> Response:
    """The HTTP response for a problem."""
    return Response(problem.body(), problem.status, problem.headers, media_type=PROBLEM_TYPE)


UNAUTHORIZED = problem_response(
    RequestProblem(401, "unauthorized", "No bearer token, or a wrong one.", {"WWW-Authenticate": "Bearer"})
)
FAILED = problem_response(RequestProblem(500, "internal_error", "The sandbox failed; its log says why."))
STOPPING = problem_response(RequestProblem(503, "stopping", "The sandbox is being stopped.", {"Retry-After": "1"}))


def token_check(token: str) -> Callable[[Scope], Response | None]:
    """Return the check of CloudKasse's requests: the answer to one without the right token, None to all others."""

    def check(scope: Scope) -> Response | None:
        is_guarded = scope["path"] in GUARDED or scope["path"].startswith("/v1/")
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return UNAUTHORIZED if is_guarded and not validation.is_token_right(given, token.encode()) else None

    return check


class Gate:
    """Lets in who may ask, times and records requests, and turns unexpected exceptions into answers.

    Args:
        app: What is behind it.
        served: Where requests are recorded; those of the sandbox's own endpoints are not.
        check: The answer to a request that is refused, None for one that may pass.
    """

    def __init__(
        self, app: ASGIApp, *, served: deque[Served], check: Callable[[Scope], Response | None] = lambda scope: None
    ) -> None:
        self._app = app
        self._served = served
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass that may; record the answer's status."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._served)
        try:
            await (self._check(scope) or self._app)(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            logger.debug("A client went away while sending.")
        except asyncio.CancelledError:  # only when the server stops before a client has sent all
            await exchange.answer(STOPPING)
        except Exception:
            logger.exception("A request failed unexpectedly.")
            await exchange.answer(FAILED)


class _Exchange:
    """One request and its answer while they pass the gate."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, served: deque[Served]) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._served = served
        self._began = time.perf_counter()
        self._is_body_read = False
        self._is_answered = False

    async def answer(self, response: Response) -> None:
        """Send an answer in place of the application's, unless that has begun; the rest of the body is not awaited."""
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
