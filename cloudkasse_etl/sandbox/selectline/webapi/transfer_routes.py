"""/TransferDocuments: the ERP's inbox."""

from collections.abc import Iterator

from cloudkasse_etl.sandbox.dependencies import Response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.auftrag.transfer_buffer import TransferBuffer
from cloudkasse_etl.sandbox.selectline.transfer_fields import STATES, read_document
from cloudkasse_etl.sandbox.selectline.webapi.list_filter import page_of
from cloudkasse_etl.sandbox.selectline.webapi.routing import Call, Route, created, found, no_content


def transfer_routes(buffer: TransferBuffer) -> Iterator[Route]:
    """Its routes."""

    def listed(call: Call) -> Response:
        state = call.query.get("listFilter.stateKind")
        if state and state not in STATES:
            raise ApiError(400, f"listFilter.stateKind must be one of {', '.join(STATES)}.")
        kind = call.query.get("listFilter.documentKind")
        return found(page_of(buffer.list(call.session.tenant, kind=kind, state=state), call.query))

    def made(call: Call) -> Response:
        number = buffer.add(call.session.tenant, read_document(call.json()))
        return created({"TransferDocumentId": number})

    def one(call: Call) -> Response:
        return found(buffer.get(call.session.tenant, call.number("transferDocumentId")))

    def changed(call: Call) -> Response:
        buffer.change(call.session.tenant, call.number("transferDocumentId"), read_document(call.json()))
        return no_content()

    def removed(call: Call) -> Response:
        buffer.remove(call.session.tenant, call.number("transferDocumentId"))
        return no_content()

    def positions(call: Call) -> Response:
        return found(buffer.get(call.session.tenant, call.number("transferDocumentId"))["Positions"])

    path = "/TransferDocuments"
    yield Route("GET", path, listed)
    yield Route("POST", path, made)
    yield Route("GET", f"{path}/{{transferDocumentId}}", one)
    yield Route("PUT", f"{path}/{{transferDocumentId}}", changed)
    yield Route("DELETE", f"{path}/{{transferDocumentId}}", removed)
    yield Route("GET", f"{path}/{{transferDocumentId}}/Positions", positions)
