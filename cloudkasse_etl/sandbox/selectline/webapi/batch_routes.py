"""/Accounting/BatchPostings: batches for the general ledger."""

from collections.abc import Iterator

from cloudkasse_etl.sandbox.dependencies import Response
from cloudkasse_etl.sandbox.selectline.fibu.batch_postings import BatchPostings
from cloudkasse_etl.sandbox.selectline.webapi.odata import odata_page
from cloudkasse_etl.sandbox.selectline.webapi.routing import Call, Route, created, found, no_content


def batch_routes(batches: BatchPostings) -> Iterator[Route]:
    """Its routes."""

    def year(call: Call) -> str:
        return call.session.year or ""  # a session without one does not get here

    def batch(call: Call) -> int:
        return call.number("batchPostingId")

    def listed(call: Call) -> Response:
        return odata_page(batches.heads(year(call)), call.query)

    def made(call: Call) -> Response:
        return created(batches.add(year(call), call.json()))

    def one(call: Call) -> Response:
        return found(batches.get(year(call), batch(call)))

    def removed(call: Call) -> Response:
        batches.remove(year(call), batch(call))
        return no_content()

    def postings(call: Call) -> Response:
        return odata_page(batches.postings(year(call), batch(call)), call.query)

    def posted(call: Call) -> Response:
        return created({"Record": batches.add_posting(year(call), batch(call), call.json())})

    def posting_removed(call: Call) -> Response:
        batches.remove_posting(year(call), batch(call), call.number("record"))
        return no_content()

    path = "/Accounting/BatchPostings"
    yield Route("GET", path, listed, needs_year=True)
    yield Route("POST", path, made, needs_year=True)
    yield Route("GET", f"{path}/{{batchPostingId}}", one, needs_year=True)
    yield Route("DELETE", f"{path}/{{batchPostingId}}", removed, needs_year=True)
    yield Route("GET", f"{path}/{{batchPostingId}}/Postings", postings, needs_year=True)
    yield Route("POST", f"{path}/{{batchPostingId}}/Postings", posted, needs_year=True)
    yield Route("DELETE", f"{path}/{{batchPostingId}}/Postings/{{record}}", posting_removed, needs_year=True)
