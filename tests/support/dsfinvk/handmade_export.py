"""A small export whose every cell a test can change: one closing with a sale of two lines, paid in cash."""

import csv
import io
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from cloudkasse_etl.tills.dsfinvk.standard_tables import STANDARD

Tables = dict[str, list[dict[str, str]]]
KEY = {"Z_KASSE_ID": "K1", "Z_ERSTELLUNG": "2026-11-23T20:00:00+01:00", "Z_NR": "12"}
RECEIPT = KEY | {"BON_ID": "b1"}
INDEX = b"""<?xml version="1.0" encoding="utf-8"?><DataSet><Version>1.0</Version></DataSet>"""

TABLES: Tables = {
    "cashpointclosing": [
        KEY
        | {"Z_BUCHUNGSTAG": "2026-11-23", "LAND": "DEU", "Z_SE_ZAHLUNGEN": "1035,50", "Z_SE_BARZAHLUNGEN": "1035,50"}
    ],
    "cashregister": [KEY | {"KASSE_BASISWAEH_CODE": "EUR"}],
    "vat": [
        KEY | {"UST_SCHLUESSEL": key, "UST_SATZ": rate}
        for key, rate in (("1", "19,00"), ("2", "7,00"), ("5", "0,00"), ("1000", "8,10"))
    ],
    "businesscases": [
        KEY | {"GV_TYP": "Umsatz", "UST_SCHLUESSEL": "1", "Z_UMS_BRUTTO": "23,80000", "Z_UST": "3,80000"},
        KEY | {"GV_TYP": "Umsatz", "UST_SCHLUESSEL": "2", "Z_UMS_BRUTTO": "1011,70000", "Z_UST": "66,19000"},
    ],
    "payment": [KEY | {"ZAHLART_TYP": "Bar", "ZAHLART_NAME": "Bar", "Z_ZAHLART_BETRAG": "1035,50"}],
    "cash_per_currency": [KEY | {"ZAHLART_WAEH": "EUR", "ZAHLART_BETRAG_WAEH": "1035,50"}],
    "transactions": [
        RECEIPT
        | {
            "BON_NR": "4711", "BON_TYP": "Beleg", "BON_STORNO": "0", "BON_START": "2026-11-23T10:15:02+01:00",
            "BON_ENDE": "2026-11-23T10:15:40+01:00", "BEDIENER_ID": "M1", "UMS_BRUTTO": "1035,50",
        }
    ],
    "datapayment": [
        RECEIPT | {"ZAHLART_TYP": "Bar", "ZAHLART_NAME": "Bar", "ZAHLWAEH_CODE": "EUR", "BASISWAEH_BETRAG": "1035,50"}
    ],
    "lines": [
        RECEIPT
        | {
            "POS_ZEILE": "1", "ARTIKELTEXT": "Kaffee", "GV_TYP": "Umsatz", "P_STORNO": "0", "ART_NR": "A1",
            "MENGE": "2,000", "FAKTOR": "1,000", "EINHEIT": "Stk", "STK_BR": "11,90000",
        },
        RECEIPT
        | {
            "POS_ZEILE": "2", "ARTIKELTEXT": "Äpfel; lose", "GV_TYP": "Umsatz", "P_STORNO": "0", "ART_NR": "A2",
            "MENGE": "1,000", "FAKTOR": "1,000", "EINHEIT": "Stk", "STK_BR": "1011,70000",
        },
    ],
    "lines_vat": [
        RECEIPT | {"POS_ZEILE": "1", "UST_SCHLUESSEL": "1", "POS_BRUTTO": "23,80000", "POS_NETTO": "20,00000",
                   "POS_UST": "3,80000"},
        RECEIPT | {"POS_ZEILE": "2", "UST_SCHLUESSEL": "2", "POS_BRUTTO": "1011,70000", "POS_NETTO": "945,51000",
                   "POS_UST": "66,19000"},
    ],
    "transactions_vat": [
        RECEIPT | {"UST_SCHLUESSEL": "1", "BON_BRUTTO": "23,80000", "BON_NETTO": "20,00000", "BON_UST": "3,80000"},
        RECEIPT | {"UST_SCHLUESSEL": "2", "BON_BRUTTO": "1011,70000", "BON_NETTO": "945,51000", "BON_UST": "66,19000"},
    ],
}  # fmt: skip


def tables() -> Tables:
    """A copy to change."""
    return deepcopy(TABLES)


def every_cell(spelled: Callable[[str], str]) -> Tables:
    """The tables with each number with decimals spelled otherwise."""
    changed = tables()
    for name, rows in changed.items():
        numbers = {column.name for column in STANDARD[name].columns if column.decimals}
        for row in rows:
            row.update({column: spelled(text) for column, text in row.items() if column in numbers and text})
    return changed


def text_of(name: str, rows: list[dict[str, str]], **writing: Any) -> str:
    """A table as the standard writes it; columns that the standard does not know stand last."""
    columns = [column.name for column in STANDARD[name].columns]
    columns += [column for column in rows[0] if column not in columns] if rows else []
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", delimiter=";", lineterminator="\r\n", **writing)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def write_folder(folder: Path, content: Tables, *, index: bytes | None = INDEX, encoding: str = "utf-8") -> Path:
    """Writes the tables as an export in a folder.

    Args:
        folder: The folder, which is made.
        content: The rows by table.
        index: The index.xml; None for none.
        encoding: Of the tables.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True)
    for name, rows in content.items():
        (folder / f"{name}.csv").write_bytes(text_of(name, rows).encode(encoding))
    if index is not None:
        (folder / "index.xml").write_bytes(index)
    return folder
