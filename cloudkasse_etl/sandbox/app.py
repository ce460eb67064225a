"""The HTTP layer of the bundled CloudKasse: URLs, headers, problem answers, and the document that describes them.

What a batch does to the data is in cloud_store.py, what is wrong with an item in validation.py, the token in gate.py.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson

from cloudkasse_etl.entities import TillKind
from cloudkasse_etl.sandbox import sell_endpoint
from cloudkasse_etl.sandbox.cloud import validation
from cloudkasse_etl.sandbox.cloud.answers import PAGES, BatchAnswer, ServedRequests, Status, component_schemas
from cloudkasse_etl.sandbox.cloud.cloud_store import FEEDS, Store
from cloudkasse_etl.sandbox.cloud.orders import describe_order, read_body
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import Limits, RequestProblem
from cloudkasse_etl.sandbox.dependencies import FastAPI, HTTPException, Request, Response, get_openapi
from cloudkasse_etl.sandbox.faults import faults_endpoint
from cloudkasse_etl.sandbox.faults.fault_control import Control
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.faults.wire_faults import Misbehaviour
from cloudkasse_etl.sandbox.gate import Gate, Served, problem_response, token_check
from cloudkasse_etl.sandbox.korona import korona_endpoints
from cloudkasse_etl.sandbox.korona.account_lists import KoronaAccount

API_VERSION = "1.0"
MAX_KEPT_REQUESTS = 100_000

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(
    store: Store, *, token: str, limits: Limits, control: Control | None = None, till: TillKind = "cloudkasse"
) -> FastAPI:
    """Return the CloudKasse of a store as an ASGI application.

    The requests that it has answered are in `app.state.served`, a deque of (method, path, status).

    Args:
        store: The data; the caller closes it.
        token: The only bearer token that it accepts.
        limits: How much it accepts.
        control: Faults to inject into requests.
        till: The till whose API it has besides: `korona` answers as KORONA.cloud too.

    Returns:
        The application.
    """
    control = control or Control(FaultPlan())
    app = FastAPI(title="CloudKasse sandbox", version=API_VERSION, redirect_slashes=False, redoc_url=None)
    served: deque[Served] = deque(maxlen=MAX_KEPT_REQUESTS)
    app.state.served = served
    app.add_middleware(Misbehaviour, control=control)
    app.add_middleware(Gate, served=served, check=token_check(token))
    app.add_exception_handler(RequestProblem, _on_error)
    app.add_exception_handler(HTTPException, _on_error)

    def add(path: str, endpoint: Endpoint, model: Any, name: str, summary: str, errors: set[int], **extra: Any) -> None:
        if not path.startswith("/sandbox/"):
            errors, extra = errors | {401, 503}, extra | {"security": [{"bearer": []}]}
        app.add_api_route(
            path,
            endpoint,
            methods=["POST" if "requestBody" in extra else "GET"],
            operation_id=name,
            summary=summary,
            responses={200: {"model": model}, **validation.describe_problems(errors)},
            openapi_extra=extra,
        )

    add("/v1/status", _status(store, limits), Status, "status", "Reach, token, counts, heads", set())
    for entity in Entity:
        path, summary = f"/v1/{entity}/batch", f"Create, change and retire {entity}"
        body, key = validation.describe_batch(entity, limits.batch_items), validation.describe_idempotency_key()
        endpoint = _write_batch(store, limits, entity)
        errors = {400, 409, 413, 422}
        add(path, endpoint, BatchAnswer, f"write_{entity}", summary, errors, requestBody=body, parameters=[key])
    pages: list[tuple[str, Callable[..., bytes], str, str]] = [
        *((entity, store.list_page, "cursor", "retired ones included") for entity in Entity),
        *((feed, store.feed_page, "after", "in the order of arrival") for feed in FEEDS),
    ]
    for name, read, cursor, remark in pages:
        parameters = [validation.describe_cursor(cursor), validation.describe_page_limit(limits.page_items)]
        endpoint, summary = _page(read, name, cursor, limits), f"All {name}, {remark}"
        add(f"/v1/{name}", endpoint, PAGES[name], f"list_{name}", summary, {400, 410}, parameters=parameters)
    add("/sandbox/requests", _served(served), ServedRequests, "served_requests", "Sandbox only: what was asked", set())
    add(*sell_endpoint.route(store), **describe_order(sell_endpoint.SaleOrder))
    for route, extra in faults_endpoint.routes(control):
        add(*route, **extra)
    if till == "korona":
        for korona_path, korona_endpoint, method in korona_endpoints.routes(KoronaAccount(store), token):
            app.add_api_route(korona_path, korona_endpoint, methods=[method], include_in_schema=False)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _write_batch(store: Store, limits: Limits, entity: Entity) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        key = validation.check_idempotency_key(request.headers.getlist("idempotency-key"))
        body = await read_body(request, limits.body_bytes)
        # asyncio's own threads, since these are joined when the loop ends; anyio's linger.
        return _json(await asyncio.to_thread(store.write_batch, entity, body, key=key, limits=limits))

    return endpoint


def _page(read: Callable[..., bytes], name: str, cursor_name: str, limits: Limits) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        cursor = validation.check_cursor(request.query_params.getlist(cursor_name))
        limit = validation.check_page_limit(request.query_params.getlist("limit"), limits.page_items)
        return _json(await asyncio.to_thread(read, name, cursor, limit))

    return endpoint


def _status(store: Store, limits: Limits) -> Endpoint:
    wire_limits = {"batch_items": limits.batch_items, "page_items": limits.page_items}

    async def endpoint(request: Request) -> Response:
        summary = await asyncio.to_thread(store.summary)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return _json(orjson.dumps({"api_version": API_VERSION, "time": now, "limits": wire_limits} | summary))

    return endpoint


def _served(served: deque[Served]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        rows = [
            {"method": method, "path": path, "status": status, "count": count}
            for (method, path, status), count in Counter(served).items()
        ]
        return _json(orjson.dumps({"requests": rows}))

    return endpoint


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


async def _on_error(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):  # the framework's own: 404, 405
        phrase = HTTPStatus(error.status_code).phrase
        error = RequestProblem(error.status_code, phrase.lower().replace(" ", "_"), f"{phrase}.", error.headers)
    if not isinstance(error, RequestProblem):
        raise error
    return problem_response(error)


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the parts that are read and answered raw and that FastAPI does not see."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        document["components"]["schemas"] |= component_schemas()
        document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = document
    return app.openapi_schema
