"""`export datev`: calls the use case and tells what was written."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.cli.output import print_json
from cloudkasse_etl.i18n.formats import money
from cloudkasse_etl.i18n.text import Text, joined, say, say_count

if TYPE_CHECKING:
    from cloudkasse_etl.config.settings import Configuration
    from cloudkasse_etl.i18n.text import Language
    from cloudkasse_etl.sync.outputs.datev.datev_report import DatevReport


def tell_datev_export(
    configuration: "Configuration", folder: Path, first: dt.date, last: dt.date, *, again: bool, as_json: bool
) -> None:
    """Writes DATEV's files, and tells which.

    Args:
        configuration: Settings and connections.
        folder: The folder for the files.
        first: The first day.
        last: The last day, included.
        again: Writes what is in files too, once more.
        as_json: Prints one object instead of sentences.
    """
    from cloudkasse_etl.sync.outputs.datev.datev_export import export_datev

    report = export_datev(configuration, folder, first=first, last=last, again=again)
    if as_json:
        print_json({"folder": str(folder), **report.as_dict()})
        return
    language = configuration.settings.language
    for line in (*_files(report, folder, language), *_notes(report)):
        click.echo(line.render(language))


def _files(report: "DatevReport", folder: Path, language: "Language") -> list[Text]:
    from cloudkasse_etl.sync.outputs.datev.datev_report import turnover_of

    lines = [
        say("{file} was written now: its export had broken off.", file=str(folder / name)) for name in report.restored
    ]
    lines += [
        say_count(
            "{file}: {count:,} row, {amount}.",
            "{file}: {count:,} rows, {amount}.",
            count=len(batch.rows),
            file=str(folder / batch.name),
            amount=money(turnover_of(batch), batch.currency, language),
        )
        for batch in report.batches
    ]
    if report.page:
        lines.append(say("{page} tells what is in them.", page=str(folder / report.page)))
    elif report.earlier_postings or report.left_out:
        lines.append(say("Nothing new is booked on these days."))
    else:
        lines.append(say("Nothing is booked on these days."))
    return lines


def _notes(report: "DatevReport") -> list[Text]:
    notes: list[Text] = []
    if report.repeated:
        notes.append(
            say_count(
                "{count:,} posting is in an earlier file too: take only one of them over.",
                "{count:,} postings are in earlier files too: take only one of them over.",
                count=report.repeated,
            )
        )
    elif report.earlier_postings:
        told = say_count(
            "{count:,} posting of these days was written before, to {files}.",
            "{count:,} postings of these days were written before, to {files}.",
            count=report.earlier_postings,
            files=joined(", ", report.earlier_files),
        )
        notes.append(joined(" ", [told, say("With --again they are written once more.")]))
    if report.dropped:
        notes.append(
            say_count(
                "{count:,} row comes to 0 and was left out.",
                "{count:,} rows come to 0 and were left out.",
                count=len(report.dropped),
            )
        )
    if report.shortened:
        notes.append(
            say_count(
                "{count:,} row has a shortened text; the page names it.",
                "{count:,} rows have a shortened text; the page names them.",
                count=len(report.shortened),
            )
        )
    if report.replaced:
        notes.append(
            say_count(
                "{count:,} row has letters that DATEV's files cannot have, and ? instead; the page names it.",
                "{count:,} rows have letters that DATEV's files cannot have, and ? instead; the page names them.",
                count=len(report.replaced),
            )
        )
    if report.left_out:
        notes.append(
            say_count(
                "{count:,} posting was taken back before it was in a file: it and its counter-entry are left out.",
                "{count:,} postings were taken back before they were in a file: they and their counter-entries are "
                "left out.",
                count=len(report.left_out),
            )
        )
    if any(line.difference_cents for line in report.accounts):
        notes.append(say("Something was booked while the files were made: export the same days once more."))
    return notes
