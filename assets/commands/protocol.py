"""`protocol`: the records that failed in a run, why, and what to do."""

from pathlib import Path

import click

from assets.commands.output import COLOURS, console, print_json, print_rejections, shown_path


@click.command()
@click.argument("run_id")
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write it as a CSV file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def protocol(run_id: str, csv_file: Path | None, as_json: bool) -> None:
    """Show every record that stood rejected after a run, why, and what to do.

    RUN_ID is the run's id, or the beginning of it, as `history` and the UI show it.
    """
    from assets.home import find_home
    from cloudkasse_etl.sync.protocol import read_protocol, write_csv

    found = read_protocol(find_home().protocols, run_id)
    if csv_file is not None:
        write_csv(found, csv_file)
    if as_json:
        print_json(found)
    elif csv_file is not None:
        click.echo(f"{len(found['rejections']):,} rejections written to {shown_path(csv_file)}.")
    else:
        from rich.markup import escape

        out = console()
        out.print(f"[bold {COLOURS[found['outcome']]}]{escape(found['message'][:1].upper() + found['message'][1:])}[/]")
        print_rejections(out, found["rejections"], found["language"], limit=1000)
