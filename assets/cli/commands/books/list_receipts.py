"""`receipts`: lists staged receipts (the manual's Belege dialog), and lets a person decide about one."""

import datetime as dt
from typing import TYPE_CHECKING

import click

from assets.cli.click_messages import language
from assets.cli.deciding import JSON, REASON, decide
from assets.cli.option_types import DAY, NUMBERS, TEXT
from assets.cli.output import CURE, console, print_json, print_list, print_rows
from assets.instance.typed_commands import as_typed
from cloudkasse_etl.i18n.formats import day_in_figures, spelled
from cloudkasse_etl.i18n.text import rendered_by_name, rendered_each, say, say_as
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from cloudkasse_etl.state.stores.books.decision_log import Decision
    from cloudkasse_etl.sync.outputs.receipt_view import ReceiptView
    from cloudkasse_etl.sync.receipts.receipt_list import ListedReceipt

STATUSES = ("staged", "imported", "rejected", "no_effect", "before_start", "dismissed")
_IN_SELECTLINE = say("in SelectLine")
_COLUMNS = (
    say("register"),
    say_as("column", "number"),
    say("day"),
    say("total"),
    say("status"),
    _IN_SELECTLINE,
    say("id"),
)


@click.group(invoke_without_command=True)
@click.option("--status", type=click.Choice(STATUSES), help="Only receipts of this status.")
@click.option("--register", type=TEXT, help="Only receipts of this register.")
@click.option("--number", type=NUMBERS, help="Only receipts with this number, or with these like 341-345.")
@click.option("--day", type=DAY, help="Only receipts of this business day, like 2026-11-01 or 01.11.2026.")
@click.option("--id", "beginning", type=TEXT, help="Only receipts whose id begins so.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="How many to show at most.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with all receipts, and nothing else.")
@click.pass_context
def receipts(
    context: click.Context,
    status: str | None,
    register: str | None,
    number: tuple[int, int] | None,
    day: dt.datetime | None,
    beginning: str | None,
    limit: int,
    as_json: bool,
) -> int | None:
    """List the receipts, the newest first: register, number, day, total, status, beginning of the id, and reason.

    Where documents are delivered into SelectLine, also the one that a receipt is in.
    """
    if context.invoked_subcommand is not None:
        return None
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.state.stores.books.receipt_reader import Wanted
    from cloudkasse_etl.sync.receipts import receipt_list
    from cloudkasse_etl.sync.receipts.receipt_list import decision_dict

    configuration = load()
    wanted = Wanted(register, number, day.date() if day else None, beginning)
    found = receipt_list.list_receipts(configuration, status=status, wanted=wanted)
    numbers = []
    if status in (None, "dismissed") and (number, day, beginning) == (None, None, None):
        numbers = [
            decision
            for decision in receipt_list.list_dismissed_numbers(configuration)
            if register in (None, _place(decision)[0])
        ]
    language = configuration.settings.language
    if as_json:
        print_json(
            {
                "receipts": [receipt.as_dict(language) for receipt in found],
                "dismissed_numbers": [
                    {"register": _place(d)[0], "numbers": _place(d)[1], **decision_dict(d)} for d in numbers
                ],
            }
        )
        return 0
    _print(receipt_list.newest_first(found), limit, language)
    for decision in numbers:
        register, which = _place(decision)
        text = say(
            "Missing numbers {numbers} of register {register} dismissed: {reason}",
            numbers=which,
            register=register,
            reason=decision.reason,
        )
        click.echo(text.render(language))
    return 0


def _place(decision: "Decision") -> tuple[str, str]:
    register, _, numbers = decision.key.rpartition("|")
    return register, numbers


_LINE = click.option("--line", type=click.IntRange(0), help="Only this refused stock line of an imported receipt.")
_MISSING = click.option(
    "--missing",
    type=(TEXT, TEXT),
    metavar="REGISTER NUMBERS",
    help="In place of a receipt: numbers of a register that are missing, like 7 or 7-12.",
)
_RECEIPT = click.argument("receipt", type=TEXT, required=False)


@receipts.command()
@_RECEIPT
@_LINE
@_MISSING
@REASON
@JSON
def dismiss(receipt: str | None, line: int | None, missing: tuple[str, str] | None, reason: str, as_json: bool) -> int:
    """Mark a staged or rejected receipt as dealt with by hand: it is never imported.

    RECEIPT is register and number, like K1-348, or the beginning of its id. With --line, a refused stock line of an
    imported receipt: it is never made up for. With --missing, receipt numbers that will never come.
    """
    from cloudkasse_etl.sync.receipts import decisions

    what = _one_of(receipt, line, missing)
    if missing is not None:
        said = say("Receipt numbers {numbers} of register {register} are dismissed.", numbers=what[1], register=what[0])
        return decide(reason, lambda who: decisions.dismiss_numbers(who, *what), lambda _: said, as_json=as_json)
    if line is not None:
        return decide(
            reason,
            lambda who: decisions.dismiss_line(who, what[0], line),
            lambda d: say("Line {line} of receipt {receipt} is dismissed.", line=line, receipt=d.receipt),
            as_json=as_json,
        )
    return decide(
        reason,
        lambda who: decisions.dismiss_receipt(who, what[0]),
        lambda d: say("The receipt {receipt} is dismissed.", receipt=d.receipt),
        as_json=as_json,
    )


@receipts.command()
@_RECEIPT
@_LINE
@_MISSING
@REASON
@JSON
def restore(receipt: str | None, line: int | None, missing: tuple[str, str] | None, reason: str, as_json: bool) -> int:
    """Take a dismissal or a release back: the receipt is checked again, and becomes what it then is.

    RECEIPT is register and number, like K1-348, or the beginning of its id. With --line, that of a stock line: the
    next import looks at it again. With --missing, that of receipt numbers.
    """
    from cloudkasse_etl.sync.receipts import decisions

    what = _one_of(receipt, line, missing)
    if missing is not None:
        said = say(
            "Receipt numbers {numbers} of register {register} are missing again.", numbers=what[1], register=what[0]
        )
        return decide(reason, lambda who: decisions.restore_numbers(who, *what), lambda _: said, as_json=as_json)
    if line is not None:
        return decide(
            reason,
            lambda who: decisions.restore_line(who, what[0], line),
            lambda d: say("Line {line} of receipt {receipt} is open again.", line=line, receipt=d.receipt),
            as_json=as_json,
        )
    return decide(
        reason,
        lambda who: decisions.restore_receipt(who, what[0]),
        lambda d: say(
            "The receipt {receipt} was checked again; its status: {status}.",
            receipt=d.receipt,
            status=decisions.status_word(d.status),
        ),
        as_json=as_json,
    )


def _one_of(named: str | None, line: int | None, missing: tuple[str, str] | None) -> tuple[str, str]:
    """The receipt as it was named, or register and missing numbers.

    Raises:
        click.UsageError: Neither is given, or both are.
    """
    if (named is None) == (missing is None) or (missing is not None and line is not None):
        raise click.UsageError(say("Name one receipt, or --missing REGISTER NUMBERS.").render(language()))
    return missing or (named or "", "")


@receipts.command()
@click.argument("receipt", type=TEXT)
@REASON
@JSON
def release(receipt: str, reason: str, as_json: bool) -> int:
    """Let a receipt through that is held for a person; its postings are flagged for review.

    RECEIPT is register and number, like K1-348, or the beginning of its id.
    """
    from cloudkasse_etl.sync.receipts import decisions

    return decide(
        reason,
        lambda who: decisions.release_receipt(who, receipt),
        lambda d: say(
            "The receipt {receipt} is released; its status: {status}.",
            receipt=d.receipt,
            status=decisions.status_word(d.status),
        ),
        as_json=as_json,
    )


@receipts.command()
@click.argument("receipt", type=TEXT)
@JSON
def show(receipt: str, as_json: bool) -> int:
    """Show what became of a receipt: status and reason, lines, payments, VAT, postings, stock, decisions, runs.

    RECEIPT is register and number, like K1-348, or the beginning of its id.
    """
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.outputs.receipt_view import view_of
    from cloudkasse_etl.sync.receipts.receipt_detail import show_receipt

    configuration = load()
    found = show_receipt(configuration, receipt)
    language = configuration.settings.language
    if as_json:
        print_json(found.as_dict(language))
    else:
        _print_view(view_of(found, language, configuration.settings.zone), language)
    return 0


def _print_view(view: "ReceiptView", language: Language) -> None:
    from rich.markup import escape

    out, cure = console(), CURE.render(language)
    out.print(f"[bold]{escape(view.head)}[/]")
    for text, what in view.problems:
        out.print(f"[red]{escape(as_typed(text))}[/]")
        if what:
            out.print(f"[green]{cure}[/] {escape(as_typed(what))}")
    width = max(len(label) for label, _ in view.facts)
    for label, told in view.facts:
        out.print(f"[dim]{label.ljust(width)}[/]  {escape(told)}")
    for section in view.sections:
        out.print(f"\n[bold]{section.title}[/]")
        print_rows(out, section.heads, section.rows, numbers=section.numbers)


def _print(found: "list[ListedReceipt]", limit: int, language: Language) -> None:
    from cloudkasse_etl.state.stores.books.receipt_status import STATUS_WORDS
    from cloudkasse_etl.sync.receipts.receipt_list import sums_of_listed
    from cloudkasse_etl.sync.receipts.receipt_search import short_id

    words = rendered_by_name(STATUS_WORDS, language)
    are_delivered = any(receipt.document for receipt in found)
    records = [
        (
            (
                receipt.register,
                receipt.number,
                receipt.business_day and day_in_figures(receipt.business_day, language),
                None if receipt.total is None else spelled(receipt.total, language),
                words.get(receipt.status, receipt.status),
                *((receipt.document and receipt.document.text.render(language),) if are_delivered else ()),
                short_id(receipt.receipt_id),
            ),
            receipt.reason(language),
        )
        for receipt in found
    ]
    total = sums_of_listed(found).render(language)
    columns = [column for column in _COLUMNS if are_delivered or column != _IN_SELECTLINE]
    heads = rendered_each(columns, language)
    print_list(console(), heads, records, total, numbers=(1, 3), limit=limit, language=language)
