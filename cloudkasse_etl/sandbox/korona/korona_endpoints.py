"""KORONA.cloud's URLs for the sandbox's shop: lists and upserts under /web/api/v3, with Basic auth."""

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec

from cloudkasse_etl.sandbox.cloud.orders import read_body
from cloudkasse_etl.sandbox.cloud.validation import RequestProblem
from cloudkasse_etl.sandbox.dependencies import Request, Response
from cloudkasse_etl.sandbox.korona.account_lists import STATEMENTS, WRITABLE, KoronaAccount

BASE: Final = "/web/api/v3"
ACCOUNT: Final = "sandbox"
MAX_PAGE = 1_000
MAX_BATCH = 500
BODY_BYTES = 16 * 1024 * 1024
_encoder = msgspec.json.Encoder(decimal_format="number")

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(account: KoronaAccount, token: str) -> Iterator[tuple[str, Endpoint, str]]:
    """Path, endpoint and method of each URL.

    Args:
        account: The shop.
        token: The password; any user is let in with it.
    """

    def guarded(handle: Callable[[Request], Awaitable[Response]]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            if not _is_welcome(request, token):
                return Response(status_code=401, headers={"WWW-Authenticate": "Basic"})
            if request.path_params["account"] != ACCOUNT:
                return _error(404, "ACCOUNT_NOT_FOUND", "There is no such account.")
            return await handle(request)

        return endpoint

    async def listed(request: Request) -> Response:
        point = request.path_params.get("point")
        kind = request.path_params["kind"] if point is None else f"{STATEMENTS}/{point}"
        query = request.query_params
        try:
            page, size, after = (int(query.get(name, start)) for name, start in _NUMBERS)
        except ValueError:
            page = size = after = -1
        if page < 1 or not 1 <= size <= MAX_PAGE or after < 0:
            return _error(400, "INVALID_QUERY_PARAMETER", "page, size or revision is out of range.")
        found = await asyncio.to_thread(account.records, kind)
        if found is None:
            return _error(404, "CONDITION_MISMATCH", "There is no such list.")
        return _page(found, page=page, size=size, after=after, number=query.get("number"))

    async def written(request: Request) -> Response:
        kind = request.path_params["kind"]
        try:
            records = json.loads(await read_body(request, BODY_BYTES), parse_float=Decimal)
        except (ValueError, RequestProblem):
            records = None
        if kind not in WRITABLE or request.query_params.get("writeMode") != "ADD_OR_UPDATE":
            return _error(400, "INVALID_QUERY_PARAMETER", "The sandbox takes upserts of its lists only.")
        if not isinstance(records, list) or not all(isinstance(one, dict) and one.get("number") for one in records):
            return _error(400, "SUBMITTED_DATA_NOT_WELLFORMED", "The body is no list of records with numbers.")
        if not 1 <= len(records) <= MAX_BATCH:
            return _error(400, "BATCH_SIZE_OUT_OF_RANGE", f"At most {MAX_BATCH} records at once.")
        return _json(await asyncio.to_thread(account.write, kind, records))

    under = f"{BASE}/accounts/{{account}}"
    yield f"{under}/pointsOfSale/{{point}}/{STATEMENTS}", guarded(listed), "GET"
    yield f"{under}/{{kind}}", guarded(listed), "GET"
    yield f"{under}/{{kind}}", guarded(written), "POST"


_NUMBERS = (("page", "1"), ("size", "100"), ("revision", "0"))


def _page(records: list[dict[str, Any]], *, page: int, size: int, after: int, number: str | None) -> Response:
    rows = [row for row in records if row["revision"] > after and number in (None, row["number"])]
    found = rows[(page - 1) * size : page * size]
    if not found:
        return Response(status_code=204)
    return _json(
        {
            "currentPage": page,
            "links": {},
            "maxRevision": max(row["revision"] for row in records),
            "pagesTotal": -(-len(rows) // size),
            "results": found,
            "resultsOfPage": len(found),
            "resultsTotal": len(rows),
        }
    )


def _is_welcome(request: Request, token: str) -> bool:
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        _, _, password = base64.b64decode(coded, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(password, token.encode())


def _json(found: Any) -> Response:
    return Response(_encoder.encode(found), media_type="application/json")


def _error(status: int, code: str, message: str) -> Response:
    return Response(_encoder.encode({"code": code, "message": message}), status, media_type="application/json")
