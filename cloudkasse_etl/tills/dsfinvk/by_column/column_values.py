"""Columns of text as values: each distinct text is read once, as the translation by row would read it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cloudkasse_etl.tills.dsfinvk.by_column.strict_log import DeviatingError
from cloudkasse_etl.tills.dsfinvk.cells.amounts import CENT, Amounts

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_FEW = 4

_quoted = msgspec.json.Encoder().encode


class Values:
    """A column by its distinct texts.

    Attributes:
        column: The distinct texts, as a column.
        codes: Of each row the index of its text.
    """

    def __init__(self, column: Any) -> None:
        encoded = column.dictionary_encode()
        self.column = encoded.dictionary
        self.codes: Integers = encoded.indices.to_numpy().astype("int64", copy=False)

    @cached_property
    def texts(self) -> list[str]:
        """The distinct texts."""
        found: list[str] = self.column.to_pylist()
        return found

    def read(self, value: Callable[[str], Any]) -> list[Any]:
        """A value of each distinct text."""
        return [value(text) for text in self.texts]

    def integers(self, value: Callable[[str], int]) -> Integers:
        """A whole number of each row."""
        return np.array(self.read(value), dtype="int64")[self.codes]

    def flags(self, value: Callable[[str], bool]) -> Booleans:
        """A truth value of each row."""
        return np.array(self.read(value), dtype=bool)[self.codes]

    def pieces(self, piece: Callable[[str], str]) -> Any:
        """A piece of JSON of each row, as a column."""
        return pieces_of(self.read(piece), self.codes)


def all_match(texts: Any, pattern: str) -> bool:
    """Whether each text of a column matches."""
    return pc.all(pc.match_substring_regex(texts, pattern)).as_py() is not False


def units_of(
    column: Any, amounts: Amounts, table: str, name: str, decimals: int = 2, *, empty: int | None = None
) -> Integers:
    """The numbers of a column in hundred-thousandths, as `Amounts.units` reads them.

    Numbers of one column mostly have the same decimals behind a comma: then they are read at once.

    Args:
        column: The texts.
        amounts: Reads what is spelled otherwise.
        table, name, decimals: Of the column.
        empty: What an empty text is; None where there must be none.

    Returns:
        A number for each row.

    Raises:
        DeviatingError, UnreadableError: One is no number, or its spelling has to be told.
    """
    values = Values(column)
    texts = values.column
    if empty == 0:
        texts = pc.if_else(pc.equal(texts, ""), "0,00000" if decimals == 5 else f"0,{'0' * decimals}", texts)
    first = texts[0].as_py() if len(texts) else ""
    places = len(first.partition(",")[2])
    is_clear = not amounts.has_points and 0 < places <= 5 and (places != 3 or decimals == 3)
    if is_clear and all_match(texts, f"^-?[0-9]{{1,11}},[0-9]{{{places}}}$"):
        digits = np.asarray(pc.replace_substring(texts, ",", "").cast(pa.int64()).to_numpy())
        found: Integers = digits.astype("int64") * 10 ** (5 - places)
        return found[values.codes]

    def units(text: str) -> int:
        if not text.strip():
            if empty is None or text:
                raise DeviatingError("value_missing")
            return empty
        return amounts.units(text, table, name, None, decimals)

    return values.integers(units)


def distinct(codes: Integers, limit: int) -> tuple[list[int], Integers]:
    """The distinct values of codes below a limit in their order, and of each row the index of its value."""
    if limit > _FEW * len(codes) + 1000:
        unique, inverse = np.unique(codes, return_inverse=True)
        return unique.tolist(), inverse
    there = np.bincount(codes, minlength=limit) > 0
    return np.flatnonzero(there).tolist(), (np.cumsum(there) - 1)[codes]


def pieces_of(texts: Sequence[str], codes: Integers) -> Any:
    """Each row's piece of JSON, as a column."""
    return pa.array(texts, pa.large_string()).take(pa.array(codes))


def objects(values: Iterable[Any], codes: Integers) -> list[Any]:
    """A value of each row, as a list."""
    held = list(values)
    found = np.empty(len(held), dtype=object)
    found[:] = held
    picked: list[Any] = found[codes].tolist()
    return picked


def joined(*pieces: Any) -> Any:
    """Each row's pieces, columns or the same text in each row, one behind the other."""
    large = pa.large_string()
    return pc.binary_join_element_wise(
        *(pa.scalar(piece, large) if isinstance(piece, str) else piece.cast(large) for piece in pieces),
        pa.scalar("", large),
    )


def quoted(text: str | None) -> str:
    """A text or null in JSON."""
    return "null" if text is None else _quoted(text).decode()


def integer_text(values: Integers) -> Any:
    """Whole numbers in JSON."""
    return pa.array(values).cast(pa.large_string())


def cents_of(units: Integers) -> Integers:
    """Whole cents.

    Raises:
        DeviatingError: There are fractions.
    """
    cents, rest = np.divmod(units, CENT)
    if rest.any():
        raise DeviatingError("number_fraction")
    return cents


def rounded_cents(units: Integers) -> Integers:
    """Cents, halves away from zero (amounts.rounded)."""
    found: Integers = np.sign(units) * ((2 * np.abs(units) + CENT) // (2 * CENT))
    return found


def sums_of(values: Integers, offsets: Integers) -> Integers:
    """The sum of each group of rows that follow each other."""
    running = np.concatenate(([0], np.cumsum(values)))
    found: Integers = running[offsets[1:]] - running[offsets[:-1]]
    return found
