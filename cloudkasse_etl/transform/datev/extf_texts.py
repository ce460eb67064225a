"""Texts in the form that DATEV reads: letters of Windows-1252, without control characters, cut where all can see it."""

import re
import unicodedata
from typing import Final

ENCODING: Final = "cp1252"
_MARK, _MARK_OF_DOCUMENTS = "…", "*"
_SPELLED: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_NO_DOCUMENT_SIGN: Final = re.compile(r"[^0-9A-Za-z$&%*+\-/]")


def plain(text: str) -> str:
    """A text with the letters of Windows-1252 only; any other is a question mark, a control character a space."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())  # as most are
    return " ".join(_spaced(text).encode(ENCODING, "replace").decode(ENCODING).split())


def is_replaced(text: str) -> bool:
    """Whether a text has a letter that becomes a question mark."""
    if text.isascii():
        return False
    try:
        _spaced(text).encode(ENCODING)
    except UnicodeEncodeError:
        return True
    return False


def _spaced(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in composed)


def cut(text: str, limit: int) -> str:
    """A text of at most so many characters; one that was longer ends in an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + _MARK


def document_text(beginning: str, end: str, limit: int) -> str:
    """A document's number (Belegfeld): letters, digits and `$ & % * + - /`; if too long, with a star in its middle.

    Args:
        beginning: What may be shortened: the register.
        end: What is kept: the number.
        limit: The most characters.

    Returns:
        The number.
    """
    first, last = (_NO_DOCUMENT_SIGN.sub("-", plain(part).translate(_SPELLED)) for part in (beginning, end))
    if len(first) + len(last) <= limit:
        return first + last
    room = limit - len(last) - 1
    return first[:room] + _MARK_OF_DOCUMENTS + last if room > 0 else _MARK_OF_DOCUMENTS + last[1 - limit :]


def quoted(text: str) -> str:
    """A text as a cell."""
    return '"' + text.replace('"', '""') + '"'
