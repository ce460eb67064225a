"""KORONA's decimals as whole cents, thousandths and rates. Nothing passes through a binary float.

The API writes amounts as JSON numbers (docs/korona.md, Numbers). What is charged and paid is in whole cents; taxes may
have more places and are rounded half up, which is how a register rounds them.
"""

import re
from decimal import Context, Decimal

# wide enough for the sums of any receipt, so that no sum is rounded
EXACT = Context(prec=80)
_MOST_DIGITS = 30
ZERO = Decimal(0)


class UnreadableNumberError(ValueError):
    """A number that has too many places, or is out of range; the text names it."""


def _parts(value: Decimal, places: int) -> tuple[int, int, int]:
    """The whole units of a value, what is left of it, and what a unit is made of; for the value without its sign."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or len(digits) > _MOST_DIGITS or abs(exponent) > _MOST_DIGITS:
        raise UnreadableNumberError(str(value)[:40])
    number, shift = int("".join(map(str, digits))), exponent + places
    if shift >= 0:
        return number * 10**shift, 0, 1
    return *divmod(number, 10**-shift), 10**-shift


def units(value: Decimal, places: int) -> int:
    """A value in units of so many decimal places.

    Raises:
        UnreadableNumberError: It has more places.
    """
    whole, rest, _ = _parts(value, places)
    if rest:
        raise UnreadableNumberError(str(value)[:40])
    return -whole if value.is_signed() else whole


def rounded_cents(value: Decimal) -> int:
    """A value in cents, half a cent away from 0.

    Raises:
        UnreadableNumberError: It is out of range.
    """
    whole, rest, unit = _parts(value, 2)
    whole += 2 * rest >= unit > 1
    return -whole if value.is_signed() else whole


def text_of(number: int, places: int) -> str:
    """A number of units as text with that many places."""
    whole, rest = divmod(abs(number), 10**places)
    return f"{'-' if number < 0 else ''}{whole}.{rest:0{places}}"


def added(*values: Decimal) -> Decimal:
    """The sum of values, exactly."""
    result = ZERO
    for value in values:
        result = EXACT.add(result, value)
    return result


def last_digits(text: str) -> int | None:
    """The number that a text ends with: receipts' numbers may have a prefix (receiptNumberPrefix)."""
    found = re.search(r"([0-9]{1,15})\s*$", text)
    return int(found[1]) if found else None
