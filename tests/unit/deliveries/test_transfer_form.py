"""Protects the form of transfer documents, and that one which differs from what was sent is never taken for it."""

import copy
import datetime as dt
from typing import Any

import pytest

from cloudkasse_etl.transform.deliveries.sales_documents import SalesReceipt, sales_documents
from cloudkasse_etl.transform.deliveries.sold_lines import SoldLine
from cloudkasse_etl.transform.deliveries.transfer_form import Head, delivery_key, differences, key_of, transfer_form

TOTAL = "CalculationSummary.TotalGrossAmount"
KEY = delivery_key("1", "K1", "348", 1)
HEAD = Head(KEY, "8", "1", "10000", "K1", "EUR", "K1-348", "Laden (K1), closing 348", "rounding")
SOLD = [
    SoldLine("A19", "Kaffee", "Umsatz", 2000, "Stk", 1190, 2380, "3", "19.00", "8400", "1"),
    SoldLine("A19", "Kaffee", "Umsatz", -250, "Stk", 299, -74, "3", "19.00", "8400", "1"),
    SoldLine(None, "Rabatt", "Rabatt", 1000, None, 100, -100, "3", "19.00", "8400", None),
]


def form() -> tuple[dict[str, Any], int]:
    (document,) = sales_documents([SalesReceipt("R1", dt.date(2026, 11, 24), SOLD)])
    return transfer_form(document, HEAD), document.total_cents


def test_a_document_has_all_that_selectline_needs_and_no_field_without_a_value() -> None:
    body, total = form()
    assert total == 2206
    assert {name: value for name, value in body.items() if name != "Positions"} == {
        "Date": "2026-11-24T00:00:00", "SalesmanNumber": "1", "DocumentKind": "8", "StateKind": "Open",
        "PriceKindFlag": "B", "CurrencyCode": "EUR", "AddressNumber": "10000", "BankAccountKindId": "K1",
        "WarehouseNumber": "1", "DeliveryDocumentNumber": "K1-348", "OurReference": "Laden (K1), closing 348",
        "CustomFields": {"Text1": KEY},
    }  # fmt: skip
    assert [(p.get("ArticleNumber"), p["Quantity"], p["UnitPrice"], p["StockKindFlag"]) for p in body["Positions"]] == [
        ("A19", -0.25, 2.99, 2),
        ("A19", 2.0, 11.9, 2),
        (None, -1.0, 1.0, 1),
        (None, 1.0, 0.01, 1),
    ]
    assert [p["Name"] for p in body["Positions"]] == ["Kaffee", "Kaffee", "Rabatt", "rounding"]


def test_it_is_found_again_by_its_key() -> None:
    assert key_of(form()[0]) == KEY
    assert key_of({"CustomFields": None}) is None
    assert key_of({"CustomFields": {"Text1": "of somebody else"}}) is None


def test_keys_are_told_apart_however_long() -> None:
    long = [delivery_key("1", "K1", "R" * 120 + str(number), 1) for number in range(3)]
    assert len(set(long)) == 3
    assert {len(key) for key in long} == {80}


def as_read_back(body: dict[str, Any], total: int) -> dict[str, Any]:
    """What SelectLine tells of a document that it holds as it was sent."""
    found = copy.deepcopy(body) | {"Id": 7, "Date": "2026-11-24"}
    found["CalculationSummary"] = {"TotalGrossAmount": total / 100}
    found["Positions"].reverse()
    for position in found["Positions"]:
        position |= {"Id": "x", "PriceUnitFactor": 1.0}
    return found


def test_what_is_as_it_was_sent_has_no_differences() -> None:
    body, total = form()
    assert differences(body, as_read_back(body, total), total) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda found: found["Positions"].pop(), "Positions"),
        (lambda found: found.update(Positions=None), "Positions"),
        (lambda found: found["Positions"][2].update(Quantity=3.0), "Positions[4].Quantity"),
        (lambda found: found["Positions"][2].update(WarehouseId="2"), "Positions[4].WarehouseId"),
        (lambda found: found["Positions"][2].update(StockKindFlag=1), "Positions[4].StockKindFlag"),
        (lambda found: found["CalculationSummary"].update(TotalGrossAmount=22.07), TOTAL),
        (lambda found: found.update(CalculationSummary=None), TOTAL),
        (lambda found: found.update(Date="2026-11-25T00:00:00"), "Date"),
        (lambda found: found.update(BankAccountKindId="K2"), "BankAccountKindId"),
    ],
)  # fmt: skip
def test_a_difference_is_told_by_its_field(change: Any, field: str) -> None:
    body, total = form()
    found = as_read_back(body, total)
    change(found)
    assert differences(body, found, total) == [field]
