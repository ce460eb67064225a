"""The tables of DSFinV-K 2.4 that are read: names of columns, their lengths and decimals. Facts of the standard.

An export's own index.xml overrules them (table_index.py). Tables that say nothing about sales are not read: location,
slaves, pa, allocation_groups.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

KEY: Final = ("Z_KASSE_ID", "Z_ERSTELLUNG", "Z_NR")
CLOSINGS, RECEIPTS, LINES = "cashpointclosing", "transactions", "lines"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name.
        length: The longest text that it may hold; None of a number.
        decimals: The decimals of a number; None of a text.
    """

    name: str
    length: int | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How a table's file is written.

    Attributes:
        columns: The columns, in order.
        delimiter, quote: One character each.
        decimal_symbol: What separates decimals.
        has_header: Whether line 1 names the columns.
        is_ansi: Whether the file is said to be in Windows-1252.
    """

    columns: tuple[Column, ...]
    delimiter: str = ";"
    quote: str = '"'
    decimal_symbol: str = ","
    has_header: bool = True
    is_ansi: bool = False


# `NAME:length` is a text, `NAME#decimals` a number; each table begins with the columns of KEY.
_COLUMNS: Final = {
    "cashpointclosing": (
        "Z_BUCHUNGSTAG:25 TAXONOMIE_VERSION:10 Z_START_ID:40 Z_ENDE_ID:40 NAME:60 STRASSE:60 PLZ:10 ORT:62 "
        "LAND:3 STNR:20 USTID:15 Z_SE_ZAHLUNGEN#2 Z_SE_BARZAHLUNGEN#2"
    ),
    "cashregister": (
        "KASSE_BRAND:50 KASSE_MODELL:50 KASSE_SERIENNR:70 KASSE_SW_BRAND:50 KASSE_SW_VERSION:50 "
        "KASSE_BASISWAEH_CODE:3 KEINE_UST_ZUORDNUNG:1"
    ),
    "tse": (
        "TSE_ID#0 TSE_SERIAL:68 TSE_SIG_ALGO:21 TSE_ZEITFORMAT:31 TSE_PD_ENCODING:5 TSE_PUBLIC_KEY:512 "
        "TSE_ZERTIFIKAT_I:1000 TSE_ZERTIFIKAT_II:1000"
    ),
    "vat": "UST_SCHLUESSEL#0 UST_SATZ#2 UST_BESCHR:55",
    "businesscases": "GV_TYP:30 GV_NAME:40 AGENTUR_ID#0 UST_SCHLUESSEL#0 Z_UMS_BRUTTO#5 Z_UMS_NETTO#5 Z_UST#5",
    "payment": "ZAHLART_TYP:25 ZAHLART_NAME:60 Z_ZAHLART_BETRAG#2",
    "cash_per_currency": "ZAHLART_WAEH:3 ZAHLART_BETRAG_WAEH#2",
    "transactions": (
        "BON_ID:40 BON_NR#0 BON_TYP:30 BON_NAME:60 TERMINAL_ID:50 BON_STORNO:1 BON_START:30 BON_ENDE:30 "
        "BEDIENER_ID:50 BEDIENER_NAME:50 UMS_BRUTTO#2 KUNDE_NAME:50 KUNDE_ID:50 KUNDE_TYP:50 KUNDE_STRASSE:60 "
        "KUNDE_PLZ:10 KUNDE_ORT:62 KUNDE_LAND:3 KUNDE_USTID:15 BON_NOTIZ:255"
    ),
    "datapayment": "BON_ID:40 ZAHLART_TYP:25 ZAHLART_NAME:60 ZAHLWAEH_CODE:3 ZAHLWAEH_BETRAG#2 BASISWAEH_BETRAG#2",
    "lines": (
        "BON_ID:40 POS_ZEILE:50 GUTSCHEIN_NR:50 ARTIKELTEXT:255 POS_TERMINAL_ID:50 GV_TYP:30 GV_NAME:40 INHAUS:1 "
        "P_STORNO:1 AGENTUR_ID#0 ART_NR:50 GTIN:50 WARENGR_ID:40 WARENGR:50 MENGE#3 FAKTOR#3 EINHEIT:50 STK_BR#5"
    ),
    "itemamounts": "BON_ID:40 POS_ZEILE:50 TYP:20 UST_SCHLUESSEL#0 PF_BRUTTO#5 PF_NETTO#5 PF_UST#5",
    "subitems": (
        "BON_ID:40 POS_ZEILE:50 ZI_ART_NR:50 ZI_GTIN:50 ZI_NAME:60 ZI_WARENGR_ID:40 ZI_WARENGR:50 ZI_MENGE#3 "
        "ZI_FAKTOR#3 ZI_EINHEIT:50 ZI_UST_SCHLUESSEL#0 ZI_BASISPREIS_BRUTTO#5 ZI_BASISPREIS_NETTO#5 "
        "ZI_BASISPREIS_UST#5"
    ),
    "transactions_tse": (
        "BON_ID:40 TSE_ID#0 TSE_TANR#0 TSE_TA_START:30 TSE_TA_ENDE:30 TSE_TA_VORGANGSART:30 TSE_TA_SIGZ#0 "
        "TSE_TA_SIG:512 TSE_TA_FEHLER:200 TSE_VORGANGSDATEN:1000"
    ),
    "transactions_vat": "BON_ID:40 UST_SCHLUESSEL#0 BON_BRUTTO#5 BON_NETTO#5 BON_UST#5",
    "lines_vat": "BON_ID:40 POS_ZEILE:50 UST_SCHLUESSEL#0 POS_BRUTTO#5 POS_NETTO#5 POS_UST#5",
    "references": (
        "BON_ID:40 POS_ZEILE:50 REF_TYP:20 REF_NAME:40 REF_DATUM:30 REF_Z_KASSE_ID:50 REF_Z_NR#0 REF_BON_ID:40"
    ),
}


def _column(text: str) -> Column:
    name, mark, decimals = text.partition("#")
    if mark:
        return Column(name, decimals=int(decimals))
    name, _, length = text.partition(":")
    return Column(name, length=int(length))


STANDARD: Final[Mapping[str, TableFormat]] = {
    name: TableFormat(tuple(map(_column, f"Z_KASSE_ID:50 Z_ERSTELLUNG:30 Z_NR#0 {columns}".split())))
    for name, columns in _COLUMNS.items()
}

# Column names that registers misspell; seen in exports of real ones.
MISSPELT: Final = {"Z_ERESSION": "Z_ERSTELLUNG", "TSE_TA_VORGANGSDATEN": "TSE_VORGANGSDATEN"}
