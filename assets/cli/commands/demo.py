"""`demo`: the tour of a fictional shop, from a fresh start."""

from pathlib import Path

import click

from assets.cli import option_types
from assets.cli.demo_shop import FOLDER, create_demo


@click.command()
@click.option("--folder", type=option_types.FOLDER, default=FOLDER, help="Where it is made.")
def demo(folder: Path) -> int:
    """Synchronise a made-up farm shop with a CloudKasse on this computer, sell in it, and import what was sold.

    Everything lies in the folder .demo; calling it again starts over with fresh data.
    """
    from assets.cli.demo_tour import tell

    return tell(create_demo(folder))
