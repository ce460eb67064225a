"""`day`: shows the sheet (Kassenbericht) of a business day, or several days in one table."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.cli.option_types import DAY, FILE, TEXT
from assets.cli.output import console, print_json, print_rows, progress
from assets.instance.typed_commands import as_typed, shown_path
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say

if TYPE_CHECKING:
    from rich.console import Console

    from cloudkasse_etl.sync.outputs.tables.table_page import Chapter, Section


@click.command()
@click.argument("day", type=DAY)
@click.option("--to", "last", type=DAY, help="Last day, included: all days and registers in one table.")
@click.option("--register", type=TEXT, help="Only this register.")
@click.option("--html", "html_file", type=FILE, help="Write it as a page to look at, print and file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def day(day: dt.datetime, last: dt.datetime | None, register: str | None, html_file: Path | None, as_json: bool) -> int:
    """Show a business day's sheet of each register: what was sold, how it was paid, which cash there must be.

    DAY is a business day, like 2026-11-01 or 01.11.2026. All sums are made of the receipts as they came, and compared
    with closings and postings. It may be called while a synchronisation runs, and before the day is closed.
    """
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.outputs.day.sheet_page import chapters_of, sheets_page, title_of
    from cloudkasse_etl.sync.outputs.day.sheet_reading import make_day_sheets

    if last is not None and last < day:
        raise ConfigurationError(
            say("--to ({last}) is before the first day ({first}).", last=f"{last:%Y-%m-%d}", first=f"{day:%Y-%m-%d}"),
            hint=say("Both days are included."),
        )
    configuration = load()
    language = configuration.settings.language
    with progress(language, quiet=as_json) as (on_sheet, _, _):
        report = make_day_sheets(
            configuration, day.date(), (last or day).date(), register=register, on_sheet=on_sheet
        )  # fmt: skip
    if html_file is not None:
        from cloudkasse_etl.sync.outputs.tables.page_file import write_page_file

        write_page_file(html_file, sheets_page(report, configuration, typed=as_typed))
    if as_json:
        from cloudkasse_etl.sync.outputs.day.sheet_json import report_dict

        print_json(report_dict(report, language))
    elif html_file is not None:
        written = say("{title}: written to {file}.", title=title_of(report, language), file=shown_path(html_file))
        click.echo(written.render(language))
    else:
        out = console()
        out.print(title_of(report, language), style="bold", markup=False)
        for chapter in chapters_of(report, configuration.settings):
            _print(out, chapter)
    return 0


def _print(out: "Console", chapter: "Chapter") -> None:
    from rich.markup import escape

    if chapter.title:
        out.print(f"\n[bold]{escape(chapter.title)}[/]")
    for note in chapter.notes:
        out.print(f"[yellow]{escape(as_typed(note))}[/]")
    width = max((len(label) for label, _ in chapter.figures), default=0)
    for label, told in chapter.figures:
        out.print(f"[dim]{escape(label.ljust(width))}[/]  {escape(told)}")
    if chapter.proof:
        out.print(f"[green]{escape(chapter.proof)}[/]")
    for section in chapter.sections:
        _print_section(out, section)


def _print_section(out: "Console", section: "Section") -> None:
    from rich.markup import escape

    if not section.rows:
        return
    out.print(f"\n[bold]{escape(section.title)}[/]")
    rows = [*section.rows, *([section.total] if section.total else [])]
    print_rows(out, section.heads, rows, numbers=range(section.texts, len(section.heads)))
