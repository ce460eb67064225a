"""Reads the fields of a request's JSON: types and lengths, as .NET's reader takes and refuses them.

A field that the description does not name is ignored; one of a wrong type or too long is refused.
"""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from cloudkasse_etl.sandbox.selectline.api_errors import ApiError

Reader = Callable[[Any, str], Any]
INT32: Final = 2**31


def text(length: int | None = None) -> Reader:
    """Read a text of at most so many characters."""

    def read(value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise ApiError(400, f"{name} is not a text.")
        if length is not None and len(value) > length:
            raise ApiError(400, f"{name} is longer than {length} characters.")
        return value

    return read


def number(value: Any, name: str) -> float:
    """Read a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ApiError(400, f"{name} is not a number.")
    return float(value)


def integer(value: Any, name: str) -> int:
    """Read a whole number of 32 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or not -INT32 <= value < INT32:
        raise ApiError(400, f"{name} is not a whole number.")
    return value


def flag(value: Any, name: str) -> bool:
    """Read a truth value."""
    if not isinstance(value, bool):
        raise ApiError(400, f"{name} is neither true nor false.")
    return value


def time(value: Any, name: str) -> str:
    """Read a time as the server writes it back: without a zone, as its tables have none."""
    try:
        return dt.datetime.fromisoformat(value).replace(tzinfo=None).isoformat(timespec="seconds")
    except (TypeError, ValueError):
        raise ApiError(400, f"{name} is not a date.") from None


def part(fields: Mapping[str, Reader]) -> Reader:
    """Read an object of some fields."""

    def read(value: Any, name: str) -> dict[str, Any]:
        return read_object(value, fields, f"{name}.")

    return read


def list_of(fields: Mapping[str, Reader]) -> Reader:
    """Read a list of such objects."""

    def read(value: Any, name: str) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            raise ApiError(400, f"{name} is not a list.")
        return [read_object(one, fields, f"{name}[{place}].") for place, one in enumerate(value)]

    return read


def read_object(value: Any, fields: Mapping[str, Reader], prefix: str = "") -> dict[str, Any]:
    """Read the known fields of an object.

    Args:
        value: The object, as it was sent.
        fields: Field → its reader.
        prefix: What stands before a field's name in an error.

    Returns:
        Those that have a value.

    Raises:
        ApiError: 400: it is no object, or a field has a wrong type or is too long.
    """
    if not isinstance(value, dict):
        raise ApiError(400, f"{prefix.rstrip('.') or 'The body'} is not an object.")
    return {name: read(value[name], f"{prefix}{name}") for name, read in fields.items() if value.get(name) is not None}
