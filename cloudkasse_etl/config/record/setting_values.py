"""The settings in force, defaults included, as values by their paths; their hash, and what two of them differ in.

For the record of what was booked under which settings. Addresses and secrets are in the environment, so they are not
among the values; an address that the settings themselves have is replaced by a hash of it.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import BaseModel

from cloudkasse_etl.fingerprint import fingerprint

Value = str | int | float | bool | list[Any]
Values = Mapping[str, Value]
Differences = Mapping[str, tuple[Value | None, Value | None]]
"""Path -> value before and after; None where it had, or has, none."""
PROGRAM = "program"
"""The path of the program's version: another release may do something else under the same settings."""
_PLAIN_KEY = re.compile(r"\w[\w-]*")
_ADDRESS = re.compile(r"\w+://")


def setting_name(*keys: str) -> str:
    """A setting's path as it is written in cloudkasse.yaml, `accounts.revenue."19.00"`."""
    return ".".join(key if _PLAIN_KEY.fullmatch(key) else f'"{key}"' for key in keys)


def values_in_force(settings: BaseModel, program: str) -> Values:
    """Each value by its path; an entry of a list that has a number, like a register, by that.

    Args:
        settings: The checked settings.
        program: The program's version.

    Returns:
        The values, by path; what is not set at all is missing.
    """
    found = settings.model_dump(mode="json", by_alias=True)
    return {PROGRAM: program, **dict(sorted(_by_path(found)))}


def _by_path(value: Any, *path: str) -> Iterator[tuple[str, Value]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _by_path(part, *path, key)
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for at, part in enumerate(value, 1):
            yield from _by_path(part, *path, str(part.get("number", at)))
    elif isinstance(value, str) and _ADDRESS.match(value):
        yield setting_name(*path), f"address {fingerprint(value, size=8)}"
    elif value is not None and value != []:
        yield setting_name(*path), value


def hash_of(values: Values) -> str:
    """SHA-256 of the values in JSON, keys in order, without blanks: 64 hexadecimal digits."""
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


def differences(before: Values, after: Values) -> Differences:
    """What differs between two settings, in the order of the paths."""
    return {
        path: (before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    }


def shown_value(value: Value | None) -> str:
    """A value as a person reads it, in the file's spelling; a dash for none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return "–" if value is None else str(value)
