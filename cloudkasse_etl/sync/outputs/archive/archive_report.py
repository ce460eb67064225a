"""What was written into an archive, and what a check of one found: frozen, as sentences and as an object. No I/O."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cloudkasse_etl.i18n.formats import counted, decimal
from cloudkasse_etl.i18n.text import Language, Text, rendered, say, say_count
from cloudkasse_etl.transform.archive.archive_table import ArchiveTable, Sum

EXIT_DIFFERENT: Final = 10
COLUMNS: Final = (say("table"), say("rows"), say("positive"), say("negative"), say("currency or unit"))


@dataclass(frozen=True)
class TableSummary:
    """Rows and sums of a table of an archive.

    Attributes:
        table: The table.
        rows: How many rows.
        sums: Its sums by currency or unit.
    """

    table: ArchiveTable
    rows: int
    sums: tuple[Sum, ...]

    @property
    def places(self) -> int:
        """How many decimals the sums have."""
        return self.table.sum_places[2] if self.table.sum_places else 0

    def as_dict(self) -> dict[str, Any]:
        """As the manifest and `--json` have it: sums as decimals."""
        sums = [
            {
                "of": found.of,
                "rows": found.rows,
                "positive": decimal_text(found.positive, self.places),
                "negative": decimal_text(found.negative, self.places),
            }
            for found in self.sums
        ]
        return {"name": self.table.name, "rows": self.rows, "summed": self.table.summed, "sums": sums}

    def lines(self, language: Language) -> list[tuple[str, ...]]:
        """Lines of a table with `COLUMNS`, one for each currency or unit."""
        head = (self.table.name, counted(self.rows, language))
        if not self.sums:
            return [(*head, "", "", "")]
        return [
            (
                *(head if at == 0 else ("", "")),
                decimal(found.positive, self.places, language),
                decimal(found.negative, self.places, language),
                found.of,
            )
            for at, found in enumerate(self.sums)
        ]


def decimal_text(value: int, places: int) -> str:
    """A number that is not negative, with its decimals."""
    return f"{value // 10**places}.{value % 10**places:0{places}d}" if places else str(value)


@dataclass(frozen=True)
class ArchiveReport:
    """An archive that was written.

    Attributes:
        folder: Where.
        first, last: Its days; None: from the beginning.
        is_over: Whether all of these days are over.
        number: The hash by which it is known, for the books.
        files, size: How many files, and how many bytes.
        tables: Rows and sums of each table.
        statuses: The receipts by what became of them.
        unreadable: Receipts that are kept as they came but are in no table of lines.
    """

    folder: str
    first: dt.date | None
    last: dt.date
    is_over: bool
    number: str
    files: int
    size: int
    tables: Sequence[TableSummary]
    statuses: Mapping[str, int]
    unreadable: int

    def notes(self) -> list[Text]:
        """What a person should know besides."""
        found = []
        if waiting := sum(self.statuses.get(name, 0) for name in ("staged", "rejected")):
            found.append(
                say_count(
                    "{count:,} receipt in it is not booked yet.", "{count:,} receipts in it are not booked yet.",
                    count=waiting,
                )
            )  # fmt: skip
        if self.unreadable:
            found.append(
                say_count(
                    "{count:,} receipt cannot be read: it is in it as it came, but in no table of lines.",
                    "{count:,} receipts cannot be read: they are in it as they came, but in no table of lines.",
                    count=self.unreadable,
                )
            )
        if not self.is_over:
            found.append(say("These days are not over: what comes later needs another archive."))
        return found

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "folder": self.folder,
            "from": self.first.isoformat() if self.first else None,
            "to": self.last.isoformat(),
            "is_over": self.is_over,
            "hash": self.number,
            "files": self.files,
            "bytes": self.size,
            "tables": [table.as_dict() for table in self.tables],
            "receipts": dict(self.statuses),
            "unreadable_receipts": self.unreadable,
        }


@dataclass(frozen=True)
class ArchiveDifference:
    """A place at which an archive is not as it was written, or not as the database is.

    Attributes:
        file: The file.
        text: What differs.
        line: The line, from 1; None where it is the file itself.
        record: The record's key; empty where there is none.
    """

    file: str
    text: Text
    line: int | None = None
    record: str = ""

    def sentence(self) -> Text:
        """Place and difference."""
        if self.line is None and not self.record:
            return say("{file}: {text}", file=self.file, text=self.text)
        if self.line is None:
            return say("{file}, {record}: {text}", file=self.file, record=self.record, text=self.text)
        if not self.record:
            return say("{file}, line {line}: {text}", file=self.file, line=self.line, text=self.text)
        return say(
            "{file}, line {line}, {record}: {text}",
            file=self.file, line=self.line, record=self.record, text=self.text,
        )  # fmt: skip

    def as_dict(self, language: Language) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"file": self.file, "line": self.line, "record": self.record, "text": rendered(self.text, language)}


@dataclass(frozen=True)
class VerificationReport:
    """The result of checking an archive.

    Attributes:
        folder: Where it is.
        number: The hash by which it is known.
        files, rows: How many files and rows were read.
        is_compared: Whether it was compared with the database too.
        differences: The first ones.
        count: How many there are.
    """

    folder: str
    number: str
    files: int
    rows: int
    is_compared: bool
    differences: Sequence[ArchiveDifference]
    count: int

    @property
    def exit_code(self) -> int:
        """0 where nothing differs."""
        return EXIT_DIFFERENT if self.count else 0

    def sentence(self) -> Text:
        """All of it."""
        if self.count:
            return say_count(
                "The archive differs in {count:,} place.", "The archive differs in {count:,} places.", count=self.count
            )
        if self.is_compared:
            return say_count(
                "The archive is as it was written, and equal to the database: {files:,} files, {count:,} row.",
                "The archive is as it was written, and equal to the database: {files:,} files, {count:,} rows.",
                count=self.rows,
                files=self.files,
            )
        return say_count(
            "The archive is as it was written: {files:,} files, {count:,} row. It was not compared with the database.",
            "The archive is as it was written: {files:,} files, {count:,} rows. It was not compared with the database.",
            count=self.rows,
            files=self.files,
        )

    def as_dict(self, language: Language) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "folder": self.folder,
            "equal": not self.count,
            "text": self.sentence().render(language),
            "hash": self.number,
            "files": self.files,
            "rows": self.rows,
            "compared_with_database": self.is_compared,
            "count": self.count,
            "differences": [found.as_dict(language) for found in self.differences],
        }
