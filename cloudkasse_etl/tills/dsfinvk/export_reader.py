"""Reads one export: closing by closing, each with its receipts in wire format and what deviates.

Memory holds two closings, whatever the export's size.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.schemas.wire_receipts import Closing, Receipt
from cloudkasse_etl.tills.dsfinvk.amounts import Amounts
from cloudkasse_etl.tills.dsfinvk.closing_translation import ClosingTranslation
from cloudkasse_etl.tills.dsfinvk.deviation_log import DeviationLog
from cloudkasse_etl.tills.dsfinvk.deviations import Deviation, UnreadableError
from cloudkasse_etl.tills.dsfinvk.export_files import INDEX, ExportFiles
from cloudkasse_etl.tills.dsfinvk.moments import Moments, read_day
from cloudkasse_etl.tills.dsfinvk.receipt_translation import ReceiptTranslation
from cloudkasse_etl.tills.dsfinvk.standard_codes import VatRates, whole
from cloudkasse_etl.tills.dsfinvk.standard_tables import CLOSINGS, STANDARD, TableFormat
from cloudkasse_etl.tills.dsfinvk.table_index import MAX_BYTES, UnreadableIndexError, read_index
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows, TableRows, UnreadableTableError

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
# Texts that are stored; of the others no length is looked at.
_MEASURED: Final = {
    "transactions": ("BON_ID", "BEDIENER_ID", "KUNDE_ID", "BON_NOTIZ"),
    "lines": ("ARTIKELTEXT", "ART_NR", "GTIN", "EINHEIT", "GUTSCHEIN_NR"),
    "datapayment": ("ZAHLART_NAME",),
}

_content = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class ClosingRecord:
    """A closing of an export with its receipts.

    Attributes:
        export: The export's path.
        register: Z_KASSE_ID; empty for what an export has besides its closings.
        number: Z_NR.
        closing: The closing; None if it is refused.
        receipts: Its receipts that could be read.
        deviations: What was read with a warning, and what was refused.
        content: A digest of the closing and its receipts; equal in two exports if their content is.
    """

    export: str
    register: str = ""
    number: int | None = None
    closing: Closing | None = None
    receipts: tuple[Receipt, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    content: str = ""

    @property
    def refusals(self) -> tuple[Deviation, ...]:
        """What could not be read."""
        return tuple(deviation for deviation in self.deviations if deviation.is_refusal)


@dataclass(frozen=True, slots=True)
class _Head:
    rows: ClosingRows
    register: str
    number: int


class ExportReader:
    """Reads an export.

    Args:
        export: The export, which must be whole.
        zone: The shop's time zone.
    """

    def __init__(self, export: ExportFiles, zone: dt.tzinfo) -> None:
        self._export, self._zone = export, zone
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
            for place, head in enumerate(self._heads):
                yield self._read(place, head)
        except UnreadableError as fault:
            self._log.begin("", None, {})
            self._log.add(fault)
        if left := self._log.taken():
            yield ClosingRecord(self._export.shown, deviations=left)

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
        except OSError as error:
            raise UnreadableTableError("file_unreadable", INDEX) from error

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
            self._heads.append(_Head(rows, register, number))

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

    def _read(self, place: int, head: _Head) -> ClosingRecord:
        self._log.begin(head.register, head.number, {CLOSINGS: head.rows})
        closing: Closing | None = None
        receipts: list[Receipt] = []
        try:
            tables = {name: table.take(place) for name, table in self._tables.items()}
            tables[CLOSINGS] = head.rows
            self._log.begin(head.register, head.number, tables)
            closing, receipts = self._translated(head, tables)
        except UnreadableTableError:
            raise
        except UnreadableError as fault:
            self._log.add(fault)
        self._log.tables = {}
        return ClosingRecord(
            export=self._export.shown,
            register=head.register,
            number=head.number,
            closing=closing,
            receipts=tuple(receipts),
            deviations=self._log.taken(),
            content=fingerprint(_content.encode((closing, receipts))) if closing else "",
        )

    def _translated(self, head: _Head, tables: Mapping[str, ClosingRows]) -> tuple[Closing, list[Receipt]]:
        amounts, moments = self._amounts(tables), Moments(self._zone, self._log.spelled)
        row, at = head.rows.rows[0], head.rows.columns
        created_at = moments.read(row[at["Z_ERSTELLUNG"]], CLOSINGS, "Z_ERSTELLUNG", row)
        day = row[at["Z_BUCHUNGSTAG"]]
        business_day = read_day(day, CLOSINGS, "Z_BUCHUNGSTAG", row) if day.strip() else created_at[:10]
        if len(country := row[at["LAND"]].strip()) == 2:
            self._log.spelled("country_code", country, CLOSINGS, "LAND", row)
        self._measure(tables)
        rates = VatRates(tables["vat"], amounts)
        currency = self._currency(tables["cashregister"])
        translation = ReceiptTranslation(
            tables=tables,
            register=head.register,
            closing=head.number,
            business_day=business_day,
            currency=currency,
            rates=rates,
            amounts=amounts,
            moments=moments,
            log=self._log,
            tse_serials=_serials(tables["tse"]),
        )
        read = list(translation.receipts())
        receipts = [receipt for receipt, _ in read]
        closings = ClosingTranslation(tables, head.rows, rates, amounts, self._log, currency)
        closing = closings.closing(head.register, head.number, created_at, business_day, receipts)
        closings.compare(closing, read)
        return closing, receipts

    def _currency(self, table: ClosingRows) -> str:
        named = table.rows[0][table.columns["KASSE_BASISWAEH_CODE"]].strip() if table.rows else ""
        if not named:
            self._log.noted("currency_missing", "", "cashregister", "KASSE_BASISWAEH_CODE")
        return named or DEFAULT_CURRENCY

    def _measure(self, tables: Mapping[str, ClosingRows]) -> None:
        for name, columns in _MEASURED.items():
            table = tables[name]
            lengths = {column.name: column.length for column in self._formats[name].columns}
            for column in columns:
                at, length = table.columns[column], lengths.get(column)
                if length and table.rows and max(len(row[at]) for row in table.rows) > length:
                    longest = max(table.rows, key=lambda row, at=at: len(row[at]))  # type: ignore[misc]
                    self._log.noted("text_too_long", "", name, column, str(length), longest)


def _serials(table: ClosingRows) -> dict[str, str]:
    return {row[table.columns["TSE_ID"]]: row[table.columns["TSE_SERIAL"]] for row in table.rows}
