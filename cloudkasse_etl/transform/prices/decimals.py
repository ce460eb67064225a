"""Exact decimals in integer arrays: SelectLine stores prices as binary floats, which are never computed with."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

# Above this a float's spacing is close to half a unit of the fifth decimal.
_EXACT_LIMIT = 1e11
INTEGER_LIMIT = 9.0e18


def scaled(values: Any, places: int) -> tuple[Integers, Booleans]:
    """Reads floats as decimals of at most `places` places, scaled to integers.

    A float is read as the shortest decimal that parses to it: 0.285 is 0.285, although the nearest
    binary number is below. Where that decimal has more places, it is rounded half up (away from zero).

    Args:
        values: Floats; NaN where there is no value.
        places: Decimal places to keep.

    Returns:
        The integers (value × 10^places; 0 where unusable), and where a value was finite and in range.
    """
    floats = np.asarray(values, dtype="float64")
    factor = 10.0**places
    with np.errstate(over="ignore", invalid="ignore"):
        usable = np.isfinite(floats) & (np.abs(floats) * factor < INTEGER_LIMIT)
        safe = np.where(usable, floats, 0.0)
        product = safe * factor
        result = np.rint(product)
        # close to a tie the product's own error decides the direction: those few are computed as decimals
        tied = np.abs(np.abs(product - np.floor(product)) - 0.5) < 1e-4
        doubtful = np.flatnonzero(tied | (np.abs(product) > _EXACT_LIMIT))
    integers = result.astype("int64")
    for index in doubtful:
        value = Decimal(repr(float(safe[index]))).scaleb(places)
        integers[index] = int(value.to_integral_value(ROUND_HALF_UP))
    return integers, usable


def divide_half_up(numerator: Integers, denominator: Integers) -> Integers:
    """Divides non-negative integers and rounds half up, exactly.

    The numerator must be below 4.6e18, the denominator positive.
    """
    return (2 * numerator + denominator) // (2 * denominator)


def fixed(values: Integers, places: int) -> "pd.Series[str]":
    """Scaled integers as text with exactly `places` decimals, `1250` → `"1.250"`."""
    codes, distinct = pd.factorize(values)
    texts = [f"{Decimal(int(value)).scaleb(-places):.{places}f}" for value in distinct]
    return pd.Series(pd.array(texts, dtype="str").take(codes))
