"""/Accounting: the ledger's master data. It is another server behind the same address, with other lists and errors."""

from collections.abc import Callable, Iterator
from typing import Any

from cloudkasse_etl.sandbox.dependencies import Response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError, BareError
from cloudkasse_etl.sandbox.selectline.fibu.chart import Chart
from cloudkasse_etl.sandbox.selectline.webapi.odata import odata_page
from cloudkasse_etl.sandbox.selectline.webapi.routing import Call, Route, found

Rows = list[dict[str, Any]]


def accounting_routes(chart: Chart) -> Iterator[Route]:
    """Its routes."""

    def listed(read: Callable[[], Rows]) -> Callable[[Call], Response]:
        return lambda call: odata_page(read(), call.query)

    def one(read: Callable[[], Rows], field: str, name: str) -> Callable[[Call], Response]:
        return lambda call: found(_only(read(), field, call.path[name]))

    def validities(call: Call) -> Response:
        code = _only(chart.tax_codes(), "TaxCodeNumber", call.path["taxcode"])
        return odata_page(code["Validities"], call.query)

    def validity(call: Call) -> Response:
        code = _only(chart.tax_codes(), "TaxCodeNumber", call.path["taxcode"])
        day = call.path["date"][:10]
        for one in code["Validities"]:
            if one["ValidFrom"][:10] <= day <= one["ValidTill"][:10]:
                return found(one)
        raise BareError(404, "No validity on that day.")

    def tenant(call: Call) -> Response:
        try:
            return found(_only(chart.tenants(), "DatabaseName", call.path["databaseName"]))
        except BareError as error:
            raise ApiError(404, error.message) from error  # the one list of /Accounting whose error has a body

    base = "/Accounting"
    yield Route("GET", f"{base}/Tenants", listed(chart.tenants))
    yield Route("GET", f"{base}/Tenants/{{databaseName}}", tenant)
    yield Route("GET", f"{base}/Accounts", listed(chart.accounts), needs_year=True)
    yield Route("GET", f"{base}/Accounts/{{account}}", one(chart.accounts, "Account", "account"), needs_year=True)
    codes = f"{base}/TaxCodes"
    yield Route("GET", codes, listed(chart.tax_codes), needs_year=True)
    yield Route("GET", f"{codes}/{{taxcode}}", one(chart.tax_codes, "TaxCodeNumber", "taxcode"), needs_year=True)
    yield Route("GET", f"{codes}/{{taxcode}}/Validities", validities, needs_year=True)
    yield Route("GET", f"{codes}/{{taxcode}}/Validities/{{date}}", validity, needs_year=True)


def _only(rows: Rows, field: str, value: str) -> dict[str, Any]:
    for row in rows:
        if row[field] == value:
            return row
    raise BareError(404, f"There is no {field} {value}.")
