"""Injects faults on real connections as networks, proxies and servers cause them: a cut answer is cut on its socket.

Which faults there are and when they happen is in fault_plan.py; changes to an answer's JSON are in body_faults.py.
"""

import asyncio
import base64
import os
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlencode

import orjson

from cloudkasse_etl.sandbox.cloud.validation import PROBLEM_TYPE, RequestProblem
from cloudkasse_etl.sandbox.dependencies import ASGIApp, H11Protocol, Message, Receive, Response, Scope, Send
from cloudkasse_etl.sandbox.faults import body_faults
from cloudkasse_etl.sandbox.faults.fault_plan import FEED_PATHS, HOUR, Fault, FaultPlan

TRANSPORT = "cloudkasse.transport"
SWAPPED = "swapped."
LINGER = "hh" if os.name == "nt" else "ii"

Json = dict[str, Any]


class SocketProtocol(H11Protocol):
    """Uvicorn's protocol, extended to give the application access to its own connection, to break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent has it
        """Remember the connection."""
        super().connection_made(transport)
        app: Any = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "extensions": {TRANSPORT: transport}}, receive, send)

        self.app = with_transport


class Control:
    """The faults in force and those injected so far; shared by the ASGI layer and its callers.

    Attributes:
        plan: The faults.
        done: How often each has happened.
        under_way: How many requests are being spoiled right now, whether or not their clients still wait.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self.under_way = 0
        self.set(plan)

    def set(self, plan: FaultPlan) -> None:
        """Start again with other faults; the same plan makes the same requests of a sequence fail."""
        self.plan = plan
        self.done: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    def draw(self, method: str, path: str, has_cursor: bool) -> tuple[Fault | None, random.Random]:
        """Choose the fault of the next request to a path.

        Args:
            method: The HTTP method.
            path: The path, without the query.
            has_cursor: Whether the request asks for a page after a cursor.

        Returns:
            The fault, None if there is no fault; and the generator for its further choices.
        """
        # by path, since requests to several paths, or over several connections, overtake each other
        request = f"{method} {path}"
        self._seen[request] += 1
        rng = random.Random(f"{self.plan.seed} {request} {self._seen[request]}")
        fault = self.plan.choose(method, path, has_cursor=has_cursor, rng=rng)
        if fault is not None:
            self.done[str(fault)] += 1
        return fault, rng


@dataclass
class _Answer:
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def json(self) -> Json | None:
        """The JSON object of a successful answer; None for any other."""
        found = orjson.loads(self.body) if self.status == 200 else None
        return found if isinstance(found, dict) else None

    def with_json(self, content: Json) -> "_Answer":
        body = orjson.dumps(content)
        return _Answer(self.status, _with_length(self.headers, len(body)), body)


class Misbehaviour:
    """The ASGI layer that injects faults into requests to /v1; all others, and all without a plan, pass unchanged."""

    def __init__(self, app: ASGIApp, *, control: Control) -> None:
        self._app = app
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        asked = query.get("after") or query.get("cursor")
        fault, rng = self._control.draw(scope["method"], scope["path"], has_cursor=asked is not None)
        if fault is None and not (asked or "").startswith(SWAPPED):
            await self._app(scope, receive, send)
            return
        request = _Request(self._app, scope, receive, send, query, self._control.plan, rng)
        self._control.under_way += 1
        try:
            await request.go_wrong(fault)
        finally:
            self._control.under_way -= 1


class _Request:
    """One request that a fault is injected into."""

    def __init__(
        self,
        app: ASGIApp,
        scope: Scope,
        receive: Receive,
        send: Send,
        query: Mapping[str, str],
        plan: FaultPlan,
        rng: random.Random,
    ) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._query = query
        self._plan = plan
        self._rng = rng
        self._asked = query.get("after") or query.get("cursor")

    async def go_wrong(self, fault: Fault | None) -> None:
        """Carry out a fault; the client may get no answer at all."""
        match fault:
            case Fault.RATE_LIMITED:
                await self._refuse(429, "rate_limited", "Too many requests.")
            case Fault.UNAVAILABLE:
                await self._refuse(503, "unavailable", "Not available at present.")
            case Fault.EXPIRED_CURSOR:
                await self._problem(RequestProblem(410, "cursor_expired", "This cursor is not known any more."))
            case Fault.SERVER_ERROR:
                await self._work_perhaps()
                await self._problem(RequestProblem(500, "internal_error", "Something went wrong."))
            case Fault.PROXY_PAGE:
                await self._work_perhaps()
                page = "<html><head><title>Proxy</title></head><body><h1>Please log in</h1></body></html>"
                status = self._rng.choice([200, 502, 504])
                await Response(page, status, media_type="text/html")(self._scope, self._receive, self._send)
            case Fault.CLOSED_BEFORE:
                await self._hang_up()
            case Fault.CLOSED_AFTER:
                await self._answer()
                await self._hang_up()
            case Fault.CUT_BODY:
                await self._cut(await self._answer())
            case Fault.SLOW:
                await self._answer_slowly()
            case _:
                await self._answer_with(await self._spoiled(fault))

    async def _refuse(self, status: int, code: str, detail: str) -> None:
        seconds = self._plan.retry_after_seconds
        clock = time.time() + self._rng.choice([0, HOUR, -HOUR])
        as_date = {"Retry-After": formatdate(clock + seconds, usegmt=True), "Date": formatdate(clock, usegmt=True)}
        headers = as_date if self._rng.random() < 0.5 else {"Retry-After": str(seconds)}
        await self._problem(RequestProblem(status, code, detail, headers))

    async def _problem(self, problem: RequestProblem) -> None:
        response = Response(problem.body(), problem.status, problem.headers, media_type=PROBLEM_TYPE)
        await response(self._scope, self._receive, self._send)

    async def _work_perhaps(self) -> None:
        if self._rng.random() < 0.5:
            await self._answer()

    async def _answer_slowly(self) -> None:
        if self._rng.random() < 0.5:
            answer = await self._answer()
            await asyncio.sleep(self._plan.slow_seconds)
        else:
            body = await self._whole_body()  # so that the work is done although the client has left by then
            await asyncio.sleep(self._plan.slow_seconds)
            answer = await self._run(self._query, _replay(body))
        await self._answer_with(answer)

    async def _spoiled(self, fault: Fault | None) -> _Answer:
        answer = await self._answer()
        content = answer.json()
        if content is None:
            return answer
        if fault is Fault.UNKNOWN_FIELDS:
            return answer.with_json(body_faults.add_unknown_fields(content, self._rng))
        if fault is Fault.WRONG_TYPES:
            return answer.with_json(body_faults.give_wrong_type(content, self._rng))
        if fault is Fault.REPEATED_ITEMS:
            first = (await self._page(None)).json() or {"items": []}
            return answer.with_json(body_faults.repeat_items(content, first["items"], self._rng))
        if fault is Fault.STANDING_CURSOR:
            return answer.with_json(body_faults.hold_cursor(content, self._asked))
        if fault is Fault.SWAPPED_PAGES:
            return await self._second_page_first(answer, content)
        if fault is Fault.CLOCK_OFF:
            return self._an_hour_off(answer, content)
        return answer

    def _an_hour_off(self, answer: _Answer, content: Json) -> _Answer:
        off = self._rng.choice([HOUR, -HOUR])
        date = formatdate(time.time() + off, usegmt=True).encode()
        if "time" in content:
            content = content | {"time": _moved(content["time"], off)}
        return _Answer(answer.status, [*answer.headers, (b"date", date)], answer.body).with_json(content)

    # --- pages in the other order

    async def _second_page_first(self, answer: _Answer, first: Json) -> _Answer:
        """Answer with the page after the requested one; its cursor leads back to the page that was left out."""
        if not first["has_more"] or (self._asked or "").startswith(SWAPPED):
            return answer
        second = (await self._page(first["next_cursor"])).json()
        if second is None:
            return answer
        # In the cursor itself: it is valid after a restart, and what arrives meanwhile comes after both pages.
        place = orjson.dumps([self._asked, len(first["items"]), second["next_cursor"]])
        cursor = SWAPPED + base64.urlsafe_b64encode(place).decode().rstrip("=")
        return answer.with_json(second | {"next_cursor": cursor, "has_more": True})

    async def _left_out_page(self, cursor: str) -> _Answer:
        encoded = cursor.removeprefix(SWAPPED)
        try:
            after, count, following = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        except (ValueError, TypeError):
            return await self._run(self._query, self._receive)  # the store answers that it does not know the cursor
        answer, rest = await self._page(after, str(count)), (await self._page(following, "1")).json()
        content = answer.json()
        if content is None or rest is None:
            return answer
        return answer.with_json(content | {"next_cursor": following, "has_more": bool(rest["items"])})

    # --- what the application answers

    async def _answer(self) -> _Answer:
        """Let the application serve the request."""
        if self._asked is not None and self._asked.startswith(SWAPPED):
            return await self._left_out_page(self._asked)
        return await self._run(self._query, self._receive)

    async def _page(self, after: str | None, limit: str | None = None) -> _Answer:
        """Ask the application for another page of the requested list."""
        name = "after" if self._scope["path"] in FEED_PATHS else "cursor"
        query = {key: value for key, value in self._query.items() if key != name}
        return await self._run(
            query | ({} if after is None else {name: after}) | ({} if limit is None else {"limit": limit}),
            _replay(b""),
        )

    async def _run(self, query: Mapping[str, str], receive: Receive) -> _Answer:
        answer = _Answer()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            else:
                answer.body += message.get("body", b"")

        # unchanged where nothing was modified: the application itself checks a wrong query
        raw = self._scope["query_string"] if query is self._query else urlencode(query).encode()
        await self._app({**self._scope, "query_string": raw}, receive, collect)
        return answer

    async def _whole_body(self) -> bytes:
        body = bytearray()
        while True:
            message = await self._receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                return bytes(body)

    # --- what goes out on the socket

    async def _answer_with(self, answer: _Answer) -> None:
        await self._send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await self._send({"type": "http.response.body", "body": answer.body})

    async def _cut(self, answer: _Answer) -> None:
        """Announce the whole body, but send only a part of it."""
        part = answer.body[: self._rng.randrange(max(len(answer.body), 1))]
        headers = _with_length(answer.headers, max(len(answer.body), 1))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": part, "more_body": True})
        self._transport().close()
        await self._wait_for_the_end()

    async def _hang_up(self) -> None:
        """Close the connection without an answer: properly, or by a reset like a machine that crashed."""
        transport = self._transport()
        if self._rng.random() < 0.5:
            wait_no_more = struct.pack(LINGER, 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, wait_no_more)
            transport.abort()
        else:
            transport.close()
        await self._wait_for_the_end()

    def _transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self._scope["extensions"][TRANSPORT]
        return transport

    async def _wait_for_the_end(self) -> None:
        # To uvicorn, an application that returned earlier would look like one that forgot to answer.
        while (await self._receive())["type"] != "http.disconnect":
            pass


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _with_length(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]


def _moved(moment: str, seconds: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
