"""Stock movements in the form of SelectLine's manual storages (docs/deliveries.md, Stock alone). Pure.

Such a document has no place for a key of ours: it is found again by its number, which is ours to choose.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

import orjson

NUMBER_LENGTH: Final = 10
"""How long a document's number is."""

Items = Sequence[Mapping[str, Any]]


class StockLine(NamedTuple):
    """What of an article comes into a warehouse, or goes out, in thousandths: less than 0 goes out.

    Attributes:
        warehouse, article, unit, serial: Of which stock.
        quantity_milli: How much; never 0.
    """

    warehouse: str
    article: str
    unit: str
    serial: str
    quantity_milli: int


class StorageHead(NamedTuple):
    """What a manual storage says besides its lines.

    Attributes:
        key: Ours.
        day: Its date.
        employee: The employee that it names.
        reference: What it is made of, as a person reads it.
        part_of: The key of the delivery that its lines were taken out of; None for one of its own.
    """

    key: str
    day: dt.date
    employee: str | None
    reference: str
    part_of: str | None = None


def stock_lines(moved: Iterable[StockLine]) -> list[StockLine]:
    """Adds movements up by warehouse, article, unit and serial number, in a fixed order; sums of 0 are left out."""
    sums: Counter[tuple[str, str, str, str]] = Counter()
    for line in moved:
        sums[line[:4]] += line.quantity_milli
    return [StockLine(*at, milli) for at, milli in sorted(sums.items()) if milli]


def storage_body(lines: Sequence[StockLine], head: StorageHead) -> bytes:
    """A manual storage as it is frozen; its number is added once it is known to be sent.

    Args:
        lines: Its lines, at least one.
        head: All else.

    Returns:
        JSON: the head and the positions as they are sent, our key, and what the document is called.
    """
    return orjson.dumps(
        {
            "Key": head.key,
            "PartOf": head.part_of,
            "Reference": head.reference,
            "Head": _without_nulls(
                {
                    "Date": f"{head.day.isoformat()}T00:00:00",
                    "WarehouseNumber": min(line.warehouse for line in lines),
                    "EmployeeNumber": head.employee,
                }
            ),
            "Positions": [_position(line) for line in lines],
        }
    )


def numbered(body: bytes, number: str) -> bytes:
    """The same with its number."""
    form = orjson.loads(body)
    return orjson.dumps({**form, "Head": {"Number": number, **form["Head"]}})


def number_of(body: bytes) -> str:
    """The number of a manual storage."""
    return str(orjson.loads(body)["Head"]["Number"])


def part_of(body: bytes) -> str | None:
    """The key of the delivery that its lines were taken out of; None for one of its own."""
    found = orjson.loads(body).get("PartOf") if body else None
    return None if found is None else str(found)


def head_of(body: bytes) -> bytes:
    """The body of the request that creates it."""
    return orjson.dumps(orjson.loads(body)["Head"])


def positions_of(body: bytes) -> bytes:
    """The body of the request that stores its positions."""
    return orjson.dumps(orjson.loads(body)["Positions"])


def lines_in(body: bytes) -> list[StockLine]:
    """Its lines."""
    return [
        StockLine(
            position["Warehouse"], position["ArticleNumber"], position.get("QuantityUnit", ""),
            position.get("SerialNumber", ""), _milli(position["Quantity"]) or 0,
        )
        for position in orjson.loads(body)["Positions"]
    ]  # fmt: skip


def without(body: bytes, short: Sequence[StockLine], part: StorageHead) -> tuple[bytes, bytes]:
    """Takes lines out of a manual storage.

    Args:
        body: The storage.
        short: The lines to be taken out, not all of them.
        part: The head of the storage that gets them.

    Returns:
        What is left of it, with its number, and the other, which has none yet.
    """
    form = orjson.loads(body)
    gone = {_position_key(_position(line)) for line in short}
    left = [position for position in form["Positions"] if _position_key(position) not in gone]
    return orjson.dumps({**form, "Positions": left}), storage_body(short, part)


def is_same_head(body: bytes, found: Mapping[str, Any]) -> bool:
    """Whether a head that is read back can be the one that was sent: what it tells is what was sent."""
    sent = orjson.loads(body)["Head"]
    if str(found.get("Date", ""))[:10] != sent["Date"][:10]:
        return False
    names = ("Number", "WarehouseNumber", "EmployeeNumber")
    return all(found.get(name) in (None, "", sent.get(name)) for name in names)


def is_same(body: bytes, found: Items) -> bool:
    """Whether positions that are read back are those that were sent: by article, warehouse and quantity."""
    sent = Counter((line.article, line.warehouse, line.quantity_milli) for line in lines_in(body))
    return sent == Counter(
        (position.get("ArticleNumber"), position.get("WarehouseId"), _milli(position.get("Quantity")))
        for position in found
    )


def short_lines(lines: Iterable[StockLine], stock: Mapping[tuple[str, str], int]) -> list[StockLine]:
    """The lines of an article that would take more out of a warehouse than there is; SelectLine refuses those.

    Args:
        lines: The lines.
        stock: What there is, in thousandths by warehouse and article.

    Returns:
        All lines of such an article in such a warehouse that take something out.
    """
    lines = list(lines)
    change: Counter[tuple[str, str]] = Counter()
    for line in lines:
        change[line.warehouse, line.article] += line.quantity_milli
    short = {at for at, milli in change.items() if milli < 0 and stock.get(at, 0) + milli < 0}
    return [line for line in lines if (line.warehouse, line.article) in short and line.quantity_milli < 0]


def _position(line: StockLine) -> dict[str, Any]:
    return _without_nulls(
        {
            "ArticleNumber": line.article,
            "Quantity": line.quantity_milli / 1000,
            "Warehouse": line.warehouse,
            "QuantityUnit": line.unit or None,
            "SerialNumber": line.serial or None,
        }
    )


def _position_key(position: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        str(position.get(name) or "") for name in ("ArticleNumber", "Warehouse", "QuantityUnit", "SerialNumber")
    )


def _milli(value: object) -> int | None:
    try:
        return int(Decimal(str(value)).scaleb(3).to_integral_value())
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _without_nulls(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if value is not None}
