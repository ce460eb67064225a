"""`export`: writes postings or stock movements as CSV for a bookkeeper, postings for DATEV, or articles for a till."""

import codecs
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.cli.exporting_datev import tell_datev_export
from assets.cli.option_types import DAY, FILE_OR_OUTPUT, FOLDER, needed, refuse_backwards
from assets.cli.output import console, print_causes
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.formats import spelled
from cloudkasse_etl.i18n.text import joined, say, say_count

if TYPE_CHECKING:
    from cloudkasse_etl.config.settings import Configuration
    from cloudkasse_etl.sync.outputs.csv_files import TextSink


@click.command()
@click.argument("what", type=click.Choice(["postings", "movements", "articles", "datev"]))
@click.option("--from", "first", type=DAY, help="First day, like 2026-11-01 or 01.11.2026.")
@click.option("--to", "last", type=DAY, help="Last day, included.")
@click.option("--csv", "path", type=FILE_OR_OUTPUT, help="File to write; - is standard output. Not for datev.")
@click.option("--folder", type=FOLDER, help="Folder for the files of datev.")
@click.option("--again", is_flag=True, help="With datev: write postings once more that are in files already.")
@click.option("--json", "as_json", is_flag=True, help="With datev: print one JSON object and nothing else.")
def export(
    what: str,
    first: dt.datetime | None,
    last: dt.datetime | None,
    path: str | None,
    folder: Path | None,
    again: bool,
    as_json: bool,
) -> int:
    """Write the posting journal or the stock movements of some days as CSV, with totals; or the articles.

    Articles are written with their gross prices, a row a price, as they hold now and later: for tills that take no
    upload. The summary is told on standard error where the file is written to standard output. With datev the postings
    of some days are written as DATEV's files, each posting once.
    """
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.i18n.formats import plain_euros, plain_units
    from cloudkasse_etl.sync.outputs import exports

    _refuse_others_options(what, csv=path, folder=folder, again=again, json=as_json)
    refuse_backwards(first, last)
    if what == "articles" and (first is not None or last is not None):
        raise ConfigurationError(
            say("Articles have no days: --from and --to go with postings and movements."),
            hint=say("Leave them out."),
        )
    if what == "datev":
        begin, end = needed(first, "first"), needed(last, "last")
        tell_datev_export(load(), needed(folder, "folder"), begin.date(), end.date(), again=again, as_json=as_json)
        return 0
    path = needed(path, "path")
    configuration, is_piped = load(), path == "-"
    out: Path | TextSink = Path(path)
    if is_piped:  # in UTF-8 and with a byte order mark, as the file has it, whatever the console's encoding is
        out = codecs.getwriter("utf-8-sig")(sys.stdout.buffer)
    if what == "articles":
        _articles(configuration, out, path)
        return 0
    summary = exports.export_books(
        configuration, what, out, first=first.date() if first else None, last=last.date() if last else None
    )
    language = configuration.settings.language
    booked = [
        say(
            "debit {debit} {currency}, credit {credit} {currency}", currency=total.currency,
            debit=spelled(plain_euros(total.debit_cents), language),
            credit=spelled(plain_euros(total.credit_cents), language),
        )
        for total in summary.booked
    ]  # fmt: skip
    moved = [
        say(
            "in {into} {unit}, out {out} {unit}", unit=total.unit or say("without a unit"),
            into=spelled(plain_units(total.in_milli), language), out=spelled(plain_units(total.out_milli), language),
        )
        for total in summary.moved
    ]  # fmt: skip
    shown = say("standard output") if is_piped else path
    # each currency and each unit by itself: kilograms and pieces have no sum
    text = say_count(
        "{count:,} posting written to {file}",
        "{count:,} postings written to {file}",
        count=summary.rows,
        file=shown,
    )
    if what == "movements":
        text = say_count(
            "{count:,} movement written to {file}",
            "{count:,} movements written to {file}",
            count=summary.rows,
            file=shown,
        )
    sums = joined("; ", [*booked, *moved])
    click.echo(joined(": ", [text, sums] if summary.rows else [text]).render(language) + ".", err=is_piped)
    return 0


def _refuse_others_options(what: str, **given: object) -> None:
    """Refuses options that another kind of export has."""
    of_datev = [name for name in ("folder", "again", "json") if given[name]]
    wrong = [name for name in ("csv",) if given[name]] if what == "datev" else of_datev
    if wrong:
        raise ConfigurationError(
            say("--{option} does not go with {what}.", option=wrong[0], what=what), hint=say("Leave it out.")
        )


def _articles(configuration: "Configuration", out: "Path | TextSink", path: str) -> None:
    from cloudkasse_etl.rejections.causes import by_cause
    from cloudkasse_etl.sync.outputs.article_export import export_articles

    is_piped = path == "-"
    written = export_articles(configuration, out)
    text = say_count(
        "{count:,} article with {prices:,} prices written to {file}.",
        "{count:,} articles with {prices:,} prices written to {file}.",
        count=written.articles,
        prices=written.prices,
        file=say("standard output") if is_piped else path,
    )
    language = configuration.settings.language
    click.echo(text.render(language), err=is_piped)
    if written.rejections:
        click.echo(say("Left out, because they are rejected:").render(language), err=True)
        print_causes(console(stderr=True), by_cause(written.rejections, language), language, limit=10)
