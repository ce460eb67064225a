"""The bundled SelectLine Web API as an application: its routes, and those that only the sandbox has."""

from collections import deque
from functools import partial
from typing import Final

from cloudkasse_etl.i18n.messages import Language
from cloudkasse_etl.sandbox.cloud.validation import RequestProblem
from cloudkasse_etl.sandbox.dependencies import FastAPI, HTTPException, Request, Response
from cloudkasse_etl.sandbox.faults import faults_endpoint
from cloudkasse_etl.sandbox.faults.fault_control import Control
from cloudkasse_etl.sandbox.gate import Gate, Served, problem_response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.auftrag.manual_storages import ManualStorages
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.takeover import Clerk
from cloudkasse_etl.sandbox.selectline.auftrag.transfer_buffer import TransferBuffer
from cloudkasse_etl.sandbox.selectline.clerk.clerk_orders import clerk_routes
from cloudkasse_etl.sandbox.selectline.clerk.clerk_page import page_routes
from cloudkasse_etl.sandbox.selectline.fibu.batch_postings import BatchPostings
from cloudkasse_etl.sandbox.selectline.fibu.chart import Chart
from cloudkasse_etl.sandbox.selectline.selectline_faults import BASE
from cloudkasse_etl.sandbox.selectline.selectline_misbehaviour import SelectlineMisbehaviour
from cloudkasse_etl.sandbox.selectline.webapi import session_routes
from cloudkasse_etl.sandbox.selectline.webapi.accounting_routes import accounting_routes
from cloudkasse_etl.sandbox.selectline.webapi.batch_routes import batch_routes
from cloudkasse_etl.sandbox.selectline.webapi.list_routes import list_routes
from cloudkasse_etl.sandbox.selectline.webapi.routing import endpoint
from cloudkasse_etl.sandbox.selectline.webapi.sessions import Sessions
from cloudkasse_etl.sandbox.selectline.webapi.storage_routes import storage_routes
from cloudkasse_etl.sandbox.selectline.webapi.transfer_routes import transfer_routes

MAX_KEPT_REQUESTS: Final = 100_000


def create_selectline_app(
    books: ShopBooks, sessions: Sessions, control: Control, chart: Chart, language: Language
) -> FastAPI:
    """Return the Web API of a shop as an ASGI application.

    The requests that it has answered are in `app.state.served`, a deque of (method, path, status).

    Args:
        books: The shop's database; the caller closes it.
        sessions: Who is logged in.
        control: Faults to inject into requests.
        chart: The ledger's master data.
        language: The language of the clerk's page.

    Returns:
        The application.
    """
    app = FastAPI(title="SelectLine sandbox", openapi_url=None, redirect_slashes=False)
    served: deque[Served] = deque(maxlen=MAX_KEPT_REQUESTS)
    app.state.served = served
    app.add_middleware(SelectlineMisbehaviour, control=control, sessions=sessions)
    app.add_middleware(Gate, served=served)
    app.add_exception_handler(RequestProblem, _on_problem)
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(HTTPException, _on_framework_error)
    buffer, batches = TransferBuffer(books), BatchPostings(books, chart)
    clerk = Clerk(books, buffer, language)
    login = partial(session_routes.login, sessions=sessions)
    app.add_route(f"{BASE}/Login", login, methods=["POST"])
    app.add_route(f"{BASE}/Info", session_routes.info, methods=["GET"])
    for route in (
        *session_routes.session_routes(books, sessions),
        *list_routes(books),
        *transfer_routes(buffer),
        *storage_routes(ManualStorages(books), books.tenant),
        *accounting_routes(chart),
        *batch_routes(batches),
    ):
        app.add_route(f"{BASE}{route.path}", endpoint(route, sessions), methods=[route.method])
    pages = page_routes(books, buffer, clerk, sessions, language)
    for method, path, handle in (*clerk_routes(books, buffer, clerk, sessions, batches), *pages):
        app.add_route(path, handle, methods=[method])
    for (path, handle, *_), extra in faults_endpoint.routes(control):
        app.add_route(path, handle, methods=["POST" if "requestBody" in extra else "GET"])
    return app


async def _on_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestProblem):
        raise error
    return problem_response(error)


async def _on_api_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return error.answer()


async def _on_framework_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return ApiError(error.status_code, "There is no such route.").answer()
