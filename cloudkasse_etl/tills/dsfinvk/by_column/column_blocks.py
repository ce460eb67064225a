"""The rows of several closings in one table as columns of text, parsed at once."""

from contextlib import ExitStack
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from cloudkasse_etl.tills.dsfinvk.by_column.strict_log import DeviatingError
from cloudkasse_etl.tills.dsfinvk.export_files import BROKEN, ExportFiles
from cloudkasse_etl.tills.dsfinvk.standard_tables import TableFormat
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows, TableRows
from cloudkasse_etl.tills.dsfinvk.table_scan import Find, Piece

_NEWLINE, _RETURN = 10, 13
_KEYS = ("Z_KASSE_ID", "Z_NR")
_LONGEST_ROW: Final = 100_000
"""Python's csv refuses cells that are longer than 131,072 characters."""


class TableBlocks:
    """One table, of which pieces are read in the order of the file.

    Args:
        export: The export.
        table: The table, whose pieces are known.
        form: How it is written.
        find: The place of a closing.
        resources: Closes the file.
    """

    def __init__(
        self, export: ExportFiles, table: TableRows, form: TableFormat, find: Find, resources: ExitStack
    ) -> None:
        self.table, self._find = table, find
        self._export, self._form, self._resources = export, form, resources
        self._pieces = {piece.place: piece for piece in table.pieces or ()}
        self._stream: BinaryIO | None = None
        self._at = 0
        self._data: dict[int, bytes] = {}
        self._is_damaged = False

    def size(self, place: int) -> int:
        """The bytes of a closing's rows."""
        piece = self._pieces.get(place)
        return piece.end - piece.start if piece else 0

    def load(self, places: range) -> None:
        """Reads the pieces of closings, in place of those that were read before."""
        try:
            self._data = {place: self._read(self._pieces[place]) for place in places if place in self._pieces}
        except BROKEN:
            self._data, self._is_damaged = {}, True  # reading by row tells it

    def _read(self, piece: Piece) -> bytes:
        if self._stream is None:
            self._stream = self._resources.enter_context(self._export.open(self.table.name))
        if self._at != piece.start:
            self._stream.seek(piece.start)
        data = self._stream.read(piece.end - piece.start)
        self._at = piece.start + len(data)
        return self.table.text_of(data)

    def rows(self, place: int) -> ClosingRows:
        """The rows of a closing that was loaded.

        Raises:
            DeviatingError: They are not written as usual.
            UnreadableError: They cannot be read.
        """
        data = self._data.get(place, b"")
        if self._is_damaged or not is_well_formed(data, self._form):
            raise DeviatingError("quotes")
        return self.table.rows_of(data, self._pieces[place].line if data else 0)

    def rows_as_they_are(self, place: int) -> ClosingRows:
        """The rows of a closing that was loaded, however they are written; each is asked for once, in order.

        Raises:
            UnreadableError: They cannot be read.
        """
        try:
            return self.rows(place)
        except DeviatingError:
            self._is_damaged = True  # where the next row begins is known no longer
            return self.table.take(place)

    def columns(self, places: range, wanted: tuple[str, ...]) -> dict[str, Any]:
        """Columns of closings that were loaded.

        Args:
            places: The closings.
            wanted: Names of columns of the standard.

        Returns:
            An array of text a column, and as `place` the closing of each row.

        Raises:
            DeviatingError: They are not written as usual.
        """
        pieces = [self._data[place] for place in places if place in self._data]
        data = b"".join(pieces)
        if self._is_damaged or not is_well_formed(data, self._form):
            raise DeviatingError("quotes")
        width = self.table.width
        there = {name: str(self.table.columns[name]) for name in wanted if self.table.columns[name] < width}
        parsed = _parsed(data, self._form, width, list(there.values())) if data.strip() else None
        count = parsed.num_rows if parsed is not None else 0
        found = {}
        for name in wanted:
            column = parsed.column(there[name]) if parsed is not None and name in there else None
            found[name] = _joined(column) if column is not None else pa.array([""] * count, pa.string())
        found["place"] = self._places(found, places)
        return found

    def _places(self, found: dict[str, Any], places: range) -> "np.ndarray[Any, Any]":
        keys = [found.pop(name) for name in _KEYS]
        count = len(keys[0])
        begins = np.ones(count, dtype=bool)
        if count:
            begins[1:] = differ(keys[0]) | differ(keys[1])
        first = np.flatnonzero(begins)
        names = zip(*(key.take(pa.array(first)).to_pylist() for key in keys), strict=True)
        known = [self._find(register, number) for register, number in names]
        if any(place not in places for place in known):
            raise DeviatingError("closing_unknown")
        of_row = np.repeat(np.array(known, dtype="int64"), np.diff(first, append=count))
        if (np.diff(of_row) < 0).any():
            raise DeviatingError("order")
        return of_row


def differ(texts: Any) -> "np.ndarray[Any, Any]":
    """Whether each text but the first differs from the one before."""
    before, after = texts.slice(0, len(texts) - 1), texts.slice(1)
    return np.asarray(pc.not_equal(after, before).to_numpy(zero_copy_only=False))


def _parsed(data: bytes, form: TableFormat, width: int, wanted: list[str]) -> Any:
    try:
        return csv.read_csv(
            pa.BufferReader(data),
            read_options=csv.ReadOptions(column_names=[str(at) for at in range(width)], block_size=len(data) + 1),
            parse_options=csv.ParseOptions(
                delimiter=form.delimiter, quote_char=form.quote, double_quote=True, newlines_in_values=True
            ),
            convert_options=csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise DeviatingError("cells") from error


def _joined(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def is_well_formed(data: bytes, form: TableFormat) -> bool:
    """Whether each quote begins a cell, ends it, or is doubled; lines end as usual, and none is endless.

    Args:
        data: Whole lines.
        form: How they are written.

    Returns:
        Whether two readers of CSV would find the same cells.
    """
    if not data:
        return True
    if data.count(b"\r") != data.count(b"\r\n"):
        return False
    # a line end before and behind, so that each quote has two neighbours
    held = np.frombuffer(b"".join((b"\n", data, b"\n")), dtype="uint8")
    if np.diff(np.flatnonzero(held == _NEWLINE)).max() > _LONGEST_ROW:
        return False
    quotes = np.flatnonzero(held == ord(form.quote))
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    delimiter = ord(form.delimiter)
    before, after = held[opening - 1], held[closing + 1]
    begins = (before == delimiter) | (before == _NEWLINE)
    ends = (after == delimiter) | (after == _RETURN) | (after == _NEWLINE)
    if begins.all() and ends.all():
        return True
    doubled = opening[1:] == closing[:-1] + 1
    begins[1:] |= doubled
    ends[:-1] |= doubled
    return bool(begins.all() and ends.all())
