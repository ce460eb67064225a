"""/ManualStorages: stock alone."""

from collections.abc import Callable, Iterator

from cloudkasse_etl.sandbox.dependencies import Response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.auftrag.manual_storages import ManualStorages
from cloudkasse_etl.sandbox.selectline.webapi.list_filter import page_of
from cloudkasse_etl.sandbox.selectline.webapi.routing import Call, Route, created, found, no_content


def storage_routes(storages: ManualStorages, tenant: str) -> Iterator[Route]:
    """Its routes, for the tenant that has warehouses."""

    def of_shop(handle: Callable[[Call], Response]) -> Callable[[Call], Response]:
        def answered(call: Call) -> Response:
            if call.session.tenant != tenant:
                raise ApiError(400 if call.body else 404, f"Tenant {call.session.tenant} has no warehouses.")
            return handle(call)

        return answered

    def listed(call: Call) -> Response:
        return found(storages.heads() if call.session.tenant == tenant else [])

    def made(call: Call) -> Response:
        return created({"ManualStorageNumber": storages.add(call.json())})

    def one(call: Call) -> Response:
        return found(storages.get(call.path["number"]))

    def removed(call: Call) -> Response:
        storages.remove(call.path["number"])
        return no_content()

    def positions(call: Call) -> Response:
        return found(page_of(storages.positions(call.path["number"]), call.query, "documentPositionListFilter"))

    def stored(call: Call) -> Response:
        storages.store(call.path["number"], call.json())
        return created({"ManualStorageNumber": call.path["number"]})

    path = "/ManualStorages"
    yield Route("GET", path, listed)
    yield Route("POST", path, of_shop(made))
    yield Route("GET", f"{path}/{{number}}", of_shop(one))
    yield Route("DELETE", f"{path}/{{number}}", of_shop(removed))
    yield Route("GET", f"{path}/{{number}}/Positions", of_shop(positions))
    yield Route("POST", f"{path}/{{number}}/Positions/Store", of_shop(stored))
