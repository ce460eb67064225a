"""Splits rows into files, one a fiscal year, month and currency, none beyond DATEV's limits, and makes their bytes."""

import calendar
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cloudkasse_etl.config.exports.datev_settings import Datev
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.transform.datev.batch_rows import BatchRow, period_of
from cloudkasse_etl.transform.datev.extf_fields import FIELDS
from cloudkasse_etl.transform.datev.extf_texts import ENCODING, quoted

MOST_ROWS = 99_999
MOST_BYTES = 50_000_000
_END = "\r\n"
# The first two lines have at most 1,000 characters, and some 3,000.
_HEAD_BYTES = 5_000


@dataclass(frozen=True)
class Batch:
    """A file.

    Attributes:
        number: Counts the files of a company.
        first_day, last_day: The days that it is for.
        fiscal_year: The first day of their fiscal year.
        currency: Of all its amounts.
        rows: Its rows.
        dropped: Rows of its days that come to 0 and are not in it.
        body: Its bytes.
    """

    number: int
    first_day: dt.date
    last_day: dt.date
    fiscal_year: dt.date
    currency: str
    rows: Sequence[BatchRow]
    dropped: Sequence[BatchRow]
    body: bytes

    @property
    def name(self) -> str:
        """The file's name, as DATEV wants it to begin and to end."""
        return f"EXTF_Kasse_{self.first_day:%Y%m%d}-{self.last_day:%Y%m%d}_{self.number:05d}.csv"


def split(
    rows: Sequence[BatchRow],
    datev: Datev,
    *,
    first: dt.date,
    last: dt.date,
    number: int,
    made: dt.datetime,
    language: Language,
    most_rows: int = MOST_ROWS,
    most_bytes: int = MOST_BYTES,
) -> list[Batch]:
    """Makes the files.

    Args:
        rows: All rows, those of 0 too.
        datev: The settings, with adviser and client.
        first: The first day that was asked for.
        last: The last one.
        number: Of the first file.
        made: When they are made, on the shop's clock.
        language: Of the names of the additional information.
        most_rows: The most rows of a file.
        most_bytes: The most bytes of a file.

    Returns:
        The files, none of them empty. Rows of 0 stand with the first file of their month and currency; where it has
        none they are left out.
    """
    found: list[Batch] = []
    groups: dict[tuple[dt.date, int, int, str], list[BatchRow]] = {}
    for row in rows:
        groups.setdefault((*period_of(row.first.day, datev), row.first.currency), []).append(row)
    for (year, of_year, month, currency), members in sorted(groups.items(), key=lambda group: group[0]):
        dropped = [row for row in members if not row.amount_cents]
        begin, end = _days(year, of_year, month, datev)
        begin, end = max(begin, first), min(end, last)
        for part, lines in _parts([row for row in members if row.amount_cents], datev, language, most_rows, most_bytes):
            at = number + len(found)
            head = header(datev, begin, end, currency, at, made)
            body = _END.join((head, ";".join(FIELDS), *lines, "")).encode(ENCODING)
            found.append(Batch(at, begin, end, year, currency, part, dropped, body))
            dropped = []
    return found


def _days(year: dt.date, of_year: int, month: int, datev: Datev) -> tuple[dt.date, dt.date]:
    """First and last day of a month, as far as they are in the fiscal year."""
    last = dt.date(of_year, month, calendar.monthrange(of_year, month)[1])
    next_year = datev.fiscal_year(last)
    if next_year > year:  # the next one begins within this month
        last = next_year - dt.timedelta(days=1)
    return max(dt.date(of_year, month, 1), year), last


def _parts(
    rows: Sequence[BatchRow], datev: Datev, language: Language, most_rows: int, most_bytes: int
) -> Iterator[tuple[list[BatchRow], list[str]]]:
    part: list[BatchRow] = []
    lines: list[str] = []
    size = _HEAD_BYTES
    for row in rows:
        line = row.line(datev, language)
        length = len(line) + len(_END)  # a byte each
        if lines and (len(lines) == most_rows or size + length > most_bytes):
            yield part, lines
            part, lines, size = [], [], _HEAD_BYTES
        part.append(row)
        lines.append(line)
        size += length
    if lines:
        yield part, lines


def header(datev: Datev, first_day: dt.date, last_day: dt.date, currency: str, number: int, made: dt.datetime) -> str:
    """The first line of a file: format 700, Buchungsstapel (21), version 13.

    Args:
        datev: The settings, with adviser and client.
        first_day: The first day of its rows.
        last_day: The last one.
        currency: Of its amounts.
        number: Of the file.
        made: When it is made.

    Returns:
        The line, without its end.
    """
    cells = [
        '"EXTF"', "700", "21", '"Buchungsstapel"', "13", f"{made:%Y%m%d%H%M%S}{made.microsecond // 1000:03d}", "",
        '"CK"', '"cloudkasse-etl"', '""', str(datev.adviser), str(datev.client),
        f"{datev.fiscal_year(first_day):%Y%m%d}", str(datev.account_length), f"{first_day:%Y%m%d}",
        f"{last_day:%Y%m%d}",
        quoted(f"Kasse {first_day:%Y-%m} Nr. {number}"), quoted(datev.initials or ""), "1", "0", str(int(datev.lock)),
        quoted(currency), "", '""', "", "", quoted(datev.charts or ""), "", "", '""', '""',
    ]  # fmt: skip
    return ";".join(cells)
