"""/Login, /Logout, /Info and /Users/Current: who is there, and in which tenant and year."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cloudkasse_etl.sandbox.dependencies import Request, Response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError, BareError
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.webapi.routing import Call, Route, body_of, found, no_content, read_json
from cloudkasse_etl.sandbox.selectline.webapi.sessions import SCHEME, Sessions

VERSION: Final = "25.0.0.0"
MOST_TENANT, MOST_YEAR = 14, 19


async def login(request: Request, sessions: Sessions) -> Response:
    """Answer POST /Login."""
    try:
        model = read_json(await body_of(request))
        if not isinstance(model, dict):
            raise BareError(400, "The body is not an object.")
        session = sessions.login(model.get("UserName"), model.get("Password"), model.get("AppKey"))
    except ApiError as error:
        return Response(status_code=error.status)
    return found({"AccessToken": session.token, "TokenType": SCHEME})


async def info(request: Request) -> Response:
    """Answer GET /Info, which needs no login."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return found({"Product": "SelectLine API (sandbox)", "Version": VERSION, "ServerTimeInUtc": now})


def session_routes(books: ShopBooks, sessions: Sessions) -> Iterator[Route]:
    """The routes that need a session."""

    def logout(call: Call) -> Response:
        sessions.end(call.session.token)
        return no_content()

    def current(call: Call) -> Response:
        said = {
            "UserName": sessions.user,
            "DisplayName": sessions.user,
            "TenantDatabaseName": call.session.tenant,
            "TenantCurrencyThreeLetter": books.currency,
            "YearDatabaseName": call.session.year,
            "UserKind": "Standard",
            "WawiUserToken": "SB",
            "LanguageCode": "de",
            "ProductionControlPermission": 0,
            "AllowedTenantList": list(books.tenants),
        }
        return found({name: value for name, value in said.items() if value is not None})

    def choose(call: Call) -> Response:
        model = call.json()
        if not isinstance(model, dict):
            raise ApiError(400, "The body is not an object.")
        tenant = _name(model.get("TenantDatabaseName"), "TenantDatabaseName", MOST_TENANT)
        year = _name(model.get("YearDatabaseName"), "YearDatabaseName", MOST_YEAR)
        if tenant is not None and tenant not in books.tenants:
            raise ApiError(400, f"There is no tenant {tenant}.")
        if year is not None and year not in books.years(tenant or call.session.tenant):
            raise ApiError(400, f"There is no year {year}.")
        sessions.choose(call.session, tenant=tenant, year=year)
        return no_content()

    yield Route("POST", "/Logout", logout)
    yield Route("GET", "/Users/Current", current)
    yield Route("PUT", "/Users/Current", choose)


def _name(value: object, field: str, length: int) -> str | None:
    if value is not None and (not isinstance(value, str) or len(value) > length):
        raise ApiError(400, f"{field} is not a text of at most {length} characters.")
    return value or None
