"""What an export has that the standard has not: read with a warning, or refused, with file, line and column.

The rules are in docs/dsfinvk.md.
"""

import re
from dataclasses import dataclass
from typing import Final

from cloudkasse_etl.i18n.formats import spelled
from cloudkasse_etl.i18n.text import Language, say

# Read all the same: the meaning is beyond doubt.
_AMOUNT = re.compile(r"-?[\d,]+\.\d\d( \(\w+\))?")
_OPEN: Final = {"value": "", "expected": ""}  # a deviation fills them
WARNINGS: Final = {
    "thousands_dots": say("Numbers have thousands dots ({value}).", **_OPEN),
    "decimal_points": say("Numbers have decimal points instead of commas ({value}).", **_OPEN),
    "time_without_offset": say(
        "Times have no offset from UTC ({value}); they are read in the shop's time zone.", **_OPEN
    ),
    "column_misspelt": say("A column is misspelt; it is read as {expected}.", **_OPEN),
    "columns_unknown": say("There are columns that the standard does not know; they are not read.", **_OPEN),
    "text_too_long": say("A text is longer than the {expected} characters that the standard allows.", **_OPEN),
    "windows_1252": say("The file is not in UTF-8; it is read as Windows-1252.", **_OPEN),
    "index_missing": say("The export has no index.xml; the columns of the standard are expected.", **_OPEN),
    "country_code": say("The country is '{value}'; the standard wants three letters.", **_OPEN),
    "currency_missing": say("The register's currency is not in cashregister.csv; EUR is taken.", **_OPEN),
    "payments_turned": say("The payments have the opposite sign of the receipt; they are turned.", **_OPEN),
    "fractions_of_cents": say(
        "Amounts have fractions of a cent; they are rounded so that the receipt's total holds.", **_OPEN
    ),
    "line_number_counted": say("The line's number '{value}' is no number; the lines are counted.", **_OPEN),
    "several_references": say("The receipt refers to several others; the first one counts.", **_OPEN),
    "quantity_rounded": say("The quantity has more than three decimals; it is rounded.", **_OPEN),
    "agency_in_closing": say("The closing has revenue of an agency; it is left out.", **_OPEN),
    "sum_differs": say("The amount is {value}, but it should be {expected}.", **_OPEN),
    "sums_of_sales_only": say(
        "The closing's total is {value}: of the sales only; of all receipts it is {expected}.", **_OPEN
    ),
    "closings_missing": say("Closings {value} of register {expected} are in no export.", **_OPEN),
}
_SUMS: Final = ("sum_differs", "sums_of_sales_only")
REFUSALS: Final = {
    "still_written": say("The export is still being written.", **_OPEN),
    "table_missing": say("The table is missing; the export is not whole.", **_OPEN),
    "zip_damaged": say("The ZIP file is damaged, not complete, or encrypted.", **_OPEN),
    "zip_in_zip": say("The ZIP file holds ZIP files, which are not opened: unpack it.", **_OPEN),
    "file_unreadable": say("The file cannot be read.", **_OPEN),
    "index_unreadable": say("The index.xml cannot be understood.", **_OPEN),
    "encoding_unknown": say("The file is neither in UTF-8 nor in Windows-1252.", **_OPEN),
    "cells_missing": say("The row has {value} cells instead of {expected}: the file is damaged or cut off.", **_OPEN),
    "quotes_open": say("A quoted text does not end: the file is damaged or cut off.", **_OPEN),
    "column_missing": say("The column is missing.", **_OPEN),
    "closing_unknown": say("There are rows of closing {value}, which is not in cashpointclosing.csv.", **_OPEN),
    "closing_doubled": say("The closing is there twice.", **_OPEN),
    "closing_conflict": say("The same closing is in another export with other content: {expected}.", **_OPEN),
    "receipt_unknown": say("There are rows of receipt {value}, which is not in transactions.csv.", **_OPEN),
    "receipt_doubled": say("Receipt {value} is there twice in one closing.", **_OPEN),
    "line_doubled": say("Line {value} is there twice in one receipt.", **_OPEN),
    "line_without_vat": say("The line is not in lines_vat.csv, so its amount is not known.", **_OPEN),
    "line_unknown": say("There are amounts of line {value}, which is not in lines.csv.", **_OPEN),
    "agency_line": say("The line belongs to agency {value}: it is not the shop's own revenue.", **_OPEN),
    "number_invalid": say("'{value}' is no number.", **_OPEN),
    "number_unclear": say("'{value}' may have a thousands dot or a decimal point.", **_OPEN),
    "number_fraction": say("'{value}' has fractions of a cent.", **_OPEN),
    "time_invalid": say("'{value}' is no time.", **_OPEN),
    "code_unknown": say("'{value}' is no code of the standard.", **_OPEN),
    "flag_invalid": say("'{value}' is neither 0 nor 1.", **_OPEN),
    "vat_key_unknown": say("VAT key {value} is not in the closing's vat.csv, so its rate is not known.", **_OPEN),
    "value_missing": say("The value is missing.", **_OPEN),
}


@dataclass(frozen=True, slots=True)
class Deviation:
    """A place of an export that deviates from the standard, or whose sums do not agree.

    Attributes:
        code: A key of `WARNINGS` or `REFUSALS`.
        export: The export's path.
        file, line, column: Where it is; a line is the first one of its row.
        register, closing: The closing that it is in.
        receipt, number: The receipt's BON_ID and BON_NR.
        value, expected: What the text of the code names.
    """

    code: str
    export: str
    file: str = ""
    line: int | None = None
    column: str = ""
    register: str = ""
    closing: int | None = None
    receipt: str = ""
    number: int | None = None
    value: str = ""
    expected: str = ""

    @property
    def is_refusal(self) -> bool:
        """Whether the record was not read because of it."""
        return self.code in REFUSALS

    @property
    def place(self) -> str:
        """Where it is: export, file, line and column; of a sum, which no line has, its receipt or closing."""
        place = self._place_in_file
        if self.code not in _SUMS or self.line is not None or self.closing is None:
            return place
        if self.number is not None:
            return say("{place}, receipt {receipt}", place=place, receipt=f"{self.register}-{self.number}")
        return say("{place}, {register} closing {number}", place=place, register=self.register, number=self.closing)

    @property
    def _place_in_file(self) -> str:
        path = f"{self.export}: {self.file}" if self.file else self.export
        if self.line is not None:
            if self.column:
                return say("{file}, line {line}, column {column}", file=path, line=self.line, column=self.column)
            return say("{file}, line {line}", file=path, line=self.line)
        return say("{file}, column {column}", file=path, column=self.column) if self.column else path

    def text(self, language: Language = "en") -> str:
        """What is so, in one sentence."""
        template = (REFUSALS.get(self.code) or WARNINGS[self.code]).template
        value, expected = (
            spelled(part, language) if _AMOUNT.fullmatch(part) else part for part in (self.value, self.expected)
        )
        return say(template, value=value, expected=expected).render(language)


class UnreadableError(ValueError):
    """A record cannot be read; whoever knows its place makes a `Deviation` of it.

    Args:
        code: A key of `REFUSALS`.
        table: The table.
        row: The row, if it is one row's fault.
        column, value, expected: What the text names.
        line: The line of the row, if it is known.
    """

    def __init__(
        self,
        code: str,
        table: str = "",
        row: list[str] | None = None,
        column: str = "",
        value: str = "",
        expected: str = "",
        line: int | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.table, self.row, self.column = code, table, row, column
        self.value, self.expected, self.line = value, expected, line
