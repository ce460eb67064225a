"""Reads a folder of exports: each closing once, whichever exports it is in. What a till of this kind delivers."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from cloudkasse_etl.tills.dsfinvk.deviations import Deviation
from cloudkasse_etl.tills.dsfinvk.export_files import SETTLE_SECONDS, find_exports, unfinished
from cloudkasse_etl.tills.dsfinvk.export_reader import ClosingRecord, ExportReader


class LegalRecord:
    """The exports below a folder.

    Args:
        folder: A folder with exports at any depth, or a ZIP file.
        zone: The shop's time zone.
        settle_seconds: How long an export's size must have stood still.
        sleep: Waits.
        names: Z_KASSE_ID → what the settings call the register, where that is another name.
    """

    def __init__(
        self,
        folder: Path,
        zone: dt.tzinfo,
        *,
        settle_seconds: float = SETTLE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._names = names or {}
        self._folder, self._zone = folder, zone
        self._settle_seconds, self._sleep = settle_seconds, sleep
        self._seen: dict[tuple[str, int], tuple[str, str]] = {}
        self.exports = 0

    def closings(self) -> Iterator[ClosingRecord]:
        """Yields each closing once, export by export, and at the end what is missing between them.

        A closing that was in an earlier export with the same content is left out; with another content it is
        refused, and the first one stays.
        """
        for export in find_exports(self._folder):
            if isinstance(export, Deviation):
                yield ClosingRecord(export.export, deviations=(export,))
                continue
            self.exports += 1
            if refusal := unfinished(export, settle_seconds=self._settle_seconds, sleep=self._sleep):
                yield ClosingRecord(export.shown, deviations=(refusal,))
                continue
            for record in ExportReader(export, self._zone, names=self._names).closings():
                if (new := self._new(record)) is not None:
                    yield new
        missing = tuple(self._missing())
        if missing:
            yield ClosingRecord(str(self._folder), deviations=missing)

    def _new(self, record: ClosingRecord) -> ClosingRecord | None:
        if record.number is None or record.closing is None:
            return record
        key = record.register, record.number
        if key not in self._seen:
            self._seen[key] = record.content, record.export
            return record
        content, export = self._seen[key]
        if content == record.content:
            return None
        conflict = Deviation(
            "closing_conflict", record.export, register=record.register, closing=record.number, expected=export
        )
        return replace(
            record, closing=None, read_by_row=(), read_by_column=None, deviations=(*record.deviations, conflict)
        )

    def _missing(self) -> Iterator[Deviation]:
        numbers: dict[str, list[int]] = {}
        for register, number in self._seen:
            numbers.setdefault(register, []).append(number)
        for register, found in sorted(numbers.items()):
            found.sort()
            for before, after in pairwise(found):
                if after > before + 1:
                    gap = str(before + 1) if after == before + 2 else f"{before + 1}–{after - 1}"
                    yield Deviation(
                        "closings_missing", str(self._folder), register=register, value=gap, expected=register
                    )
