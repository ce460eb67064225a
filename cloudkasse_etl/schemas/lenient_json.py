"""Lenient JSON: parses answers with invalid strings or numbers, so that one broken record does not block a page.

No values are invented: an invalid number becomes null, which the record's contract refuses.
"""

import json
import math
from typing import Any

import orjson

_INTEGER_DIGITS = 40


def read_json(raw: bytes) -> Any:
    """Reads a JSON text.

    Half a character (a lone surrogate, as of an emoji that was cut, or an invalid byte of UTF-8) is replaced by its
    escape in plain letters (``\\ud83d``), so that different texts stay different. NaN, infinities and numbers beyond
    floats become null. Of a repeated key the last value is kept.

    Raises:
        ValueError: It is not JSON, or is nested too deeply.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    text = raw.decode("utf-8-sig", "surrogateescape")
    try:
        found = json.loads(text, strict=False, parse_constant=_none, parse_float=_float, parse_int=_integer)
        return _whole(found)
    except RecursionError:
        raise ValueError("nested too deep") from None


def as_kept(item: Any) -> tuple[Any, bytes]:
    """An item, and its JSON; one that is nested too deeply to be written is reduced to its plain fields."""
    try:
        return item, orjson.dumps(item)
    except TypeError:
        fields = item.items() if isinstance(item, dict) else ()
        plain = {name: value for name, value in fields if isinstance(value, str | int)}
        return plain, orjson.dumps(plain)


def _none(_: str) -> None:
    return None


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _integer(digits: str) -> int | float | None:
    return int(digits) if len(digits) < _INTEGER_DIGITS else _float(digits)


def _whole(value: Any) -> Any:
    """The value with lone surrogates replaced."""
    if isinstance(value, str):
        # json decodes a pair of surrogates to one character; those that are left are alone
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_whole(part) for part in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(part) for name, part in value.items()}
    return value
