"""The differences that were found in an archive: the first ones, and how many there are."""

from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.sync.outputs.archive.archive_report import ArchiveDifference

KEPT = 1000


class DifferenceList:
    """Collects differences.

    Attributes:
        first: The first `KEPT` of them.
        count: How many there are.
    """

    def __init__(self) -> None:
        self.first: list[ArchiveDifference] = []
        self.count = 0
        self._missing: set[str] = set()

    def add(self, file: str, text: Text, line: int | None = None, record: str = "") -> None:
        """Adds one.

        Args:
            file: The file.
            text: What differs.
            line: The line, from 1.
            record: The record's key.
        """
        self.count += 1
        if len(self.first) < KEPT:
            self.first.append(ArchiveDifference(file, text, line, record))

    def add_missing(self, file: str) -> None:
        """Adds that a file is missing: once, whoever finds it."""
        if file not in self._missing:
            self._missing.add(file)
            self.add(file, say("It is missing."))
