"""Collects the deviations of a closing with their places; an unusual spelling once an export and column."""

from collections.abc import Mapping

from cloudkasse_etl.tills.dsfinvk.deviations import Deviation, UnreadableError
from cloudkasse_etl.tills.dsfinvk.export_files import ExportFiles
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows


class DeviationLog:
    """The deviations of an export.

    Args:
        export: The export.

    Attributes:
        told: Spellings that were told: code, table, column.
    """

    def __init__(self, export: ExportFiles) -> None:
        self.export = export
        self.told: set[tuple[str, str, str]] = set()
        self._found: list[Deviation] = []
        self._register = ""
        self._closing: int | None = None
        self.tables: Mapping[str, ClosingRows] = {}

    def begin(self, register: str, closing: int | None, tables: Mapping[str, ClosingRows]) -> None:
        """Goes to a closing.

        Args:
            register: Its register.
            closing: Its number.
            tables: Its rows by table.
        """
        self._register, self._closing, self.tables = register, closing, tables

    def taken(self) -> tuple[Deviation, ...]:
        """The deviations since the last call."""
        found, self._found = tuple(self._found), []
        return found

    def spelled(self, code: str, text: str, table: str, column: str, row: list[str] | None) -> None:
        """Notes an unusual spelling, once an export and column.

        Args:
            code: A key of `WARNINGS`.
            text: What is written there.
            table, column, row: Where it is.
        """
        if (code, table, column) not in self.told:
            self.noted(code, text[:30], table, column, "", row)

    def noted(
        self, code: str, value: str, table: str, column: str, expected: str = "", row: list[str] | None = None
    ) -> None:
        """Notes something about a table or column, once an export.

        Args:
            code: A key of `WARNINGS` or `REFUSALS`.
            value, expected: What its text names.
            table, column, row: Where it is.
        """
        if (code, table, column) not in self.told:
            self.told.add((code, table, column))
            self.add(UnreadableError(code, table, row, column, value, expected))

    def add(self, fault: UnreadableError, *, receipt: str = "", number: int | None = None) -> None:
        """Notes a deviation of a receipt or closing.

        Args:
            fault: What is so, and where.
            receipt: The receipt's BON_ID.
            number: Its BON_NR.
        """
        line = fault.line
        if line is None and fault.row is not None and fault.table in self.tables:
            line = self.tables[fault.table].line_of(fault.row)
        self._found.append(
            Deviation(
                code=fault.code,
                export=self.export.shown,
                file=self.export.file_of(fault.table) if fault.table else "",
                line=line,
                column=fault.column,
                register=self._register,
                closing=self._closing,
                receipt=receipt,
                number=number,
                value=fault.value,
                expected=fault.expected,
            )
        )
