"""`audit`: compares the legal record of the registers with what was staged and booked."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.cli.option_types import DAY, FILE
from assets.cli.output import console, print_json, print_rows
from cloudkasse_etl.i18n.text import rendered_each
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from cloudkasse_etl.sync.audit.audit_report import AuditReport

SHOWN_ROWS = 50


@click.command()
@click.option(
    "--dsfinvk", type=click.Path(path_type=Path), required=True, help="A folder with DSFinV-K exports, or a ZIP file."
)
@click.option("--from", "first_day", type=DAY, help="Only closings from this business day on.")
@click.option("--to", "last_day", type=DAY, help="Only closings up to this business day.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--html", type=FILE, help="Write the result as a page to this file too.")
def audit(
    dsfinvk: Path, first_day: dt.datetime | None, last_day: dt.datetime | None, as_json: bool, html: Path | None
) -> int:
    """Compare the registers' legal record with what was staged and booked, receipt by receipt. Changes nothing.

    Exit code 0: both agree; 10: they differ; 20: they could not be compared.
    """
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.errors import unwritable_file
    from cloudkasse_etl.sync.audit.legal_audit import audit_legal_record

    configuration = load()
    language = configuration.settings.language
    report = audit_legal_record(
        configuration,
        dsfinvk,
        first_day=first_day.date() if first_day else None,
        last_day=last_day.date() if last_day else None,
    )
    if html is not None:
        try:
            html.write_text(report.html(language), encoding="utf-8")
        except OSError as error:
            raise unwritable_file(html, error) from error
    if as_json:
        print_json(report.as_dict(language))
    else:
        _print(report, language)
    return report.exit_code


def _print(report: "AuditReport", language: Language) -> None:
    from rich.markup import escape

    from cloudkasse_etl.sync.audit.audit_report import COLUMNS

    out = console()
    colour = "green" if report.is_equal else "yellow"
    out.print(f"[bold {colour}]{escape(report.sentence().render(language))}[/]")
    print_rows(out, rendered_each(COLUMNS, language), report.rows(language)[:SHOWN_ROWS], numbers=(1, 2))
    for text in report.warnings[:SHOWN_ROWS]:
        out.print(f"[dim]{escape(text)}[/]", soft_wrap=True)
