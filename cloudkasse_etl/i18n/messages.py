"""Translations of English sentences, from the gettext catalogues in locale/. The code holds the English texts.

A language is one file, locale/<language>/LC_MESSAGES/cloudkasse_etl.po; `make locale` adds the new sentences of
the code to it. It is compiled in memory when its first sentence is needed, which takes some milliseconds: no compiled
file can be missing or older than its source, and an English shop reads none. A person may correct that file, and a slip
there costs no more than a translation: an entry that cannot be filled, or a file that cannot be read, stays English.
"""

import gettext
import io
import re
import string
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

Language = str
"""`en`, or the name of a folder in locale/."""
ENGLISH: Language = "en"
LOCALE = Path(__file__).parent / "locale"
PATTERNS = "pattern"
"""The context of the formats of numbers and days (formats.py)."""
_DAY = {"weekday": "", "day": 1, "month": 1, "month_name": "", "year": 2000}
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
    found = catalogue.pgettext(context, text) if context else catalogue.gettext(text)
    return found if _fits(found, (text,), context) else text


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
    english = one if count == 1 else many
    if language == ENGLISH:
        return english
    catalogue = _catalogue(language)
    found = catalogue.npgettext(context, one, many, count) if context else catalogue.ngettext(one, many, count)
    return found if _fits(found, (one, many), context) else english


def catalogue_path(language: Language) -> Path:
    """The file of a language's catalogue."""
    return LOCALE / language / "LC_MESSAGES" / "cloudkasse_etl.po"


def catalogue_fault(language: Language) -> Exception | None:
    """Why a language's catalogue cannot be used at all; None where it can, and for English."""
    return _read(language)[1]


def unusable_entries(language: Language) -> list[str]:
    """The English texts whose translation does not fit them: with a name that they do not have, say."""
    if language not in languages() or language == ENGLISH or catalogue_fault(language) is not None:
        return []
    unusable = []
    for key, translation in _entries(catalogue_path(language).read_text(encoding="utf-8")):
        context, _, texts = key.rpartition("\4")
        english = tuple(texts.split("\0"))
        if texts and not all(_fits(found, english, context) for found in translation.split("\0")):
            unusable.append(english[0])
    return unusable


@cache
def _fits(found: str, english: tuple[str, ...], context: str) -> bool:
    """Whether a translation can be filled from what its English text is filled from."""
    if found in english:
        return True
    if context == PATTERNS:
        return _is_format_like(found, english[0])
    fields = [_fields(text) for text in english]
    known = {field for each in fields if each is not None for field in each}
    names = _fields(found)
    return None in fields or (names is not None and names <= known)


def _is_format_like(found: str, english: str) -> bool:
    """Whether a pattern names what a day has, or has as many words (or signs) as the English one."""
    if "{" in english:
        try:
            return bool(found.format(**_DAY))
        except (ValueError, LookupError, AttributeError):
            return False
    return len(found.split()) == len(english.split()) if " " in english else len(found) == len(english)


def _fields(text: str) -> set[tuple[str, str, str]] | None:
    """The placeholders of a text: name, conversion, format; None where its braces are no placeholders."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return None
    return {(name, conversion or "", form or "") for _, name, form, conversion in parts if name is not None}


def _catalogue(language: Language) -> gettext.NullTranslations:
    return _read(language)[0]


@cache
def _read(language: Language) -> tuple[gettext.NullTranslations, Exception | None]:
    """A language's catalogue; an empty one, and what is wrong, where its file cannot be used."""
    if language not in languages() or language == ENGLISH:
        return gettext.NullTranslations(), None
    try:
        entries = dict(_entries(catalogue_path(language).read_text(encoding="utf-8")))
        # whatever the header says of the file's encoding, what is compiled here is UTF-8
        header = [line for line in entries.get("", "").split("\n") if not line.lower().startswith("content-type:")]
        entries[""] = "\n".join(["Content-Type: text/plain; charset=utf-8", *header])
        catalogue = gettext.GNUTranslations(io.BytesIO(_compiled(entries)))
        for count in range(200):  # a rule may be readable and yet divide by 0; those of all languages repeat after 100
            catalogue.ngettext("", "", count)
    except (OSError, ValueError, LookupError, ArithmeticError, TypeError) as error:
        return gettext.NullTranslations(), error
    return catalogue, None


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """The entries of a .po file in the form of a .mo file; obsolete and unconfirmed ones are left out.

    The header is kept in any case: a new file's is marked as unconfirmed.
    """
    for block in text.split("\n\n"):
        parts: dict[str, str] = {}
        at, is_sure = "", True
        for line in block.split("\n"):
            if line[:1] == '"':
                parts[at] = parts.get(at, "") + line[1:-1]
            elif line[:3] == "msg":
                at, _, value = line.partition(" ")
                parts[at] = value[1:-1]
            elif line[:2] == "#," and "fuzzy" in line:
                is_sure = False
        context, one, many = (parts.pop(name, "") for name in ("msgctxt", "msgid", "msgid_plural"))
        parts.pop("", None)  # a line that continues nothing
        forms = parts.values()  # msgstr, or msgstr[0] and so on in their order
        if (is_sure or not one) and forms and all(forms):
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
