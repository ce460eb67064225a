"""POST /sandbox/sell: lets the simulated shop sell over HTTP. Only the sandbox has this endpoint."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.orders import read_order
from cloudkasse_etl.sandbox.cloud.record_models import Day
from cloudkasse_etl.sandbox.cloud.validation import RequestProblem
from cloudkasse_etl.sandbox.dependencies import Request, Response
from cloudkasse_etl.sandbox.till.sales_summary import SalesSummary
from cloudkasse_etl.sandbox.till.selling import MAX_DAYS, MAX_RECEIPTS, SELL_PATH, sell

SEED_LIMIT = 2**53  # every JSON parser reads integers up to here exactly


class SaleOrder(BaseModel):
    """How much to sell."""

    model_config = ConfigDict(strict=True, extra="forbid")

    days: int = Field(ge=1, le=MAX_DAYS, description="On how many days the shop is open")
    receipts: int = Field(ge=0, le=MAX_RECEIPTS, description="How many sales and returns over all days and registers")
    seed: int = Field(ge=-SEED_LIMIT, le=SEED_LIMIT, description="Decides everything else")
    first_day: Day | None = Field(default=None, description="The first day; null: where the last sale ended")


def route(store: Store) -> tuple[str, Callable[[Request], Awaitable[Response]], Any, str, str, set[int]]:
    """Return path, endpoint, model of the answer, name, summary and refusals of the endpoint."""
    summary = "Sandbox only: let the simulated shop sell what was synchronised"
    return SELL_PATH, _endpoint(store), SalesSummary, "sell", summary, {400, 401, 409, 413, 503}


def _endpoint(store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        order = await read_order(request, SaleOrder)
        stopped = threading.Event()
        try:
            summary = await asyncio.to_thread(_sell, store, order, stopped.is_set)
        except asyncio.CancelledError:
            stopped.set()  # the server is being stopped, and would wait for the thread
            raise
        return Response(orjson.dumps(asdict(summary)), media_type="application/json")

    return endpoint


def _sell(store: Store, order: SaleOrder, should_stop: Callable[[], bool]) -> SalesSummary:
    first_day = None if order.first_day is None else date.fromisoformat(order.first_day)
    try:
        return sell(
            store,
            days=order.days,
            receipts=order.receipts,
            seed=order.seed,
            first_day=first_day,
            should_stop=should_stop,
        )
    except ConfigurationError as error:
        raise RequestProblem(409, "nothing_to_sell", str(error)) from error
