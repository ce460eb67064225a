"""The common part of `undo` and `plan undo`: what is meant, and what is printed."""

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from assets.cli import option_types
from assets.cli.click_messages import language
from assets.cli.output import console, print_json, print_rows, tell
from assets.instance.typed_commands import as_typed
from cloudkasse_etl.i18n.formats import money, short_quantity
from cloudkasse_etl.i18n.text import rendered_each, say
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from cloudkasse_etl.sync.receipts.import_undo import Scope, Undo

_SHOWN = 20

RECEIPTS = click.option(
    "--receipt",
    "receipts",
    type=option_types.TEXT,
    multiple=True,
    help="A receipt: K1-348, or the beginning of its id; may be given again.",
)
DAY = click.option("--day", type=option_types.DAY, help="All that is booked of a business day, like 2026-11-01.")
REGISTER = click.option("--register", type=option_types.TEXT, help="Of that day, only what this register sold.")
RUN = click.option("--run", type=option_types.TEXT, help="All that a run booked, by the beginning of its id.")
DISMISS = click.option(
    "--dismiss", "is_dismissed", is_flag=True, help="The receipts are dealt with by that, and not imported again."
)


def scope_of(receipts: tuple[str, ...], day: dt.datetime | None, register: str | None, run: str | None) -> "Scope":
    """What a person means by the options.

    Args:
        receipts, day, register, run: As they were given.

    Returns:
        What is to be undone.

    Raises:
        click.UsageError: Not one of receipts, day and run is named, or a register without a day.
    """
    from cloudkasse_etl.sync.receipts.import_undo import Scope

    if sum(map(bool, (receipts, day, run))) != 1:
        raise click.UsageError(
            say("Name what is to be undone: --receipt, --day or --run, one of them.").render(language())
        )
    if register is not None and day is None:
        raise click.UsageError(say("--register goes with --day.").render(language()))
    return Scope(receipts, day.date() if day else None, register, run)


def print_undo(found: "Undo", language: Language, *, as_json: bool) -> None:
    """Prints what was undone, or would be.

    Args:
        found: That.
        language: The settings' language.
        as_json: Whether to print one JSON object instead.
    """
    from cloudkasse_etl.sync.receipts.import_undo import told

    if as_json:
        print_json(found.as_dict())
        return
    first, *others = told(found)
    tell(first.render(language))
    names = "; ".join(found.names)
    if names:
        tell(f"  {names}{' …' if len(found.receipts) > len(found.names) else ''}")
    _print_sums(found, language)
    for text in others:
        tell(as_typed(text.render(language)))


def _print_sums(found: "Undo", language: Language) -> None:
    accounts: list[tuple[Any, ...]] = [
        (account, money(cents, currency, language)) for currency, account, cents in found.accounts
    ]
    articles: list[tuple[Any, ...]] = [
        (article, warehouse, short_quantity(milli, language)) for article, warehouse, milli in found.articles
    ]
    if accounts:
        print_rows(console(), rendered_each((say("account"), say("amount")), language), accounts, numbers=(1,))
    if articles:
        heads = rendered_each((say("article"), say("warehouse"), say("quantity")), language)
        print_rows(console(), heads, articles[:_SHOWN], numbers=(2,))
