"""Registers, employees and articles in KORONA's form, and back in ours (docs/korona.md, Master data).

A field that KORONA has no place for is left out of what is read, never guessed.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from cloudkasse_etl.tills.korona.korona_fields import Named

Item = dict[str, Any]


class ListedRecord(msgspec.Struct, gc=False):
    """What any record of a list has."""

    id: str | None = None
    number: str | None = None
    name: str | None = None
    active: bool | None = None


class PointOfSale(ListedRecord, gc=False):
    """A point of sale (Pos)."""


class Cashier(msgspec.Struct, gc=False):
    """A cashier."""

    id: str | None = None
    number: str | None = None
    firstname: str | None = None
    surname: str | None = None
    deactivated: bool | None = None


class ProductCode(msgspec.Struct, rename="camel", gc=False):
    """A bar code of a product."""

    product_code: str | None = None


class ProductPrice(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """A price of a product; it holds from a day on, or for a bar code, until another one does."""

    value: Decimal | None = None
    valid_from: str | None = None
    product_code: str | None = None
    price_group: Named | None = None
    organizational_unit: Named | None = None
    number: str | None = None


class Product(msgspec.Struct, rename="camel", gc=False):
    """A product."""

    id: str | None = None
    number: str | None = None
    name: str | None = None
    codes: list[ProductCode] | None = None
    commodity_group: Named | None = None
    deactivated: bool | None = None
    discountable: bool | None = None
    price_changable: bool | None = None
    prices: list[ProductPrice] | None = None
    sector: Named | None = None
    track_inventory: bool | None = None


class PriceGroup(msgspec.Struct, rename="camel", gc=False):
    """A price group."""

    id: str | None = None
    number: str | None = None
    net_prices: bool | None = None


def cashier_of(item: Item) -> Item:
    """An employee as a cashier. Names that are empty are sent as such: what is left out would stay as it was."""
    first, last = item["first_name"] or "", item["last_name"] or ""
    return {
        "number": item["number"],
        "firstname": first,
        "surname": last if first or last else item["display_name"],
        "deactivated": not item["active"],
    }


def employee_of(cashier: Cashier) -> Item:
    """A cashier as an employee."""
    first, last = cashier.firstname or None, cashier.surname or None
    if first is None and last == cashier.number:  # an employee without a name is shown by the number
        last = None
    shown = " ".join(name for name in (first, last) if name)
    return {
        "number": cashier.number,
        "first_name": first,
        "last_name": last,
        "display_name": shown or cashier.number,
        "active": not cashier.deactivated,
        "id": cashier.id,
    }


def product_of(item: Item, sector: str) -> Item:
    """An article as a product.

    Args:
        item: The article.
        sector: The number of the sector that its tax code is.

    Returns:
        The product, without what only KORONA decides: prices, descriptions, stock and so on.
    """
    found = {
        "number": item["number"],
        "name": item["name"],
        "codes": [{"productCode": item["gtin"]}] if item["gtin"] else [],
        "sector": {"number": sector},
        "trackInventory": item["stock_item"],
        "discountable": item["discountable"],
        "priceChangable": item["open_price"],
        "deactivated": not item["active"],
    }
    return found | ({"commodityGroup": {"number": item["group"]}} if item["group"] else {})


def article_of(product: Product, tax_codes: Mapping[str, str]) -> Item:
    """A product as an article.

    Args:
        product: The product.
        tax_codes: Number of a sector → the one tax code that it is.

    Returns:
        The article; description, unit and VAT rate are no product's, the tax code only where the sector tells it.
    """
    codes = [code.product_code for code in product.codes or () if code.product_code]
    group = product.commodity_group or Named()
    found = {
        "number": product.number,
        "name": product.name,
        "gtin": codes[0] if codes else None,
        "group": group.number,
        "group_name": group.name,
        "stock_item": bool(product.track_inventory),
        "discountable": bool(product.discountable),
        "open_price": bool(product.price_changable),
        "active": not product.deactivated,
        "id": product.id,
    }
    sector = product.sector.number if product.sector else None
    return found | ({"tax_code": tax_codes[sector]} if sector is not None and sector in tax_codes else {})
