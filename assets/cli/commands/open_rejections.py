"""`rejections`: what is open now, over all assets: every record that is rejected, why, and what to do first."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.cli import click_messages
from assets.cli.option_types import FILE_OR_OUTPUT, TEXT
from assets.cli.output import CURE, console, print_causes, print_json, shown_path
from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.i18n.text import say, say_count

if TYPE_CHECKING:
    from cloudkasse_etl.sync.monitoring.open_records import OpenReport


@click.command()
@click.option("--asset", type=TEXT, help="Only records of this asset.")
@click.option("--code", type=TEXT, help="Only records that are rejected with this code.")
@click.option("--csv", "csv_file", type=FILE_OR_OUTPUT, help="Write them as a CSV file; - is standard output.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def rejections(asset: str | None, code: str | None, csv_file: str | None, as_json: bool) -> None:
    """Show every record that is rejected now, why, and what to do; and what waits.

    It is about now and not about a run: protocol and report are about one. The cause for which most money is stuck
    comes first, then that of most records.
    """
    if csv_file == "-" and as_json:
        raise click.UsageError(
            say("--json and --csv - would both be written to standard output.").told(click_messages.language())
        )
    from cloudkasse_etl.config.settings import load
    from cloudkasse_etl.sync.monitoring.open_records import open_records
    from cloudkasse_etl.sync.run.protocol import csv_of, write_csv

    configuration = load()
    report = open_records(configuration, asset=asset, code=code)
    found = {**report.as_dict(), "language": report.language, "timezone": configuration.settings.timezone}
    if csv_file == "-":
        click.echo(csv_of(found), nl=False)
    elif csv_file is not None:
        write_csv(found, Path(csv_file))
    if as_json:
        print_json(found)
    elif csv_file is None:
        _print(report)
    elif csv_file != "-":
        written = say_count(
            "{count:,} rejection written to {file}.",
            "{count:,} rejections written to {file}.",
            count=len(report.rejections),
            file=shown_path(csv_file),
        )
        click.echo(written.told(report.language))


def _print(report: "OpenReport") -> None:
    from rich.markup import escape

    out = console()
    colour = "red" if report.is_urgent else "yellow" if report.is_open else "green"
    out.print(f"[bold {colour}]{escape(report.sentence)}[/]")
    print_causes(out, report.causes, report.language, limit=len(report.causes), every_record=True)
    for wait in report.waits:
        out.print(f"[bold]{wait.asset}[/] · {counted(wait.count, report.language)} · {escape(wait.why)}")
        out.print(f"  [green]{CURE.told(report.language)}[/] {escape(wait.cure)}", soft_wrap=True)
