"""Foreign keys as our columns and statements take them."""

import hashlib
from collections.abc import Iterator, Sequence

KEY_LENGTH = 120
_CHUNK = 500


def bounded_key(key: str) -> str:
    """A key that fits our column: an overlong one keeps its beginning and gets a digest in place of its end."""
    if len(key) <= KEY_LENGTH:
        return key
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{key[: KEY_LENGTH - 17]}~{digest}"


def chunks(values: Sequence[str]) -> Iterator[list[str]]:
    """Splits keys so that a statement has no more parameters than every database takes."""
    for start in range(0, len(values), _CHUNK):
        yield list(values[start : start + _CHUNK])
