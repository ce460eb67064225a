"""Protects that the sandbox's answers go out at once, head and body: a wait for each would be most of a run."""

import socket

import requests

from cloudkasse_etl.sandbox import web_server
from cloudkasse_etl.sandbox.dependencies import Receive, Scope, Send
from cloudkasse_etl.sandbox.faults.exchange import TRANSPORT
from tests.support.patience import HANG_SECONDS


async def _nodelay(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with whether its connection sends each packet at once."""
    if scope["type"] == "http":
        found = scope["extensions"][TRANSPORT].get_extra_info("socket")
        is_set = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await send({"type": "http.response.start", "status": 200 if is_set else 500, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def test_each_packet_of_an_answer_is_sent_at_once() -> None:
    with web_server.listen(0) as listener, web_server.served(_nodelay, listener):
        assert requests.get(web_server.url_of(listener), timeout=HANG_SECONDS).status_code == 200
