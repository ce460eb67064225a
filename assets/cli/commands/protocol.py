"""`protocol`: lists the records that failed in a run, why, and what to do."""

from typing import Any
from zoneinfo import ZoneInfo

import click

from assets.cli.listed_rejections import put_out, refuse_both
from assets.cli.option_types import FILE_OR_OUTPUT, TEXT
from assets.cli.output import COLOURS, console, print_causes, print_wrapped
from cloudkasse_etl.i18n.text import say


@click.command()
@click.argument("run_id", type=TEXT)
@click.option(
    "--csv",
    "csv_file",
    type=FILE_OR_OUTPUT,
    help="Write it as a CSV file; - is standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def protocol(run_id: str, csv_file: str | None, as_json: bool) -> None:
    """Show every record that stood rejected after a run, why, and what to do.

    RUN_ID is the run's id, or the beginning of it, as `history` and the UI show it.
    """
    refuse_both(csv_file, as_json=as_json)
    from assets.instance.home import find_home
    from cloudkasse_etl.sync.run.protocol import read_protocol

    found = read_protocol(find_home().protocols, run_id)
    put_out(found, csv_file, lambda: _print(found), as_json=as_json)


def _print(found: dict[str, Any]) -> None:
    from rich.markup import escape

    from cloudkasse_etl.i18n.formats import moment
    from cloudkasse_etl.rejections.causes import causes_of

    out, language = console(), found["language"]
    zone = ZoneInfo(found["timezone"]) if found.get("timezone") else None
    out.print(f"[bold {COLOURS[found['outcome']]}]{escape(found['message'][:1].upper() + found['message'][1:])}[/]")
    for cause in causes_of(found["rejections"], language):
        print_causes(out, [cause], language, limit=1, every_record=True)
        if cause.since is not None:
            since = say("since {since}", since=moment(cause.since.astimezone(zone), language))
            print_wrapped(out, f"[dim]{escape(since.render(language))}[/]", indent=2)
