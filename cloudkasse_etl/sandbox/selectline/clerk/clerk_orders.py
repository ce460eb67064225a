"""/sandbox/...: what a clerk does and sees in SelectLine, for tests and the demo. Only the sandbox has these."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field

from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sandbox.cloud.orders import read_order
from cloudkasse_etl.sandbox.cloud.remote_control import no_sandbox, send_order
from cloudkasse_etl.sandbox.cloud.validation import RequestProblem
from cloudkasse_etl.sandbox.dependencies import Request, Response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.stock_levels import revenue, stock
from cloudkasse_etl.sandbox.selectline.auftrag.takeover import Clerk
from cloudkasse_etl.sandbox.selectline.auftrag.transfer_buffer import TransferBuffer
from cloudkasse_etl.sandbox.selectline.fibu.batch_postings import BatchPostings
from cloudkasse_etl.sandbox.selectline.webapi.sessions import Sessions

TAKE_OVER_PATH: Final = "/sandbox/take-over"
DISCARD_PATH: Final = "/sandbox/discard"
PROCESS_PATH: Final = "/sandbox/process"
BOOKS_PATH: Final = "/sandbox/books"
SESSIONS_PATH: Final = "/sandbox/sessions"
WAITING: Final = ("Open", "Edit")

_TIMEOUT_SECONDS: Final = 60.0

Endpoint = Callable[[Request], Awaitable[Response]]


class TakeOver(BaseModel):
    """Which documents to take over."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: int | None = Field(default=None, description="One document; null: all that wait, oldest first")


class Discard(BaseModel):
    """A document to discard."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: int
    comment: str = Field(max_length=1000, description="Why, for whoever sent it")


class Process(BaseModel):
    """A batch of the ledger to process."""

    model_config = ConfigDict(strict=True, extra="forbid")

    year: str = Field(description="The fiscal year's database, such as SL_MLINDEF-2026")
    batch: int


def clerk_routes(
    books: ShopBooks, buffer: TransferBuffer, clerk: Clerk, sessions: Sessions, batches: BatchPostings
) -> Iterator[tuple[str, str, Endpoint]]:
    """List the endpoints of the clerk.

    Args:
        books: The shop's database.
        buffer: Its transfer documents.
        clerk: Who takes them over.
        sessions: Who is logged in.
        batches: The ledger's batches.

    Returns:
        Method, path and endpoint of each.
    """

    async def take_over(request: Request) -> Response:
        order = await read_order(request, TakeOver)

        def work() -> list[dict[str, Any]]:
            chosen = [order.id] if order.id is not None else waiting(books, buffer)
            return [clerk.take_over(number) for number in chosen]

        return await _answer(work)

    async def discard(request: Request) -> Response:
        order = await read_order(request, Discard)
        return await _answer(lambda: [clerk.discard(order.id, order.comment)])

    async def show_books(request: Request) -> Response:
        article = request.query_params.get("article")

        def read() -> dict[str, Any]:
            return {"stock": stock(books, article), "revenue": revenue(books), "ledger": batches.balances()}

        return _json(await asyncio.to_thread(read))

    async def process(request: Request) -> Response:
        order = await read_order(request, Process)
        try:
            await asyncio.to_thread(batches.process, order.year, order.batch)
        except ApiError as error:
            raise RequestProblem(error.status, "refused", error.message) from error
        return _json({"processed": order.batch})

    async def show_sessions(request: Request) -> Response:
        rows = [{"number": one.number, "tenant": one.tenant, "year": one.year} for one in sessions.open]
        return _json({"sessions": rows, "licences": sessions.licences})

    async def end_sessions(request: Request) -> Response:
        return _json({"ended": sessions.end_all()})

    yield "POST", TAKE_OVER_PATH, take_over
    yield "POST", DISCARD_PATH, discard
    yield "POST", PROCESS_PATH, process
    yield "GET", BOOKS_PATH, show_books
    yield "GET", SESSIONS_PATH, show_sessions
    yield "DELETE", SESSIONS_PATH, end_sessions


def take_over_remotely(page: str) -> list[dict[str, Any]]:
    """Take over all documents that wait in a running sandbox, as its clerk does.

    Args:
        page: The address of the clerk's page.

    Returns:
        `Id`, `StateKind`, `DestinationNumber` and `InternalComment` of each, oldest first.

    Raises:
        ConfigurationError: Nothing listens there, or it is no sandbox.
    """
    answer = send_order(page, TAKE_OVER_PATH, "", {}, timeout=_TIMEOUT_SECONDS)
    if not answer.ok:
        raise no_sandbox(answer, say("has a clerk"))
    found: list[dict[str, Any]] = answer.json()["documents"]
    return found


def waiting(books: ShopBooks, buffer: TransferBuffer) -> list[int]:
    """The ids of the shop's documents that wait, oldest first."""
    return [int(one["Id"]) for one in buffer.list(books.tenant) if one["StateKind"] in WAITING]


async def _answer(work: Callable[[], list[dict[str, Any]]]) -> Response:
    try:
        done = await asyncio.to_thread(work)
    except ApiError as error:
        raise RequestProblem(error.status, "refused", error.message) from error
    names = ("Id", "StateKind", "DestinationNumber", "InternalComment")
    return _json({"documents": [{name: one.get(name) for name in names} for one in done]})


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
