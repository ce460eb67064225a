"""`sandbox`: the bundled CloudKasse as a server of its own."""

from pathlib import Path

import click

from assets.demo import SANDBOX_PORT


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=SANDBOX_PORT, show_default=True, help="0: any free one.")
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that keeps what it was sent; without it everything is gone when it ends.",
)
@click.option("--token", envvar="CLOUDKASSE_API_TOKEN", default="sandbox", help="The token that it accepts.")
def sandbox(port: int, data: Path | None, token: str) -> None:
    """Run the bundled CloudKasse on this computer, to try things out. Ctrl-C ends it.

    It speaks the whole contract and checks what it is sent as the real one does. The token that it accepts is
    that of CLOUDKASSE_API_TOKEN, or `sandbox`.
    """
    from cloudkasse_etl.sandbox.server import serve

    def announce(url: str) -> None:
        click.echo(f"CloudKasse sandbox at {url} (its contract: {url}/docs). Ctrl-C ends it.")

    serve(data, port=port, token=token, announce=announce)
