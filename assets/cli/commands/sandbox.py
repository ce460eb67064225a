"""`sandbox`: runs the bundled CloudKasse as a server, and sends commands to a running one."""

import datetime as dt
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from assets.cli.click_messages import language
from assets.cli.demo.demo_cloud import TOKEN
from assets.cli.demo.demo_option import entered, refuse_beside_demo
from assets.cli.demo.demo_shop import KORONA_PATH, SANDBOX_PORT, SELECTLINE_PORT, Demo
from assets.cli.option_types import ADDRESS, DAY, FILE, FOLDER, TEXT
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import Text, say

if TYPE_CHECKING:
    from cloudkasse_etl.sandbox.faults.fault_kinds import FaultKinds

SECONDS_BETWEEN_LOOKS = 0.5


@click.group(invoke_without_command=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"0: any free one; {SANDBOX_PORT} without it, {SELECTLINE_PORT} with --selectline.",
)
@click.option(
    "--data",
    type=FILE,
    help="The file that keeps what it was sent; without it everything is gone when it ends.",
)
@click.option("--token", type=TEXT, envvar="CLOUDKASSE_API_TOKEN", default="sandbox", help="The token that it accepts.")
@click.option(
    "--faults", default="off", help="What goes wrong with requests, as `misbehave` takes it: all:0.2,seed=7 for one."
)
@click.option(
    "--till",
    type=click.Choice(["cloudkasse", "korona"]),
    default="cloudkasse",
    show_default=True,
    help="korona: it has KORONA.cloud's API besides, with points of sale K1 and K2.",
)
@click.option(
    "--selectline",
    is_flag=True,
    help="Not a CloudKasse but SelectLine's Web API, over a shop's database, with a clerk's page for the browser.",
)
@click.option(
    "--erp",
    type=TEXT,
    envvar="CLOUDKASSE_ERP_URL",
    help="With --selectline: the shop's database, better a copy. SelectLine's tables that it lacks are made in it.",
)
@click.option(
    "--licences", type=click.IntRange(1, 100), default=1, show_default=True, help="With --selectline: sessions at once."
)
@click.pass_context
def sandbox(
    context: click.Context,
    port: int | None,
    data: Path | None,
    token: str,
    faults: str,
    till: Literal["cloudkasse", "korona"],
    selectline: bool,
    erp: str | None,
    licences: int,
) -> None:
    """Run the bundled CloudKasse on this computer, to try things out. Ctrl-C ends it.

    It speaks the whole contract and checks what it is sent as the real one does. The token that it accepts is
    that of CLOUDKASSE_API_TOKEN, or `sandbox`. With --selectline it is the ERP's Web API instead: documents that are
    delivered there wait until somebody takes them over on its page, which makes revenue and moves stock.
    """
    if context.invoked_subcommand is not None:
        return

    demo = entered(context)
    if selectline:
        _refuse(context, _beside, "data", "token", "till")
        if demo is None:
            _serve_selectline(erp, port, licences, faults)
            return
        refuse_beside_demo(context, "erp", "port", "licences")
    else:
        _refuse(context, _alone, "erp", "licences")
    port = SANDBOX_PORT if port is None else port
    if demo is not None:
        refuse_beside_demo(context, "port", "data", "token", "till")
        till = "korona" if demo.till == "korona" else "cloudkasse"

    def announce(url: str) -> None:
        text = say("CloudKasse sandbox at {url} (its contract: {url}/docs). Ctrl-C ends it.", url=url)
        click.echo(text.render(language()))
        if till == "korona":
            text = say("As KORONA.cloud: {url}/web/api/v3, account sandbox, any user, the token as password.", url=url)
            click.echo(text.render(language()))

    if demo is not None:
        _serve_demo(demo, faults, announce, with_faults="selectline" if selectline else "cloud")
        return
    from cloudkasse_etl.sandbox.server import serve

    serve(data, port=port, token=token, announce=announce, faults=faults, till=till)


def _serve_selectline(erp: str | None, port: int | None, licences: int, faults: str) -> None:
    """Runs SelectLine's Web API until a signal ends it."""
    from cloudkasse_etl.sandbox.selectline.selectline_server import serve_selectline

    if erp is None:
        raise ConfigurationError(
            say("The sandbox needs a shop's database."),
            hint=say(
                "Name it with --erp or CLOUDKASSE_ERP_URL, or use the demo's: "
                "cloudkasse-etl sandbox --selectline --demo"
            ),
        )
    serve_selectline(
        erp,
        port=SELECTLINE_PORT if port is None else port,
        announce=_announce_selectline,
        licences=licences,
        faults=faults,
        language=language(),
    )


def _announce_selectline(page: str, url: str) -> None:
    text = say("SelectLine sandbox at {url}; user, password and AppKey: sandbox. Ctrl-C ends it.", url=url)
    click.echo(text.render(language()))
    click.echo(say("What a clerk sees: {page}", page=page).render(language()))


def _beside(option: str) -> Text:
    return say("{option} and --selectline do not go together.", option=option)


def _alone(option: str) -> Text:
    return say("{option} goes with --selectline only.", option=option)


def _refuse(context: click.Context, reason: Callable[[str], Text], *names: str) -> None:
    """Fails with a reason if one of some options was given."""
    for name in names:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(reason(f"--{name}").render(language()), context)


def _serve_demo(
    demo: Demo, faults: str, announce: Callable[[str], None], *, with_faults: Literal["cloud", "selectline"]
) -> None:
    """Keeps the demo's servers, which answer already, until a signal ends it."""
    from cloudkasse_etl.sandbox.faults.faults_endpoint import misbehave_remotely

    if with_faults == "selectline":
        _misbehave_selectline(_page_of(demo), TOKEN, faults)
    else:
        misbehave_remotely(demo.cloud.url, TOKEN, faults)
    with suppress(KeyboardInterrupt):
        announce(demo.cloud.url)
        if demo.selectline is not None:
            _announce_selectline(demo.selectline.page, demo.selectline.url)
        while True:
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _list_faults() -> str:
    from cloudkasse_etl.sandbox.faults.cloud_faults import CLOUD_FAULTS
    from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS

    def listed(kinds: "FaultKinds") -> str:
        width = max(len(fault) for fault in kinds.descriptions)
        return "\n".join(f"  {fault:<{width}}  {text}" for fault, text in kinds.descriptions.items())

    return f"Faults:\n{listed(CLOUD_FAULTS)}\n\nFaults with --selectline:\n{listed(SELECTLINE_FAULTS)}"


class _ListsFaults(click.Command):
    """A command whose help ends with a list of the faults, which is loaded only for the help."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(f"\n{_list_faults()}\n")


@sandbox.command(cls=_ListsFaults)
@click.argument("faults")
@click.option(
    "--url", type=ADDRESS, envvar="CLOUDKASSE_API_URL", default=f"http://127.0.0.1:{SANDBOX_PORT}", show_default=True
)
@click.option("--token", type=TEXT, envvar="CLOUDKASSE_API_TOKEN", default="sandbox", help="The token that it accepts.")
@click.option(
    "--selectline", is_flag=True, help=f"The one with SelectLine's Web API, on port {SELECTLINE_PORT} without --url."
)
@click.pass_context
def misbehave(context: click.Context, faults: str, url: str, token: str, selectline: bool) -> None:
    """Let requests to a running sandbox go wrong, as networks, proxies and servers do; `off` ends it.

    FAULTS names faults and the share of requests that each befalls, "cut_body:0.05,rate_limited:0.1", or "all:0.2":
    a fifth of all requests, each fault equally often. "seed=7" chooses which requests, the same seed the same ones;
    "slow_seconds=65" how late a slow answer comes, "retry_after_seconds=1" what Retry-After asks for.
    """
    from cloudkasse_etl.sandbox.faults.faults_endpoint import misbehave_remotely

    if selectline:
        state = _misbehave_selectline(_selectline_page(context, url), token, faults)
    else:
        state = misbehave_remotely(*_place(context, url, token), faults)
    said = say("The sandbox behaves.")
    if state["faults"] != "off":
        said = say("The sandbox misbehaves: {faults}", faults=state["faults"])
    click.echo(said.render(language()))


def _selectline_page(context: click.Context, url: str) -> str:
    """The address of the SelectLine that is meant."""
    from cloudkasse_etl.sandbox.selectline.selectline_faults import BASE

    demo = entered(context)
    if demo is not None:
        refuse_beside_demo(context, "url", "token")
        return _page_of(demo)
    is_named = context.get_parameter_source("url") is click.core.ParameterSource.COMMANDLINE
    return url.rstrip("/").removesuffix(BASE) if is_named else f"http://127.0.0.1:{SELECTLINE_PORT}"


def _page_of(demo: Demo) -> str:
    if demo.selectline is None:
        raise ConfigurationError(
            say("This demo delivers nothing into SelectLine."),
            hint=say("Make a new one, which replaces its shop and its settings: cloudkasse-etl demo."),
        )
    return demo.selectline.page


def _misbehave_selectline(page: str, token: str, faults: str) -> dict[str, Any]:
    from cloudkasse_etl.sandbox.faults.faults_endpoint import misbehave_remotely
    from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS

    return misbehave_remotely(page, token, faults, SELECTLINE_FAULTS)


@sandbox.command()
@click.option("--days", type=click.IntRange(1, 1000), default=1, show_default=True, help="Opening days to sell.")
@click.option(
    "--receipts", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="Receipts over all days."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed sells the same.")
@click.option("--first-day", type=DAY, help="Without it, the day after the last one sold.")
@click.option(
    "--url", type=ADDRESS, envvar="CLOUDKASSE_API_URL", default=f"http://127.0.0.1:{SANDBOX_PORT}", show_default=True
)
@click.option("--token", type=TEXT, envvar="CLOUDKASSE_API_TOKEN", default="sandbox", help="The token that it accepts.")
@click.pass_context
def sell(
    context: click.Context, days: int, receipts: int, seed: int, first_day: dt.datetime | None, url: str, token: str
) -> None:
    """Sell in a running sandbox: whole shop days, from the articles and prices that were synchronised.

    Articles whose group is called Gutschein... are sold as vouchers (of many purposes where they have no VAT, of a
    single one where they have), those of a group Pfand... as deposits. With an even seed the shop taxes what is sold
    on account when it is paid, with an odd one at once.
    """
    from cloudkasse_etl.sandbox.till.sales_summary import describe_sales
    from cloudkasse_etl.sandbox.till.selling import sell_remotely

    day = first_day.date() if first_day else None
    summary = sell_remotely(*_place(context, url, token), days=days, receipts=receipts, seed=seed, first_day=day)
    click.echo(describe_sales(summary, language()))


@sandbox.command("export")
@click.option("--dsfinvk", type=FOLDER, required=True, help="A new folder for the export.")
@click.option(
    "--url", type=ADDRESS, envvar="CLOUDKASSE_API_URL", default=f"http://127.0.0.1:{SANDBOX_PORT}", show_default=True
)
@click.option("--token", type=TEXT, envvar="CLOUDKASSE_API_TOKEN", default="sandbox", help="The token that it accepts.")
@click.pass_context
def export_sales(context: click.Context, dsfinvk: Path, url: str, token: str) -> None:
    """Write what a running sandbox sold as a legal export: DSFinV-K 2.4, 20 tables and their index.xml.

    Receipts that are in no closing yet are left out.
    """
    from cloudkasse_etl.sandbox.fiscal.fiscal_export import export_remotely

    click.echo(export_remotely(*_place(context, url, token), dsfinvk).text().render(language()))


def _place(context: click.Context, url: str, token: str) -> tuple[str, str]:
    """Address and token of the sandbox that is meant."""
    demo = entered(context)
    if demo is None:
        return url.rstrip("/").removesuffix(KORONA_PATH), token
    refuse_beside_demo(context, "url", "token")
    return demo.cloud.url, TOKEN
