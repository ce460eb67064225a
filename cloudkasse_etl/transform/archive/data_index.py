"""The index.xml of an archive: the description standard for handing over data to tax auditors, as of 2004-09-01.

Programs like IDEA import all tables by it. The DTD beside it is our own writing of the standard's grammar.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from xml.sax.saxutils import escape

from cloudkasse_etl.i18n.text import Language, say
from cloudkasse_etl.transform.archive.archive_table import (
    DAY_FORMAT,
    DELIMITER,
    ENCAPSULATOR,
    ArchiveTable,
    Column,
    Form,
    Reference,
)

INDEX_FILE, DTD_FILE = "index.xml", "gdpdu-01-09-2004.dtd"
# Letters that XML 1.0 has no way to write.
_NO_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "?")


def grammar() -> bytes:
    """The DTD."""
    return resources.files("cloudkasse_etl.transform.archive").joinpath(DTD_FILE).read_bytes()


def index_of(
    tables: Iterable[ArchiveTable],
    widths: Mapping[str, Sequence[int]],
    *,
    supplier: str,
    comment: str,
    period: tuple[dt.date, dt.date],
    language: Language,
) -> bytes:
    """Describes tables.

    Args:
        tables: The tables, in order.
        widths: By table the most characters of each column, with quotation marks.
        supplier: Who hands over the data.
        comment: What wrote it.
        period: First and last day.
        language: The language of the descriptions.

    Returns:
        The file.
    """
    title = say("Archive of receipts and books").render(language)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<!DOCTYPE DataSet SYSTEM "{DTD_FILE}">',
        "<DataSet>",
        "  <Version>1.0</Version>",
        "  <DataSupplier>",
        f"    {_element('Name', supplier)}",
        "    <Location></Location>",
        f"    {_element('Comment', comment)}",
        "  </DataSupplier>",
        "  <Media>",
        f"    {_element('Name', title)}",
        *(f"    {line}" for table in tables for line in _table(table, widths[table.name], period, language)),
        "  </Media>",
        "</DataSet>",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _table(
    table: ArchiveTable, widths: Sequence[int], period: tuple[dt.date, dt.date], language: Language
) -> list[str]:
    first, last = (Form.DAY.write(day) for day in period)
    columns = [
        line
        for column, width in zip(table.all_columns, widths, strict=True)
        for line in _column(column, width, "VariablePrimaryKey" if column in table.keys else "VariableColumn", language)
    ]
    return [
        "<Table>",
        f"  {_element('URL', table.file)}",
        f"  {_element('Name', table.name)}",
        f"  {_element('Description', table.title.render(language))}",
        "  <Validity>",
        f"    <Range>{_element('From', first)}{_element('To', last)}</Range>",
        f"    {_element('Format', DAY_FORMAT)}",
        "  </Validity>",
        "  <UTF8/>",
        "  <DecimalSymbol>,</DecimalSymbol>",
        "  <DigitGroupingSymbol>.</DigitGroupingSymbol>",
        "  <Range><From>2</From></Range>",  # the first line has the names
        "  <VariableLength>",
        f"    {_element('ColumnDelimiter', DELIMITER)}",
        "    <RecordDelimiter>&#13;&#10;</RecordDelimiter>",
        f"    {_element('TextEncapsulator', ENCAPSULATOR)}",
        *(f"    {line}" for line in columns),
        *(f"    {_reference(reference)}" for reference in table.references),
        "  </VariableLength>",
        "</Table>",
    ]


def _column(column: Column, width: int, element: str, language: Language) -> list[str]:
    places = column.form.places
    if column.form is Form.DAY:
        kind = f"<Date>{_element('Format', DAY_FORMAT)}</Date>"
    elif places is None:
        # without its quotation marks
        kind = f"<AlphaNumeric/>{_element('MaxLength', str(max(width - 2, 1)))}"
    else:
        kind = f"<Numeric>{_element('Accuracy', str(places))}</Numeric>" if places else "<Numeric/>"
    return [
        f"<{element}>",
        f"  {_element('Name', column.name)}",
        f"  {_element('Description', column.title.render(language))}",
        f"  {kind}",
        f"</{element}>",
    ]


def _reference(reference: Reference) -> str:
    names = "".join(_element("Name", name) for name in reference.columns)
    return f"<ForeignKey>{names}{_element('References', reference.table)}</ForeignKey>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text.translate(_NO_XML))}</{name}>"
