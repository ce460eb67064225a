"""The one place where numbers, days and foreign texts become what a person reads. How a language writes them is data.

What a `pattern` shows in English a language's catalogue shows in its own way: a new language needs no line here.
"""

import datetime as dt
import unicodedata
from functools import cache
from zoneinfo import ZoneInfo

from cloudkasse_etl.i18n.messages import ENGLISH, Language, translated

PATTERNS = "pattern"
"""The context of the patterns in the catalogues."""
MINUS = "\N{MINUS SIGN}"


def pattern(english: str) -> str:
    """Marks how English writes something, for the catalogues."""
    return english


_NUMBER = pattern("1,234.5")
_WEEKDAYS = pattern("Mon Tue Wed Thu Fri Sat Sun")
_MONTHS = pattern("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
_DAY = pattern("{weekday} {day} {month_name}")
_DAY_AND_YEAR = pattern("{weekday} {day} {month_name} {year}")
_DAY_IN_FIGURES = pattern("{year}-{month:02}-{day:02}")
# They turn the order of what follows them, also outside of the text that they stand in.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@cache
def marks(language: Language) -> tuple[str, str]:
    """The mark between thousands and the mark before decimals."""
    number = translated(_NUMBER, language, PATTERNS)
    return number[1], number[5]


@cache
def _swaps(language: Language) -> dict[int, int]:
    return str.maketrans(",.", "".join(marks(language)))


def spelled(number: str, language: Language) -> str:
    """A number that is written the English way, in a language's: 1,234.5 is 1.234,5 in German."""
    if language == ENGLISH:
        return number
    return number.translate(_swaps(language))


def counted(value: int, language: Language) -> str:
    """A whole number with its thousands apart, as messages write it: `-1,234`."""
    return spelled(f"{value:,}", language)


def plain_euros(cents: int) -> str:
    """Cents as messages and details hold them, for `spelled`: `-1,234.50`."""
    return decimal(int(cents), 2, ENGLISH, minus="-")


def plain_units(milli: int) -> str:
    """Thousandths as messages hold them, for `spelled`: `-1,234.500`."""
    return decimal(int(milli), 3, ENGLISH, minus="-")


def count(value: int, language: Language, *, minus: str = MINUS) -> str:
    """A whole number with its thousands apart, as pages write it: with a typographic minus."""
    return (minus if value < 0 else "") + counted(abs(value), language)


def decimal(value: int, places: int, language: Language, *, minus: str = MINUS) -> str:
    """A number that is kept as so many of its smallest parts: cents, thousandths."""
    whole, part = divmod(abs(value), 10**places)
    return (minus if value < 0 else "") + spelled(f"{whole:,}.{part:0{places}d}", language)


def ungrouped(value: int, places: int, language: Language) -> str:
    """The same for a spreadsheet program: nothing between the thousands, and the minus that it knows."""
    whole, part = divmod(abs(value), 10**places)
    return ("-" if value < 0 else "") + spelled(f"{whole}.{part:0{places}d}", language)


def euros(cents: int, language: Language) -> str:
    """An amount with its cents, without its currency."""
    return decimal(cents, 2, language)


def quantity(milli: int, language: Language, *, minus: str = MINUS) -> str:
    """A quantity: pieces without decimals, all others with three."""
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
    """A share of something; a dash where there is nothing to share."""
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
    """A day with its weekday."""
    return translated(_DAY_AND_YEAR if year else _DAY, language, PATTERNS).format(
        weekday=translated(_WEEKDAYS, language, PATTERNS).split()[value.weekday()],
        day=value.day,
        month=value.month,
        month_name=translated(_MONTHS, language, PATTERNS).split()[value.month - 1],
        year=value.year,
    )


def day_in_figures(value: dt.date, language: Language) -> str:
    """A day as a spreadsheet program knows it."""
    text = translated(_DAY_IN_FIGURES, language, PATTERNS)
    return text.format(year=value.year, month=value.month, day=value.day)


def moment(value: dt.datetime, language: Language) -> str:
    """A point in time on the clock of its zone."""
    return f"{day(value.date(), language, year=True)}, {value:%H:%M}"


def shown_time(value: dt.datetime, zone: ZoneInfo) -> str:
    """A point in time by the shop's clock, to the minute, with the zone that was in force: 2026-07-01 09:05 CEST.

    The Dagster UI shows its own times in the browser's zone, which need not be the shop's.
    """
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def duration(seconds: float, language: Language) -> str:
    """How long something took."""
    if seconds < 60:
        return spelled(f"{seconds:.1f} s", language)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def clean(text: str, limit: int = 120) -> str:
    """A foreign text that can do nothing to what stands around it; the template escapes it besides."""
    shown = "".join(
        "\N{REPLACEMENT CHARACTER}" if c in _BIDI or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c
        for c in text[: 4 * limit]
    )
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
