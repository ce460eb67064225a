"""`export`: what was booked, as CSV for a bookkeeper."""

import datetime as dt
from pathlib import Path

import click

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("what", type=click.Choice(["postings", "movements"]))
@click.option("--from", "first", type=_DAY, help="First day, like 2026-11-01.")
@click.option("--to", "last", type=_DAY, help="Last day, included.")
@click.option("--csv", "path", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
def export(what: str, first: dt.datetime | None, last: dt.datetime | None, path: Path) -> int:
    """Write the posting journal or the stock movements of some days as CSV, with totals."""
    from cloudkasse_etl.settings import load
    from cloudkasse_etl.sync.exports import export_movements, export_postings
    from cloudkasse_etl.transform.amounts import euros

    write = export_postings if what == "postings" else export_movements
    summary = write(load(), path, first=first.date() if first else None, last=last.date() if last else None)
    if what == "postings":
        totals = f"debit {euros(summary.debit_cents)}, credit {euros(summary.credit_cents)}"
    else:
        totals = f"in {summary.in_milli / 1000:,.3f}, out {summary.out_milli / 1000:,.3f}"
    click.echo(f"{summary.rows:,} {what} written to {path}: {totals}.")
    return 0
