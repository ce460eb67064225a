"""`sandbox`: the bundled CloudKasse as a server of its own."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from assets.demo import SANDBOX_PORT


@click.group(invoke_without_command=True)
@click.option("--port", type=click.IntRange(0, 65535), default=SANDBOX_PORT, show_default=True, help="0: any free one.")
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that keeps what it was sent; without it everything is gone when it ends.",
)
@click.option("--token", envvar="CLOUDKASSE_API_TOKEN", default="sandbox", help="The token that it accepts.")
@click.pass_context
def sandbox(context: click.Context, port: int, data: Path | None, token: str) -> None:
    """Run the bundled CloudKasse on this computer, to try things out. Ctrl-C ends it.

    It speaks the whole contract and checks what it is sent as the real one does. The token that it accepts is
    that of CLOUDKASSE_API_TOKEN, or `sandbox`.
    """
    if context.invoked_subcommand is not None:
        return
    from cloudkasse_etl.sandbox.server import serve

    def announce(url: str) -> None:
        click.echo(f"CloudKasse sandbox at {url} (its contract: {url}/docs). Ctrl-C ends it.")

    serve(data, port=port, token=token, announce=announce)


@sandbox.command()
@click.option("--days", type=click.IntRange(1, 3660), default=1, show_default=True, help="Opening days to sell.")
@click.option("--receipts", type=click.IntRange(1), default=100, show_default=True, help="Receipts over all days.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed sells the same.")
@click.option("--first-day", type=click.DateTime(["%Y-%m-%d"]), help="Without it, the day after the last one sold.")
@click.option("--url", envvar="CLOUDKASSE_API_URL", default=f"http://127.0.0.1:{SANDBOX_PORT}", show_default=True)
@click.option("--token", envvar="CLOUDKASSE_API_TOKEN", default="sandbox", help="The token that it accepts.")
def sell(days: int, receipts: int, seed: int, first_day: dt.datetime | None, url: str, token: str) -> None:
    """Sell in a running sandbox: whole shop days, from the articles and prices that were synchronised."""
    from cloudkasse_etl.sandbox.selling import sell_remotely

    summary = sell_remotely(
        url, token, days=days, receipts=receipts, seed=seed, first_day=first_day.date() if first_day else None
    )
    click.echo(describe_sales(summary))


def describe_sales(summary: Mapping[str, Any]) -> str:
    """What was sold, in one sentence."""
    from cloudkasse_etl.transform.decimals import euros

    gross = sum(summary["gross_cents"].values())
    return (
        f"{summary['sales']:,} sales, {summary['returns']:,} returns, {summary['voids']:,} voids on "
        f"{len(summary['registers'])} registers over {len(summary['days'])} days, {euros(gross)} gross; "
        f"{summary['late']:,} receipts come late, {summary['closings']:,} closings."
    )
