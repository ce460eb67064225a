"""`import`: books staged receipts, all of them or some."""

import click

from assets.cli.option_types import TEXT
from assets.cli.output import console, print_json, print_report


@click.command("import")
@click.option(
    "--receipt",
    "receipts",
    type=TEXT,
    multiple=True,
    help="Only this receipt: K1-348, or the beginning of its id; may be given again.",
)
@click.option("--retry-rejected", is_flag=True, help="Count receipts that are refused again as rejected anew.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def import_(receipts: tuple[str, ...], retry_rejected: bool, as_json: bool) -> int:
    """Import staged receipts: revenue postings and stock movements.

    What an earlier import refused is tried again as soon as something in accounts, settings or ERP has changed.
    """
    from assets.cli.running import import_staged
    from assets.instance.home import find_home
    from cloudkasse_etl.config.loading import load

    configuration, home = load(), find_home()
    receipt_ids: tuple[str, ...] = ()
    if receipts:
        from cloudkasse_etl.sync.receipts.receipt_import import require_bookable

        receipt_ids = require_bookable(configuration, receipts)
    report = import_staged(configuration, home, receipt_ids, retry_rejected=retry_rejected, quiet=as_json)
    language = configuration.settings.language
    if as_json:
        print_json(report.as_dict(language))
    else:
        print_report(console(), report, language)
    return report.outcome.exit_code
