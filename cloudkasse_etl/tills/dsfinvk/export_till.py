"""The till that delivers DSFinV-K exports into a folder: receipts and closings of whatever registers wrote them.

Each closing is one page, with its receipts. An export is read once, when it is whole; what of it was read is remembered
closing by closing, so that the same closing in another export is neither staged nor booked again (docs/dsfinvk.md).
"""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import msgspec

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import ConfigurationError, Problem
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.text import Language, rendered, say
from cloudkasse_etl.tills.dsfinvk.deviations import Deviation
from cloudkasse_etl.tills.dsfinvk.export_files import SETTLE_SECONDS, ExportFiles, find_exports, unfinished
from cloudkasse_etl.tills.dsfinvk.export_reader import ClosingRecord, ExportReader
from cloudkasse_etl.tills.port import (
    Attempt,
    BatchOutcome,
    Page,
    Part,
    PartMemory,
    Refusal,
    Stream,
    TillStatus,
)

UNREADABLE = "export_unreadable"
_REFUSED = "refused "
_LONGEST = 100
_ENDINGS = (".csv", ".xml", ".zip")
_json = msgspec.json.Encoder()


class ExportTill:
    """A folder of exports.

    Args:
        configuration: Settings, for the folder, the registers and the zone.
        memory: What was read before.
        settle_seconds: How long an export's size must have stood still.
        sleep: Waits.
    """

    def __init__(
        self,
        configuration: Configuration,
        memory: PartMemory,
        *,
        settle_seconds: float = SETTLE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        settings = configuration.settings
        self._folder = configuration.path.parent / settings.till.dsfinvk.folder
        self._zone, self._language = settings.zone, settings.language
        self._names = settings.registers_in_till
        self._memory, self._settle_seconds, self._sleep = memory, settle_seconds, sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing stays open between two pages."""

    def status(self) -> TillStatus:
        """Whether anything in the folder has changed: one look at names, sizes and times.

        Raises:
            ConfigurationError: There is no such folder.
        """
        return TillStatus(
            api_version="",
            time=dt.datetime.now(dt.UTC),
            company_number=None,
            company_name=None,
            batch_items=0,
            page_items=0,
            counts={},
            heads={"receipts": self._state_of_the_folder()},
            clock_offset_seconds=0.0,
        )

    def problems(self) -> list[Problem]:
        """Registers of the exports that the settings do not name, and files that are no export."""
        found, unknown = [], dict[str, str]()
        exports = 0
        for export in self._exports():
            if isinstance(export, Deviation):
                found.append(_problem(export, self._language))
                continue
            exports += 1
            if (refusal := unfinished(export, settle_seconds=0)) is not None:
                found.append(_problem(refusal, self._language))
                continue
            registers, refusals = ExportReader(export, self._zone).registers()
            found += [_problem(deviation, self._language) for deviation in refusals]
            for register in registers:
                if register not in self._names:
                    unknown.setdefault(register, export.shown)
        found += [
            Problem(
                export,
                say("Register '{register}' is in the exports, but not in the settings.", register=register),
                say(
                    "Name it below registers: in cloudkasse.yaml, as number: or as till_id: {register}",
                    register=register,
                ),
            )
            for register, export in unknown.items()
        ]
        if not exports:
            text = say("There is no DSFinV-K export in {path}.", path=str(self._folder))
            found.append(Problem("DSFinV-K", text, say("Put the exports of the registers there."), is_note=True))
        return found

    def records(self, entity: str) -> Iterator[list[dict[str, Any]]]:
        """Nothing: it takes no master data."""
        raise AssertionError(f"An export holds no {entity}.")

    def send(self, entity: str, items: Iterable[dict[str, Any]]) -> Iterator[BatchOutcome]:
        """Nothing: it takes no master data."""
        raise AssertionError(f"An export takes no {entity}.")

    def resend(self, attempts: Iterable[Attempt]) -> Iterator[BatchOutcome]:
        """Nothing: nothing was ever sent."""
        yield from ()

    def pages(self, stream: Stream, after: str | None, limit: int | None = None) -> Iterator[Page]:
        """A page for each closing that is new, with its receipts; closings have no stream of their own.

        Args:
            stream: `receipts`.
            after: Where None, exports are read again that were read before.
            limit: Is not used: a closing is stored at once.

        Yields:
            The pages. The last one is empty, and its cursor is the folder's state before anything was read.
        """
        if stream == "closings":
            return
        state = self._state_of_the_folder()
        taken, seen = dict(self._memory.taken()), set[str]()
        for export in self._exports():
            seen.add(_short(export.export if isinstance(export, Deviation) else export.shown))
            if isinstance(export, Deviation):
                yield self._refused(export.export, export)
                continue
            mark = fingerprint(repr((export.sizes(), sorted(self._names.items()))))
            part = Part(f"export {_short(export.shown)}", mark)
            if after is not None and taken.get(part.name) == part.state:
                continue
            refusal = unfinished(export, settle_seconds=self._settle_seconds, sleep=self._sleep)
            if refusal is not None and refusal.code == "still_written":
                note = self._note(refusal)
                yield Page((), None, has_more=True, notes=(note,))  # its state is another one by the next look
            elif refusal is not None:
                yield self._refused(export.shown, refusal)
            else:
                yield from self._closings(export, part, taken)
        refused = [name.removeprefix(_REFUSED) for name in taken if name.startswith(_REFUSED) and taken[name]]
        gone = [export for export in refused if export not in seen]
        yield Page(
            (),
            state,
            has_more=False,
            settled=[f"?{export}" for export in gone],
            taken=[Part(f"{_REFUSED}{export}", "") for export in gone],
        )

    def _closings(self, export: ExportFiles, part: Part, taken: dict[str, str]) -> Iterator[Page]:
        settled = [_key(export.shown)]
        for record in ExportReader(export, self._zone, names=self._names).closings():
            page = self._page(record, taken)
            settled = [key for key in settled if all(refusal.key != key for refusal in page.refusals)]
            yield page
        yield Page((), None, has_more=True, taken=(part,), settled=settled)

    def _page(self, record: ClosingRecord, taken: dict[str, str]) -> Page:
        """A closing as a page; of one that was read before nothing, or that its content is another one."""
        refused = [deviation for deviation in record.refusals if not deviation.receipt]
        # what is refused besides the closing and its receipts is told as well, like amounts of an unknown line
        told_besides = refused if record.closing is not None else []
        notes = tuple(
            self._note(deviation)
            for deviation in record.deviations
            if not deviation.is_refusal or deviation in told_besides
        )
        if record.number is None:
            if refused:
                return self._refused(record.export, refused[0], notes)
            return Page((), None, has_more=True, notes=notes)
        key = f"{record.register}|{record.number}"
        if record.closing is None:
            refusals = [self._refusal(key, deviation) for deviation in refused[:1]]
            return Page((), None, has_more=True, refusals=refusals, notes=notes)
        part = Part(f"closing {key}", record.content)
        before = taken.get(part.name)
        if before == part.state:
            return Page((), None, has_more=True)
        if before is not None:
            conflict = Refusal(key, "closing_conflict", {}, record.content)
            return Page((), None, has_more=True, refusals=[conflict])
        is_known = record.register in self._names.values()
        if is_known and not record.refusals:
            taken[part.name] = part.state
        return Page(
            [*record.texts, *self._unreadable(record)],
            None,
            has_more=True,
            columns=record.columns if not record.refusals else None,
            # without a register that the settings name, it waits in its export until they do
            closings=[_json.encode(record.closing)] if is_known else (),
            notes=notes,
            taken=(part,) if is_known and not record.refusals else (),
        )

    def _unreadable(self, record: ClosingRecord) -> Iterator[bytes]:
        """What takes the place of a receipt that cannot be read, so that it is neither lost nor taken for missing."""
        for receipt_id, deviation in record.unreadable.items():
            refused = {"code": UNREADABLE, "detail": self._detail(deviation)}
            yield _json.encode(
                {"id": receipt_id, "register": record.register, "number": deviation.number, "refused": refused}
            )

    def _refused(self, export: str, deviation: Deviation, notes: Sequence[str] = ()) -> Page:
        """That a whole export is refused; it is remembered, so that the refusal ends once the export is gone."""
        refusal = self._refusal(_key(export), deviation)
        mark = Part(f"{_REFUSED}{_short(export)}", refusal.content)
        return Page((), None, has_more=True, refusals=[refusal], notes=notes, taken=[mark])

    def _refusal(self, key: str, deviation: Deviation) -> Refusal:
        detail = self._detail(deviation)
        return Refusal(key, UNREADABLE, detail, fingerprint(repr((deviation.code, detail))))

    def _note(self, deviation: Deviation) -> str:
        place, text = rendered(deviation.place, self._language), deviation.text(self._language)
        return say("{place}: {text}", place=place, text=text).render(self._language)

    def _detail(self, deviation: Deviation) -> Mapping[str, str]:
        return {"place": rendered(deviation.place, self._language), "message": deviation.text(self._language)}

    def _exports(self) -> Iterator[ExportFiles | Deviation]:
        self._refuse_missing_folder()
        return find_exports(self._folder)

    def _state_of_the_folder(self) -> str:
        self._refuse_missing_folder()
        files = sorted(self._folder.rglob("*")) if self._folder.is_dir() else [self._folder]
        found = []
        for path in files:
            if path.suffix.lower() in _ENDINGS:
                try:
                    status = path.stat()
                except OSError:
                    continue
                found.append((path.relative_to(self._folder).as_posix(), status.st_size, status.st_mtime_ns))
        return fingerprint(repr((found, sorted(self._names.items()))))

    def _refuse_missing_folder(self) -> None:
        if not self._folder.exists():
            raise ConfigurationError(
                say("There is no folder {path}.", path=str(self._folder)),
                hint=say("Create it and put the registers' exports there, or name another as till.dsfinvk.folder."),
            )


def _short(export: str) -> str:
    """The path of an export, or a hash of it where it is too long for a key."""
    return export if len(export) <= _LONGEST else fingerprint(export)


def _key(export: str) -> str:
    """The key of what is wrong with a whole export, whose closings are not known."""
    return f"?{_short(export)}"


def _problem(deviation: Deviation, language: Language) -> Problem:
    return Problem(deviation.place, deviation.text(language), say("Have the export written again, and put it here."))
