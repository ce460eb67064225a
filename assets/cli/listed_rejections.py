"""Where a list of rejections goes: to a CSV file, to standard output as CSV, to `--json`, or to the screen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from assets.cli import click_messages
from assets.cli.output import print_json
from assets.instance.typed_commands import as_typed, shown_path
from cloudkasse_etl.i18n.text import rendered, say, say_count


def refuse_both(csv_file: str | None, *, as_json: bool) -> None:
    """Fails if standard output was asked for twice.

    Raises:
        click.UsageError: CSV and JSON would both be written there.
    """
    if csv_file == "-" and as_json:
        raise click.UsageError(
            say("--json and --csv - would both be written to standard output.").render(click_messages.language())
        )


def put_out(found: dict[str, Any], csv_file: str | None, show: Callable[[], None], *, as_json: bool) -> None:
    """Puts a list of rejections out in the forms that were asked for.

    Args:
        found: As a protocol is: `rejections`, `language`, `timezone`.
        csv_file: The CSV file; `-` is standard output, None is no CSV.
        show: Shows the list to a person, if no other form was asked for.
        as_json: Whether to print one JSON object.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    from cloudkasse_etl.sync.run.protocol import csv_of, write_csv

    if csv_file == "-":
        click.echo(csv_of(found, as_typed), nl=False)
    elif csv_file is not None:
        write_csv(found, Path(csv_file), as_typed)
    if as_json:
        print_json(found)
    elif csv_file is None:
        show()
    elif csv_file != "-":
        written = say_count(
            "{count:,} rejection written to {file}.",
            "{count:,} rejections written to {file}.",
            count=len(found["rejections"]),
            file=shown_path(csv_file),
        )
        click.echo(rendered(written, found["language"]))
