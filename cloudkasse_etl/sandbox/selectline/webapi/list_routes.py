"""The lists of Auftrag that a delivery is set up by: tenants, warehouses, document types, articles and their stock."""

from collections.abc import Callable, Iterator
from typing import Any

from cloudkasse_etl.sandbox.dependencies import Response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.auftrag import master_lists
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.webapi.list_filter import page_of
from cloudkasse_etl.sandbox.selectline.webapi.routing import Call, Route, found

Rows = list[dict[str, Any]]


def list_routes(books: ShopBooks) -> Iterator[Route]:
    """Its routes."""

    def of_shop(read: Callable[[Call], Rows]) -> Callable[[Call], Rows]:
        # the other tenant is empty but for its document types
        return lambda call: read(call) if call.session.tenant == books.tenant else []

    def listed(read: Callable[[Call], Rows], prefix: str = "listFilter") -> Callable[[Call], Response]:
        return lambda call: found(page_of(read(call), call.query, prefix))

    def one(read: Callable[[Call], Rows], field: str, name: str) -> Callable[[Call], Response]:
        def answered(call: Call) -> Response:
            for row in read(call):
                if str(row[field]) == call.path[name]:
                    return found(row)
            raise ApiError(404, f"There is no {name} {call.path[name]}.")

        return answered

    def tenants(call: Call) -> Rows:
        return [_tenant(name, books) for name in books.tenants]

    def articles(call: Call) -> Rows:
        wanted = call.query.get("articleListFilter.includeInactiveArticles", "").lower() == "true"
        return master_lists.articles(books, with_inactive=wanted)

    def every_article(call: Call) -> Rows:
        return master_lists.articles(books, with_inactive=True)

    warehouses = of_shop(lambda call: master_lists.warehouses(books))
    kinds: Callable[[Call], Rows] = lambda call: master_lists.document_types(books)  # noqa: E731
    employees = of_shop(lambda call: master_lists.employees(books))
    yield Route("GET", "/Tenants", listed(tenants))
    yield Route("GET", "/Tenants/{tenantName}", one(tenants, "Name", "tenantName"))
    yield Route("GET", "/Warehouses", listed(warehouses))
    yield Route("GET", "/Warehouses/Stocks", listed(of_shop(lambda call: master_lists.stocks(books))))
    yield Route("GET", "/Warehouses/{warehouseNumber}", one(warehouses, "Number", "warehouseNumber"))
    yield Route(
        "GET",
        "/Warehouses/{warehouseNumber}/Stocks",
        listed(of_shop(lambda call: master_lists.stocks(books, call.path["warehouseNumber"]))),
    )
    yield Route("GET", "/DocumentKinds", listed(kinds))
    yield Route("GET", "/DocumentKinds/{documentKindKey}", one(kinds, "Number", "documentKindKey"))
    yield Route("GET", "/Employees", listed(employees, "employeeListFilter"))
    yield Route("GET", "/Articles", listed(of_shop(articles), "articleListFilter"))
    yield Route("GET", "/Articles/{articleNumber}", one(of_shop(every_article), "Number", "articleNumber"))


def _tenant(name: str, books: ShopBooks) -> dict[str, Any]:
    is_shop = name == books.tenant
    return {
        "Name": name,
        "Company": books.company if is_shop else "Testmandant",
        "CurrencyThreeLetter": books.currency,
        "TenantCountry": books.country,
        "Kind": "P" if is_shop else "T",
        "VersionNumber": "",
        "AdditionalInformation": "",
        "FirstName": "",
        "LastName": "",
        "Salutation": "",
    }
