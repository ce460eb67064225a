"""The prices of a product: KORONA keeps them as a list, in which each price holds until the next one begins.

Pure. The list is written as a whole, since how KORONA merges two of them is not described; what is not ours in it
(prices of a bar code or of an organizational unit, of other price groups) stays as it is.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cloudkasse_etl.tills.korona.exact_numbers import UnreadableNumberError, units
from cloudkasse_etl.tills.korona.korona_fields import Named
from cloudkasse_etl.tills.korona.record_forms import Product, ProductPrice

Item = dict[str, Any]
BASE_QUANTITY = "0.000"
SCALE_UNSUPPORTED = "korona_price_scale"
END_UNSUPPORTED = "korona_price_end"
# A price that holds always begins here: KORONA wants a day, or a bar code.
ALWAYS = dt.date(1970, 1, 1)

Slot = tuple[str, dt.date]


def slot_of(item: Item) -> Slot:
    """Price group and first day of a price."""
    return item["price_group"], dt.date.fromisoformat(item["valid_from"]) if item["valid_from"] else ALWAYS


def slot_in(price: ProductPrice, zone: ZoneInfo) -> Slot | None:
    """Price group and first day of a price of KORONA's; None for one that is not ours."""
    if price.product_code or price.organizational_unit or not price.valid_from or not price.price_group:
        return None
    try:
        begins = dt.datetime.fromisoformat(price.valid_from)
        day = (begins if begins.tzinfo else begins.replace(tzinfo=zone)).astimezone(zone).date()
    except (ValueError, OverflowError):
        return None
    return None if price.price_group.number is None else (price.price_group.number, day)


def merged(
    held: Sequence[ProductPrice], items: Sequence[Item], zone: ZoneInfo
) -> tuple[list[ProductPrice], dict[int, str]]:
    """The prices of a product with some of them changed.

    A price that ends is taken only where another one begins on the next day: after its end KORONA would go on with it.

    Args:
        held: The product's prices.
        items: Prices of the article, active or retired.
        zone: The shop's time zone.

    Returns:
        The list to write, and by place in `items` the codes of prices that KORONA cannot keep.
    """
    refused = {at: SCALE_UNSUPPORTED for at, item in enumerate(items) if item["min_quantity"] != BASE_QUANTITY}
    while True:
        changes = {slot_of(item): item for at, item in enumerate(items) if at not in refused}
        begins = {slot for price in held if (slot := slot_in(price, zone)) is not None}
        begins -= {slot for slot, item in changes.items() if not item["active"]}
        begins |= {slot for slot, item in changes.items() if item["active"]}
        endless = {
            at: END_UNSUPPORTED
            for at, item in enumerate(items)
            if at not in refused and item["active"] and item["valid_to"] and _following(item) not in begins
        }
        if not endless:
            break
        refused |= endless
    kept = [price for price in held if (slot := slot_in(price, zone)) is None or slot not in changes]
    new = [_price(slot, item, zone) for slot, item in sorted(changes.items()) if item["active"]]
    return [*kept, *new], refused


def _following(item: Item) -> Slot:
    return item["price_group"], dt.date.fromisoformat(item["valid_to"]) + dt.timedelta(days=1)


def _price(slot: Slot, item: Item, zone: ZoneInfo) -> ProductPrice:
    group, day = slot
    return ProductPrice(
        value=Decimal(item["gross_cents"]).scaleb(-2),
        valid_from=dt.datetime.combine(day, dt.time(), zone).isoformat(),
        price_group=Named(number=group),
    )


def prices_in(product: Product, zone: ZoneInfo) -> Iterator[Item]:
    """The prices of a product in our form; KORONA knows no end of a price, and the currency is its price group's."""
    for price in product.prices or ():
        slot = slot_in(price, zone)
        if slot is None or price.value is None:
            continue
        try:
            cents = units(price.value, 2)
        except UnreadableNumberError:
            cents = None
        group, day = slot
        yield {
            "article": product.number,
            "price_group": group,
            "min_quantity": BASE_QUANTITY,
            "valid_from": None if day == ALWAYS else day.isoformat(),
            "gross_cents": cents,
            "active": True,
            "id": product.id,
        }
