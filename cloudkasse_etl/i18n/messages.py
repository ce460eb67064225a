"""Translations of English sentences, from the gettext catalogues in locale/. The code holds the English texts.

A language is one file, locale/<language>/LC_MESSAGES/cloudkasse_etl.po; `make locale` adds the new sentences of
the code to it. It is compiled in memory when its first sentence is needed, which takes some milliseconds: no compiled
file can be missing or older than its source, and an English shop reads none.
"""

import gettext
import io
import re
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

Language = str
"""`en`, or the name of a folder in locale/."""
ENGLISH: Language = "en"
LOCALE = Path(__file__).parent / "locale"
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_MAGIC = 0x950412DE


@cache
def languages() -> tuple[Language, ...]:
    """All available languages, English among them."""
    return tuple(sorted({ENGLISH, *(path.parts[-3] for path in LOCALE.glob("*/LC_MESSAGES/cloudkasse_etl.po"))}))


def translated(text: str, language: Language, context: str = "") -> str:
    """A text in a language; the text itself where the language has no translation of it.

    Args:
        text: The English text, as it is in the code.
        language: One of `languages()`.
        context: Distinguishes equal English texts with different meanings; empty for most.

    Returns:
        The translation, with the same placeholders.
    """
    if language == ENGLISH:
        return text
    catalogue = _catalogue(language)
    return catalogue.pgettext(context, text) if context else catalogue.gettext(text)


def translated_count(one: str, many: str, count: int, language: Language, context: str = "") -> str:
    """The form of a text for a number, by the language's own plural rule: English has one for 1 and one for others.

    Args:
        one: The English text for 1.
        many: The English text for any other number.
        count: The number.
        language: One of `languages()`.
        context: As for `translated`.

    Returns:
        The translation, with the same placeholders.
    """
    if language == ENGLISH:
        return one if count == 1 else many
    catalogue = _catalogue(language)
    return catalogue.npgettext(context, one, many, count) if context else catalogue.ngettext(one, many, count)


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    if language not in languages():
        return gettext.NullTranslations()
    path = LOCALE / language / "LC_MESSAGES" / "cloudkasse_etl.po"
    return gettext.GNUTranslations(io.BytesIO(_compiled(dict(_entries(path.read_text(encoding="utf-8"))))))


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """The entries of a .po file in the form of a .mo file; obsolete and unconfirmed ones are left out."""
    for block in text.split("\n\n"):
        parts: dict[str, str] = {}
        at, is_sure = "", True
        for line in block.split("\n"):
            if line[:1] == '"':
                parts[at] += line[1:-1]
            elif line[:3] == "msg":
                at, _, value = line.partition(" ")
                parts[at] = value[1:-1]
            elif line[:2] == "#," and "fuzzy" in line:
                is_sure = False
        context, one, many = (parts.pop(name, "") for name in ("msgctxt", "msgid", "msgid_plural"))
        forms = parts.values()  # msgstr, or msgstr[0] and so on in their order
        if is_sure and forms and all(forms):
            key = (f"{context}\4" if context else "") + one + (f"\0{many}" if many else "")
            yield _plain(key), _plain("\0".join(forms))


def _plain(value: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), value) if "\\" in value else value


def _compiled(entries: Mapping[str, str]) -> bytes:
    """A .mo file: a head, where each original and each translation begins, and the texts (gettext manual, 10.3)."""
    pairs = sorted((key.encode(), value.encode()) for key, value in entries.items())
    texts = bytearray()
    originals: list[int] = []
    translations: list[int] = []
    start = 28 + 16 * len(pairs)
    for table, column in ((originals, 0), (translations, 1)):
        for pair in pairs:
            table += [len(pair[column]), start + len(texts)]
            texts += pair[column] + b"\0"
    head = struct.pack("<7I", _MAGIC, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + struct.pack(f"<{4 * len(pairs)}I", *originals, *translations) + bytes(texts)
