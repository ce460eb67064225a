"""The tour of a fictional shop: synchronises it, lets it sell, synchronises it again, and prints lines about it."""

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.cli.click_messages import language
from assets.cli.demo.book_figures import booked_figures
from assets.cli.demo.demo_shop import FOLDER, Demo, create_demo, find_demo, prepare_folder
from assets.cli.demo.selectline_tour import tell_of_selectline
from assets.cli.demo.tour_runs import told_run
from assets.cli.output import console, print_causes
from assets.instance.typed_commands import as_typed, program, shown_path
from cloudkasse_etl.entities import STOCK_MOVEMENTS
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.causes import by_cause
from cloudkasse_etl.sync.run.report import Outcome

if TYPE_CHECKING:
    from rich.console import Console


FAILED = 20
TRY_NEXT = (
    ("The registers sell for another day:", "cloudkasse-etl sandbox sell --demo"),
    ("Fetch it, and be asked whether to import it:", "cloudkasse-etl sync --demo"),
    ("Bring what is booked into SelectLine:", "cloudkasse-etl deliver --demo"),
    ("What the runs came to:", "cloudkasse-etl history --demo"),
    ("What is open today, and all runs, in the browser:", "cloudkasse-etl ui --demo"),
)


def demo_or_new(folder: Path) -> Demo:
    """The demo in a folder; if there is none, it is created and reported first."""
    return find_demo(folder) or _made(folder, console())


def made_quietly(folder: Path) -> Demo:
    """A new demo, of which no more is said than that it is made, on standard error; two at once make one."""
    from rich.console import Console

    text = say("There is no demo in {folder} yet: it is made first.", folder=shown_path(folder))
    click.echo(text.render(language()), err=True)
    return _made(folder, Console(quiet=True))


def _made(folder: Path, out: "Console") -> Demo:
    from filelock import FileLock

    prepare_folder(folder)
    with FileLock(folder / "making.lock"):
        found = find_demo(folder)  # another command has made it meanwhile
        if found is None:
            found = create_demo(folder)
            tell(found, out)
    return found


def tell(made: Demo, out: "Console | None" = None) -> int:
    """Runs the synchronisations and prints what happens. Returns 0 if their results are as expected.

    Args:
        made: The demo.
        out: Where it is printed; standard output without it.
    """
    from rich.markup import escape

    out = out or console()
    if made.till != "cloudkasse":
        from assets.cli.demo.export_tour import tell_of_exports
        from assets.cli.demo.korona_tour import tell_of_korona

        is_expected = tell_of_exports(made, out) if made.till == "dsfinvk" else tell_of_korona(made, out)
        for line in _next_steps(made):
            out.print(escape(line), soft_wrap=True)
        return 0 if is_expected else FAILED
    out.print("[bold]A made-up farm shop and a CloudKasse on this computer.[/]")
    with made.running() as (configuration, home):
        step = partial(told_run, out, configuration, home)
        page = made.selectline.page if made.selectline else "-"
        where = f"CloudKasse at {made.cloud.url}, SelectLine in {shown_path(made.erp)}, its Web API at {page}"
        out.print(f"[dim]{where}[/]")
        first = step("1. The shop is new to CloudKasse: everything goes up.")
        print_causes(out, by_cause(first.rejections, "en"), "en", limit=5)
        out.print("[dim]Two records were planted with a fault, to show this: they hold up nothing else.[/]")
        second = step("2. Again, at once: nothing has changed, so nothing is sent.")
        third = step(f"3. In SelectLine a price changes, {escape(made.change_a_price())}: it alone goes up.")

        out.print("\n[bold]4. The registers sell for two days; one tablet is offline for hours.[/]")
        out.print(f"   {made.sell()}")
        fourth = step("5. The receipts come down: fetched once, checked, staged. Nothing is booked yet.", "receipts")
        fifth = step("6. The import books them: postings and stock movements.", "import")
        print_causes(out, by_cause([r for r in fifth.rejections if not r.still], "en"), "en", limit=5)
        for line in booked_figures(configuration, fifth.assets[STOCK_MOVEMENTS].counts.new):
            out.print(f"   {line}")
        sixth = step("7. Once more, everything: nothing comes twice.")
        is_delivered = tell_of_selectline(made, out, configuration, home, 8)
    for line in _next_steps(made):
        out.print(escape(line), soft_wrap=True)
    expected = [
        (first, Outcome.PARTIALLY_SUCCESSFUL),
        (second, Outcome.NO_NEW_DATA),
        (third, Outcome.SUCCESSFUL),
        (fourth, Outcome.SUCCESSFUL),
        (fifth, Outcome.SUCCESSFUL),
        (sixth, Outcome.NO_NEW_DATA),
    ]
    is_expected = is_delivered and all(report.outcome is outcome for report, outcome in expected)
    return 0 if is_expected else FAILED


def _next_steps(made: Demo) -> list[str]:
    """What to try now, as it can be typed."""
    where = shown_path(made.folder)
    if made.folder != FOLDER.absolute():
        ui = f"{program()} ui --demo --folder {shlex.quote(where)}"
        return ["", f"Everything lies in {where}. The graph, the runs and the failures in the browser:", f"  {ui}"]
    following = [step for step in TRY_NEXT if made.selectline is not None or " deliver " not in step[1]]
    if made.till == "dsfinvk":
        place = f"{where}/dsfinvk/export-2"
        following.insert(1, ("They export it:", f"cloudkasse-etl sandbox export --dsfinvk {place} --demo"))
    width = max(len(what) for what, _ in following)
    steps = [f"  {what:<{width}}  {as_typed(command)}" for what, command in following]
    source = f". {where}/env"
    if sys.platform == "win32":
        source = f"{where}\\env.cmd (PowerShell: . {where}\\env.ps1)"
    return [
        "",
        f"Everything lies in {where}. Try next:",
        *steps,
        f"Every command takes --demo. To leave it out here while {program()} sandbox --demo runs in another window:",
        f"  {source}",
    ]
