"""From the lines of booked receipts to sales documents (docs/deliveries.md, Documents). Pure.

A document's total is its receipts' to the cent: what quantity times price does not come to, because a line was rounded
or lowered in itself, is a line of its own with the same account and tax code.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from cloudkasse_etl.transform.deliveries.sold_lines import SoldLine

Role = Literal["goods", "line", "difference"]
ONE: Final = 1000  # thousandths
LONGEST_NAME: Final = 80
LONGEST_ARTICLE: Final = 18


@dataclass(frozen=True, slots=True)
class Position:
    """A line of a document.

    Attributes:
        role: goods: an article at a price; line: something without an article, or a discount; difference: what goods
            of this account and tax code came to beside quantity times price.
        article, name, unit, tax_code, vat_rate, account, warehouse: As of `SoldLine`.
        quantity_milli: Thousandths of the unit, negative for a return; never 0.
        unit_price_cents: The gross price of a unit, never negative.
    """

    role: Role
    article: str | None
    name: str
    quantity_milli: int
    unit: str | None
    unit_price_cents: int
    tax_code: str | None
    vat_rate: str | None
    account: str | None
    warehouse: str | None

    @property
    def gross_cents(self) -> int:
        """Quantity times price, rounded half away from zero to the cent."""
        return product(self.quantity_milli, self.unit_price_cents)


@dataclass(frozen=True, slots=True)
class SalesReceipt:
    """What a document carries of one receipt.

    Attributes:
        receipt_id: Its id.
        day: The day on which it was booked.
        lines: Its sales lines.
    """

    receipt_id: str
    day: dt.date
    lines: Sequence[SoldLine]


@dataclass(frozen=True, slots=True)
class SalesDocument:
    """A document to be made of receipts that are booked.

    Attributes:
        day: The last day on which one of its receipts was booked.
        receipts: Their ids, in the order of the receipts given.
        positions: Goods, then lines, then differences, each in a fixed order.
    """

    day: dt.date
    receipts: tuple[str, ...]
    positions: tuple[Position, ...]

    @property
    def total_cents(self) -> int:
        """The gross total."""
        return sum(position.gross_cents for position in self.positions)


def product(quantity_milli: int, unit_price_cents: int) -> int:
    """Quantity times price in cents, rounded half away from zero."""
    exact = quantity_milli * unit_price_cents
    rounded = (abs(exact) + ONE // 2) // ONE
    return rounded if exact >= 0 else -rounded


def sales_documents(receipts: Iterable[SalesReceipt]) -> list[SalesDocument]:
    """Makes documents of receipts: one, unless a tax code's rate changes among them.

    A document has one date, which decides the rate of a tax code: sales on both sides of a change of the rate cannot
    be in one. The same holds for a void that takes back a sale at the rate before.

    Args:
        receipts: Receipts in the order in which their ids shall be named.

    Returns:
        The documents by day; none for receipts without sales and stock.
    """
    parts: list[_Part] = []
    for receipt in sorted(receipts, key=lambda receipt: receipt.day):
        if not receipt.lines:
            continue
        rates: set[tuple[str | None, str | None]] = {
            (line.tax_code, line.vat_rate) for line in receipt.lines if line.tax_code
        }
        codes = dict(rates)
        part = next((p for p in parts if p.takes(codes)), None) if len(codes) == len(rates) else None
        if part is None:
            parts.append(part := _Part(has_both_rates=len(codes) != len(rates)))
        part.receipts.append(receipt)
        part.rates.update(codes)
    return [
        SalesDocument(
            day=max(receipt.day for receipt in part.receipts),
            receipts=tuple(receipt.receipt_id for receipt in part.receipts),
            positions=tuple(_positions(line for receipt in part.receipts for line in receipt.lines)),
        )
        for part in parts
    ]


@dataclass
class _Part:
    """A document in the making; one of a receipt that mixes both rates of a tax code takes no other."""

    has_both_rates: bool
    receipts: list[SalesReceipt] = field(default_factory=list)
    rates: dict[str | None, str | None] = field(default_factory=dict)

    def takes(self, rates: Mapping[str | None, str | None]) -> bool:
        """Whether no tax code would have two rates."""
        return not self.has_both_rates and all(self.rates.get(code, rate) == rate for code, rate in rates.items())


class _Place(NamedTuple):
    """What lines that become one position have in common."""

    article: str
    unit: str
    unit_price_cents: int
    tax_code: str
    vat_rate: str
    account: str
    warehouse: str


class _Tax(NamedTuple):
    """What lines that become one position without an article have in common."""

    tax_code: str
    vat_rate: str
    account: str


def _positions(lines: Iterable[SoldLine]) -> list[Position]:
    goods: dict[_Place, int] = defaultdict(int)
    names: dict[_Place, str] = {}
    others: dict[tuple[str, _Tax], int] = defaultdict(int)
    gross: dict[_Tax, int] = defaultdict(int)
    for line in lines:
        tax = _Tax(line.tax_code or "", line.vat_rate or "", line.account or "")
        gross[tax] += line.gross_cents
        if line.article is None:
            others[line.name, tax] += line.gross_cents
            gross[tax] -= line.gross_cents
            continue
        place = _Place(
            line.article, line.unit or "", line.unit_price_cents, *tax, line.warehouse or ""
        )  # fmt: skip
        goods[place] += line.quantity_milli
        names[place] = min(names.get(place, line.name), line.name)  # the same whatever came first
    found = [_of_goods(place, milli, names[place]) for place, milli in sorted(goods.items()) if milli]
    for position in found:
        gross[_Tax(position.tax_code or "", position.vat_rate or "", position.account or "")] -= position.gross_cents
    found += [_of_amount("line", name, tax, cents) for (name, tax), cents in sorted(others.items()) if cents]
    return found + [_of_amount("difference", "", tax, cents) for tax, cents in sorted(gross.items()) if cents]


def _of_goods(place: _Place, quantity_milli: int, name: str) -> Position:
    return Position(
        role="goods",
        article=place.article,
        name=name[:LONGEST_NAME],
        quantity_milli=quantity_milli,
        unit=place.unit or None,
        unit_price_cents=place.unit_price_cents,
        tax_code=place.tax_code or None,
        vat_rate=place.vat_rate or None,
        account=place.account or None,
        warehouse=place.warehouse or None,
    )


def _of_amount(role: Role, name: str, tax: _Tax, cents: int) -> Position:
    return Position(
        role=role,
        article=None,
        name=name[:LONGEST_NAME],
        quantity_milli=ONE if cents > 0 else -ONE,
        unit=None,
        unit_price_cents=abs(cents),
        tax_code=tax.tax_code or None,
        vat_rate=tax.vat_rate or None,
        account=tax.account or None,
        warehouse=None,
    )
