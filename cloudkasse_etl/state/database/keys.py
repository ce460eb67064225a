"""Shortens external record keys to the width of our columns; splits lists of keys for IN clauses."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from cloudkasse_etl.fingerprint import fingerprint

KEY_LENGTH = 120
_CHUNK = 500

_Key = TypeVar("_Key", str, int)


def bounded_key(key: str) -> str:
    """A key that fits our column: the end of a longer key is replaced by a digest."""
    if len(key) <= KEY_LENGTH:
        return key
    return f"{key[: KEY_LENGTH - 17]}~{fingerprint(key, size=8)}"


def is_bounded(key: str) -> bool:
    """Whether a key of this length may have been shortened."""
    return len(key) == KEY_LENGTH and key[-17] == "~"


def chunks(values: Sequence[_Key]) -> Iterator[list[_Key]]:
    """Splits keys so that a statement has no more parameters than every database takes."""
    for start in range(0, len(values), _CHUNK):
        yield list(values[start : start + _CHUNK])
