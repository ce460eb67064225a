"""A small shop for tests of the simulated sales: its master data, a store that holds them, and what arrived there."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import Limits

Fields = dict[str, Any]


def article(number: str, vat_rate: str, **changes: Any) -> Fields:
    empty = dict.fromkeys(("description", "gtin", "group", "group_name", "tax_code"))
    flags = {"stock_item": True, "discountable": True, "open_price": False, "active": True}
    return {"number": number, "name": f"Ware {number}", "unit": "Stk", "vat_rate": vat_rate} | empty | flags | changes


def price(number: str, gross_cents: int, **changes: Any) -> Fields:
    fields = {"price_group": "1", "min_quantity": "0.000", "valid_from": None, "valid_to": None}
    return {"article": number, "gross_cents": gross_cents, "currency": "EUR", "active": True} | fields | changes


def register(number: str, price_group: str | None, **changes: Any) -> Fields:
    fields = {"name": "Laden", "warehouse": "1", "currency": None, "active": True}
    return {"number": number, "price_group": price_group} | fields | changes


def employee(number: str, **changes: Any) -> Fields:
    return {"number": number, "first_name": None, "last_name": None, "display_name": "M", "active": True} | changes


ARTICLES = [
    *(article(f"A{n}", ("19.00", "7.00", "7.00", "19.00", "0.00")[n % 5]) for n in range(20)),
    *(article(f"W{n}", "7.00", unit="kg") for n in range(4)),
    article("OPEN", "19.00", open_price=True),
    article("FIXED", "19.00", discountable=False),
    article("BOTH", "7.00"),
    article("DATED", "7.00"),
    article("RETIRED", "7.00", active=False),
    article("UNPRICED", "7.00"),
    article("OLD PRICE", "7.00"),
    article("FREE", "7.00"),
    article("VOUCHER", "0.00", group_name="Gutscheine", stock_item=False, discountable=False),
    article("FLOWERS", "7.00", group_name="Gutscheine", stock_item=False, discountable=False),
    article("DEPOSIT", "19.00", group_name="Pfand", stock_item=False, discountable=False),
    article("MILK", "7.00", unit="Fl"),
]
PRICES = [
    *(price(f"A{n}", 49 + 137 * n, price_group=group) for n in range(20) for group in ("1", "2")),
    *(price(f"W{n}", 499 + 350 * n) for n in range(4)),
    *(price(f"A{n}", 40 + 130 * n, min_quantity="10.000") for n in range(0, 20, 4)),
    price("A0", 35, min_quantity="50.000"),
    price("FIXED", 333),
    price("BOTH", 200),
    price("BOTH", 150, valid_from="2026-10-06", valid_to="2026-10-07"),
    price("DATED", 777, valid_from="2026-10-06", valid_to="2026-10-07"),
    price("RETIRED", 100),
    price("OLD PRICE", 100, active=False),
    price("FREE", 0),
    price("VOUCHER", 2500),
    price("FLOWERS", 1290),
    price("DEPOSIT", 15),
    price("MILK", 159),
]
REGISTERS = [register("K1", "1"), register("K2", "2"), register("K9", "1", active=False)]
EMPLOYEES = [employee("M1"), employee("M2"), employee("M3"), employee("M9", active=False)]


def shop(
    path: Path | None = None,
    *,
    registers: list[Fields] = REGISTERS,
    articles: list[Fields] = ARTICLES,
    prices: list[Fields] = PRICES,
    employees: list[Fields] = EMPLOYEES,
) -> Store:
    store = Store(path)
    sent = {Entity.REGISTERS: registers, Entity.EMPLOYEES: employees, Entity.ARTICLES: articles, Entity.PRICES: prices}
    for entity, items in sent.items():
        if items:
            answer = store.write_batch(
                entity, json.dumps({"items": items}).encode(), key=f"{entity}{time.monotonic_ns()}", limits=Limits()
            )
            assert all(result["status"] != "rejected" for result in json.loads(answer)["results"]), answer
    return store


def delivered(store: Store, feed: Any = "receipts") -> list[Fields]:
    items: list[Fields] = []
    cursor = None
    while True:
        page = json.loads(store.feed_page(feed, cursor, 1000))
        items += page["items"]
        if not page["has_more"]:
            return items
        cursor = page["next_cursor"]


def once(receipts: Iterable[Fields]) -> list[Fields]:
    return list({receipt["id"]: receipt for receipt in receipts}.values())
