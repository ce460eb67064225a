"""Injects SelectLine's faults into requests on real connections. Which there are is in selectline_faults.py."""

import asyncio
import random
from enum import StrEnum
from typing import Any

import orjson

from cloudkasse_etl.sandbox.dependencies import ASGIApp, Receive, Response, Scope, Send
from cloudkasse_etl.sandbox.faults.exchange import Exchange
from cloudkasse_etl.sandbox.faults.fault_control import Control
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError, BareError
from cloudkasse_etl.sandbox.selectline.auftrag.manual_storages import stock_is_short
from cloudkasse_etl.sandbox.selectline.selectline_faults import BASE, SelectlineFault
from cloudkasse_etl.sandbox.selectline.webapi.sessions import Sessions, token_of

FAILED = ApiError(500, "An unexpected error occurred.")
KEY_EXISTS = ApiError(400, "The key exists already.")
NOT_ALLOWED = ApiError(403, "The right to add positions is missing.")
SHORT = stock_is_short("?", "?")


class SelectlineMisbehaviour:
    """The ASGI layer that injects faults into requests to the API; the sandbox's own endpoints pass unchanged."""

    def __init__(self, app: ASGIApp, *, control: Control, sessions: Sessions) -> None:
        self._app = app
        self._control = control
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(f"{BASE}/"):
            fault, rng = self._control.draw(scope["method"], scope["path"], has_cursor=False)
            if fault is not None:
                with self._control.spoiling():
                    await self._go_wrong(fault, Exchange(self._app, scope, receive, send), rng)
                return
        await self._app(scope, receive, send)

    async def _go_wrong(self, fault: StrEnum, exchange: Exchange, rng: random.Random) -> None:
        """Carry out a fault; the client may get no answer at all."""
        match fault:
            case SelectlineFault.UNAVAILABLE:
                await exchange.respond(Response(status_code=503))
            case SelectlineFault.FAILED_BEFORE:
                await exchange.respond(FAILED.answer())
            case SelectlineFault.FAILED_AFTER:
                await exchange.run()
                await exchange.respond(FAILED.answer())
            case SelectlineFault.FAILED_MUTE:
                await exchange.run()
                await exchange.respond(Response(status_code=500))
            case SelectlineFault.PROXY_PAGE:
                if rng.random() < 0.5:
                    await exchange.run()
                await exchange.respond_as_proxy(rng)
            case SelectlineFault.CUT_BODY:
                await exchange.cut(await exchange.run(), rng)
            case SelectlineFault.CLOSED_BEFORE:
                await exchange.hang_up(rng)
            case SelectlineFault.CLOSED_AFTER:
                await exchange.run()
                await exchange.hang_up(rng)
            case SelectlineFault.SLOW:
                answer = await exchange.run()
                await asyncio.sleep(self._control.plan.slow_seconds)
                await exchange.answer_with(answer)
            case _:
                await self._mislead(fault, exchange, rng)

    async def _mislead(self, fault: StrEnum, exchange: Exchange, rng: random.Random) -> None:
        """Carry out a fault of SelectLine's own."""
        match fault:
            case SelectlineFault.KEY_EXISTS:
                await exchange.run()
                is_ledger = exchange.scope["path"].startswith(f"{BASE}/Accounting/")
                await exchange.respond((BareError(409, "") if is_ledger else KEY_EXISTS).answer())
            case SelectlineFault.SESSION_GONE:
                headers = dict(exchange.scope["headers"])
                self._sessions.end(token_of(headers.get(b"authorization", b"").decode("latin-1")))
                await exchange.answer_with(await exchange.run())
            case SelectlineFault.TENANT_IGNORED:
                wanted = _json(await exchange.whole_body())
                tenant = wanted.get("TenantDatabaseName") if isinstance(wanted, dict) else None
                if isinstance(tenant, str):
                    self._sessions.remember(tenant)
                await exchange.respond(Response(status_code=204))
            case SelectlineFault.PARTIAL_POSITIONS:
                body = await exchange.whole_body()
                await exchange.run(body=_shortened(body, rng))
                is_stored = exchange.scope["path"].startswith(f"{BASE}/ManualStorages/")
                await exchange.respond((NOT_ALLOWED if is_stored else FAILED).answer())
            case SelectlineFault.STOCK_SHORT:
                await exchange.respond(SHORT.answer())
            case SelectlineFault.LICENCE_FULL:
                await exchange.respond(Response(status_code=402))


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _shortened(body: bytes, rng: random.Random) -> bytes:
    """The body with some of its positions left out at the end: at least one, where it has any."""
    content = _json(body)
    positions = content.get("Positions") if isinstance(content, dict) else content
    if not isinstance(positions, list) or not positions:
        return body
    kept = positions[: rng.randrange(len(positions))]
    return orjson.dumps(content | {"Positions": kept} if isinstance(content, dict) else kept)
