"""Reads closings by column, several at once; None where something in them has to be reported, or is not as usual."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import pyarrow.compute as pc

from cloudkasse_etl.schemas.wire_receipts import Closing
from cloudkasse_etl.tills.dsfinvk.by_column.column_blocks import TableBlocks
from cloudkasse_etl.tills.dsfinvk.by_column.column_values import Values
from cloudkasse_etl.tills.dsfinvk.by_column.receipt_columns import WANTED, ClosingHead, ReceiptsByColumn
from cloudkasse_etl.tills.dsfinvk.by_column.row_owners import Columns
from cloudkasse_etl.tills.dsfinvk.by_column.strict_log import DeviatingError, StrictLog
from cloudkasse_etl.tills.dsfinvk.by_column.translated_closings import TranslatedClosings
from cloudkasse_etl.tills.dsfinvk.cells.amounts import Amounts
from cloudkasse_etl.tills.dsfinvk.cells.moments import Moments
from cloudkasse_etl.tills.dsfinvk.closing_translation import ClosingTranslation
from cloudkasse_etl.tills.dsfinvk.deviation_log import DeviationLog
from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError
from cloudkasse_etl.tills.dsfinvk.export_files import ExportFiles
from cloudkasse_etl.tills.dsfinvk.line_translation import LineTranslation
from cloudkasse_etl.tills.dsfinvk.standard_tables import STANDARD, TableFormat
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows, TableRows
from cloudkasse_etl.tills.dsfinvk.table_scan import Find

BATCH_BYTES: Final = 4_000_000
MEASURED: Final = {
    "transactions": ("BON_ID", "BEDIENER_ID", "KUNDE_ID", "BON_NOTIZ"),
    "lines": ("ARTIKELTEXT", "ART_NR", "GTIN", "EINHEIT", "GUTSCHEIN_NR"),
    "datapayment": ("ZAHLART_NAME",),
}
"""Texts that are stored; of the others no length is looked at."""
_KEYS = ("Z_KASSE_ID", "Z_NR")

ReadHead = Callable[[int, Mapping[str, ClosingRows], Amounts, Moments, DeviationLog], ClosingHead]
"""Reads the head of the closing at a place from those of its tables that are read by row."""


@dataclass(frozen=True, slots=True)
class ColumnClosing:
    """A closing that was read by column.

    Attributes:
        closing: The closing.
        faults: What its own sums deviate in.
        texts: Its receipts in JSON.
        at, batch: Its place in the batch.
    """

    closing: Closing
    faults: list[UnreadableError]
    texts: list[bytes]
    at: int
    batch: TranslatedClosings


class _SumsLog(StrictLog):
    """Takes what the closing's own sums deviate in: that can be reported without looking at single rows."""

    def __init__(self, log: DeviationLog) -> None:
        super().__init__(log)
        self.faults: list[UnreadableError] = []

    def add(self, fault: UnreadableError, *, receipt: str = "", number: int | None = None) -> None:
        self.faults.append(fault)


@dataclass(slots=True)
class ColumnReader:
    """Reads the closings of one export, all of whose tables come in pieces.

    Attributes:
        export: The export.
        formats: How its tables are written.
        tables: Its tables.
        find: The place of a closing.
        zone: The shop's time zone.
        log: The export's log.
        resources: Closes the files.
        read_head: Reads the head of a closing.
    """

    export: ExportFiles
    formats: Mapping[str, TableFormat]
    tables: Mapping[str, TableRows]
    find: Find
    zone: dt.tzinfo
    log: DeviationLog
    resources: ExitStack
    read_head: ReadHead
    _blocks: dict[str, TableBlocks] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._blocks = {
            name: TableBlocks(self.export, table, self.formats[name], self.find, self.resources)
            for name, table in self.tables.items()
        }

    def load(self, first: int, count: int) -> range:
        """Reads the rows of closings that follow each other, as many as fit into memory.

        Args:
            first: The place of the first one.
            count: How many closings there are.

        Returns:
            Their places.
        """
        size, end = 0, first
        while end < count and (end == first or size < BATCH_BYTES):
            size += sum(block.size(end) for block in self._blocks.values())
            end += 1
        places = range(first, end)
        for block in self._blocks.values():
            block.load(places)
        return places

    def rows(self, name: str, place: int) -> ClosingRows:
        """A table's rows of a closing that was loaded.

        Raises:
            UnreadableError: They cannot be read.
        """
        return self._blocks[name].rows_as_they_are(place)

    def read(self, places: range) -> list[ColumnClosing] | None:
        """Translates closings that were loaded, which must follow each other.

        Returns:
            The closings; None where one of them has to be read by row.
        """
        try:
            return self._read(places)
        except (DeviatingError, UnreadableError):
            return None

    def _read(self, places: range) -> list[ColumnClosing]:
        log = StrictLog(self.log)
        by_row = [
            {name: self._blocks[name].rows(place) for name in self.tables if name not in WANTED} for place in places
        ]
        columns = {name: self._blocks[name].columns(places, (*_KEYS, *WANTED[name])) for name in WANTED}
        has_points = self.formats["transactions"].decimal_symbol == "."

        def cells() -> Iterator[str]:
            found = list(_number_cells(by_row, columns))
            # the numbers of one closing decide how another's are read only where all are written with points
            if len(places) > 1 and (not has_points or any("," in text for text in found)):
                raise DeviatingError("number_unclear")
            return iter(found)

        amounts, moments = Amounts(cells, log.spelled, has_points=has_points), Moments(self.zone, log.spelled)
        heads = [
            self.read_head(place, tables, amounts, moments, log) for place, tables in zip(places, by_row, strict=True)
        ]
        self._measure(columns, log)
        translation = LineTranslation({}, heads[0].rates, amounts, log)
        batch = TranslatedClosings(ReceiptsByColumn(heads, places.start, columns, translation, moments, log))
        return [
            self._closing(head, tables, amounts, at, batch)
            for at, (head, tables) in enumerate(zip(heads, by_row, strict=True))
        ]

    def _closing(
        self, head: ClosingHead, tables: Mapping[str, ClosingRows], amounts: Amounts, at: int, batch: TranslatedClosings
    ) -> ColumnClosing:
        log = _SumsLog(self.log)
        translation = ClosingTranslation(tables, head.row, head.rates, amounts, log, head.currency)
        closing = translation.closing(
            head.register,
            head.number,
            head.created_at,
            head.business_day,
            numbers=batch.numbers(at),
            count=batch.count(at),
        )
        translation.compare_closing(closing, batch.sums(at))
        return ColumnClosing(closing, log.faults, batch.texts(at), at, batch)

    def _measure(self, columns: Mapping[str, Columns], log: StrictLog) -> None:
        for name, measured in MEASURED.items():
            lengths = {column.name: column.length for column in self.formats[name].columns}
            for column in measured:
                length = lengths.get(column)
                if length and (pc.max(pc.utf8_length(columns[name][column])).as_py() or 0) > length:
                    log.noted("text_too_long", "", name, column, str(length))


def _number_cells(by_row: list[dict[str, ClosingRows]], columns: Mapping[str, Columns]) -> Iterator[str]:
    for tables in by_row:
        for name, table in tables.items():
            numbers = [table.columns[c.name] for c in STANDARD[name].columns if c.decimals and c.name in table.columns]
            for row in table.rows:
                for at in numbers:
                    yield row[at]
    for name, table_columns in columns.items():
        for column in STANDARD[name].columns:
            if column.decimals and column.name in table_columns:
                yield from Values(table_columns[column.name]).texts
