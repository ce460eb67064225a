"""Amounts, quantities, days and foreign texts as a person reads them in German or English. Pure."""

import datetime as dt
import unicodedata

from cloudkasse_etl.i18n.text import Language

_WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# They turn the order of what follows them, also outside of the text that they stand in.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def count(value: int, language: Language) -> str:
    """A whole number with its thousands apart."""
    text = f"{abs(value):,}"
    return ("\N{MINUS SIGN}" if value < 0 else "") + (text.replace(",", ".") if language == "de" else text)


def decimal(value: int, places: int, language: Language) -> str:
    """A number that is kept as so many of its smallest parts: cents, thousandths."""
    whole, part = divmod(abs(value), 10**places)
    mark = "," if language == "de" else "."
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    return f"{sign}{count(whole, language)}{mark}{part:0{places}d}"


def euros(cents: int, language: Language) -> str:
    """An amount with its cents, without its currency."""
    return decimal(cents, 2, language)


def quantity(milli: int, language: Language) -> str:
    """A quantity: pieces without decimals, all others with three."""
    if milli % 1000 == 0:
        return count(milli // 1000 if milli >= 0 else -(-milli // 1000), language)
    return decimal(milli, 3, language)


def percent(part: int, whole: int, language: Language) -> str:
    """A share of something; a dash where there is nothing to share."""
    if whole == 0:
        return "–"
    # rounded half up in whole numbers, as everything here that is counted in cents
    tenths = (2 * 1000 * abs(part) + abs(whole)) // (2 * abs(whole))
    return f"{decimal(-tenths if (part < 0) != (whole < 0) else tenths, 1, language)} %"


def rate(text: str, language: Language) -> str:
    """A VAT rate with as many decimals as it needs."""
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{short.replace('.', ',') if language == 'de' else short} %"


def day(value: dt.date, language: Language, *, year: bool = False) -> str:
    """A day with its weekday."""
    weekday = _WEEKDAYS[language][value.weekday()]
    if language == "de":
        return f"{weekday} {value.day}.{value.month}." + (str(value.year) if year else "")
    return f"{weekday} {value.day} {_MONTHS[value.month - 1]}" + (f" {value.year}" if year else "")


def moment(value: dt.datetime, language: Language) -> str:
    """A point in time on the clock of its zone."""
    return f"{day(value.date(), language, year=True)}, {value:%H:%M}"


def duration(seconds: float, language: Language) -> str:
    """How long something took."""
    if seconds < 60:
        text = f"{seconds:.1f} s"
        return text.replace(".", ",") if language == "de" else text
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def clean(text: str, limit: int = 120) -> str:
    """A foreign text that can do nothing to what stands around it; the template escapes it besides."""
    shown = "".join(
        "\N{REPLACEMENT CHARACTER}" if c in _BIDI or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c
        for c in text[: 4 * limit]
    )
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
