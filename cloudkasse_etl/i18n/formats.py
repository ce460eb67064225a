"""Formats numbers, days and foreign texts for people, in the format of a language; nothing else formats them.

The formats are data: the catalogue of a language translates each `pattern`, so a new language needs no code here.
"""

import datetime as dt
import unicodedata
from functools import cache
from zoneinfo import ZoneInfo

from cloudkasse_etl.i18n.messages import ENGLISH, PATTERNS, Language, translated

MINUS = "\N{MINUS SIGN}"
_SIGNS = {"EUR": "€"}


def pattern(english: str) -> str:
    """Marks a format of English, for translation in the catalogues."""
    return english


_NUMBER = pattern("1,234.5")
_WEEKDAYS = pattern("Mon Tue Wed Thu Fri Sat Sun")
_MONTHS = pattern("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
_DAY = pattern("{weekday} {day} {month_name}")
_DAY_AND_YEAR = pattern("{weekday} {day} {month_name} {year}")
_DAY_IN_FIGURES = pattern("{year}-{month:02}-{day:02}")
# These characters reverse the order of the text after them, also beyond the text that contains them.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@cache
def marks(language: Language) -> tuple[str, str]:
    """The thousands separator and the decimal separator."""
    number = translated(_NUMBER, language, PATTERNS)
    return number[1], number[5]


@cache
def _swaps(language: Language) -> dict[int, int]:
    return str.maketrans(",.", "".join(marks(language)))


def spelled(number: str, language: Language) -> str:
    """Converts a number from English format to a language's: 1,234.5 is 1.234,5 in German."""
    if language == ENGLISH:
        return number
    return number.translate(_swaps(language))


def counted(value: int, language: Language) -> str:
    """A whole number with thousands separators, for messages: `-1,234`."""
    return spelled(f"{value:,}", language)


def plain_euros(cents: int) -> str:
    """Cents in English format, for messages and details that `spelled` converts: `-1,234.50`."""
    return decimal(int(cents), 2, ENGLISH, minus="-")


def plain_units(milli: int) -> str:
    """Thousandths in English format, for messages that `spelled` converts: `-1,234.500`."""
    return decimal(int(milli), 3, ENGLISH, minus="-")


def plain_quantity(milli: int) -> str:
    """Thousandths in English format, whole ones without decimals: `-3`, `2.002`."""
    return short_quantity(int(milli), ENGLISH)


def count(value: int, language: Language, *, minus: str = MINUS) -> str:
    """A whole number with thousands separators, for pages.

    Args:
        value: The number.
        language: The language of the format.
        minus: The sign; by default a typographic minus.

    Returns:
        The text.
    """
    return (minus if value < 0 else "") + counted(abs(value), language)


def decimal(value: int, places: int, language: Language, *, minus: str = MINUS) -> str:
    """A number with decimals that is stored as an integer: cents, thousandths.

    Args:
        value: The integer.
        places: The number of decimals.
        language: The language of the format.
        minus: The sign; by default a typographic minus.

    Returns:
        The text.
    """
    whole, part = divmod(abs(value), 10**places)
    return (minus if value < 0 else "") + spelled(f"{whole:,}.{part:0{places}d}", language)


def ungrouped(value: int, places: int, language: Language) -> str:
    """A number with decimals for a spreadsheet: no thousands separators, and an ASCII minus.

    Args:
        value: The integer.
        places: The number of decimals.
        language: The language of the format.

    Returns:
        The text.
    """
    whole, part = divmod(abs(value), 10**places)
    return ("-" if value < 0 else "") + spelled(f"{whole}.{part:0{places}d}", language)


def euros(cents: int, language: Language) -> str:
    """An amount with its cents, without its currency."""
    return decimal(cents, 2, language)


def money(cents: int, currency: str, language: Language) -> str:
    """An amount with its currency: `7.71 €`, `7.71 CHF`.

    Args:
        cents: The amount.
        currency: The code of its currency; empty where it is not known.
        language: The language of the format.

    Returns:
        The text, with an ASCII minus, as a person types it.
    """
    return f"{decimal(cents, 2, language, minus='-')} {_SIGNS.get(currency, clean(currency, 10))}".rstrip()


def quantity(milli: int, language: Language, *, minus: str = MINUS) -> str:
    """A quantity: whole numbers without decimals, all others with three.

    Args:
        milli: Thousandths.
        language: The language of the format.
        minus: The sign; by default a typographic minus.

    Returns:
        The text.
    """
    whole, part = divmod(abs(milli), 1000)
    if part == 0:
        return (minus if milli < 0 else "") + count(whole, language)
    return decimal(milli, 3, language, minus=minus)


def short_quantity(milli: int, language: Language) -> str:
    """A quantity with as many decimals as it needs."""
    whole, part = divmod(abs(milli), 1000)
    text = f"{whole:,}" + (f".{part:03d}".rstrip("0") if part else "")
    return ("-" if milli < 0 else "") + spelled(text, language)


def percent(part: int, whole: int, language: Language) -> str:
    """A share in percent with one decimal; a dash where the whole is 0.

    Args:
        part: The part.
        whole: The whole.
        language: The language of the format.

    Returns:
        The text.
    """
    if whole == 0:
        return "–"
    # rounded half up in whole numbers, as everything here that is counted in cents
    tenths = (2 * 1000 * abs(part) + abs(whole)) // (2 * abs(whole))
    return f"{decimal(-tenths if (part < 0) != (whole < 0) else tenths, 1, language)} %"


def rate(text: str, language: Language) -> str:
    """A VAT rate with as many decimals as it needs."""
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{spelled(short, language)} %"


def day(value: dt.date, language: Language, *, year: bool = False) -> str:
    """A day with its weekday.

    Args:
        value: The day.
        language: The language of the names and the format.
        year: Whether the year is included.

    Returns:
        The text.
    """
    return translated(_DAY_AND_YEAR if year else _DAY, language, PATTERNS).format(
        weekday=translated(_WEEKDAYS, language, PATTERNS).split()[value.weekday()],
        day=value.day,
        month=value.month,
        month_name=translated(_MONTHS, language, PATTERNS).split()[value.month - 1],
        year=value.year,
    )


def day_in_figures(value: dt.date, language: Language) -> str:
    """A day in the format that a spreadsheet recognises."""
    text = translated(_DAY_IN_FIGURES, language, PATTERNS)
    return text.format(year=value.year, month=value.month, day=value.day)


def moment(value: dt.datetime, language: Language) -> str:
    """A point in time in its own zone."""
    return f"{day(value.date(), language, year=True)}, {value:%H:%M}"


def minute(value: dt.datetime, language: Language) -> str:
    """A point in time in its own zone, in figures: 2026-07-01 09:05."""
    return f"{day_in_figures(value, language)} {value:%H:%M}"


def shown_time(value: dt.datetime, zone: ZoneInfo, language: Language) -> str:
    """A point in time in the shop's zone, to the minute, with the abbreviation of the zone: 2026-07-01 09:05 CEST.

    The Dagster UI shows its own times in the browser's zone, which may differ from the shop's.

    Args:
        value: The point in time.
        zone: The shop's zone.
        language: The language of the format.

    Returns:
        The text.
    """
    at = value.astimezone(zone)
    return f"{minute(at, language)} {at:%Z}"


def duration(seconds: float, language: Language) -> str:
    """A duration in suitable units."""
    if seconds < 60:
        return spelled(f"{seconds:.1f} s", language)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def clean(text: str, limit: int = 120) -> str:
    """A foreign text without characters that could affect the text around it; the template escapes it in addition."""
    shown = "".join(
        "\N{REPLACEMENT CHARACTER}" if c in _BIDI or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c
        for c in text[: 4 * limit]
    )
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
