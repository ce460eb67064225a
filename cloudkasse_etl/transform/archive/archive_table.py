"""A table of the archive: its columns, and a record of it as bytes, the same for the same row on every computer.

The spelling is the description standard's own (decimal comma, DD.MM.YYYY, semicolons, CRLF), because programs that
skip what index.xml declares fall back on it. A text is always quoted and null is not, so that an empty text is not
null; what begins with = or + stays as it came, since an archive changes nothing.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple

from cloudkasse_etl.i18n.text import Text

DAY_FORMAT = "DD.MM.YYYY"
DELIMITER, ENCAPSULATOR, LINE_END = ";", '"', b"\r\n"
# No record of ours is longer; in a damaged file a lost quotation mark would join all that follows.
MOST_RECORD_BYTES = 1 << 28
_CELL = re.compile(r'"((?:[^"]|"")*)"|([^;"]*)')


def _text(value: object) -> str:
    return ENCAPSULATOR + str(value).replace(ENCAPSULATOR, ENCAPSULATOR * 2) + ENCAPSULATOR


def _fixed(value: int, places: int) -> str:
    whole, part = divmod(abs(value), 10**places)
    return f"{'-' if value < 0 else ''}{whole},{part:0{places}d}"


def _moment(value: dt.datetime) -> str:
    # with microseconds always: isoformat leaves out those that are 0
    return _text(f"{value.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}Z")


class Form(Enum):
    """How a value is written, and with how many decimals; None where it is no number."""

    TEXT = ("text", None, _text)
    MOMENT = ("moment", None, _moment)
    DAY = ("day", None, lambda value: f"{value.day:02}.{value.month:02}.{value.year:04}")
    FLAG = ("flag", 0, lambda value: "1" if value else "0")
    WHOLE = ("whole", 0, lambda value: str(int(value)))
    CENTS = ("cents", 2, lambda value: _fixed(value, 2))
    MILLI = ("milli", 3, lambda value: _fixed(value, 3))
    RATE = ("rate", 2, lambda value: value.replace(".", ","))  # a text like 19.00
    QUANTITY = ("quantity", 3, lambda value: value.replace(".", ","))  # a text like 2.000

    def __init__(self, label: str, places: int | None, write: Callable[[Any], str]) -> None:
        self.label, self.places, self.write = label, places, write


class Column(NamedTuple):
    """A column.

    Attributes:
        name: As the file's first line has it.
        form: How its values are written.
        title: What it holds.
        source: Under which name a row has the value, where that is another one.
    """

    name: str
    form: Form
    title: Text
    source: str = ""


class Reference(NamedTuple):
    """Columns whose values are the key of another table."""

    columns: tuple[str, ...]
    table: str


@dataclass(frozen=True)
class ArchiveTable:
    """A table of the archive.

    Attributes:
        name: Its name; the file's is the same with `.csv`.
        title: What it holds.
        keys: The columns of its key, which come first.
        columns: All others.
        references: Where its rows lead to.
        summed: The column that is added up, if any.
        summed_by: The column by whose value it is: currencies and units are not added up.
    """

    name: str
    title: Text
    keys: tuple[Column, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()
    summed: str = ""
    summed_by: str = ""

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.csv"

    @cached_property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns in the file's order."""
        return (*self.keys, *self.columns)

    @property
    def head(self) -> bytes:
        """The file's first line."""
        return DELIMITER.join(column.name for column in self.all_columns).encode() + LINE_END

    @cached_property
    def _writers(self) -> tuple[tuple[str, Callable[[Any], str]], ...]:
        return tuple((column.source or column.name, column.form.write) for column in self.all_columns)

    def cells(self, row: Mapping[Any, Any]) -> list[str]:
        """A row's values as they are written, null as an empty one."""
        return ["" if (value := row[name]) is None else write(value) for name, write in self._writers]

    @cached_property
    def sum_places(self) -> tuple[int, int | None, int] | None:
        """The places of the column that is added up and of that by whose value it is, and the former's decimals."""
        return self.sum_places_in([column.name for column in self.all_columns])

    def sum_places_in(self, names: Sequence[str]) -> "tuple[int, int | None, int] | None":
        """These places in a file whose columns have these names."""
        if self.summed not in names or (self.summed_by and self.summed_by not in names):
            return None
        (summed,) = (column for column in self.all_columns if column.name == self.summed)
        by = names.index(self.summed_by) if self.summed_by else None
        return names.index(self.summed), by, summed.form.places or 0


def record_of(cells: Sequence[str]) -> bytes:
    """A record of its cells as they are written."""
    # a lone surrogate has no UTF-8; it is kept in plain letters, as schemas/lenient_json.py does
    return DELIMITER.join(cells).encode("utf-8", "backslashreplace") + LINE_END


def cells_of(record: bytes) -> list[str]:
    """The cells of a record, without quotation marks; of a damaged one what is readable."""
    text, found, at = record.removesuffix(LINE_END).decode("utf-8", "replace"), [], 0
    while at <= len(text):
        match = _CELL.match(text, at)
        if match is None:  # the second part of the pattern matches nothing as well
            break
        quoted, plain = match.groups()
        found.append(plain if quoted is None else quoted.replace(ENCAPSULATOR * 2, ENCAPSULATOR))
        end = match.end()
        if end < len(text) and text[end] != DELIMITER:  # damaged: a sign between two cells
            end = text.find(DELIMITER, end)
            if end < 0:
                break
        at = end + 1
    return found


def number_of(cell: str, places: int) -> int | None:
    """A number as it is written, in its last place; None where it cannot be read."""
    match = re.fullmatch(rf"(-?)(\d+){f',([0-9]{{{places}}})' if places else ''}", cell, re.ASCII)
    if match is None:
        return None
    sign, *digits = match.groups()
    return int("".join(digits)) * (-1 if sign else 1)


def records_in(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The records of a file with the number of the line in which each begins, from 1.

    A line break between quotation marks belongs to the record.
    """
    parts: list[bytes] = []
    start, size, quotes = 1, 0, 0
    for number, line in enumerate(file, 1):
        if not parts:
            start = number
        parts.append(line)
        size += len(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0 or size > MOST_RECORD_BYTES:
            yield start, b"".join(parts)
            parts, size, quotes = [], 0, 0
    if parts:
        yield start, b"".join(parts)


class Sum(NamedTuple):
    """What a table has of one currency or unit.

    Attributes:
        of: The currency or unit; empty where the table has none.
        rows: How many rows.
        positive, negative: The sums, both as positive numbers, in the last place.
    """

    of: str
    rows: int
    positive: int
    negative: int


class Sums:
    """Counts a table's rows and adds them up."""

    def __init__(self) -> None:
        self.rows = 0
        self._found: dict[str, list[int]] = {}

    def add(self, of: str, value: int | None) -> None:
        """Adds a row; one that has no value to be added counts alone."""
        self.rows += 1
        if value is None:
            return
        row = self._found.setdefault(of, [0, 0, 0])
        row[0] += 1
        row[1 if value > 0 else 2] += abs(value)

    @property
    def sums(self) -> tuple[Sum, ...]:
        """By currency or unit."""
        return tuple(Sum(of, *row) for of, row in sorted(self._found.items()))
