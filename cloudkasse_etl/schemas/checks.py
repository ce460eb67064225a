"""Vectorised checks for the fields of contracts. The code of a failed check is chosen in contract.py.

Each is registered with pandera, so that a field asks for it by name: `pa.Field(clean_key=True)`. None loops over
rows, since a frame has up to a million of them. A check passes on nulls (the field's `nullable` decides about those)
and receives them (`ignore_na=False`), because pandera's dropping of nulls costs a copy of the column each time.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.compute as pc
from pandera.api.extensions import register_check_method

# NUL, tab, line ends, DEL and C1: no register can print them, and PostgreSQL cannot even store NUL. The reader marks
# text that it could not decode by a NUL, so that it is refused here.
_CONTROL = r"\p{Cc}"
_BLANK_AT_AN_END = r"^[\s\p{Z}]|[\s\p{Z}]$"

# The text formats of days, VAT rates in percent, and quantities.
DAY = r"\d{4}-\d{2}-\d{2}"
RATE = r"\d{1,2}\.\d{2}"
QUANTITY = r"\d{1,9}\.\d{3}"

# SQL Server's first day; the reader marks a date that it could not read by one before it.
FIRST_DAY = pd.Timestamp("1753-01-01")
# Programs write an empty date as 1753-01-01 (SQL Server), 1899-12-30 or 1899-12-31 (Delphi, Access) or 1900-01-01 (SQL
# Server's 0). Nothing that a shop sells began or ended before then, so no day up to this one is treated as a date.
LAST_EMPTY_DAY = pd.Timestamp("1900-01-01")

_Check = Callable[..., "pd.Series[bool]"]


def _matches(series: "pd.Series[Any]", pattern: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Mask of the values of a text column that match an RE2 pattern; False on nulls."""
    found = pc.match_substring_regex(pyarrow.array(series, pyarrow.large_string(), from_pandas=True), pattern)
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False))


def _verdict(series: "pd.Series[Any]", passed: np.ndarray[Any, np.dtype[np.bool_]]) -> "pd.Series[bool]":
    return pd.Series(passed, index=series.index)


def _registered(argument: str) -> Callable[[_Check], _Check]:
    """Registers a check with pandera under the function's name."""

    def register(check: _Check) -> _Check:
        register_check_method(statistics=[argument], supported_types=[pd.Series])(check)
        return check

    return register


@_registered("on")
def clean_key(series: "pd.Series[Any]", *, on: bool) -> "pd.Series[bool]":
    """Not empty, no blank at either end, no control character: a number that every system stores unchanged."""
    del on
    return _verdict(series, ~_matches(series, rf"^$|{_CONTROL}|{_BLANK_AT_AN_END}"))


@_registered("on")
def clean_text(series: "pd.Series[Any]", *, on: bool) -> "pd.Series[bool]":
    """No control character."""
    del on
    return _verdict(series, ~_matches(series, _CONTROL))


@_registered("pattern")
def full_match(series: "pd.Series[Any]", *, pattern: str) -> "pd.Series[bool]":
    """The whole text matches an RE2 pattern."""
    return _verdict(series, _matches(series, f"^(?:{pattern})$") | series.isna().to_numpy())


@_registered("limit")
def max_characters(series: "pd.Series[Any]", *, limit: int) -> "pd.Series[bool]":
    """At most `limit` characters."""
    return _verdict(series, ~(series.str.len() > limit).to_numpy(dtype=bool, na_value=False))


@_registered("on")
def finite(series: "pd.Series[Any]", *, on: bool) -> "pd.Series[bool]":
    """Not infinite; the reader replaces a number that it could not read by infinity as well."""
    del on
    return _verdict(series, ~np.isinf(series.to_numpy()))


@_registered("on")
def known_day(series: "pd.Series[Any]", *, on: bool) -> "pd.Series[bool]":
    """A day in SQL Server's range."""
    del on
    return _verdict(series, ~(series < FIRST_DAY).to_numpy())


def key_field(title: str, column: str, description: str, *, limit: int = 40) -> Any:
    """A field for a record's number: kept exactly as it is, or refused.

    Args:
        title: The column's name for people.
        column: Its source: a column of SelectLine, or a key of the settings.
        description: Its meaning.
        limit: Most characters; 40 is the wire's limit.

    Returns:
        The pandera field.
    """
    return pa.Field(
        title=title,
        description=description,
        metadata={"column": column},
        clean_key=True,
        max_characters=limit,
        ignore_na=False,
    )


def keyed(*columns: str) -> Mapping[str, Any]:
    """A contract's metadata: the columns that together identify a record."""
    return {"key": columns}


def text_field(
    title: str,
    column: str,
    description: str,
    *,
    nullable: bool = True,
    pattern: str | None = None,
    also: tuple[str, ...] = (),
) -> Any:
    """A field for a text; its length is not checked here, only by the till.

    Args:
        title: The column's name for people.
        column: Its source: a column of SelectLine, or a key of the settings.
        description: Its meaning.
        nullable: Whether it may be empty.
        pattern: RE2 pattern that the whole text must match.
        also: Further sources that the value is made of.

    Returns:
        The pandera field.
    """
    further: dict[str, Any] = {"full_match": pattern} if pattern else {}
    return pa.Field(
        title=title,
        description=description,
        metadata={"column": column, "also": also},
        nullable=nullable,
        clean_text=True,
        ignore_na=False,
        **further,
    )


def field(
    title: str, column: str, description: str, *, nullable: bool = False, also: tuple[str, ...] = (), **checks: Any
) -> Any:
    """A field of any other type.

    Args:
        title: The column's name for people.
        column: Its source: a column of SelectLine, or a key of the settings.
        description: Its meaning.
        nullable: Whether it may be empty.
        also: Further sources that the value is made of.
        **checks: The checks by name, with their arguments.

    Returns:
        The pandera field.
    """
    return pa.Field(
        title=title,
        description=description,
        metadata={"column": column, "also": also},
        nullable=nullable,
        ignore_na=False,
        **checks,
    )


def shown_limit(check: str) -> str:
    """The limit that a failed check contains in its text, `max_characters(limit=40)`; empty where it has none."""
    found = re.search(r"limit=(\d+)", check)
    return found[1] if found else ""


def clean_column(series: "pd.Series[Any]", dtype: Any) -> "pd.Series[Any]":
    """Converts a column to the standard form of its type if that is lossless; else the contract will refuse it.

    A column of nulls only has no type of its own; days come in any resolution; a text that cannot be encoded (a lone
    surrogate) becomes one that is refused.
    """
    wanted = str(dtype)
    if wanted.startswith("string"):
        return _clean_texts(series)
    if wanted.startswith("datetime64"):
        if isinstance(series.dtype, np.dtype) and series.dtype.kind == "M":
            return series.astype("datetime64[s]")
        if series.isna().all():
            return pd.Series(np.full(len(series), np.datetime64("NaT", "s")), index=series.index)
    if wanted == "bool" and isinstance(series.dtype, pd.BooleanDtype) and not series.isna().any():
        return series.astype(bool)
    if wanted == "float64" and (series.dtype.kind in "iu" or series.isna().all()):
        return series.astype("float64")
    return series


def _clean_texts(series: "pd.Series[Any]") -> "pd.Series[Any]":
    if series.dtype == "str" and getattr(series.dtype, "storage", "") == "pyarrow":
        return series
    values = [None if missing else value for value, missing in zip(series, series.isna(), strict=True)]
    if not all(value is None or isinstance(value, str) for value in values):
        return series
    clean = [value if value is None else _encodable(value) for value in values]
    return pd.Series(pd.array(clean, dtype="str"), index=series.index)


def _encodable(text: str) -> str:
    """The text; if it holds a lone surrogate, one with a NUL instead, which every contract refuses."""
    shown = text.encode("utf-8", "replace").decode("utf-8")
    return text if shown == text else shown + "\x00"
