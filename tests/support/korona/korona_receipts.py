"""Receipts as KORONA.cloud writes them, and the settings of a shop that sells with it. Sums are not checked here."""

import json
from decimal import Decimal
from typing import Any

from cloudkasse_etl.config.settings import Settings, parse_settings

SETTINGS = """
language: en
timezone: Europe/Berlin
company: {number: "1"}
registers:
  - {number: K1, name: Laden, warehouse: "1", price_group: "1", cash_account: "1000", till_id: "11"}
  - {number: K2, name: Markt, warehouse: "2", price_group: "1", cash_account: "1001"}
price_groups: {"1": {basis: gross}}
till:
  kind: korona
  korona:
    account: acc-1
    tenders: {"1": Bar, "2": ECKarte, "9": {Unbar: Rechnung}}
    accounts: {"10": Anfangsbestand, "11": Geldtransit, "12": Privatentnahme}
    vouchers: {"5": MehrzweckgutscheinKauf}
    deposits: ["P1"]
    sectors: {"1": "19", "2": "7"}
"""
ID = "0b9c0000-0000-4000-8000-000000000001"
POINT = {"id": "aaaa0000-0000-4000-8000-000000000011", "number": "11", "name": "Kasse 1"}
CASH = {"number": "1", "name": "Bargeld"}


def settings(text: str = SETTINGS) -> Settings:
    return parse_settings(text)


def item(gross: str = "23.80", tax: str = "3.80", rate: str = "19", **changes: Any) -> dict[str, Any]:
    """An item; amounts are texts that stand in the JSON as they are written here."""
    total = {
        "base": raw(gross),
        "gross": raw(gross),
        "taxPayments": [{"amount": raw(tax), "taxRate": raw(rate), "included": True}],
    }
    return {
        "index": 0,
        "type": "PRODUCT",
        "product": {"number": "A100", "name": "Kaffee 250 g"},
        "quantity": raw("2"),
        "total": total,
    } | changes


def payment(amount: str = "23.80", method: dict[str, Any] = CASH) -> dict[str, Any]:
    return {"amount": raw(amount), "paymentMethod": method}


def receipt(**changes: Any) -> dict[str, Any]:
    """A sale of two packets of coffee, paid in cash."""
    found = {
        "id": ID,
        "revision": 7,
        "number": "11-004711",
        "zcounter": 12,
        "bookingTime": "2026-11-23T10:15:40+01:00",
        "creationTime": "2026-11-23T10:15:02+01:00",
        "pointOfSale": POINT,
        "cashier": {"number": "M1", "name": "Meier"},
        "currency": {"number": "EUR", "name": "Euro"},
        "cancelled": False,
        "voided": False,
        "reversal": False,
        "items": [item()],
        "payments": [payment()],
        "total": {"gross": raw("23.80"), "net": raw("20.00"), "tax": raw("3.80")},
    }
    return {name: value for name, value in (found | changes).items() if value is not None}


class Raw(float):
    """A number that is written as it was given: `float` would change 23.80, and lose the digits of a long one."""

    def __new__(cls, text: str) -> "Raw":
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str

    def __repr__(self) -> str:
        return self.text


raw = Raw


def written(record: Any) -> bytes:
    """JSON with numbers as they were given."""
    if isinstance(record, Raw):
        return record.text.encode()
    if isinstance(record, Decimal):
        return str(record).encode()
    if isinstance(record, dict):
        return b"{" + b",".join(json.dumps(k).encode() + b":" + written(v) for k, v in record.items()) + b"}"
    if isinstance(record, list):
        return b"[" + b",".join(map(written, record)) + b"]"
    return json.dumps(record).encode()
