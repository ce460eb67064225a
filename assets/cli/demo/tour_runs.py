"""A run of a tour, in two lines for the terminal: its headline and its result."""

from typing import TYPE_CHECKING

from assets.cli.output import COLOURS
from cloudkasse_etl.sync.run.report import RunReport

if TYPE_CHECKING:
    from rich.console import Console

    from assets.instance.home import Home
    from cloudkasse_etl.config.settings import Configuration


def told_run(
    out: "Console", configuration: "Configuration", home: "Home", headline: str, kind: str = "all"
) -> RunReport:
    """Runs a synchronisation and prints its headline and its result.

    Args:
        out: Where it is printed.
        configuration: The demo's, as it is now.
        home: The folders of its history.
        headline: What the run shows.
        kind: What is synchronised.

    Returns:
        The run's report.
    """
    from rich.markup import escape

    from assets.cli.running import synchronise
    from cloudkasse_etl.sync.run.context import SyncOptions

    out.print(f"\n[bold]{headline}[/]")
    report = synchronise(configuration, home, kind, SyncOptions())
    out.print(f"   [{COLOURS[str(report.outcome)]}]{escape(report.message)}[/]")
    return report
