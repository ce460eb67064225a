"""Converts driver values to columns, a chunk at a time: vectorised while a chunk is clean, else value by value.

A foreign database may contain anything: SQLite accepts text in a float column, PostgreSQL has NaN and infinite days.
One such cell must not stop the run. It becomes a value that every contract refuses (text with a NUL, infinity, a day
before SQL Server's first one, a null flag), and the original value is kept for the message.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from cloudkasse_etl.erp.selectline.erp_tables import Kind

UNREADABLE_MARK = "\x00"
UNREADABLE_NUMBER = math.inf
UNREADABLE_DAY = dt.date(1, 1, 1)

# Contents of unreadable cells are only shown in messages, so a few are enough, and shortened.
_KEPT_CELLS = 1000
_KEPT_CHARACTERS = 200

_TEXT = pyarrow.large_string()
# How PostgreSQL and SQLite write a day or a time. Before there were time zones an offset has seconds.
_CLOCK = r"[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
_OFFSET = r"(?:Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)"
_DAY = rf"^\d{{4}}-\d{{2}}-\d{{2}}(?:{_CLOCK}{_OFFSET}?)?$"
_ZONED = rf"^\d{{4}}-\d{{2}}-\d{{2}}{_CLOCK}{_OFFSET}$"
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
_BITS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False, "": False}

_Array: TypeAlias = Any  # pyarrow has no type stubs
_Unreadable = dict[int, str]


class Column:
    """Collects a column's chunks.

    Args:
        kind: The type of its values.
        zone: The zone that decides the day of a point in time, whatever the zone of the server or the session. A time
            without an offset is the ERP's local time: its day is the one that is written.

    Attributes:
        unreadable: The contents of cells that could not be read, by place.
        is_foreign: Whether a number that identifies records was stored as something other than text.
    """

    def __init__(self, kind: Kind, zone: dt.tzinfo = dt.UTC) -> None:
        self._convert = partial(_day, zone=zone) if kind is Kind.DAY else _CONVERTERS[kind]
        self._type = _TYPES[kind]
        self._chunks: list[_Array] = []
        self._length = 0
        self._kind = kind
        self.unreadable: _Unreadable = {}
        self.is_foreign = False

    def add(self, values: Sequence[Any]) -> None:
        """Adds the next rows' values, as the driver returned them."""
        array, unreadable = self._convert(values)
        if self._kind is Kind.KEY and not self.is_foreign:
            # SQLite only: a value shown as the text A1 is not necessarily found by that text
            self.is_foreign = not set(map(type, values)) <= {str, type(None)}
        for position, text in unreadable.items():
            if len(self.unreadable) >= _KEPT_CELLS:
                break
            self.unreadable[self._length + position] = text[:_KEPT_CHARACTERS]
        self._chunks.append(array)
        self._length += len(array)

    def clear(self) -> None:
        """Discards all values, for another attempt."""
        self._chunks, self._length, self.unreadable = [], 0, {}

    def series(self) -> "pd.Series[Any]":
        """The whole column; the chunks are released."""
        whole = pyarrow.chunked_array(self._chunks, type=self._type)
        self._chunks = []
        if self._type == pyarrow.bool_() and whole.null_count:
            return pd.Series(pd.array(whole.to_pylist(), dtype="boolean"))
        if self._type == pyarrow.date32():
            return pd.Series(whole.cast(pyarrow.timestamp("s")).to_numpy().astype("datetime64[s]"))
        if self._type == _TEXT:
            return pd.Series(pd.array(whole, dtype="str"))
        return pd.Series(whole.to_numpy())


def empty(kind: Kind, length: int) -> "pd.Series[Any]":
    """An empty column in place of one that the table lacks."""
    column = Column(kind)
    column.add([None] * length)
    return column.series()


def tolerant_text(data: bytes) -> str:
    """Bytes of SQLite as text; invalid UTF-8 becomes text that the contracts refuse."""
    return _one_text(data) or ""


def row_ids(values: Iterable[Any]) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """SelectLine's row numbers; one that is not an integer is replaced by a negative one, to be reported."""
    taken = list(values)
    try:
        return np.asarray(pyarrow.array(taken, pyarrow.int64()).to_numpy())
    except (pyarrow.ArrowException, OverflowError):
        return np.array([v if isinstance(v, int) and abs(v) < 2**63 else -i for i, v in enumerate(taken, 1)], np.int64)


def _key(values: Sequence[Any]) -> tuple[_Array, _Unreadable]:
    try:
        return pyarrow.array(values, _TEXT), {}
    except (pyarrow.ArrowException, UnicodeError):
        return _each(values, _one_text, _TEXT, lambda text: text is not None and text.endswith(UNREADABLE_MARK))


def _text(values: Sequence[Any]) -> tuple[_Array, _Unreadable]:
    array, unreadable = _key(values)
    bare = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.equal(pc.binary_length(bare), 0), pyarrow.scalar(None, _TEXT), bare), unreadable


def _number(values: Sequence[Any]) -> tuple[_Array, _Unreadable]:
    unreadable: _Unreadable = {}
    try:
        array = pyarrow.array(values, pyarrow.float64())
    except pyarrow.ArrowException:
        array, unreadable = _each(values, _one_number, pyarrow.float64(), lambda number: number == UNREADABLE_NUMBER)
    finite = pc.is_finite(array)
    if pc.all(finite).as_py() is False:
        for position in np.flatnonzero(~pc.fill_null(finite, True).to_numpy(zero_copy_only=False)).tolist():
            unreadable.setdefault(position, str(values[position]))
        array = pc.if_else(finite, array, UNREADABLE_NUMBER)
    return array, unreadable


def _version(values: Sequence[Any]) -> tuple[_Array, _Unreadable]:
    try:
        return pyarrow.array(values, pyarrow.int64()), {}
    except (pyarrow.ArrowException, OverflowError):
        return pyarrow.nulls(len(values), pyarrow.int64()), {}


def _bit(values: Sequence[Any]) -> tuple[_Array, _Unreadable]:
    try:
        return pc.fill_null(pyarrow.array(values, pyarrow.bool_()), False), {}
    except pyarrow.ArrowException:
        pass
    try:
        return pc.fill_null(pc.not_equal(pyarrow.array(values, pyarrow.int64()), 0), False), {}
    except (pyarrow.ArrowException, OverflowError):
        return _each(values, _one_bit, pyarrow.bool_(), lambda bit: bit is None)


def _day(values: Sequence[Any], zone: dt.tzinfo) -> tuple[_Array, _Unreadable]:
    try:
        return _days_of_texts(pyarrow.array(values, _TEXT), zone)
    except (pyarrow.ArrowException, UnicodeError):
        pass
    try:
        array = pyarrow.array(values)
        # with a zone Arrow would give the day in UTC
        if pyarrow.types.is_date(array.type) or (pyarrow.types.is_timestamp(array.type) and array.type.tz is None):
            return array.cast(pyarrow.date32(), safe=False), {}
    except (pyarrow.ArrowException, OverflowError, TypeError, ValueError):
        pass
    known = _Days(zone)
    return _each(values, known.of, pyarrow.date32(), lambda day: day == UNREADABLE_DAY)


def _days_of_texts(texts: _Array, zone: dt.tzinfo) -> tuple[_Array, _Unreadable]:
    if texts.null_count == len(texts):
        return pyarrow.nulls(len(texts), pyarrow.date32()), {}
    filled = pc.and_(texts.is_valid(), pc.not_equal(pc.fill_null(texts, ""), ""))
    days = pc.if_else(pc.match_substring_regex(texts, _DAY), pc.utf8_slice_codeunits(texts, 0, 10), None)
    zoned = pc.fill_null(pc.match_substring_regex(texts, _ZONED), False)
    if pc.any(zoned).as_py():
        known = _Days(zone)
        found = [known.written(text) for text in texts.filter(zoned).to_pylist()]
        days = pc.replace_with_mask(days, zoned, pyarrow.array(found, _TEXT))
    try:
        array = days.cast(pyarrow.date32())
    except pyarrow.ArrowInvalid:  # the 30th of February
        parsed = pd.to_datetime(pd.Series(days.to_pandas()), format="%Y-%m-%d", errors="coerce")
        array = pyarrow.array(parsed, from_pandas=True).cast(pyarrow.date32(), safe=False)
    bad = pc.and_(filled, array.is_null())
    positions = np.flatnonzero(bad.to_numpy(zero_copy_only=False)).tolist()
    return pc.if_else(bad, UNREADABLE_DAY, array), {p: texts[p].as_py() for p in positions[:_KEPT_CELLS]}


def _each(
    values: Sequence[Any],
    one: Callable[[Any], Any],
    kind: pyarrow.DataType,
    is_unreadable: Callable[[Any], bool],
) -> tuple[_Array, _Unreadable]:
    """The slow way, for a chunk with unexpected values."""
    taken = [one(value) for value in values]
    bad = [position for position, value in enumerate(taken) if is_unreadable(value)][:_KEPT_CELLS]
    return pyarrow.array(taken, kind), {position: _shown(values[position]) for position in bad}


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return value[:_KEPT_CHARACTERS].decode("utf-8", "replace")
    return str(value)[:_KEPT_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _one_text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("utf-8", "replace") + UNREADABLE_MARK
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # an article number in an SQLite column without a type
    text = str(value)
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return text if clean == text else clean + UNREADABLE_MARK


def _one_number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return UNREADABLE_NUMBER
    try:
        return float(value) if isinstance(value, str | int | float | Decimal) else UNREADABLE_NUMBER
    except (OverflowError, ValueError):
        return UNREADABLE_NUMBER


def _one_bit(value: Any) -> bool | None:
    if value is None:
        return False
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int | float | Decimal):
        return bool(value)
    return _BITS.get(value.strip().lower()) if isinstance(value, str) else None


class _Days:
    """The days of values, one by one; those of points in time are looked up, since a table has few different ones."""

    def __init__(self, zone: dt.tzinfo) -> None:
        self._zone = zone
        self._known: dict[Any, dt.date] = {}

    def of(self, value: Any) -> dt.date | None:
        """The day of a value; None where it is empty."""
        if value is None or value == "":
            return None
        if isinstance(value, dt.date) and (not isinstance(value, dt.datetime) or value.tzinfo is None):
            return value.date() if isinstance(value, dt.datetime) else value
        if not isinstance(value, str | dt.datetime):
            return UNREADABLE_DAY
        day = self._known.get(value)
        if day is None:
            day = self._known[value] = self._read(value)
        return day

    def written(self, text: str) -> str | None:
        """The day of a text in ISO 8601; None where it is not a day."""
        day = self.of(text)
        return None if day is None or day == UNREADABLE_DAY else day.isoformat()

    def _read(self, value: str | dt.datetime) -> dt.date:
        try:
            if isinstance(value, str):
                if not re.match(_DAY, value):
                    return UNREADABLE_DAY
                if not re.match(_ZONED, value):
                    return dt.date.fromisoformat(value[:10])
                value = dt.datetime.fromisoformat(value)
            return value.astimezone(self._zone).date()
        except ValueError:
            return UNREADABLE_DAY
        except OverflowError:  # the last hours of the year 9999, or the first of the year 1
            return dt.date.max if isinstance(value, dt.datetime) and value.year == dt.MAXYEAR else UNREADABLE_DAY


_CONVERTERS: dict[Kind, Callable[[Sequence[Any]], tuple[_Array, _Unreadable]]] = {
    Kind.KEY: _key,
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.BIT: _bit,
    Kind.VERSION: _version,
}
_TYPES = {
    Kind.KEY: _TEXT,
    Kind.TEXT: _TEXT,
    Kind.NUMBER: pyarrow.float64(),
    Kind.BIT: pyarrow.bool_(),
    Kind.DAY: pyarrow.date32(),
    Kind.VERSION: pyarrow.int64(),
}
