"""Protects that what SelectLine could not book is refused before anything is sent, with all that is wrong at once."""

import datetime as dt
from dataclasses import replace

import pytest

from cloudkasse_etl.transform.deliveries.refusals import faults_of
from cloudkasse_etl.transform.deliveries.sales_documents import SalesDocument, SalesReceipt, sales_documents
from cloudkasse_etl.transform.deliveries.sold_lines import SoldLine

SOLD = SoldLine("A19", "Kaffee", "Umsatz", 1000, "Stk", 119, 119, "3", "19.00", "8400", "1")
RATES, WAREHOUSES = {"3": "19.00", "2": "7.00"}, {"1": True, "2": False}


def document(*lines: SoldLine) -> SalesDocument:
    (made,) = sales_documents([SalesReceipt("R1", dt.date(2026, 11, 24), lines)])
    return made


def codes(made: SalesDocument, cash_bank: str | None = "K1") -> list[str]:
    found = faults_of(made, register="K1", cash_bank=cash_bank, rates=RATES, warehouses=WAREHOUSES)
    return [fault.code for fault in found]


def test_a_document_that_can_be_booked_has_no_fault() -> None:
    assert codes(document(SOLD, replace(SOLD, tax_code="2", vat_rate="7.00", warehouse=None))) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (replace(SOLD, article="A" * 19), "delivery_article_too_long"),
        (replace(SOLD, tax_code=None, vat_rate=None), "delivery_tax_code_missing"),
        (replace(SOLD, tax_code="9"), "delivery_tax_code_unknown"),
        (replace(SOLD, tax_code="2"), "delivery_tax_rate_differs"),
        (replace(SOLD, warehouse="2"), "delivery_warehouse_unknown"),
        (replace(SOLD, warehouse="7"), "delivery_warehouse_unknown"),
        (replace(SOLD, warehouse=" "), "delivery_warehouse_unknown"),
    ],
)
def test_each_fault_has_its_code(line: SoldLine, code: str) -> None:
    assert codes(document(SOLD, line)) == [code]


def test_all_faults_are_found_at_once() -> None:
    odd = replace(SOLD, article="A" * 19, tax_code="9", warehouse="7")
    assert codes(document(odd), None) == [
        "delivery_cash_bank_missing",
        "delivery_article_too_long",
        "delivery_tax_code_unknown",
        "delivery_warehouse_unknown",
    ]
