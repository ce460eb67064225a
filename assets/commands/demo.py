"""`demo`: three synchronisations of a made-up shop, told in a few lines."""

from pathlib import Path

import click

from assets.commands.output import COLOURS, console, print_rejections, shown_path
from assets.demo import FOLDER, Demo, create_demo, find_demo
from cloudkasse_etl.sync.report import Outcome, RunReport, rejection_dict

FAILED = 20


@click.command()
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, help="Where it is made.")
def demo(folder: Path) -> int:
    """Synchronise a made-up farm shop with a CloudKasse on this computer, three times.

    Everything lies in the folder .demo; calling it again starts over with fresh data.
    """
    return tell(create_demo(folder))


def demo_or_new(folder: Path) -> Demo:
    """The demo in a folder; where there is none it is made and told first."""
    found = find_demo(folder)
    if found is None:
        found = create_demo(folder)
        tell(found)
    return found


def tell(made: Demo) -> int:
    """Runs the three synchronisations and says what happens. 0 if they come to what they should."""
    from rich.markup import escape

    out = console()
    out.print("[bold]A made-up farm shop, a CloudKasse on this computer, three synchronisations.[/]")
    with made.running() as (configuration, home):
        from assets.commands.running import synchronise
        from cloudkasse_etl.sync.session import SyncOptions

        def step(headline: str) -> RunReport:
            out.print(f"\n[bold]{headline}[/]")
            report = synchronise(configuration, home, "all", SyncOptions())
            out.print(f"   [{COLOURS[str(report.outcome)]}]{escape(report.message)}[/]")
            return report

        out.print(f"[dim]CloudKasse at {configuration.connections.api_url}, SelectLine in {shown_path(made.erp)}[/]")
        first = step("1. The shop is new to CloudKasse: everything goes up.")
        print_rejections(out, [rejection_dict(r, "en") for r in first.rejections], "en", limit=5)
        out.print("[dim]Two records were planted with a fault, to show this: they hold up nothing else.[/]")
        second = step("2. Again, at once: nothing has changed, so nothing is sent.")
        third = step(f"3. In SelectLine a price changes, {escape(made.change_a_price())}: it alone goes up.")
    out.print(f"\nEverything lies in {escape(shown_path(made.folder))}. The graph, the three runs and the two failures")
    out.print("in the browser: [bold]make ui[/], or [bold]cloudkasse-etl ui --demo[/]")
    expected = [Outcome.PARTIALLY_SUCCESSFUL, Outcome.NO_NEW_DATA, Outcome.SUCCESSFUL]
    return 0 if [first.outcome, second.outcome, third.outcome] == expected else FAILED
