"""The sandbox's store as an account at KORONA.cloud: its lists by page and revision, and what is written into them."""

import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import Limits
from cloudkasse_etl.sandbox.korona.sold_receipts import (
    ACCOUNTS,
    CONFIGURATIONS,
    METHODS,
    SECTORS,
    euros,
    is_sold,
    koronas,
)
from cloudkasse_etl.sandbox.till.selling import DEFAULT_TIMEZONE

Fields = dict[str, Any]
STATEMENTS: Final = "endOfDayStatements"
POINTS_OF_SALE: Final = ("K1", "K2")
WRITABLE: Final = frozenset({"cashiers", "products", "commodityGroups", "priceGroups"})
ALWAYS: Final = "1970-01-01"
_ZONE = ZoneInfo(DEFAULT_TIMEZONE)
_ACTIONS = {"created": "ADDED", "updated": "UPDATED", "deactivated": "UPDATED", "unchanged": "NONE"}


def id_of(kind: str, number: str) -> str:
    """The id of a record: the same whenever it is asked for."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{number}"))


class KoronaAccount:
    """The account of one store.

    Args:
        store: The shop's data; without a register it gets the points of sale.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._cursors: dict[str, str | None] = {"receipts": None, "closings": None}
        self._receipts: dict[str, Fields] = {}
        self._closings: dict[str, Fields] = {}
        self._named: dict[str, dict[str, Fields]] = {
            "sectors": _named(SECTORS),
            "paymentMethods": _named(METHODS.values(), [name for _, name in METHODS]),
            "accounts": _named(ACCOUNTS.values(), list(ACCOUNTS)),
            "voucherConfigurations": _named(CONFIGURATIONS.values(), list(CONFIGURATIONS)),
            "commodityGroups": {},
            "priceGroups": _named(dict.fromkeys(row["price_group"] for row in store.records(Entity.PRICES))),
        }
        if not store.records(Entity.REGISTERS):
            self._let_sell("1", POINTS_OF_SALE)

    def records(self, kind: str) -> list[Fields] | None:
        """All records of a list in the order of their revisions; None where there is no such list."""
        with self._lock:
            self._read_arrivals()
            if kind == "receipts":
                return [koronas(found) | {"revision": found["_revision"]} for found in self._receipts.values()]
            if kind.startswith(f"{STATEMENTS}/"):
                return list(self._statements(kind.partition("/")[2]))
            if kind in self._named:
                return _numbered(kind, self._named[kind].values())
        found: list[Fields]
        if kind == "pointsOfSale":
            rows = self._store.records(Entity.REGISTERS)
            found = [{"number": row["number"], "name": row["name"], "active": row["active"]} for row in rows]
        elif kind == "cashiers":
            found = [_cashier(row) for row in self._store.records(Entity.EMPLOYEES)]
        elif kind == "products":
            found = self._products()
        else:
            return None
        return _numbered(kind, found)

    def _read_arrivals(self) -> None:
        """What has arrived since the last look; a receipt that arrives again has a new revision."""
        for feed, kept in (("receipts", self._receipts), ("closings", self._closings)):
            has_more = True
            while has_more:
                page = orjson.loads(self._store.feed_page(feed, self._cursors[feed], 1000))  # type: ignore[arg-type]
                for item in page["items"]:
                    key = item.get("id") or f"{item['register']}/{item['number']}"
                    item["_revision"] = next(reversed(kept.values()))["_revision"] + 1 if kept else 1
                    kept.pop(key, None)
                    kept[key] = item
                self._cursors[feed], has_more = page["next_cursor"], page["has_more"]

    def _statements(self, point_of_sale: str) -> Iterator[Fields]:
        for closing in self._closings.values():
            register = closing["register"]
            if id_of("pointsOfSale", register) != point_of_sale:
                continue
            numbers = range(closing["first_receipt_number"], closing["last_receipt_number"] + 1)
            covered = [
                one
                for one in self._receipts.values()
                if one["register"] == register and one["number"] in numbers and is_sold(one)
                if not one["cancelled"] or one["reference"]
            ]
            paid: Counter[tuple[str, str]] = Counter()
            for payment in (payment for one in covered for payment in one["payments"] if payment["amount_cents"]):
                paid[payment["tender"], payment["name"]] += payment["base_amount_cents"]
            summaries = [
                {
                    "paymentMethod": {"number": METHODS[tender], "name": tender[1]},
                    "expectedAmount": euros(cents),
                    "actualAmount": euros(cents),
                }
                for tender, cents in sorted(paid.items())
            ]
            moved: Counter[str] = Counter()
            for line in (line for one in covered for line in one["lines"] if not line["cancelled"]):
                if line["business_case"] in ACCOUNTS:
                    moved[line["business_case"]] += line["gross_cents"]
            accounts = [
                {"account": {"number": ACCOUNTS[case], "name": case}, "amount": euros(cents)}
                for case, cents in sorted(moved.items())
            ]
            yield {
                "id": id_of(STATEMENTS, f"{register}/{closing['number']}"),
                "active": True,
                "revision": closing["_revision"],
                "number": str(closing["number"]),
                "zCount": closing["number"],
                "finishTime": closing["created_at"],
                "receiptCount": len(covered),
                "summaries": {"payments": summaries, "accounts": accounts},
            }

    def _products(self) -> list[Fields]:
        prices: dict[str, list[Fields]] = {}
        for row in self._store.records(Entity.PRICES):
            if row["active"]:
                begins = row["valid_from"] or ALWAYS
                prices.setdefault(row["article"], []).append(
                    {
                        "value": euros(row["gross_cents"]),
                        "validFrom": datetime.fromisoformat(begins).replace(tzinfo=_ZONE).isoformat(),
                        "priceGroup": {"number": row["price_group"]},
                    }
                )
        sectors = {rate: number for number, rate in SECTORS.items()}
        found = []
        for row in self._store.records(Entity.ARTICLES):
            product = {
                "number": row["number"],
                "name": row["name"],
                "codes": [{"productCode": row["gtin"]}] if row["gtin"] else [],
                "sector": {"number": sectors[row["vat_rate"]]},
                "trackInventory": row["stock_item"],
                "discountable": row["discountable"],
                "priceChangable": row["open_price"],
                "deactivated": not row["active"],
                "prices": prices.get(row["number"], []),
            }
            if row["group"]:
                product["commodityGroup"] = {"number": row["group"], "name": row["group_name"] or row["group"]}
            found.append(product)
        return found

    def write(self, kind: str, records: Sequence[Fields]) -> list[Fields]:
        """Adds or updates records by their number; returns what became of each.

        Args:
            kind: One of `WRITABLE`.
            records: As KORONA describes them.
        """
        with self._lock:
            return [self._written(kind, record) for record in records]

    def _written(self, kind: str, record: Fields) -> Fields:
        number = record["number"]
        faults: list[str] = []
        if kind in ("commodityGroups", "priceGroups"):
            action = "UPDATED" if number in self._named[kind] else "ADDED"
            if kind == "priceGroups" and action == "ADDED":
                self._add_price_group(number)
            self._named[kind][number] = self._named[kind].get(number, {}) | record
        elif kind == "cashiers":
            action = self._write(Entity.EMPLOYEES, [_employee(record)], faults)
        else:
            action = self._write(Entity.ARTICLES, [self._article(record)], faults)
            changed = list(self._prices(number, record["prices"])) if "prices" in record and not faults else []
            if changed and self._write(Entity.PRICES, changed, faults) != "NONE" and action == "NONE":
                action = "UPDATED"
        if faults:
            return {"number": number, "status": "ERROR", "action": "NONE", "message": faults[0]}
        return {"number": number, "status": "OK", "action": action, "id": id_of(kind, number)}

    def _add_price_group(self, number: str) -> None:
        """Lets points of sale sell at a new price group: all of them at the first one, the last at the second.

        KORONA keeps prices of any group; the store only those at which a register sells.
        """
        known = len(self._named["priceGroups"])
        if known < len(POINTS_OF_SALE):
            self._let_sell(number, POINTS_OF_SALE[known:])

    def _let_sell(self, price_group: str, points_of_sale: Sequence[str]) -> None:
        fields = {"price_group": price_group, "warehouse": "1", "currency": "EUR", "active": True}
        self._write(Entity.REGISTERS, [{"number": n, "name": n} | fields for n in points_of_sale])

    def _article(self, record: Fields) -> Fields:
        """The product's article, with the fields that are given over those that it has."""
        held = next((row for row in self._store.records(Entity.ARTICLES) if row["number"] == record["number"]), None)
        new = {
            "number": record["number"], "name": record["number"], "description": None, "gtin": None, "group": None,
            "group_name": None, "unit": "Stk", "tax_code": None, "vat_rate": "19.00", "stock_item": False,
            "discountable": True, "open_price": False, "active": True,
        }  # fmt: skip
        article = new | {name: value for name, value in (held or {}).items() if name != "id"}
        names = {"name": "name", "trackInventory": "stock_item", "discountable": "discountable"}
        article |= {ours: record[theirs] for theirs, ours in names.items() if theirs in record}
        if "priceChangable" in record:
            article["open_price"] = record["priceChangable"]
        if "deactivated" in record:
            article["active"] = not record["deactivated"]
        if "codes" in record:
            article["gtin"] = record["codes"][0]["productCode"] if record["codes"] else None
        if "sector" in record:
            article["vat_rate"] = SECTORS.get(record["sector"]["number"], "19.00")
        if "commodityGroup" in record:
            group = record["commodityGroup"]["number"]
            named = self._named["commodityGroups"].get(group, {})
            article |= {"group": group, "group_name": named.get("name")}
        return article

    def _prices(self, number: str, prices: Sequence[Fields]) -> Iterator[Fields]:
        """The article's prices as the list says: each ends when the next of its group begins; others are retired."""
        wanted = sorted((price["priceGroup"]["number"], price["validFrom"][:10], price["value"]) for price in prices)
        slots = set()
        for at, (group, begins, value) in enumerate(wanted):
            following = next((day for other, day, _ in wanted[at + 1 :] if other == group), None)
            ends = None if following is None else (date.fromisoformat(following) - timedelta(days=1)).isoformat()
            first = None if begins == ALWAYS else begins
            slots.add((group, first))
            yield _price(number, group, first, gross_cents=int(Decimal(value) * 100), valid_to=ends, active=True)
        for row in self._store.records(Entity.PRICES):
            if row["article"] == number and row["active"] and (row["price_group"], row["valid_from"]) not in slots:
                yield {name: value for name, value in row.items() if name != "id"} | {"active": False}

    def _write(self, entity: Entity, items: Sequence[Fields], faults: list[str] | None = None) -> str:
        """Writes items into the store; returns the action of the first one, and notes why items were refused."""
        body = orjson.dumps({"items": list(items)})
        answer = orjson.loads(self._store.write_batch(entity, body, key=str(uuid.uuid4()), limits=Limits()))
        refused = [one["error"]["message"] for one in answer["results"] if one["status"] == "rejected"]
        if faults is not None:
            faults += refused
        return "NONE" if refused else _ACTIONS[answer["results"][0]["status"]]


def _price(
    number: str, group: str, first: str | None, *, gross_cents: int, valid_to: str | None, active: bool
) -> Fields:
    return {
        "article": number, "price_group": group, "min_quantity": "0.000", "valid_from": first, "valid_to": valid_to,
        "gross_cents": gross_cents, "currency": "EUR", "active": active,
    }  # fmt: skip


def _named(numbers: Any, names: Sequence[str] | None = None) -> dict[str, Fields]:
    found = list(numbers)
    return {n: {"number": n, "name": name} for n, name in zip(found, names or found, strict=True)}


def _numbered(kind: str, records: Any) -> list[Fields]:
    """Records with ids and revisions, in their order."""
    return [
        {"active": True} | record | {"id": id_of(kind, record["number"]), "revision": at}
        for at, record in enumerate(records, 1)
    ]


def _cashier(row: Mapping[str, Any]) -> Fields:
    return {
        "number": row["number"],
        "firstname": row["first_name"] or "",
        "surname": row["last_name"] or "",
        "deactivated": not row["active"],
    }


def _employee(record: Fields) -> Fields:
    first, last = record.get("firstname") or None, record.get("surname") or None
    return {
        "number": record["number"],
        "first_name": first,
        "last_name": last,
        "display_name": " ".join(name for name in (first, last) if name) or record["number"],
        "active": not record.get("deactivated", False),
    }
