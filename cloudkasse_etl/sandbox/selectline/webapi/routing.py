"""A route of the Web API, the call that reaches it, and its answers; what every call has in common is here."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from cloudkasse_etl.sandbox.dependencies import Request, Response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError, BareError
from cloudkasse_etl.sandbox.selectline.webapi.sessions import Session, Sessions

MAX_BODY_BYTES: Final = 30 * 1024 * 1024
ACCOUNTING: Final = "/Accounting/"


@dataclass(frozen=True)
class Call:
    """A request in a session.

    Attributes:
        session: The session.
        query: The query's parameters.
        path: The path's parameters.
        body: The body as it came.
    """

    session: Session
    query: Mapping[str, str]
    path: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body.

        Raises:
            ApiError: 400: it is not JSON.
        """
        return read_json(self.body)

    def number(self, name: str) -> int:
        """A whole number of the path.

        Raises:
            ApiError: 404: it is none, so that no route leads there.
        """
        value = self.path[name]
        if not value.isdecimal() or len(value) > 10:
            raise ApiError(404, f"{name} is not a whole number.")
        return int(value)


class Route(NamedTuple):
    """A route.

    Attributes:
        method: The HTTP method.
        path: The path below the API's address.
        handle: What answers; it may read and write the shop's database, so it is called in a thread.
        needs_year: Whether the session must have chosen a year.
    """

    method: str
    path: str
    handle: Callable[[Call], Response]
    needs_year: bool = False


def read_json(body: bytes) -> Any:
    """A JSON body.

    Raises:
        ApiError: 400: it is not JSON.
    """
    try:
        return json.loads(body)
    except ValueError:
        raise ApiError(400, "The body is not JSON.") from None


def found(content: Any) -> Response:
    """The answer to a question."""
    return Response(orjson.dumps(content), media_type="application/json")


def created(content: Any) -> Response:
    """The answer when something was made."""
    return Response(orjson.dumps(content), 201, media_type="application/json")


def no_content() -> Response:
    """The answer when something was done and there is nothing to say."""
    return Response(status_code=204)


def endpoint(route: Route, sessions: Sessions) -> Callable[[Request], Awaitable[Response]]:
    """A route as the framework calls it: with a session, or refused."""

    async def answered(request: Request) -> Response:
        try:
            session = sessions.of(request.headers.get("authorization", ""))
        except ApiError as error:
            # /Accounting is another server behind the same address, with statuses of its own
            return (BareError(401, error.message) if route.path.startswith(ACCOUNTING) else error).answer()
        if route.needs_year and session.year is None:
            return BareError(424, "No year is chosen.").answer()
        sessions.begin(session)
        try:
            call = Call(session, request.query_params, request.path_params, await body_of(request))
            return await asyncio.to_thread(route.handle, call)
        except ApiError as error:
            return error.answer()
        finally:
            sessions.finish(session)

    return answered


async def body_of(request: Request) -> bytes:
    """The body, up to what .NET takes.

    Raises:
        ApiError: 413: it is larger.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(413, "The body is too large.")
    return bytes(body)
