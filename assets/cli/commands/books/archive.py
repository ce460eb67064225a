"""`archive`: writes what has to be kept for ten years into a folder, and checks such a folder."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.cli.option_types import DAY, FOLDER, TEXT, needed, refuse_backwards
from assets.cli.output import console, print_json, print_rows, tell
from cloudkasse_etl.i18n.formats import counted, day_in_figures, spelled
from cloudkasse_etl.i18n.text import Language, rendered_each, say

if TYPE_CHECKING:
    from cloudkasse_etl.config.settings import Configuration
    from cloudkasse_etl.sync.outputs.archive.archive_report import ArchiveReport, VerificationReport

SHOWN_DIFFERENCES = 50


@click.group(invoke_without_command=True)
@click.option("--to", "last", type=DAY, help="Last day, included, like 2026-12-31 or 31.12.2026.")
@click.option("--from", "first", type=DAY, help="First day; without it, from the beginning.")
@click.option("--folder", type=FOLDER, help="A folder that does not exist yet, or is empty.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def archive(
    context: click.Context, last: dt.datetime | None, first: dt.datetime | None, folder: Path | None, as_json: bool
) -> int | None:
    """Write what has to be kept for ten years: receipts as they came, and all that was made of them.

    CSV files with an index.xml, by which the programs of tax auditors read them. The hash that is printed at the end
    belongs into the books: with it, any later change of the archive is found.
    """
    if context.invoked_subcommand is not None:
        return None
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.outputs.archive.archiving import write_archive

    end, folder = needed(last, "last"), needed(folder, "folder")
    refuse_backwards(first, end)
    configuration = load()
    report = write_archive(configuration, folder, first=first.date() if first else None, last=end.date())
    if as_json:
        print_json(report.as_dict())
    else:
        _print(report, configuration.settings.language)
    return 0


@archive.command()
@click.argument("folder", type=FOLDER)
@click.option("--hash", "number", type=TEXT, help="The hash that was printed when it was written.")
@click.option("--files-only", is_flag=True, help="Do not compare it with the database.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def verify(folder: Path, number: str | None, files_only: bool, as_json: bool) -> int:
    """Check an archive: whether it is as it was written, and as the database is. Changes nothing.

    Without settings, as on an auditor's computer, the files alone are checked. Exit code 0: nothing differs; 10:
    something does; 20: it could not be checked.
    """
    from cloudkasse_etl.config.settings import language_of, settings_path
    from cloudkasse_etl.sync.outputs.archive.archive_verification import verify_archive

    configuration = None if files_only else _configuration()
    report = verify_archive(folder, configuration, number=number)
    language = language_of(settings_path())
    if as_json:
        print_json(report.as_dict(language))
    else:
        _print_verification(report, language, is_known=number is not None)
    return report.exit_code


def _configuration() -> "Configuration | None":
    """Settings and connections; None where there are no settings."""
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.config.settings import settings_path

    return load() if settings_path().is_file() else None


def _print(report: "ArchiveReport", language: Language) -> None:
    from cloudkasse_etl.sync.outputs.archive.archive_report import COLUMNS

    days = {"last": day_in_figures(report.last, language), "folder": report.folder}
    size = {"megabytes": spelled(f"{report.size / 1_000_000:,.1f}", language), "files": counted(report.files, language)}
    if report.first is None:
        head = say("Everything up to {last} is in {folder}: {files} files, {megabytes} MB.", **days, **size)
    else:
        head = say(
            "{first} to {last} is in {folder}: {files} files, {megabytes} MB.",
            first=day_in_figures(report.first, language), **days, **size,
        )  # fmt: skip
    click.echo(head.render(language))
    rows = [line for table in report.tables for line in table.lines(language)]
    print_rows(console(), rendered_each(COLUMNS, language), rows, numbers=(1, 2, 3))
    for note in report.notes():
        click.echo(note.render(language))
    click.echo(say("For the books, its hash: {hash}", hash=report.number).render(language))
    tell(say("Check it at any time: cloudkasse-etl archive verify {folder}", folder=report.folder).render(language))


def _print_verification(report: "VerificationReport", language: Language, *, is_known: bool) -> None:
    click.echo(report.sentence().render(language))
    for found in report.differences[:SHOWN_DIFFERENCES]:
        click.echo("  " + found.sentence().render(language))
    if report.count > SHOWN_DIFFERENCES:
        more = say("  and {count:,} more", count=report.count - SHOWN_DIFFERENCES)
        click.echo(more.render(language))
    if not is_known and report.number:
        click.echo(say("Compare its hash with the one in the books: {hash}", hash=report.number).render(language))
