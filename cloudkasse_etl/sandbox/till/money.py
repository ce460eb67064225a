"""Exact cents: rounding, the tax inside a gross amount, quantities. Integers only, never floats.

Separate from the rest of the package on purpose: the client's own code must not compute what the client checks.
"""

from functools import cache


def half_up(numerator: int, denominator: int) -> int:
    """Return numerator ÷ denominator to the nearest whole number, halves away from zero.

    Away from zero, so that a void or return is to the cent the reverse of the sale.
    """
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def amount_cents(unit_price_cents: int, quantity_milli: int) -> int:
    """Return the price of a quantity in thousandths."""
    return half_up(unit_price_cents * quantity_milli, 1000)


def share_cents(cents: int, percent: int) -> int:
    """Return a percentage of an amount."""
    return half_up(cents * percent, 100)


def tax_cents(gross_cents: int, vat_rate: str | None) -> int:
    """Return the tax inside a gross amount; 0 where no VAT applies.

    Args:
        gross_cents: The gross amount.
        vat_rate: The rate in percent in wire format, such as "19.00"; None where no VAT key applies.
    """
    if vat_rate is None:
        return 0
    hundredths = _hundredths(vat_rate)
    return half_up(gross_cents * hundredths, 10_000 + hundredths)


@cache
def _hundredths(vat_rate: str) -> int:
    whole, _, part = vat_rate.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def parse_milli(quantity: str) -> int:
    """Return a quantity of three decimals in thousandths."""
    return int(quantity.replace(".", ""))


def format_milli(quantity_milli: int) -> str:
    """Return a quantity in thousandths in wire format: three decimals, a minus where negative."""
    whole, part = divmod(abs(quantity_milli), 1000)
    return f"{'-' if quantity_milli < 0 else ''}{whole}.{part:03d}"
