"""Protects that the bundled SelectLine's transfer buffer is the real one's: it refuses what that refuses, computes what
documents come to, and moves stock and revenue when a clerk takes one over, once.
"""

from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from cloudkasse_etl.sandbox.selectline.transfer_fields import DOCUMENT, POSITION, REQUIRED
from tests.support.selectline.selectline_description import described, needs_description
from tests.support.selectline.selectline_visitor import SelectlineVisitor, sold, transfer

POTATOES = sold("101", 2.5, 1.89, TaxCode="2")
REBATE = {"Name": "Rabatt", "Quantity": 1, "UnitPrice": -0.5, "TaxCode": "3", "FinancialAccountId": "8400"}


@pytest.fixture
def visitor(selectline: SelectlineServer) -> SelectlineVisitor:
    return SelectlineVisitor(selectline).enter()


@needs_description
@pytest.mark.parametrize(("name", "known"), [("TransferDocument", DOCUMENT), ("TransferDocumentPosition", POSITION)])
def test_no_field_of_the_description_is_missing(name: str, known: dict[str, Any]) -> None:
    model = described()["definitions"][f"SelectLine.Erp.TransferModule.Models.{name}"]
    said_by_the_server = {
        "CalculationSummary", "Id", "InternalComment", "DestinationId", "DestinationNumber", "MetaData",
        "TotalPriceInDocumentCurrency",
    }  # fmt: skip
    assert set(model["properties"]) - set(known) <= said_by_the_server
    assert set(known) <= set(model["properties"])
    assert name != "TransferDocument" or set(model["required"]) == set(REQUIRED)


@needs_description
def test_a_text_is_as_long_as_the_description_allows_and_no_longer(visitor: SelectlineVisitor) -> None:
    models = described()["definitions"]
    for field, said in models["SelectLine.Erp.TransferModule.Models.TransferDocumentPosition"]["properties"].items():
        if "maxLength" in said and field in POSITION:
            most = said["maxLength"]
            visitor.add(transfer(sold("101", 1, 1) | {field: "x" * most}))
            longer = transfer(sold("101", 1, 1) | {field: "x" * (most + 1)})
            assert visitor.call("POST", "/TransferDocuments", longer, is_valid=False).status_code == 400, field


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_field_must_be_there(visitor: SelectlineVisitor, field: str) -> None:
    sent = transfer(POTATOES)
    del sent[field]
    answer = visitor.call("POST", "/TransferDocuments", sent, is_valid=False)
    assert (answer.status_code, answer.json()["StatusCode"]) == (400, "BadRequest")
    assert field in answer.json()["Message"]


@pytest.mark.parametrize(
    "changed",
    [
        {"SalesmanNumber": "1234567"}, {"DocumentKind": "77"}, {"StateKind": "Assumed"}, {"Date": "yesterday"},
        {"Positions": [{"Quantity": "2"}]}, {"Positions": {}}, {"CustomFields": {"Text1": "x" * 81}},
        {"IsCashSale": "yes"}, {"TotalRoundNearest": 0.5},
    ],
)  # fmt: skip
def test_what_the_description_does_not_allow_is_refused_and_not_stored(
    visitor: SelectlineVisitor, changed: dict[str, Any]
) -> None:
    assert visitor.call("POST", "/TransferDocuments", transfer(POTATOES, **changed), is_valid=False).status_code == 400
    assert visitor.call("GET", "/TransferDocuments", items=0).json() == []


def test_a_document_is_read_back_as_it_was_sent(visitor: SelectlineVisitor) -> None:
    sent = transfer(POTATOES, REBATE, OurReference="K1 Z 7", DeliveryDocumentNumber="K1-7")
    number = visitor.add(sent)
    found = visitor.document(number)
    positions, given = found.pop("Positions"), sent.pop("Positions")
    assert {name: found[name] for name in sent} == sent
    assert [one | part for one, part in zip(positions, given, strict=True)] == positions
    assert visitor.call("GET", f"/TransferDocuments/{number}/Positions").json() == positions


def test_lists_come_ten_at_a_time_unless_all_are_asked_for(visitor: SelectlineVisitor) -> None:
    numbers = [visitor.add(transfer(POTATOES)) for _ in range(12)]
    pages = [visitor.listed(**asked) for asked in ({}, {"page": 1}, {"items": 0})]
    assert [[one["Id"] for one in page] for page in pages] == [numbers[:10], numbers[10:], numbers]
    falling = visitor.call("GET", "/TransferDocuments", items=3, orderBy="Id!").json()
    assert [one["Id"] for one in falling] == numbers[:-4:-1]


def test_lists_are_chosen_by_type_and_state(visitor: SelectlineVisitor) -> None:
    sale, invoice = visitor.add(transfer(POTATOES)), visitor.add(transfer(POTATOES, DocumentKind="5"))
    visitor.clerk("take-over", id=invoice)

    def listed(**asked: str) -> list[int]:
        return [one["Id"] for one in visitor.listed(**asked)]

    assert (listed(documentKind="8"), listed(stateKind="Assumed"), listed()) == ([sale], [invoice], [sale, invoice])


def test_only_an_open_document_can_be_deleted_or_changed(visitor: SelectlineVisitor) -> None:
    waiting, taken = visitor.add(transfer(POTATOES)), visitor.add(transfer(POTATOES))
    visitor.clerk("take-over", id=taken)
    assert visitor.call("PUT", f"/TransferDocuments/{waiting}", transfer(REBATE, StateKind="Edit")).status_code == 204
    assert [one["Name"] for one in visitor.document(waiting)["Positions"]] == ["Rabatt"]
    assert visitor.call("PUT", f"/TransferDocuments/{taken}", transfer(REBATE)).status_code == 400
    assert visitor.call("DELETE", f"/TransferDocuments/{taken}").status_code == 403
    assert visitor.call("DELETE", f"/TransferDocuments/{waiting}").status_code == 204
    assert visitor.call("GET", f"/TransferDocuments/{waiting}").status_code == 404
    assert visitor.add(transfer(POTATOES)) not in (waiting, taken)


@pytest.mark.parametrize(
    ("kind", "positions", "rates"),
    [
        # gross: tax of each rate's sum, the net is what is left
        ("B", [sold("1", 3, 0.99, TaxCode="2"), sold("2", 1, 0.05, TaxCode="2"), REBATE],
         {7.0: (2.82, 3.02, 0.20), 19.0: (-0.42, -0.5, -0.08)}),
        # each position is rounded before the sum: 3 x 0.335 = 1.005, twice
        ("B", [sold("1", 3, 0.335, TaxCode="1")] * 2, {0.0: (2.02, 2.02, 0.0)}),
        ("N", [sold("1", 3, 1.11, TaxCode="3", DiscountPercent=10)], {19.0: (3.0, 3.57, 0.57)}),
        ("S", [sold("1", 2, 1.5, TaxCode="3")], {0.0: (3.0, 3.0, 0.0)}),
        # without a code the rate that is stated counts; without either the article's
        ("B", [sold("?", 1, 1.19, TaxRate=19)], {19.0: (1.0, 1.19, 0.19)}),
        ("B", [sold("501", 1, 1.19)], {19.0: (1.0, 1.19, 0.19)}),
        ("B", [sold("1", 6, 10.0, PriceUnitFactor=10, TaxCode="1")], {0.0: (6.0, 6.0, 0.0)}),
    ],
)  # fmt: skip
def test_the_erp_computes_what_a_document_comes_to(
    visitor: SelectlineVisitor, kind: str, positions: list[dict[str, Any]], rates: dict[float, tuple[float, ...]]
) -> None:
    total = visitor.document(visitor.add(transfer(*positions, PriceKindFlag=kind)))["CalculationSummary"]
    parts = {one["TaxRate"]: one for one in total["PositionDetailSummaries"]}
    assert {
        rate: tuple(one[f"{name}Amount"] for name in ("Net", "Gross", "Tax")) for rate, one in parts.items()
    } == rates
    assert total["TotalGrossAmount"] == pytest.approx(sum(gross for _, gross, _ in rates.values()), abs=1e-9)


def test_a_rate_is_that_of_the_documents_day(visitor: SelectlineVisitor) -> None:
    number = visitor.add(transfer(sold("101", 1, 1.05, TaxCode="2"), Date="2020-08-01T00:00:00"))
    assert visitor.document(number)["CalculationSummary"]["TotalTaxAmount"] == 0.05


def test_taking_a_document_over_moves_stock_and_revenue_once(visitor: SelectlineVisitor, erp_url: str) -> None:
    before = visitor.books("101")[0]
    number = visitor.add(transfer(POTATOES, sold("101", -0.5, 1.89, TaxCode="2", WarehouseId="2"), REBATE))
    assert visitor.books("101") == (before, [])
    taken = [visitor.clerk("take-over", id=number) for _ in range(2)]
    assert taken[0] == taken[1]
    assert taken[0]["StateKind"] == "Assumed"
    after, revenue = visitor.books("101")
    assert after == {"1": before["1"] - 2.5, "2": before["2"] + 0.5}
    assert {(one["tax_code"], one["account"]): one["amount_cents"] for one in revenue} == {
        ("2", "8300"): 473 - 95,
        ("3", "8400"): -50,
    }
    found = visitor.document(number)
    with sa.create_engine(erp_url).connect() as connection:
        document = connection.execute(sa.text('SELECT * FROM "BELEG"')).one()
    assert (document.BELEG_ID, document.Belegnummer) == (found["DestinationId"], found["DestinationNumber"])
    assert document.Brutto == found["CalculationSummary"]["TotalGrossAmount"] == 3.28


def test_a_trade_set_moves_its_parts(visitor: SelectlineVisitor) -> None:
    before = {article: visitor.books(article)[0]["1"] for article in ("601", "603")}
    visitor.clerk("take-over", id=visitor.add(transfer(sold("801", 2, 19.9))))
    assert {article: visitor.books(article)[0]["1"] for article in before} == {
        article: quantity - 2 for article, quantity in before.items()
    }
    assert visitor.books("801")[0] == {}


@pytest.mark.parametrize(("flag", "moved"), [({}, 1), ({"StockKindFlag": 0}, 1), ({"StockKindFlag": 1}, 0)])
def test_a_position_may_say_that_it_moves_no_stock(
    visitor: SelectlineVisitor, flag: dict[str, int], moved: int
) -> None:
    before = visitor.books("101")[0]["1"]
    visitor.clerk("take-over", id=visitor.add(transfer(sold("101", 1, 1.89, **flag))))
    assert visitor.books("101")[0]["1"] == before - moved


@pytest.mark.parametrize(
    ("position", "word"),
    [
        (sold("no such", 1, 1), "no such"), (sold("101", 1, 1, TaxCode="9"), "tax code 9"),
        (sold("101", 1, 1, WarehouseId="9"), "warehouse 9"),
        ({"Name": "Rabatt", "UnitPrice": -1, "TaxCode": "3"}, "account"),
    ],
)  # fmt: skip
def test_what_cannot_be_booked_is_an_error_for_a_person_and_books_nothing(
    visitor: SelectlineVisitor, position: dict[str, Any], word: str
) -> None:
    before = visitor.books("101")
    number = visitor.add(transfer(POTATOES, position))
    taken = visitor.clerk("take-over", id=number)
    assert taken["StateKind"] == "ManualError"
    assert word in taken["InternalComment"]
    assert visitor.books("101") == before


def test_a_number_of_ones_own_is_used_unless_the_erp_has_it_already(visitor: SelectlineVisitor) -> None:
    first, second = (visitor.add(transfer(POTATOES, Number="K1-7")) for _ in range(2))
    assert visitor.clerk("take-over", id=first)["DestinationNumber"] == "K1-7"
    assert visitor.clerk("take-over", id=second)["StateKind"] == "ManualError"


def test_a_discarded_document_has_the_clerks_word_and_is_not_taken_over(visitor: SelectlineVisitor) -> None:
    number = visitor.add(transfer(POTATOES))
    visitor.clerk("discard", id=number, comment="Doppelt erfasst.")
    found = visitor.document(number)
    assert (found["StateKind"], found["InternalComment"]) == ("Discarded", "Doppelt erfasst.")
    with pytest.raises(AssertionError, match="discarded"):
        visitor.clerk("take-over", id=number)


def test_what_was_taken_over_cannot_be_discarded(visitor: SelectlineVisitor) -> None:
    number = visitor.add(transfer(POTATOES))
    visitor.clerk("take-over", id=number)
    with pytest.raises(AssertionError, match="taken over"):
        visitor.clerk("discard", id=number, comment="Zu spät.")


def test_all_that_waits_is_taken_over_oldest_first(visitor: SelectlineVisitor) -> None:
    numbers = [visitor.add(transfer(POTATOES)) for _ in range(3)]
    assert visitor.clerk("take-over")["Id"] == numbers[0]
    named = [visitor.document(number)["DestinationNumber"] for number in numbers]
    assert named == ["26-000001", "26-000002", "26-000003"]


def test_a_restart_keeps_documents_and_books(erp_url: str) -> None:
    with SelectlineServer(erp_url) as server:
        visitor = SelectlineVisitor(server).enter()
        number = visitor.add(transfer(POTATOES))
        visitor.clerk("take-over", id=number)
        before = visitor.books("101")
    with SelectlineServer(erp_url) as server:
        again = SelectlineVisitor(server).enter()
        assert again.document(number)["StateKind"] == "Assumed"
        assert again.books("101") == before
