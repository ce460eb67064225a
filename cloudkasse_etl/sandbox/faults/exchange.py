"""One request and its answer on a real connection: lets the application work, and then answers, cuts or hangs up.

What goes wrong, and when, their users know: wire_faults.py of CloudKasse, webapi_faults.py of SelectLine.
"""

import asyncio
import os
import random
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from cloudkasse_etl.sandbox.dependencies import ASGIApp, H11Protocol, Message, Receive, Response, Scope, Send

TRANSPORT = "cloudkasse.transport"
LINGER = "hh" if os.name == "nt" else "ii"
PROXY_STATUSES = (200, 502, 504)
PROXY_PAGE = "<html><head><title>Proxy</title></head><body><h1>Please log in</h1></body></html>"

Json = dict[str, Any]


class SocketProtocol(H11Protocol):
    """Uvicorn's protocol, extended to give the application access to its own connection, to break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent has it
        """Remember the connection."""
        super().connection_made(transport)
        # asyncio does so only where a socket names its protocol: head and body are two packets, and the second would
        # wait 40 ms for the client to acknowledge the first
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        app: Any = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "extensions": {TRANSPORT: transport}}, receive, send)

        self.app = with_transport


@dataclass
class Answer:
    """What the application answered."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def json(self) -> Json | None:
        """The JSON object of a successful answer; None for any other."""
        found = orjson.loads(self.body) if self.status == 200 else None
        return found if isinstance(found, dict) else None

    def with_json(self, content: Json) -> "Answer":
        """The same answer with another body."""
        body = orjson.dumps(content)
        return Answer(self.status, _with_length(self.headers, len(body)), body)


class Exchange:
    """One request, the application that can answer it, and its connection.

    Args:
        app: The application.
        scope: The request.
        receive: Where its body comes from.
        send: Where the answer goes.

    Attributes:
        scope: The request.
    """

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._app = app
        self.scope = scope
        self._receive = receive
        self._send = send

    async def run(self, *, query: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
        """Let the application serve the request, and keep its answer.

        Args:
            query: Another query; None leaves it unchanged, so that the application itself checks a wrong one.
            body: Another body; None leaves it as it comes.

        Returns:
            The answer.
        """
        answer = Answer()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            else:
                answer.body += message.get("body", b"")

        raw = self.scope["query_string"] if query is None else urlencode(query).encode()
        await self._app({**self.scope, "query_string": raw}, self._receive if body is None else _replay(body), collect)
        return answer

    async def whole_body(self) -> bytes:
        """Read the request's body to its end."""
        body = bytearray()
        while True:
            message = await self._receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                return bytes(body)

    async def respond(self, response: Response) -> None:
        """Send an answer of one's own."""
        await response(self.scope, self._receive, self._send)

    async def respond_as_proxy(self, rng: random.Random) -> None:
        """Send a proxy's page, with one of the statuses that proxies send it with."""
        await self.respond(Response(PROXY_PAGE, rng.choice(PROXY_STATUSES), media_type="text/html"))

    async def answer_with(self, answer: Answer) -> None:
        """Send an answer of the application."""
        await self._send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await self._send({"type": "http.response.body", "body": answer.body})

    async def cut(self, answer: Answer, rng: random.Random) -> None:
        """Announce the whole body, but send only a part of it."""
        part = answer.body[: rng.randrange(max(len(answer.body), 1))]
        headers = _with_length(answer.headers, max(len(answer.body), 1))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": part, "more_body": True})
        self._transport().close()
        await self._wait_for_the_end()

    async def hang_up(self, rng: random.Random) -> None:
        """Close the connection without an answer: properly, or by a reset like a machine that crashed."""
        transport = self._transport()
        if rng.random() < 0.5:
            wait_no_more = struct.pack(LINGER, 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, wait_no_more)
            transport.abort()
        else:
            transport.close()
        await self._wait_for_the_end()

    def _transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self.scope["extensions"][TRANSPORT]
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
