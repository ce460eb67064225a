"""Use case: writes the postings of some days as DATEV's files, each posting once, with a page beside them.

All is checked first. Then the files are written under other names, remembered in our tables, given their names, and
remembered as written: a program that dies anywhere in between leaves nothing that is lost or comes twice.
"""

import datetime as dt
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cloudkasse_etl.config.exports.datev_settings import Datev
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import ConfigurationError, Problem, problems_error, unwritable_file, unwritable_folder
from cloudkasse_etl.i18n.text import joined, say, say_count
from cloudkasse_etl.state.stores.books.datev_files import DatevFiles, FileDraft, StoredFile
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.datev.datev_page import page_of
from cloudkasse_etl.sync.outputs.datev.datev_report import (
    DatevReport,
    account_lines,
    left_out_sums,
    tax_lines,
    turnover_of,
)
from cloudkasse_etl.transform.datev.batch_rows import BatchRow, gather
from cloudkasse_etl.transform.datev.batch_split import Batch, split
from cloudkasse_etl.transform.datev.ledger_entries import Entry, Unpaired, paired
from cloudkasse_etl.transform.datev.row_refusals import refusals

_TOLD_PROBLEMS = 100


def export_datev(
    configuration: Configuration, folder: Path, *, first: dt.date, last: dt.date, again: bool = False
) -> DatevReport:
    """Writes what is booked on some days and in no file yet.

    Args:
        configuration: Settings and connections.
        folder: The folder for the files; it is made if there is none.
        first: The first day.
        last: The last day, included.
        again: Writes what is in files too, once more.

    Returns:
        What was written.

    Raises:
        ConfigurationError: Settings are missing, something cannot be carried (nothing is written then), or the folder
            cannot be written.
        LeaseHeldError: Another export of the same postings was faster.
        StateUnavailableError: Our own tables cannot be reached.
    """
    settings = configuration.settings
    _refuse_without_numbers(settings.datev, configuration.path.name)
    now = dt.datetime.now(settings.zone)
    with open_reading(configuration) as stores:
        store = DatevFiles(stores.connection)
        pending, (known, files), sums = store.unwritten(), store.earlier(first, last), store.account_sums(first, last)
        left_out = store.cancelled(first, last)
        unpaired: list[Unpaired] = []
        entries = _sorted_out(paired(store.postings(first, last, again=again)), unpaired)
        rows = gather(entries, settings.datev.grain)
        _refuse(refusals(rows, unpaired, settings.datev))
        number = store.next_number()
        batches = split(
            rows, settings.datev, first=first, last=last, number=number, made=now, language=settings.language
        )
        written = [row for batch in batches for row in batch.rows]
        report = DatevReport(
            first,
            last,
            batches,
            [file.name for file in pending],
            f"DATEV_{number:05d}.html" if batches else None,
            sum(len(draft) for draft in map(_postings, batches)),
            sum(was for batch in batches for *_, was in _postings(batch)),
            known,
            [file.name for file in files],
            [row for row in rows if not row.amount_cents],
            [row for row in written if row.shortened(settings.language)],
            [row for row in written if row.replaced(settings.language)],
            tax_lines(rows),
            account_lines(batches, sums, left_out_sums(left_out, first, last)),
            left_out,
        )
        drafts = _drafts(report, page_of(report, configuration, now))
        stored = [StoredFile(draft.number, draft.name, now, draft.body, draft.page) for draft in drafts]
        _write(folder, [*pending, *stored], store, drafts, now)
    return report


def _refuse_without_numbers(datev: Datev, file: str) -> None:
    missing = [
        Problem(
            ": ".join((file, f"datev.{name}")),
            say("DATEV's files need it."),
            say("Ask the tax adviser, and write {name}: under datev.", name=name),
        )
        for name in ("adviser", "client")
        if getattr(datev, name) is None
    ]
    if missing:
        raise problems_error(missing)


def _sorted_out(found: Iterable[Entry | Unpaired], unpaired: list[Unpaired]) -> Iterable[Entry]:
    for one in found:
        if isinstance(one, Entry):
            yield one
        else:
            unpaired.append(one)


def _refuse(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    head = say_count(
        "Nothing was written, because DATEV cannot take it: {count:,} problem.",
        "Nothing was written, because DATEV cannot take it: {count:,} problems.",
        count=len(problems),
    )
    lines = [say("  {problem}", problem=problem.text_of()) for problem in problems[:_TOLD_PROBLEMS]]
    if len(problems) > _TOLD_PROBLEMS:
        lines.append(say("  and {count:,} more", count=len(problems) - _TOLD_PROBLEMS))
    raise ConfigurationError(joined("\n", (head, *lines)), problems=problems)


def _postings(batch: Batch) -> list[tuple[str, int, bool]]:
    """Each posting of a file with the number of its row, from 1; 0 for those of rows whose sum is 0."""
    numbered: list[tuple[int, BatchRow]] = [*enumerate(batch.rows, 1), *((0, row) for row in batch.dropped)]
    return [
        (posting, number, was)
        for number, row in numbered
        for entry in row.entries
        for posting, was in zip(entry.posting_ids, entry.repeated, strict=True)
    ]


def _drafts(report: DatevReport, page: str) -> list[FileDraft]:
    return [
        FileDraft(
            batch.number, batch.name, batch.first_day, batch.last_day, batch.currency, len(batch.rows),
            turnover_of(batch), batch.body, page.encode() if at == 0 else None, _postings(batch),
        )
        for at, batch in enumerate(report.batches)
    ]  # fmt: skip


def _write(
    folder: Path, files: Sequence[StoredFile], store: DatevFiles, drafts: Sequence[FileDraft], now: dt.datetime
) -> None:
    """Writes files that are remembered already, and new ones, which are remembered as soon as there is room for all.

    Raises:
        ConfigurationError: The folder cannot be written, or has another file of one of these names.
    """
    bodies = {file.name: file.body for file in files}
    bodies |= {f"DATEV_{file.number:05d}.html": file.page for file in files if file.page is not None}
    _refuse_others_files(folder, bodies)
    parts = {folder / name: folder / f"{name}.{os.getpid()}.part" for name in bodies}
    path = folder
    try:
        if bodies:
            folder.mkdir(parents=True, exist_ok=True)
        for path, part in parts.items():
            part.write_bytes(bodies[path.name])
        if drafts:
            store.remember(drafts, now)
        for path, part in parts.items():
            part.replace(path)
    except OSError as error:
        raise (unwritable_folder if path == folder else unwritable_file)(path, error) from error
    finally:
        for part in parts.values():
            if part.is_file():
                part.unlink()
    store.wrote([file.number for file in files], now)


def _refuse_others_files(folder: Path, bodies: Mapping[str, bytes]) -> None:
    """Fails where a file would be replaced by another one: the numbers in the names are each company's own.

    Raises:
        ConfigurationError: It would.
    """
    others = [name for name, body in bodies.items() if _is_another(folder / name, body)]
    if others:
        raise ConfigurationError(
            say(
                "{folder} has another {file} already, of another company or changed since it was written. Nothing was "
                "written.",
                folder=str(folder),
                file=others[0],
            ),
            hint=say("Name a folder that is this company's alone, or move the file elsewhere."),
        )


def _is_another(path: Path, body: bytes) -> bool:
    try:
        return path.is_file() and path.read_bytes() != body
    except OSError as error:
        raise unwritable_file(path, error) from error
