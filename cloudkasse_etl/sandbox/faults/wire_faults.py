"""Injects faults on real connections as networks, proxies and servers cause them: a cut answer is cut on its socket.

Which faults there are is in cloud_faults.py, when they happen in fault_plan.py; changes to an answer's JSON are in
body_faults.py.
"""

import asyncio
import base64
import random
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import formatdate
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

import orjson

from cloudkasse_etl.sandbox.cloud.validation import PROBLEM_TYPE, RequestProblem
from cloudkasse_etl.sandbox.dependencies import ASGIApp, Receive, Response, Scope, Send
from cloudkasse_etl.sandbox.faults import body_faults
from cloudkasse_etl.sandbox.faults.cloud_faults import FEED_PATHS, Fault
from cloudkasse_etl.sandbox.faults.exchange import Answer, Exchange
from cloudkasse_etl.sandbox.faults.fault_control import Control
from cloudkasse_etl.sandbox.faults.fault_plan import HOUR, FaultPlan

SWAPPED = "swapped."

Json = dict[str, Any]


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
        request = _Request(Exchange(self._app, scope, receive, send), query, self._control.plan, rng)
        with self._control.spoiling():
            await request.go_wrong(fault)


class _Request:
    """One request that a fault is injected into."""

    def __init__(self, exchange: Exchange, query: Mapping[str, str], plan: FaultPlan, rng: random.Random) -> None:
        self._exchange = exchange
        self._query = query
        self._plan = plan
        self._rng = rng
        self._asked = query.get("after") or query.get("cursor")

    async def go_wrong(self, fault: StrEnum | None) -> None:
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
                await self._exchange.respond_as_proxy(self._rng)
            case Fault.CLOSED_BEFORE:
                await self._exchange.hang_up(self._rng)
            case Fault.CLOSED_AFTER:
                await self._answer()
                await self._exchange.hang_up(self._rng)
            case Fault.CUT_BODY:
                await self._exchange.cut(await self._answer(), self._rng)
            case Fault.SLOW:
                await self._answer_slowly()
            case _:
                await self._exchange.answer_with(await self._spoiled(fault))

    async def _refuse(self, status: int, code: str, detail: str) -> None:
        seconds = self._plan.retry_after_seconds
        clock = time.time() + self._rng.choice([0, HOUR, -HOUR])
        as_date = {"Retry-After": formatdate(clock + seconds, usegmt=True), "Date": formatdate(clock, usegmt=True)}
        headers = as_date if self._rng.random() < 0.5 else {"Retry-After": str(seconds)}
        await self._problem(RequestProblem(status, code, detail, headers))

    async def _problem(self, problem: RequestProblem) -> None:
        response = Response(problem.body(), problem.status, problem.headers, media_type=PROBLEM_TYPE)
        await self._exchange.respond(response)

    async def _work_perhaps(self) -> None:
        if self._rng.random() < 0.5:
            await self._answer()

    async def _answer_slowly(self) -> None:
        if self._rng.random() < 0.5:
            answer = await self._answer()
            await asyncio.sleep(self._plan.slow_seconds)
        else:
            body = await self._exchange.whole_body()  # so that the work is done although the client has left by then
            await asyncio.sleep(self._plan.slow_seconds)
            answer = await self._exchange.run(body=body)
        await self._exchange.answer_with(answer)

    async def _spoiled(self, fault: StrEnum | None) -> Answer:
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

    def _an_hour_off(self, answer: Answer, content: Json) -> Answer:
        off = self._rng.choice([HOUR, -HOUR])
        date = formatdate(time.time() + off, usegmt=True).encode()
        if "time" in content:
            content = content | {"time": _moved(content["time"], off)}
        return Answer(answer.status, [*answer.headers, (b"date", date)], answer.body).with_json(content)

    # --- pages in the other order

    async def _second_page_first(self, answer: Answer, first: Json) -> Answer:
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

    async def _left_out_page(self, cursor: str) -> Answer:
        encoded = cursor.removeprefix(SWAPPED)
        try:
            after, count, following = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        except (ValueError, TypeError):
            return await self._exchange.run()  # the store answers that it does not know the cursor
        answer, rest = await self._page(after, str(count)), (await self._page(following, "1")).json()
        content = answer.json()
        if content is None or rest is None:
            return answer
        return answer.with_json(content | {"next_cursor": following, "has_more": bool(rest["items"])})

    # --- what the application answers

    async def _answer(self) -> Answer:
        """Let the application serve the request."""
        if self._asked is not None and self._asked.startswith(SWAPPED):
            return await self._left_out_page(self._asked)
        return await self._exchange.run()

    async def _page(self, after: str | None, limit: str | None = None) -> Answer:
        """Ask the application for another page of the requested list."""
        name = "after" if self._exchange.scope["path"] in FEED_PATHS else "cursor"
        query = {key: value for key, value in self._query.items() if key != name}
        asked = ({} if after is None else {name: after}) | ({} if limit is None else {"limit": limit})
        return await self._exchange.run(query=query | asked, body=b"")


def _moved(moment: str, seconds: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
