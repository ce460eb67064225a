"""The digest by which contents, reasons and states of the sources are told apart. Our tables keep it: it never changes.

Records of the wire have a shorter one, which is computed for whole columns at once: transform/digest.py.
"""

import hashlib

_SEPARATOR = b"\x1f"


def fingerprint(*parts: object, size: int = 16) -> str:
    """The same for the same parts, in every process and on every computer.

    Args:
        parts: Bytes as they are, anything else by its text. What has no order of its own (a set) is put in one first.
        size: Bytes of the digest: 16 where two contents must never be taken for one, 8 where that does no harm.

    Returns:
        Hexadecimal digits, two a byte.
    """
    # a register or the ERP may send half a surrogate pair, which UTF-8 does not know
    texts = [part if isinstance(part, bytes) else str(part).encode("utf-8", "replace") for part in parts]
    return hashlib.blake2b(_SEPARATOR.join(texts), digest_size=size).hexdigest()
