"""The first pass over a table's file: in which order its closings come, and where the rows of each lie.

Beginnings of lines are compared, nothing is parsed: 0.1 µs a line, against 3 µs for parsing one.
"""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import repeat
from typing import BinaryIO, Final

from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError
from cloudkasse_etl.tills.dsfinvk.standard_tables import TableFormat

WINDOWS_1252: Final = "dsfinvk-windows-1252"
_BLOCK_BYTES: Final = 1 << 16
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")

Row = list[str]
Find = Callable[[str, str], int | None]
"""The place of a closing in cashpointclosing.csv, by Z_KASSE_ID and Z_NR; None where it is not there."""


class UnreadableTableError(UnreadableError):
    """A table cannot be read on, so neither can the rest of its export."""


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(WINDOWS_1252, _as_windows_1252)


@dataclass(frozen=True, slots=True)
class Piece:
    """Where the rows of a closing lie in a table's file.

    Attributes:
        place: The closing's place in cashpointclosing.csv.
        start, end: The bytes.
        line: The line of its first row.
    """

    place: int
    start: int
    line: int
    end: int


@dataclass(slots=True)
class TableScan:
    """A first pass.

    Attributes:
        name: The table.
        form: How it is written.
        open: Opens its file.
        find: The place of a closing.
        read_header: Reads the header, and tells whether the columns of a closing's key come first.
        is_sorted: Whether the closings come in order, and each in one piece.
        is_plain: Whether each row is that of a closing that is known.
        is_utf8: Whether all of the file is UTF-8.
    """

    name: str
    form: TableFormat
    open: Callable[[], BinaryIO]
    find: Find
    read_header: Callable[[Row], bool]
    is_sorted: bool = True
    is_plain: bool = True
    is_utf8: bool = True
    _starts: list[tuple[int, int, int]] = field(default_factory=list)
    _size: int = 0
    _last: int = -1
    _prefix: bytes = b"\xff"

    def run(self) -> bool:
        """Goes through the file.

        Returns:
            Whether there is anything in it that should be.

        Raises:
            UnreadableTableError: It is in no encoding that can be read.
            OSError, csv.Error: It cannot be read; also any other of `BROKEN`.
        """
        is_keyed, is_empty, line = not self.form.has_header, self.form.has_header, 0
        with ExitStack() as resources:
            stream = resources.enter_context(self.open())
            quotes = _Quotes(self.open, self.form.quote.encode(), resources)
            for block in _blocks(stream):
                self._look_at_encoding(block)
                begin = 0
                if self._size == 0 and self.form.has_header:
                    is_empty = False
                    begin, line = (block.find(b"\n") + 1) or len(block), 1
                    is_keyed = self.read_header(next(self._csv([text_of(block[:begin], self.form.is_ansi)]), []))
                    self.is_sorted = is_keyed
                if is_keyed:
                    line = self._block(block[begin:], self._size + begin, line, quotes)
                self._size += len(block)
        return not is_empty

    @property
    def pieces(self) -> list[Piece] | None:
        """Where each closing's rows lie; None where they are scattered."""
        if not (self.is_sorted and self.is_plain):
            return None
        ends = [*(start for _, start, _ in self._starts[1:]), self._size]
        return [Piece(*start, end) for start, end in zip(self._starts, ends, strict=False)]

    def _look_at_encoding(self, block: bytes) -> None:
        if self.is_utf8 and not block.isascii():
            self.is_utf8 = is_utf8(block)
            if self._size == 0 and block.startswith(_UTF_16):
                raise UnreadableTableError("encoding_unknown", self.name)
        if b"\0" in block:
            raise UnreadableTableError("encoding_unknown", self.name)

    def _block(self, block: bytes, offset: int, line: int, quotes: "_Quotes") -> int:
        """Goes through the lines of a block; returns how many lines there were up to its end."""
        lines = block.split(b"\n")
        if not lines[-1]:
            lines.pop()  # behind the last line end
        at = 0
        while at < len(lines):
            alike = list(map(bytes.startswith, lines[at:], repeat(self._prefix)))
            ends = alike.index(False) if False in alike else len(alike)
            offset += sum(map(len, lines[at : at + ends])) + ends
            at += ends
            if at < len(lines):
                self._line(lines[at] + b"\n", offset, line + at + 1, quotes)
                offset += len(lines[at]) + 1
                at += 1
        return line + len(lines)

    def _line(self, text: bytes, offset: int, line: int, quotes: "_Quotes") -> None:
        """A line that begins otherwise than the one before."""
        cells = self._beginning(text)
        place = self.find(cells[0], cells[2]) if len(cells) > 2 else None
        if place is None:
            # the rest of a text with line breaks, or an unknown closing
            if self.is_plain and text.strip(b"\r\n"):
                self.is_plain = quotes.are_open(offset)
            return
        mark = self.form.delimiter.encode()
        parts = text.split(mark, 3)[:3]
        self._prefix = mark.join(parts) + mark
        self.is_sorted &= place > self._last and all(part.count(b'"') % 2 == 0 for part in parts)
        self._last = place
        self._starts.append((place, offset, line))

    def _beginning(self, line: bytes) -> Row:
        try:
            return next(self._csv([text_of(line, self.form.is_ansi)]), [])
        except csv.Error:
            return []  # the rest of a text with line breaks

    def _csv(self, lines: Iterable[str]) -> "Iterator[Row]":
        return csv.reader(lines, delimiter=self.form.delimiter, quotechar=self.form.quote)


@dataclass(slots=True)
class _Quotes:
    """Counts quotes up to a place of a file; few files need it, so the file is read once more."""

    open: Callable[[], BinaryIO]
    quote: bytes
    resources: ExitStack
    count: int = 0
    at: int = 0
    stream: BinaryIO | None = None

    def are_open(self, offset: int) -> bool:
        """Whether the quotes before this byte, which is behind that of the last call, leave a text open."""
        if self.stream is None:
            self.stream = self.resources.enter_context(self.open())
        while self.at < offset:
            block = self.stream.read(min(offset - self.at, _BLOCK_BYTES))
            self.count += block.count(self.quote)
            self.at += len(block)
        return self.count % 2 == 1


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """A file in blocks of whole lines."""
    rest: list[bytes] = []
    while block := stream.read(_BLOCK_BYTES):
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join((*rest, block[:end]))
            rest = []
        rest.append(block[end:])
    if any(rest):
        yield b"".join(rest)


def is_utf8(line: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def text_of(line: bytes, is_ansi: bool) -> str:
    """A line without the mark that a file may begin with.

    Args:
        line: The bytes.
        is_ansi: Whether the file is said to be in Windows-1252.

    Returns:
        The text.
    """
    text = line.decode("cp1252", "replace") if is_ansi and not is_utf8(line) else line.decode("utf-8", WINDOWS_1252)
    return text.removeprefix("\ufeff")
