"""The totals of a transfer document by the ERP's own arithmetic: each position rounded, then tax by rate.

It is written without a look at how a client computes, so that the two can be compared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
TAX_FREE = "S"
GROSS = "B"

RateOf = Callable[[Mapping[str, Any]], Decimal]


@dataclass(frozen=True)
class PositionTotal:
    """The total of one position.

    Attributes:
        amount: Quantity by price less discounts, in the kind of price of the document.
        discount: What the discounts took off.
        rate: Its tax rate in percent.
    """

    amount: Decimal
    discount: Decimal
    rate: Decimal


def decimal_of(value: float | None, default: str = "0") -> Decimal:
    """A number of the wire, exactly as it is written."""
    return Decimal(default if value is None else str(value))


def rounded(value: Decimal) -> Decimal:
    """An amount in whole hundredths, halves away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP)


def position_total(document: Mapping[str, Any], position: Mapping[str, Any], rate_of: RateOf) -> PositionTotal:
    """Compute the total of one position.

    Args:
        document: The document, for its own discount and kind of price.
        position: The position.
        rate_of: The tax rate of a position on the document's day.

    Returns:
        The total.
    """
    unit = decimal_of(position.get("PriceUnitFactor"), "1") or Decimal(1)
    whole = decimal_of(position.get("Quantity"), "1") * decimal_of(position.get("UnitPrice")) / unit
    less = whole
    for name in ("DiscountPercent", "DiscountPercent2"):
        less = less * (100 - decimal_of(position.get(name))) / 100
    if position.get("IsDiscountAllowed", True):
        less = less * (100 - decimal_of(document.get("DiscountPercent"))) / 100
    amount = rounded(less)
    free = document.get("PriceKindFlag") == TAX_FREE
    return PositionTotal(amount, rounded(whole) - amount, Decimal(0) if free else rate_of(position))


def summary(document: Mapping[str, Any], rate_of: RateOf) -> dict[str, Any]:
    """The totals of a document, in the form of `CalculationSummary`.

    Args:
        document: The document with its positions.
        rate_of: The tax rate of a position on the document's day.
    """
    is_gross = document.get("PriceKindFlag") == GROSS
    sums: dict[Decimal, list[Decimal]] = {}
    for position in document.get("Positions", ()):
        total = position_total(document, position, rate_of)
        sums.setdefault(total.rate, [Decimal(0), Decimal(0)])
        sums[total.rate][0] += total.amount
        sums[total.rate][1] += total.discount
    parts = [_part(rate, *pair, is_gross=is_gross) for rate, pair in sorted(sums.items())]
    totals = {
        f"Total{name}": sum((part[name] for part in parts), Decimal(0))
        for name in ("NetAmount", "GrossAmount", "NetDiscountAmount", "GrossDiscountAmount", "TaxAmount")
    }
    step = document.get("TotalRoundNearest") or 0
    if step > 1:  # to so many hundredths: what is rounded away belongs to no rate
        nearest = Decimal(step).scaleb(-2)
        totals["TotalGrossAmount"] = (totals["TotalGrossAmount"] / nearest).quantize(
            Decimal(1), ROUND_HALF_UP
        ) * nearest
    return {name: float(value) for name, value in totals.items()} | {
        "PositionDetailSummaries": [{name: float(value) for name, value in part.items()} for part in parts]
    }


def _part(rate: Decimal, amount: Decimal, discount: Decimal, *, is_gross: bool) -> dict[str, Decimal]:
    tax, discount_tax = (
        rounded(value * rate / (100 + rate) if is_gross else value * rate / 100) for value in (amount, discount)
    )
    net, gross = (amount - tax, amount) if is_gross else (amount, amount + tax)
    off = (discount - discount_tax, discount) if is_gross else (discount, discount + discount_tax)
    return {
        "NetAmount": net,
        "GrossAmount": gross,
        "NetDiscountAmount": off[0],
        "GrossDiscountAmount": off[1],
        "TaxRate": rate,
        "TaxAmount": tax,
    }
