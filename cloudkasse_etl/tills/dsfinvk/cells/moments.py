"""Times of an export: RFC 3339, and those without an offset, which are the register's local time."""

import datetime as dt
import re
from collections.abc import Callable

from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?) ?([Zz]|[+-]\d{2}:?\d{2})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Moments:
    """Reads times in the shop's time zone.

    Args:
        zone: The shop's time zone.
        warn: Called with the code, the text, the table and the column of a time without an offset.
    """

    def __init__(self, zone: dt.tzinfo, warn: Callable[[str, str, str, str, list[str] | None], None]) -> None:
        self._zone, self._warn = zone, warn

    def read(self, text: str, table: str, column: str, row: list[str] | None = None) -> str:
        """Reads a time; equal moments come out in one spelling, in the shop's time zone.

        Args:
            text: As it is written.
            table, column, row: Where it is.

        Returns:
            RFC 3339 with an offset.

        Raises:
            UnreadableError: It is no time.
        """
        match = _TIME.fullmatch(text.strip())
        if match is None:
            raise UnreadableError("time_invalid" if text.strip() else "value_missing", table, row, column, text[:30])
        try:
            moment = dt.datetime.fromisoformat(f"{match[1]}T{match[2].replace(',', '.')}{(match[3] or '').upper()}")
            if match[3] is None:
                self._warn("time_without_offset", text, table, column, row)
                moment = moment.replace(tzinfo=self._zone)
            if moment.year < 1754:  # the day before the first that SQL Server knows
                raise ValueError("year")
            return moment.astimezone(self._zone).isoformat()
        except (ValueError, OverflowError):
            raise UnreadableError("time_invalid", table, row, column, text[:30]) from None


def read_day(text: str, table: str, column: str, row: list[str] | None = None) -> str:
    """Reads the day of a date or a time, as it is written.

    Args:
        text: As it is written.
        table, column, row: Where it is.

    Returns:
        The day, ISO 8601.

    Raises:
        UnreadableError: It is neither.
    """
    stripped = text.strip()
    try:
        if _DAY.fullmatch(stripped) or _TIME.fullmatch(stripped):
            return dt.date.fromisoformat(stripped[:10]).isoformat()
    except ValueError:
        pass
    raise UnreadableError("time_invalid", table, row, column, text[:30])
