"""Protects the bundled SelectLine's batches of postings: what the real ledger refuses is refused by the same name."""

from typing import Any

import pytest
import requests

from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.selectline.fibu.chart import LOCKED_ACCOUNT
from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS
from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from tests.support.patience import HANG_SECONDS
from tests.support.selectline.selectline_visitor import TENANT, SelectlineVisitor

BATCHES = "/Accounting/BatchPostings"


@pytest.fixture(params=[False])
def server(request: pytest.FixtureRequest, erp_url: str) -> Any:
    with SelectlineServer(erp_url, changeable_tax=request.param) as running:
        yield running


@pytest.fixture
def year(server: SelectlineServer) -> str:
    return server.books.years(TENANT)[1]


@pytest.fixture
def visitor(server: SelectlineServer, year: str) -> SelectlineVisitor:
    visitor = SelectlineVisitor(server).enter()
    assert visitor.call("PUT", "/Users/Current", {"YearDatabaseName": year}).status_code == 204
    assert visitor.call("POST", BATCHES, {"BatchNumber": 7, "Description": "K1 Z 7"}).status_code == 201
    return visitor


def line(account: str, amount: float, **more: Any) -> dict[str, Any]:
    return {"Account": account, "Amount": amount, "Text": "Tagesumsatz", "Currency": "EUR"} | more


def posting(year: str, *positions: dict[str, Any], **changed: Any) -> dict[str, Any]:
    number = year[-4:]
    sent = {"PostDate": f"{number}-05-02T00:00:00", "Period": f"{number}050", "PostingDocument": "K1-7"}
    return sent | {"Positions": list(positions)} | changed


def post(visitor: SelectlineVisitor, sent: dict[str, Any], *, is_valid: bool = True) -> requests.Response:
    return visitor.call("POST", f"{BATCHES}/7/Postings", sent, is_valid=is_valid)


def compound(year: str, **changed: Any) -> dict[str, Any]:
    lines = (line("1000", 11.9), line("8400", -11.9, TaxCode="3", TaxValue=-1.9))
    return posting(year, *lines, **changed)


def records(visitor: SelectlineVisitor, **query: Any) -> list[int]:
    return [one["Record"] for one in visitor.call("GET", f"{BATCHES}/7/Postings", **query).json()["Value"]]


def test_a_batch_is_made_read_and_deleted(visitor: SelectlineVisitor, year: str) -> None:
    assert visitor.call("POST", BATCHES, {"BatchNumber": 7, "Description": "again"}).status_code == 409
    assert visitor.call("POST", BATCHES, {"Description": "next"}).json()["BatchNumber"] == 8
    assert post(visitor, compound(year)).json() == {"Record": 1}
    head = visitor.call("GET", f"{BATCHES}/7").json()
    assert (head["Description"], head["NumberOfProcessings"], head["ProcessingType"]) == ("K1 Z 7", 0, "Once")
    assert [one["BatchNumber"] for one in visitor.call("GET", BATCHES).json()["Value"]] == [7, 8]
    assert visitor.call("DELETE", f"{BATCHES}/7").status_code == 204
    assert visitor.call("GET", f"{BATCHES}/7").status_code == 404
    assert visitor.call("DELETE", f"{BATCHES}/7").status_code == 404


def test_a_posting_is_read_back_as_it_was_sent_and_found_by_its_document(visitor: SelectlineVisitor, year: str) -> None:
    sent = compound(year)
    for document in ("K1-7", "K1-8", "O'Neil"):
        post(visitor, sent | {"PostingDocument": document})
    found = visitor.call("GET", f"{BATCHES}/7/Postings", filter="PostingDocument eq 'K1-8'").json()["Value"]
    assert [one["Record"] for one in found] == [2]
    assert found[0].items() >= (sent | {"PostingDocument": "K1-8"}).items()
    assert records(visitor, filter="PostingDocument eq 'O''Neil'") == [3]
    assert visitor.call("DELETE", f"{BATCHES}/7/Postings/2").status_code == 204
    assert visitor.call("DELETE", f"{BATCHES}/7/Postings/2").status_code == 404
    assert records(visitor) == [1, 3]


@pytest.mark.parametrize(
    ("positions", "changed", "kind"),
    [
        ([], {}, "PostingIsMissingPositions"),
        ([line("1000", 1), line("8400", -1)], {"PostingDocument": ""}, "PostingIsMissingDocument"),
        ([line("1000", 1), line("8400", -2)], {}, "PostingAmountSplitIncomplete"),
        ([line("1000", 1), line("8400", -1)], {"PostDate": "2001-01-01T00:00:00"}, "PostingDateOutOfRange"),
        ([line("1000", 1), line("8400", -1)], {"Period": "2026"}, "PostingPeriodInvalid"),
        ([line("1000", 1), line("8400", -1)], {"Period": "2001010"}, "PostingPeriodOutOfRange"),
        ([line("1000", 1), line("8400", -1)], {"ServiceDate": "2001-01-01T00:00:00"}, "PostingServiceDateOutOfRange"),
        ([line("1000", 1.005), line("8400", -1.005)], {}, "PostingAmountExceedsDecimalPlaces"),
        ([line("1000", 1), line(LOCKED_ACCOUNT, -1)], {}, "PostingAccountLocked"),
        ([line("1000", 1), line("4711", -1)], {}, "PostingUnknownAccount"),
        ([line("1000", 1, OffsetAccount="1200"), line("8400", -1)], {}, "PostingOffsetAccountNotAllowed"),
        ([line("1000", 0), line("8400", 0)], {}, "PostingIsMissingAmount"),
        ([line("1000", 1)], {}, "PostingIsMissingOffsetAccount"),
        ([line("1000", 1, OffsetAccount="1000")], {}, "PostingHasInvalidCombinationOfAccounts"),
        ([line("1000", 1, Currency="CHF"), line("8400", -1)], {}, "PostingIsMissingCurrencyFactor"),
        ([line("1000", 1), line("8400", -1, TaxValue=-0.16)], {}, "PostingTaxWithoutTaxCode"),
        ([line("1000", 1), line("8400", -1, TaxCode="9")], {}, "PostingHasUnknownTaxCode"),
        ([line("1000", 1), line("8400", -1, TaxCode="3", Tax=7)], {}, "PostingTaxPercentMismatch"),
        ([line("1000", 1), line("8400", -1, TaxCode="3", TaxValue=-0.17)], {}, "PostingTaxAmountMismatch"),
    ],
)
def test_what_the_ledger_refuses_is_refused_by_name_and_not_stored(
    visitor: SelectlineVisitor, year: str, positions: list[dict[str, Any]], changed: dict[str, Any], kind: str
) -> None:
    answer = post(visitor, posting(year, *positions, **changed))
    assert (answer.status_code, answer.json()["Type"]) == (400, kind)
    assert records(visitor) == []


@pytest.mark.parametrize("field", ["Account", "Text", "Amount", "Currency"])
def test_a_required_field_must_be_there(visitor: SelectlineVisitor, year: str, field: str) -> None:
    position = line("1000", 1, OffsetAccount="1200")
    del position[field]
    assert post(visitor, posting(year, position), is_valid=False).status_code == 400


@pytest.mark.parametrize("server", [True], indirect=True)
def test_where_the_code_lets_it_the_printed_tax_is_taken(visitor: SelectlineVisitor, year: str) -> None:
    lines = (line("1000", 1), line("8400", -1, TaxCode="3", TaxValue=-0.17))
    assert post(visitor, posting(year, *lines)).status_code == 201


def test_a_batch_lies_in_its_year(server: SelectlineServer, visitor: SelectlineVisitor) -> None:
    visitor.call("PUT", "/Users/Current", {"YearDatabaseName": server.books.years(TENANT)[0]})
    assert visitor.call("GET", f"{BATCHES}/7").status_code == 404
    assert visitor.call("POST", BATCHES, {"BatchNumber": 7, "Description": "last year's"}).status_code == 201


def test_a_processed_batch_is_in_the_ledger_and_cannot_be_read(
    server: SelectlineServer, visitor: SelectlineVisitor, year: str
) -> None:
    post(visitor, compound(year))
    post(visitor, posting(year, line("1360", 5, OffsetAccount="1000")))
    order = {"year": year, "batch": 7}
    assert requests.post(f"{server.page}/sandbox/process", json=order, timeout=HANG_SECONDS).status_code == 200
    ledger = requests.get(f"{server.page}/sandbox/books", timeout=HANG_SECONDS).json()["ledger"]
    assert {one["account"]: one["amount_cents"] for one in ledger} == {"1000": 690, "1360": 500, "8400": -1190}
    assert visitor.call("GET", f"{BATCHES}/7").status_code == 404
    assert visitor.call("POST", BATCHES, {"BatchNumber": 7, "Description": "again"}).status_code == 409
    again = requests.post(f"{server.page}/sandbox/process", json=order, timeout=HANG_SECONDS)
    assert again.status_code == 404


def test_a_number_that_is_said_to_exist_was_made(server: SelectlineServer, visitor: SelectlineVisitor) -> None:
    server.control.set(FaultPlan.parse("key_exists:1", SELECTLINE_FAULTS))
    assert visitor.call("POST", BATCHES, {"BatchNumber": 9, "Description": "K1 Z 9"}).status_code == 409
    assert visitor.call("GET", f"{BATCHES}/9").status_code == 200


def test_without_a_year_there_is_no_ledger(server: SelectlineServer) -> None:
    visitor = SelectlineVisitor(server)
    assert visitor.call("GET", BATCHES).status_code == 401
    assert visitor.enter().call("POST", BATCHES, {"Description": "x"}).status_code == 424
