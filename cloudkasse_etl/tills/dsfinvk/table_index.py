"""Reads an export's index.xml: how its tables are written, where that differs from the standard."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping

from cloudkasse_etl.tills.dsfinvk.standard_tables import STANDARD, Column, TableFormat

MAX_BYTES = 4_000_000


class UnreadableIndexError(ValueError):
    """The index.xml is no XML, or describes what cannot be read."""


def read_index(content: bytes) -> Mapping[str, TableFormat]:
    """Reads the formats of the tables that an index.xml describes; of all others the standard's.

    Args:
        content: The file.

    Returns:
        A format for each table of the standard, by its name.

    Raises:
        UnreadableIndexError: It cannot be understood.
    """
    if b"<!ENTITY" in content:  # entities that repeat themselves would fill the memory
        raise UnreadableIndexError("entities")
    try:
        root = ET.fromstring(content)
        return {**STANDARD, **{name: found for table in root.iter("Table") for name, found in _described(table)}}
    except (ET.ParseError, ValueError) as error:
        raise UnreadableIndexError(str(error)) from None


def _described(table: ET.Element) -> list[tuple[str, TableFormat]]:
    url = (table.findtext("URL") or "").strip().replace("\\", "/").rpartition("/")[2]
    name = url.lower().removesuffix(".csv")
    layout = table.find("VariableLength")
    if name not in STANDARD or layout is None:
        return []
    columns = tuple(_column(part) for part in layout if part.tag in ("VariableColumn", "VariablePrimaryKey"))
    return [
        (
            name,
            TableFormat(
                columns=columns or STANDARD[name].columns,
                delimiter=_character(layout.findtext("ColumnDelimiter"), ";"),
                quote=_character(layout.findtext("TextEncapsulator"), '"'),
                decimal_symbol=_character(table.findtext("DecimalSymbol"), ","),
                has_header=int(table.findtext("Range/From") or 2) >= 2,
                is_ansi=table.find("ANSI") is not None,
            ),
        )
    ]


def _column(part: ET.Element) -> Column:
    name = (part.findtext("Name") or "").strip()
    number = part.find("Numeric")
    if number is not None:
        return Column(name, decimals=int(number.findtext("Accuracy") or 0))
    length = part.findtext("MaxLength")
    return Column(name, length=int(length) if length else None)


def _character(text: str | None, usual: str) -> str:
    return text if text is not None and len(text) == 1 else usual
