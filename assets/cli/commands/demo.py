"""`demo`: the tour of a fictional shop, from a fresh start."""

from pathlib import Path

import click

from assets.cli import option_types
from assets.cli.demo.demo_shop import FOLDER, create_demo
from cloudkasse_etl.entities import TillKind


@click.command()
@click.option("--folder", type=option_types.FOLDER, default=FOLDER, help="Where it is made.")
@click.option(
    "--till",
    type=click.Choice(["cloudkasse", "korona", "dsfinvk"]),
    default="cloudkasse",
    show_default=True,
    help="What the shop sells with: registers of CloudKasse, of KORONA.cloud, or any that write DSFinV-K exports.",
)
def demo(folder: Path, till: TillKind) -> int:
    """Synchronise a made-up farm shop with a till on this computer, sell in it, and import what was sold.

    Everything lies in the folder .demo; calling it again starts over with fresh data.
    """
    from assets.cli.demo.demo_tour import tell

    return tell(create_demo(folder, till))
