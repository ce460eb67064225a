"""`closings`: lists closings and their open problems, and lets a person decide about one."""

import datetime as dt
from typing import TYPE_CHECKING

import click

from assets.cli.deciding import JSON, REASON, decide
from assets.cli.option_types import DAY, TEXT
from assets.cli.output import console, print_json, print_list
from cloudkasse_etl.i18n.formats import day_in_figures
from cloudkasse_etl.i18n.text import rendered_by_name, rendered_each, say, say_as, say_count
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from cloudkasse_etl.sync.receipts.closing_list import ListedClosing

STATUSES = ("equal", "open", "missing", "rejected", "dismissed")
STATUS_WORDS = {
    "equal": say("equal"),
    "open": say("open"),
    "missing": say("missing"),
    "rejected": say("rejected"),
    "dismissed": say("dismissed"),
}
_COLUMNS = (
    say("register"),
    say_as("column", "number"),
    say("day"),
    say("receipts"),
    say("status"),
)


@click.group(invoke_without_command=True)
@click.option("--status", type=click.Choice(STATUSES), help="Only closings of this status.")
@click.option("--register", type=TEXT, help="Only closings of this register.")
@click.option("--day", type=DAY, help="Only closings of this business day, like 2026-11-01 or 01.11.2026.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="How many to show at most.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with all closings, and nothing else.")
@click.pass_context
def closings(
    context: click.Context,
    status: str | None,
    register: str | None,
    day: dt.datetime | None,
    limit: int,
    as_json: bool,
) -> int | None:
    """List the closings, the newest first: register, number, day, status and reason.

    `equal`: found equal to its receipts; `open`: not found so yet; `missing`: a number between two that are there.
    """
    if context.invoked_subcommand is not None:
        return None
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.receipts.closing_list import list_closings, newest_first

    configuration = load()
    found = [
        closing
        for closing in list_closings(configuration, status=status)
        if register in (None, closing.register) and (day is None or closing.business_day == day.date())
    ]
    language = configuration.settings.language
    if as_json:
        print_json({"closings": [closing.as_dict(language) for closing in found]})
    else:
        _print(newest_first(found), limit, language)
    return 0


@closings.command()
@click.argument("register", type=TEXT)
@click.argument("number", type=TEXT, required=False)
@REASON
@JSON
def dismiss(register: str, number: str | None, reason: str, as_json: bool) -> int:
    """End all that is open of a closing: that it was refused, is missing, or differs from its receipts.

    A closing that came without register or number is named by its key in the protocol alone.
    """
    from cloudkasse_etl.sync.receipts import decisions

    said = say("The closing {closing} is dismissed.", closing=_shown(register, number))
    key = _key(register, number)
    return decide(reason, lambda who: decisions.dismiss_closing(who, key), lambda _: said, as_json=as_json)


@closings.command()
@click.argument("register", type=TEXT)
@click.argument("number", type=TEXT, required=False)
@REASON
@JSON
def restore(register: str, number: str | None, reason: str, as_json: bool) -> int:
    """Take a dismissal back: what was open of the closing is open again."""
    from cloudkasse_etl.sync.receipts import decisions

    said = say("The closing {closing} is open again.", closing=_shown(register, number))
    key = _key(register, number)
    return decide(reason, lambda who: decisions.restore_closing(who, key), lambda _: said, as_json=as_json)


def _key(register: str, number: str | None) -> str:
    return register if number is None else f"{register}|{number}"


def _shown(register: str, number: str | None) -> str:
    return _key(register, number).replace("|", " ")


def _print(found: "list[ListedClosing]", limit: int, language: Language) -> None:
    words = rendered_by_name(STATUS_WORDS, language)
    records = [
        (
            (
                closing.register,
                closing.number,
                closing.business_day and day_in_figures(closing.business_day, language),
                closing.receipt_count,
                words.get(closing.status, closing.status),
            ),
            closing.reason(language),
        )
        for closing in found
    ]
    total = say_count("{count:,} closing", "{count:,} closings", count=len(found)).render(language)
    heads = rendered_each(_COLUMNS, language)
    print_list(console(), heads, records, total, numbers=(1, 3), limit=limit, language=language)
