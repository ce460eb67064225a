"""`import`: books staged receipts, all of them or some."""

from typing import TYPE_CHECKING

import click

from assets.cli.option_types import TEXT
from assets.cli.output import console, print_json
from cloudkasse_etl.i18n.text import told

if TYPE_CHECKING:
    from assets.instance.home import Home
    from cloudkasse_etl.config.settings import Configuration
    from cloudkasse_etl.sync.run.report import RunReport


@click.command("import")
@click.option(
    "--receipt", "receipt_ids", type=TEXT, multiple=True, help="Only this receipt, by its id; may be given again."
)
@click.option("--retry-rejected", is_flag=True, help="Count receipts that are refused again as rejected anew.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def import_(receipt_ids: tuple[str, ...], retry_rejected: bool, as_json: bool) -> int:
    """Import staged receipts: revenue postings and stock movements.

    What an earlier import refused is tried again as soon as something in accounts, settings or ERP has changed.
    """
    from assets.cli.commands.sync import print_report
    from assets.instance.home import find_home
    from cloudkasse_etl.config.settings import load

    configuration, home = load(), find_home()
    if receipt_ids:
        from cloudkasse_etl.sync.receipts.receipt_import import require_bookable

        require_bookable(configuration, receipt_ids)
    report = import_staged(configuration, home, receipt_ids, retry_rejected=retry_rejected, quiet=as_json)
    language = configuration.settings.language
    if as_json:
        print_json(report.as_dict(language))
    else:
        print_report(console(), report, language)
    return report.outcome.exit_code


def import_staged(
    configuration: "Configuration",
    home: "Home",
    receipt_ids: tuple[str, ...],
    *,
    retry_rejected: bool = False,
    quiet: bool = False,
) -> "RunReport":
    """Runs the import as a run of its own and returns what it came to."""
    from assets.cli.commands.sync import progress

    with progress(configuration.settings.language, quiet=quiet) as (on_step, on_progress):
        from assets.cli.running import synchronise
        from cloudkasse_etl.sync.run.session import SyncOptions

        return synchronise(
            configuration,
            home,
            "import",
            SyncOptions(retry_rejected=retry_rejected, import_receipts=True, receipt_ids=receipt_ids),
            on_step=on_step,
            on_progress=on_progress,
            waiting=lambda message: click.echo(told(message, configuration.settings.language), err=True),
        )
