"""Reads one export: closing by closing, each with its receipts in wire format and what deviates.

Memory holds two closings, whatever the export's size.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.schemas.wire_receipts import Closing, Receipt, ReceiptColumns
from cloudkasse_etl.tills.dsfinvk.by_column.column_reader import MEASURED, ColumnClosing, ColumnReader
from cloudkasse_etl.tills.dsfinvk.by_column.receipt_columns import ClosingHead
from cloudkasse_etl.tills.dsfinvk.cells.amounts import Amounts
from cloudkasse_etl.tills.dsfinvk.cells.moments import Moments, read_day
from cloudkasse_etl.tills.dsfinvk.closing_translation import ClosingTranslation, has_effect
from cloudkasse_etl.tills.dsfinvk.deviation_log import DeviationLog
from cloudkasse_etl.tills.dsfinvk.deviations import Deviation, UnreadableError
from cloudkasse_etl.tills.dsfinvk.export_files import BROKEN, INDEX, ExportFiles
from cloudkasse_etl.tills.dsfinvk.receipt_translation import ReceiptTranslation, receipt_id
from cloudkasse_etl.tills.dsfinvk.standard_codes import VatRates, whole
from cloudkasse_etl.tills.dsfinvk.standard_tables import CLOSINGS, STANDARD, TableFormat
from cloudkasse_etl.tills.dsfinvk.table_index import MAX_BYTES, UnreadableIndexError, read_index
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows, TableRows
from cloudkasse_etl.tills.dsfinvk.table_scan import UnreadableTableError

DEFAULT_CURRENCY: Final = "EUR"
_KEYS = ("Z_KASSE_ID", "Z_NR")
# Columns without which a table says nothing.
_NEEDED: Final = {
    "cashpointclosing": ("Z_ERSTELLUNG",),
    "cashregister": ("KASSE_BASISWAEH_CODE",),
    "tse": ("TSE_ID", "TSE_SERIAL"),
    "vat": ("UST_SCHLUESSEL", "UST_SATZ"),
    "businesscases": ("GV_TYP", "UST_SCHLUESSEL", "Z_UMS_BRUTTO"),
    "payment": ("ZAHLART_TYP", "Z_ZAHLART_BETRAG"),
    "cash_per_currency": ("ZAHLART_WAEH", "ZAHLART_BETRAG_WAEH"),
    "transactions": ("BON_ID", "BON_NR", "BON_TYP", "BON_STORNO", "BON_ENDE", "UMS_BRUTTO"),
    "datapayment": ("BON_ID", "ZAHLART_TYP", "BASISWAEH_BETRAG"),
    "lines": ("BON_ID", "POS_ZEILE", "GV_TYP", "P_STORNO", "AGENTUR_ID", "ART_NR", "MENGE"),
    "itemamounts": ("BON_ID", "POS_ZEILE"),
    "subitems": ("BON_ID", "POS_ZEILE"),
    "transactions_tse": ("BON_ID",),
    "transactions_vat": ("BON_ID", "UST_SCHLUESSEL"),
    "lines_vat": ("BON_ID", "POS_ZEILE", "UST_SCHLUESSEL"),
    "references": ("BON_ID", "POS_ZEILE", "REF_TYP", "REF_BON_ID"),
}
_content = msgspec.json.Encoder(order="deterministic")
_receipts = msgspec.json.Decoder(Receipt)


@dataclass(frozen=True)
class ClosingRecord:
    """A closing of an export with its receipts.

    Attributes:
        export: The export's path.
        till_id: Z_KASSE_ID; empty for what an export has besides its closings.
        register: What the settings call it; Z_KASSE_ID where they do not.
        number: Z_NR.
        closing: The closing; None if it is refused.
        read_by_row: Its receipts that could be read, where it was read by row.
        read_by_column: The closing as it was read by column.
        deviations: What was read with a warning, and what was refused.
        content: A digest of the closing and its receipts; equal in two exports if their content is.
    """

    export: str
    till_id: str = ""
    register: str = ""
    number: int | None = None
    closing: Closing | None = None
    read_by_row: tuple[Receipt, ...] = ()
    read_by_column: ColumnClosing | None = None
    deviations: tuple[Deviation, ...] = ()
    content: str = ""

    @cached_property
    def receipts(self) -> tuple[Receipt, ...]:
        """Its receipts that could be read."""
        if self.read_by_column is None:
            return self.read_by_row
        return tuple(map(_receipts.decode, self.read_by_column.texts))

    @property
    def texts(self) -> list[bytes]:
        """Its receipts that could be read, each in JSON."""
        if self.read_by_column is None:
            return list(map(_content.encode, self.read_by_row))
        return self.read_by_column.texts

    @cached_property
    def columns(self) -> ReceiptColumns | None:
        """Its receipts as columns; None where it was read by row."""
        found = self.read_by_column
        return found.batch.columns(found.at, found.texts) if found else None

    @property
    def refusals(self) -> tuple[Deviation, ...]:
        """What could not be read."""
        return tuple(deviation for deviation in self.deviations if deviation.is_refusal)

    @property
    def unreadable(self) -> dict[str, Deviation]:
        """Id of a receipt → the first reason why it could not be read."""
        found: dict[str, Deviation] = {}
        for deviation in self.refusals:
            if deviation.receipt and self.number is not None:
                found.setdefault(receipt_id(self.till_id, self.number, deviation.receipt), deviation)
        return found


@dataclass(frozen=True, slots=True)
class _Head:
    rows: ClosingRows
    till_id: str
    register: str
    number: int


class ExportReader:
    """Reads an export.

    Args:
        export: The export, which must be whole.
        zone: The shop's time zone.
        by_column: Whether closings in which nothing deviates are read by column.
        names: Z_KASSE_ID → what the settings call the register, where that is another name.
    """

    def __init__(
        self,
        export: ExportFiles,
        zone: dt.tzinfo,
        *,
        by_column: bool = True,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._names = names or {}
        self._export, self._zone, self._is_by_column = export, zone, by_column
        self._log = DeviationLog(export)
        self._heads: list[_Head] = []
        self._places: dict[tuple[str, int], int] = {}
        self._found: dict[tuple[str, str], int | None] = {}

    def closings(self) -> Iterator[ClosingRecord]:
        """Yields the closings in the order of cashpointclosing.csv; the last one may hold refusals of the export."""
        try:
            self._read_heads()
            for table in self._tables.values():
                table.begin(self._place)
            if all(table.pieces is not None for table in self._tables.values()):
                yield from self._in_pieces()
            else:
                for place in range(len(self._heads)):
                    yield self._read(place, lambda name, place: self._tables[name].take(place))
        except UnreadableError as fault:
            self._log.begin("", None, self._log.tables)
            self._log.add(fault)
        if left := self._log.taken():
            yield ClosingRecord(self._export.shown, deviations=left)

    def registers(self) -> tuple[list[str], list[Deviation]]:
        """The registers (Z_KASSE_ID) of the closings, without reading these; and why no more of them can be read."""
        try:
            self._read_heads()
        except UnreadableError as fault:
            self._log.add(fault)
        refusals = [deviation for deviation in self._log.taken() if deviation.is_refusal]
        return list(dict.fromkeys(head.till_id for head in self._heads)), refusals

    def _in_pieces(self) -> Iterator[ClosingRecord]:
        with ExitStack() as resources:
            reader = ColumnReader(
                self._export, self._formats, self._tables, self._place, self._zone, self._log, resources, self._head
            )
            place = 0
            while place < len(self._heads):
                places = reader.load(place, len(self._heads))
                place = places.stop
                found = self._columns(reader, places)
                # what deviates in one closing must not cost the others their speed
                for part in [places] if found else [range(at, at + 1) for at in places]:
                    closings = found or (self._columns(reader, part) if len(places) > 1 else None)
                    if closings is None:
                        yield self._read(part.start, reader.rows)
                    else:
                        yield from map(self._record, part, closings)

    def _columns(self, reader: ColumnReader, places: range) -> list[ColumnClosing] | None:
        return reader.read(places) if self._is_by_column else None

    def _record(self, place: int, found: ColumnClosing) -> ClosingRecord:
        head = self._heads[place]
        self._log.begin(head.register, head.number, {})
        for fault in found.faults:
            self._log.add(fault)
        content = b"".join((_content.encode(found.closing), found.batch.together(found.at)))
        return ClosingRecord(
            export=self._export.shown,
            till_id=head.till_id,
            register=head.register,
            number=head.number,
            closing=found.closing,
            read_by_column=found,
            deviations=self._log.taken(),
            content=fingerprint(content),
        )

    @cached_property
    def _formats(self) -> Mapping[str, TableFormat]:
        if INDEX not in self._export.tables:
            self._log.noted("index_missing", "", INDEX, "")
            return STANDARD
        try:
            with self._export.open(INDEX) as stream:
                return read_index(stream.read(MAX_BYTES))
        except UnreadableIndexError as error:
            raise UnreadableTableError("index_unreadable", INDEX, value=str(error)[:60]) from error
        except BROKEN as error:
            code = "file_unreadable" if self._export.inside is None else "zip_damaged"
            raise UnreadableTableError(code, INDEX) from error

    @cached_property
    def _tables(self) -> dict[str, TableRows]:
        return {name: self._table(name) for name in STANDARD if name != CLOSINGS}

    def _table(self, name: str) -> TableRows:
        return TableRows(self._export, name, self._formats[name], needed=(*_KEYS, *_NEEDED[name]), warn=self._log.noted)

    def _read_heads(self) -> None:
        table = self._table(CLOSINGS)
        amounts = self._amounts({})
        for rows in table.rows():
            row = rows.rows[0]
            self._log.tables = {CLOSINGS: rows}
            number = whole(amounts, row, rows.columns["Z_NR"], CLOSINGS, "Z_NR")
            register = row[rows.columns["Z_KASSE_ID"]].strip()
            if not register:
                raise UnreadableError("value_missing", CLOSINGS, row, "Z_KASSE_ID")
            if (register, number) in self._places:
                raise UnreadableError("closing_doubled", CLOSINGS, row, "Z_NR")
            self._places[register, number] = len(self._heads)
            self._heads.append(_Head(rows, register, self._names.get(register, register), number))

    def _place(self, register: str, number: str) -> int | None:
        key = (register, number)
        if key not in self._found:
            digits = number.strip().replace(".", "")  # thousands dots: a whole number has no other
            found = self._places.get((register.strip(), int(digits))) if digits.isdecimal() else None
            self._found[key] = found
        return self._found[key]

    def _amounts(self, tables: Mapping[str, ClosingRows]) -> Amounts:
        def cells() -> Iterator[str]:
            for name, table in tables.items():
                numbers = [
                    table.columns[c.name] for c in STANDARD[name].columns if c.decimals and c.name in table.columns
                ]
                for row in table.rows:
                    for at in numbers:
                        yield row[at]

        has_points = self._formats["transactions"].decimal_symbol == "."
        return Amounts(cells, self._log.spelled, has_points=has_points)

    def _read(self, place: int, rows: Callable[[str, int], ClosingRows]) -> ClosingRecord:
        """Reads a closing by row.

        Args:
            place: Its place.
            rows: Its rows in a table.
        """
        head = self._heads[place]
        self._log.begin(head.register, head.number, {CLOSINGS: head.rows})
        closing: Closing | None = None
        receipts: list[Receipt] = []
        try:
            tables = {name: rows(name, place) for name in self._tables}
            tables[CLOSINGS] = head.rows
            self._log.begin(head.register, head.number, tables)
            closing, receipts = self._translated(place, tables)
        except UnreadableTableError:
            raise
        except UnreadableError as fault:
            self._log.add(fault)
        self._log.tables = {}
        return ClosingRecord(
            export=self._export.shown,
            till_id=head.till_id,
            register=head.register,
            number=head.number,
            closing=closing,
            read_by_row=tuple(receipts),
            deviations=self._log.taken(),
            content=fingerprint(b"".join(map(_content.encode, (closing, *receipts)))) if closing else "",
        )

    def _translated(self, place: int, tables: Mapping[str, ClosingRows]) -> tuple[Closing, list[Receipt]]:
        amounts, moments = self._amounts(tables), Moments(self._zone, self._log.spelled)
        head = self._head(place, tables, amounts, moments, self._log)
        translation = ReceiptTranslation(
            tables=tables,
            till_id=head.till_id,
            register=head.register,
            closing=head.number,
            business_day=head.business_day,
            currency=head.currency,
            rates=head.rates,
            amounts=amounts,
            moments=moments,
            log=self._log,
            tse_serials=head.tse_serials,
        )
        read = list(translation.receipts())
        receipts = [receipt for receipt, _ in read]
        numbers = [receipt.number for receipt in receipts]
        closings = ClosingTranslation(tables, head.row, head.rates, amounts, self._log, head.currency)
        closing = closings.closing(
            head.register,
            head.number,
            head.created_at,
            head.business_day,
            numbers=(min(numbers, default=0), max(numbers, default=0)),
            count=sum(map(has_effect, receipts)),
        )
        closings.compare(closing, read, is_whole=len(read) == len(tables["transactions"].rows))
        return closing, receipts

    def _head(
        self, place: int, tables: Mapping[str, ClosingRows], amounts: Amounts, moments: Moments, log: DeviationLog
    ) -> ClosingHead:
        head = self._heads[place]
        row, at = head.rows.rows[0], head.rows.columns
        created_at = moments.read(row[at["Z_ERSTELLUNG"]], CLOSINGS, "Z_ERSTELLUNG", row)
        day = row[at["Z_BUCHUNGSTAG"]]
        business_day = read_day(day, CLOSINGS, "Z_BUCHUNGSTAG", row) if day.strip() else created_at[:10]
        if len(country := row[at["LAND"]].strip()) == 2:
            log.spelled("country_code", country, CLOSINGS, "LAND", row)
        self._measure(tables, log)
        return ClosingHead(
            till_id=head.till_id,
            register=head.register,
            number=head.number,
            created_at=created_at,
            business_day=business_day,
            rates=VatRates(tables["vat"], amounts),
            currency=_currency(tables["cashregister"], log),
            row=head.rows,
            tse_serials=_serials(tables["tse"]),
        )

    def _measure(self, tables: Mapping[str, ClosingRows], log: DeviationLog) -> None:
        for name, columns in MEASURED.items():
            if (table := tables.get(name)) is None:
                continue
            lengths = {column.name: column.length for column in self._formats[name].columns}
            for column in columns:
                at, length = table.columns[column], lengths.get(column)
                if length and table.rows and max(len(row[at]) for row in table.rows) > length:
                    longest = max(table.rows, key=lambda row, at=at: len(row[at]))  # type: ignore[misc]
                    log.noted("text_too_long", "", name, column, str(length), longest)


def _currency(table: ClosingRows, log: DeviationLog) -> str:
    named = table.rows[0][table.columns["KASSE_BASISWAEH_CODE"]].strip() if table.rows else ""
    if not named:
        log.noted("currency_missing", "", "cashregister", "KASSE_BASISWAEH_CODE")
    return named or DEFAULT_CURRENCY


def _serials(table: ClosingRows) -> dict[str, str]:
    return {row[table.columns["TSE_ID"]]: row[table.columns["TSE_SERIAL"]] for row in table.rows}
