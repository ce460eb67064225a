"""Receipts of one coffee for 23.80 in cash and the closings of such days, as CloudKasse sends them."""

import copy
from typing import Any


def receipt(number: int, **values: Any) -> dict[str, Any]:
    """A receipt of one coffee for 23.80 in cash."""
    return {
        "id": f"r{number}", "register": "K1", "closing_number": None, "number": number, "kind": "Beleg",
        "cancelled": False, "started_at": "2026-11-23T10:15:02+01:00", "ended_at": "2026-11-23T10:15:40+01:00",
        "arrived_at": "2026-11-23T10:15:44+01:00", "business_day": "2026-11-23", "employee": "M1", "currency": "EUR",
        "total_cents": 2380, "note": None, "reference": None, "customer": None, "tse": None,
        "lines": [
            {"number": 1, "business_case": "Umsatz", "article": "A1", "gtin": None, "text": "Kaffee",
             "quantity": "2.000", "unit": "Stk", "unit_price_cents": 1190, "gross_cents": 2380, "net_cents": 2000,
             "tax_cents": 380, "vat_rate": "19.00", "voucher": None, "serial": None, "cancelled": False,
             "in_house": False},
        ],
        "payments": [
            {"tender": "Bar", "name": "Bar", "currency": "EUR", "amount_cents": 2380, "base_amount_cents": 2380},
        ],
        "vat": [{"vat_rate": "19.00", "gross_cents": 2380, "net_cents": 2000, "tax_cents": 380}],
        **values,
    }  # fmt: skip


def closing(number: int, first: int, last: int, **values: Any) -> dict[str, Any]:
    """The closing of a day that sold nothing but receipts of `receipt`."""
    count = last - first + 1
    return {
        "register": "K1", "number": number, "created_at": "2026-11-23T20:00:00+01:00", "business_day": "2026-11-23",
        "first_receipt_number": first, "last_receipt_number": last, "receipt_count": count,
        "business_cases": [
            {"business_case": "Umsatz", "vat_rate": "19.00", "gross_cents": 2380 * count, "net_cents": 2000 * count,
             "tax_cents": 380 * count},
        ],
        "tenders": [{"tender": "Bar", "name": "Bar", "amount_cents": 2380 * count}],
        **values,
    }  # fmt: skip


def changed(item: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at a path like `lines.0.gross_cents` changed."""
    item = copy.deepcopy(item)
    *parts, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = item
    for part in parts:
        place = place[part]
    place[last] = value
    return item


def of_day(day: str, number: int, **values: Any) -> dict[str, Any]:
    """A receipt of another day."""
    times = dict.fromkeys(("started_at", "ended_at"), f"{day}T10:15:40+01:00")
    return receipt(number, business_day=day, **times, **values)


def in_kind(number: int) -> dict[str, Any]:
    """Goods that somebody of the shop took in kind."""
    return receipt(number, kind="AVSachbezug", payments=[], vat=[])
