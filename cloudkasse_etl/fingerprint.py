"""The digest that distinguishes contents, reasons and states of the sources. It is stored, so it must never change.

Records of the wire have a shorter one, which is computed for whole columns at once: transform/digest.py.
"""

import hashlib

_SEPARATOR = b"\x1f"


def fingerprint(*parts: object, size: int = 16) -> str:
    """A digest that is equal for equal parts, in every process and on every computer.

    Args:
        parts: Bytes unchanged, anything else by its text. Unordered values (a set) must be sorted before.
        size: Bytes of the digest: 16 where contents must never be confused, 8 where a collision does no harm.

    Returns:
        Hexadecimal digits, two a byte.
    """
    if len(parts) == 1 and isinstance(parts[0], bytes):  # each receipt's content
        return hashlib.blake2b(parts[0], digest_size=size).hexdigest()
    # a register or the ERP may send half a surrogate pair, which UTF-8 cannot encode
    texts = [part if isinstance(part, bytes) else str(part).encode("utf-8", "replace") for part in parts]
    return hashlib.blake2b(_SEPARATOR.join(texts), digest_size=size).hexdigest()
