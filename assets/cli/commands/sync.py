"""`sync`: runs one synchronisation and prints its report."""

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from assets.cli.companies.company_option import chosen
from assets.cli.output import console, print_json, print_report, progress, tell
from assets.instance.tags import KINDS
from cloudkasse_etl.config.settings_language import companies_folder
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Language, rendered, say, say_as, say_count
from cloudkasse_etl.tills.capabilities import refuse_if_none_is_taken

if TYPE_CHECKING:
    from assets.instance.home import Home
    from cloudkasse_etl.config.settings import Configuration
    from cloudkasse_etl.sync.run.receipt_sums import FateSum
    from cloudkasse_etl.sync.run.report import RunReport

_CHOICE, _YES, _NO = say_as("answer", "[Y/n]"), say_as("answer", "y yes"), say_as("answer", "n no")


@click.command()
@click.argument(
    "what", type=click.Choice([kind for kind in KINDS.values() if kind not in ("import", "deliver")]), default="all"
)
@click.option(
    "--import/--no-import",
    "import_receipts",
    default=None,
    help="Import the receipts right after they were fetched, or leave them staged. Without it the settings decide.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Compare every record, also with what the till really holds, and bring back what was changed there.",
)
@click.option("--retry-rejected", is_flag=True, help="Try rejected records again although nothing about them changed.")
@click.option("--allow-retire", is_flag=True, help="Retire records even if they are more than the settings allow.")
@click.option(
    "--here",
    is_flag=True,
    hidden=companies_folder(os.environ) is None,
    help="In a chain: several companies one after another in this process, instead of by Dagster's queue.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def sync(
    context: click.Context,
    what: str,
    import_receipts: bool | None,
    full: bool,
    retry_rejected: bool,
    allow_retire: bool,
    here: bool,
    as_json: bool,
) -> int:
    """Synchronise SelectLine with the till: everything, the master data alone, or the receipts alone.

    Sends only what has changed, and says so when nothing has.
    """
    from assets.instance.home import find_home
    from cloudkasse_etl.config.loading import load

    several = chosen(context) or ()
    if len(several) > 1 and not here:
        from assets.cli.companies.queued import synchronise_all
        from cloudkasse_etl.config.loading import load_installation
        from cloudkasse_etl.sync.run.context import SyncOptions

        wishes = SyncOptions(
            full=full, retry_rejected=retry_rejected, allow_retire=allow_retire, import_receipts=import_receipts
        )
        return synchronise_all(load_installation(), find_home(), what, wishes, several, as_json=as_json)
    configuration, home = load(), find_home()
    if what == "master-data":
        refuse_if_none_is_taken(configuration.settings.till.kind)
    wish = configuration.settings.receipts.import_
    if import_receipts is None:
        does_import = wish == "direct"
        ask = wish == "ask" and what != "master-data" and not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    else:
        does_import, ask = import_receipts, False
    with progress(configuration.settings.language, quiet=as_json) as (on_step, on_progress, on_retry):
        from assets.cli.running import synchronise
        from cloudkasse_etl.sync.run.context import SyncOptions

        report = synchronise(
            configuration,
            home,
            what,
            SyncOptions(
                full=full, retry_rejected=retry_rejected, allow_retire=allow_retire, import_receipts=does_import
            ),
            on_step=on_step,
            on_progress=on_progress,
            on_retry=on_retry,
            waiting=lambda message: tell(rendered(message, configuration.settings.language), err=True),
        )
    language = configuration.settings.language
    if as_json:
        print_json(report.as_dict(language))
    else:
        print_report(console(), report, language)
    if ask and (waiting := _waiting(configuration, report)):
        return _ask_to_import(configuration, home, report, waiting)
    return report.outcome.exit_code


def _waiting(configuration: "Configuration", report: "RunReport") -> "FateSum | None":
    """The receipts that an import would book, those of earlier runs too; None if there are none."""
    from cloudkasse_etl.sync.inputs.own_tables import open_reading
    from cloudkasse_etl.sync.run.receipt_sums import receipt_sums

    sums = report.sums
    if sums is None:  # a run that broke has none; it may have fetched receipts before
        with suppress(CloudkasseError), open_reading(configuration) as store:
            sums = receipt_sums(store)
    return sums.waiting if sums is not None and sums.waiting.count else None


def _ask_to_import(configuration: "Configuration", home: "Home", report: "RunReport", waiting: "FateSum") -> int:
    """Asks whether to import what waits (the manual's dialog). The import is a run of its own."""
    from assets.cli.running import import_staged

    language = configuration.settings.language
    asked = say_count(
        "{count:,} receipt waits for its import ({amount}). Import it now?",
        "{count:,} receipts wait for their import ({amount}). Import them now?",
        count=waiting.count,
        amount=waiting.amount(language),
    )
    if not _agrees(f"\n{asked.render(language)}", language):
        return report.outcome.exit_code
    imported = import_staged(configuration, home, ())
    print_report(console(), imported, language)
    return max(report.outcome.exit_code, imported.outcome.exit_code)


def _agrees(question: str, language: Language) -> bool:
    """Asks until the answer is yes or no, in words of the language or in English; without a word it is yes."""
    yes, no = ({*words.split(), *words.render(language).split()} for words in (_YES, _NO))
    while True:
        answer = click.prompt(f"{question} {_CHOICE.render(language)}", default="", show_default=False).strip().lower()
        if not answer or answer in yes:
            return True
        if answer in no:
            return False
        question = say("'{answer}' is no answer to this. Yes or no?", answer=answer).render(language)
