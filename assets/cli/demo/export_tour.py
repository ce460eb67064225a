"""The tour of the shop whose registers write legal exports into a folder, instead of speaking to a cloud."""

from functools import partial
from typing import TYPE_CHECKING

from rich.markup import escape

from assets.cli.demo.book_figures import booked_figures
from assets.cli.demo.demo_shop import Demo
from assets.cli.demo.tour_runs import told_run
from assets.instance.typed_commands import shown_path
from cloudkasse_etl.entities import STOCK_MOVEMENTS
from cloudkasse_etl.sync.run.report import Outcome

if TYPE_CHECKING:
    from rich.console import Console


def tell_of_exports(made: Demo, out: "Console") -> bool:
    """Runs the synchronisations and prints what happens.

    Args:
        made: The demo.
        out: Where it is printed.

    Returns:
        Whether everything came to what is expected.
    """
    from cloudkasse_etl.sync.audit.legal_audit import audit_legal_record
    from cloudkasse_etl.sync.outputs.article_export import export_articles

    out.print("[bold]A made-up farm shop whose registers write legal exports (DSFinV-K) into a folder.[/]")
    with made.running() as (configuration, home):
        step = partial(told_run, out, configuration, home)
        out.print(f"[dim]Exports in {shown_path(made.exports)}, SelectLine in {shown_path(made.erp)}[/]")
        out.print("\n[bold]1. Exports go one way: articles and gross prices are written for whoever keys them in.[/]")
        articles = made.folder / "articles.csv"
        written = export_articles(configuration, articles)
        out.print(f"   {written.articles:,} articles with {written.prices:,} prices in {shown_path(articles)}.")
        made.supply()
        out.print("\n[bold]2. The registers sell for two days; then their legal record is exported.[/]")
        out.print(f"   {made.sell()}")
        out.print(f"   {made.export()}")
        first = step("3. The export is read: each closing once, its receipts checked and staged.", "receipts")
        second = step("4. The import books them: postings and stock movements.", "import")
        for line in booked_figures(configuration, second.assets[STOCK_MOVEMENTS].counts.new):
            out.print(f"   {line}")
        third = step("5. Once more, everything: nothing comes twice.", "all")
        out.print("\n[bold]6. The auditor's question: does the legal record equal the books?[/]")
        audit = audit_legal_record(configuration, made.exports)
        out.print(f"   [{'green' if audit.is_equal else 'red'}]{escape(audit.sentence().render('en'))}[/]")
    outcomes = [report.outcome for report in (first, second, third)]
    return audit.is_equal and outcomes == [Outcome.SUCCESSFUL, Outcome.SUCCESSFUL, Outcome.NO_NEW_DATA]
