"""Streams a table's rows, closing by closing, in whatever order the file has them; memory holds two closings' rows.

A first pass over the bytes tells in which order the closings come. Where that is not the order of cashpointclosing.csv,
or a closing's rows are scattered, the rows are sorted by closing in a temporary file.
"""

import csv
import difflib
import io
import marshal
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import IO, Any

from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError
from cloudkasse_etl.tills.dsfinvk.export_files import BROKEN, ExportFiles
from cloudkasse_etl.tills.dsfinvk.standard_tables import KEY, MISSPELT, TableFormat
from cloudkasse_etl.tills.dsfinvk.table_scan import (
    WINDOWS_1252,
    Find,
    Piece,
    Row,
    TableScan,
    UnreadableTableError,
)

BUFFERED_ROWS = 20_000
_ALIKE = 0.8


@dataclass(slots=True)
class ClosingRows:
    """The rows of one closing in one table.

    Attributes:
        name: The table.
        rows: The rows; each has a cell for each column of the standard, and one that is always empty at the end.
        columns: The index of each column in a row.
        lines: The line in which each row begins, or the line of the first one where they follow each other.
    """

    name: str
    rows: list[Row]
    columns: Mapping[str, int]
    lines: int | list[int] = 0

    def line_of(self, row: Row) -> int | None:
        """The line of the file in which a row begins."""
        for at, other in enumerate(self.rows):
            if other is row:
                if isinstance(self.lines, list):
                    return self.lines[at]
                return self.lines + at + sum(cell.count("\n") for past in self.rows[:at] for cell in past)
        return None


class TableRows:
    """The rows of one table of an export.

    Args:
        export: The export.
        name: The table; it need not be there.
        form: How it is written.
        needed: Columns without which it cannot be read.
        warn: Called with a code, a value, the table, a column and what is expected.
    """

    def __init__(
        self,
        export: ExportFiles,
        name: str,
        form: TableFormat,
        *,
        needed: Iterable[str],
        warn: Callable[[str, str, str, str, str], None],
    ) -> None:
        self.name, self._export, self._form, self._warn = name, export, form, warn
        self.columns: dict[str, int] = {column.name: at for at, column in enumerate(form.columns)}
        self.is_there = name in export.tables
        self.width = len(form.columns)
        self._needed = needed
        self._groups: Iterator[tuple[int, ClosingRows]] = iter(())
        self._next: tuple[int, ClosingRows] | None = None
        self._fault: UnreadableTableError | None = None
        self._reader: Any = None
        self._is_utf8 = True
        self._lacks_columns = False
        self._find: Find | None = None
        self.pieces: list[Piece] | None = None if self.is_there else []

    def rows(self) -> Iterator[ClosingRows]:
        """All rows one by one, for the table of the closings itself.

        Raises:
            UnreadableError: The table cannot be read.
        """
        self._is_utf8 = self._scanned(lambda register, number: None).is_utf8
        if not self._is_utf8:
            self._warn("windows_1252", "", self.name, "", "")
        with self._opened() as rows:
            for _, found in self._guarded((0, self._alone(row)) for row in rows):
                yield found

    def _alone(self, row: Row) -> ClosingRows:
        rows = ClosingRows(self.name, [row], self.columns, self._reader.line_num)
        self._checked(row, rows)
        return rows

    def begin(self, find: Find) -> None:
        """Reads the table's order. Where the closings lie one behind the other, `pieces` tells where each one does.

        Args:
            find: The order of the closings.

        Raises:
            UnreadableError: The table cannot be read.
        """
        if not self.is_there:
            return
        scan = self._scanned(find)
        self._is_utf8 = scan.is_utf8
        if not scan.is_utf8:
            self._warn("windows_1252", "", self.name, "", "")
        if (pieces := scan.pieces) is not None:
            self.pieces, self._find = pieces, find
            return
        self._groups = self._guarded(self._in_order(find) if scan.is_sorted else self._sorted(find))
        self._advance()

    def take(self, place: int) -> ClosingRows:
        """The rows of the closing at a place; places must be asked for in order.

        Raises:
            UnreadableError: The table is damaged here.
        """
        found = ClosingRows(self.name, [], self.columns)
        if self._find is not None:
            self._groups, self._find = self._guarded(self._in_order(self._find)), None
            self._advance()
        while self._next is not None and self._next[0] <= place:
            if self._next[0] == place:
                found = self._next[1]
            self._advance()
        if self._fault is not None and not found.rows:
            raise self._fault
        return self._whole(found)

    def text_of(self, data: bytes) -> bytes:
        """Whole lines of the file, in UTF-8."""
        if self._is_utf8:
            return data
        return data.decode(*self._encoding).encode()

    def rows_of(self, data: bytes, line: int) -> ClosingRows:
        """The rows of a piece, whose quotes were looked at.

        Args:
            data: The piece in UTF-8.
            line: The line of its first row.

        Raises:
            UnreadableError: A row has too few cells.
        """
        form = self._form
        reader = csv.reader(
            io.StringIO(data.decode(), newline=""), delimiter=form.delimiter, quotechar=form.quote, strict=True
        )
        rows: list[Row] = []
        first = 0
        for row in filter(None, reader):
            first = first or reader.line_num
            rows.append(row)
        return self._whole(ClosingRows(self.name, rows, self.columns, line - 1 + first))

    def _whole(self, found: ClosingRows) -> ClosingRows:
        if any(map(self.width.__ne__, map(len, found.rows))) or self._lacks_columns:
            for row in found.rows:
                self._checked(row, found)
        return found

    @property
    def _encoding(self) -> tuple[str, str]:
        is_ansi = self._form.is_ansi and not self._is_utf8
        return ("cp1252", "replace") if is_ansi else ("utf-8-sig", WINDOWS_1252)

    def _advance(self) -> None:
        # a fault behind this closing's rows is the next one's
        try:
            self._next = next(self._groups, None)
        except UnreadableTableError as fault:
            self._next, self._fault = None, fault

    def _guarded(self, groups: Iterator[tuple[int, ClosingRows]]) -> Iterator[tuple[int, ClosingRows]]:
        try:
            yield from groups
        except csv.Error as error:
            raise UnreadableTableError("quotes_open", self.name, line=self._line()) from error
        except IndexError as error:
            raise UnreadableTableError(
                "cells_missing", self.name, None, "", "1", str(self.width), self._line()
            ) from error
        except BROKEN as error:
            raise self._unreadable() from error

    def _line(self) -> int | None:
        return self._reader.line_num if self._reader is not None else None

    def _unreadable(self) -> "UnreadableTableError":
        return UnreadableTableError("file_unreadable" if self._export.inside is None else "zip_damaged", self.name)

    def _checked(self, row: Row, rows: ClosingRows | None = None) -> Row:
        if len(row) != self.width:
            if len(row) < self.width or any(row[self.width :]):
                line = rows.line_of(row) if rows else None
                raise UnreadableError("cells_missing", self.name, row, "", str(len(row)), str(self.width), line)
            del row[self.width :]
        row.append("")
        return row

    def _scanned(self, find: Find) -> TableScan:
        scan = TableScan(self.name, self._form, lambda: self._export.open(self.name), find, self._read_header)
        try:
            has_rows = scan.run()
        except BROKEN as error:
            raise self._unreadable() from error
        except csv.Error as error:
            raise UnreadableTableError("quotes_open", self.name) from error
        if not has_rows:
            raise UnreadableTableError("cells_missing", self.name, None, "", "0", str(self.width), 1)
        return scan

    def _read_header(self, header: Row) -> bool:
        names = [name.strip().upper() for name in header]
        for at, name in enumerate(names):
            if (known := MISSPELT.get(name)) and known not in names:
                names[at] = known
                self._warn("column_misspelt", name, self.name, name, known)
        wanted = [column.name for column in self._form.columns]
        unknown = [name for name in names if name not in wanted]
        for name in list(unknown):
            if likely := _alike(name, [column for column in wanted if column not in names]):
                names[names.index(name)] = likely
                unknown.remove(name)
                self._warn("column_misspelt", name, self.name, name, likely)
        if unknown:
            self._warn("columns_unknown", "", self.name, unknown[0], "")
        self.width = len(names)
        self.columns = {name: names.index(name) if name in names else self.width for name in wanted}
        self._lacks_columns = self.width in self.columns.values()
        for name in self._needed:
            if name not in names:
                raise UnreadableTableError("column_missing", self.name, None, name)
        return [self.columns[name] for name in KEY] == [0, 1, 2]

    @contextmanager
    def _opened(self) -> Iterator[Iterator[Row]]:
        """The rows behind the header, without empty ones."""
        form = self._form
        encoding, errors = self._encoding
        with io.TextIOWrapper(self._export.open(self.name), encoding, errors, newline="") as text:
            self._reader = csv.reader(text, delimiter=form.delimiter, quotechar=form.quote, strict=True)
            if form.has_header:
                next(self._reader, None)
            yield filter(None, self._reader)

    def _in_order(self, find: Find) -> Iterator[tuple[int, ClosingRows]]:
        register, number = self.columns["Z_KASSE_ID"], self.columns["Z_NR"]
        unknown = set()
        with self._opened() as rows:
            for key, group in groupby(rows, itemgetter(register, number)):
                line = self._reader.line_num
                place = find(*key)
                if place is not None:
                    yield place, ClosingRows(self.name, list(group), self.columns, line)
                elif key not in unknown:
                    unknown.add(key)
                    self._warn("closing_unknown", f"{key[0]} {key[1]}", self.name, "", "")

    def _sorted(self, find: Find) -> Iterator[tuple[int, ClosingRows]]:
        register, number = self.columns["Z_KASSE_ID"], self.columns["Z_NR"]
        unknown = set()
        with tempfile.TemporaryFile() as file:
            spool = _Spool(file)
            with self._opened() as rows:
                for row in rows:
                    place = find(row[register], row[number])
                    if place is not None:
                        spool.add(place, self._reader.line_num, row)
                    elif (key := (row[register], row[number])) not in unknown:
                        unknown.add(key)
                        self._warn("closing_unknown", f"{key[0]} {key[1]}", self.name, "", "")
            for place in spool.places():
                lines, found = spool.rows(place)
                yield place, ClosingRows(self.name, found, self.columns, lines)


@dataclass
class _Spool:
    """Rows of a table, sorted by closing in a file."""

    file: IO[bytes]
    waiting: dict[int, list[tuple[int, Row]]] = field(default_factory=dict)
    count: int = 0
    segments: dict[int, list[int]] = field(default_factory=dict)

    def add(self, place: int, line: int, row: Row) -> None:
        self.waiting.setdefault(place, []).append((line, row))
        self.count += 1
        if self.count >= BUFFERED_ROWS:
            self._write()

    def _write(self) -> None:
        for place, rows in self.waiting.items():
            self.segments.setdefault(place, []).append(self.file.seek(0, io.SEEK_END))
            marshal.dump(rows, self.file)
        self.waiting, self.count = {}, 0

    def places(self) -> list[int]:
        self._write()
        return sorted(self.segments)

    def rows(self, place: int) -> tuple[list[int], list[Row]]:
        lines, found = [], []
        for offset in self.segments[place]:
            self.file.seek(offset)
            for line, row in marshal.load(self.file):
                lines.append(line)
                found.append(row)
        return lines, found


def _alike(name: str, wanted: list[str]) -> str | None:
    found = difflib.get_close_matches(name, wanted, n=2, cutoff=_ALIKE)
    return found[0] if len(found) == 1 else None
