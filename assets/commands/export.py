"""`export`: what was booked, as CSV for a bookkeeper."""

import datetime as dt
from pathlib import Path

import click

from assets.commands.values import DAY, FILE
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.wording import say, spelled


@click.command()
@click.argument("what", type=click.Choice(["postings", "movements"]))
@click.option("--from", "first", type=DAY, help="First day, like 2026-11-01.")
@click.option("--to", "last", type=DAY, help="Last day, included.")
@click.option("--csv", "path", type=FILE, required=True, help="File to write.")
def export(what: str, first: dt.datetime | None, last: dt.datetime | None, path: Path) -> int:
    """Write the posting journal or the stock movements of some days as CSV, with totals."""
    from cloudkasse_etl.settings import load
    from cloudkasse_etl.sync.exports import export_movements, export_postings
    from cloudkasse_etl.transform.amounts import euros

    if first is not None and last is not None and last < first:
        raise ConfigurationError(
            say("--to ({last}) is before --from ({first}).", last=f"{last:%Y-%m-%d}", first=f"{first:%Y-%m-%d}"),
            hint=say("Both days are included; a single day is named twice."),
        )
    write = export_postings if what == "postings" else export_movements
    configuration = load()
    summary = write(configuration, path, first=first.date() if first else None, last=last.date() if last else None)
    language = configuration.settings.language
    if what == "postings":
        text = say(
            "{count:,} postings written to {file}: debit {debit}, credit {credit}.",
            count=summary.rows, file=str(path),
            debit=spelled(euros(summary.debit_cents), language), credit=spelled(euros(summary.credit_cents), language),
        )  # fmt: skip
    else:
        text = say(
            "{count:,} movements written to {file}: in {into:,.3f}, out {out:,.3f}.",
            count=summary.rows, file=str(path), into=summary.in_milli / 1000, out=summary.out_milli / 1000,
        )  # fmt: skip
    click.echo(text.told(language))
    return 0
