"""`receipts`: the list of staged receipts (the manual's Belege dialog), and dismissing one that was dealt with."""

from typing import TYPE_CHECKING, Any

import click

from assets.commands.output import console, print_json
from assets.commands.values import REASON, TEXT
from cloudkasse_etl.failures import Language
from cloudkasse_etl.wording import say, spelled

if TYPE_CHECKING:
    from cloudkasse_etl.sync.receipt_list import ListedReceipt

STATUSES = ("staged", "imported", "rejected", "no_effect", "before_start", "dismissed")
STATUS_WORDS: dict[Language, dict[str, str]] = {
    "en": {},
    "de": {
        "staged": "übernommen",
        "imported": "importiert",
        "rejected": "abgelehnt",
        "no_effect": "ohne Wirkung",
        "before_start": "vor Startdatum",
        "dismissed": "verworfen",
    },
}
_COLUMNS: dict[Language, tuple[str, ...]] = {
    "en": ("register", "number", "day", "total", "status", "what is wrong", "id"),
    "de": ("Kasse", "Nummer", "Tag", "Summe", "Status", "was nicht stimmt", "Id"),
}


@click.group(invoke_without_command=True)
@click.option("--status", type=click.Choice(STATUSES), help="Only receipts of this status.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="How many to show at most.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with all receipts, and nothing else.")
@click.pass_context
def receipts(context: click.Context, status: str | None, limit: int, as_json: bool) -> int | None:
    """List the receipts: register, number, day, total, status and reason."""
    if context.invoked_subcommand is not None:
        return None
    from cloudkasse_etl.settings import load
    from cloudkasse_etl.sync.receipt_list import list_receipts

    configuration = load()
    found = list_receipts(configuration, status=status)
    language = configuration.settings.language
    if as_json:
        print_json({"receipts": [receipt.as_dict(language) for receipt in found]})
    else:
        _print(found, limit, language)
    return 0


@receipts.command()
@click.argument("receipt_id", type=TEXT)
@click.option("--reason", type=REASON, required=True, help="Why; it is kept with the receipt.")
def dismiss(receipt_id: str, reason: str) -> int:
    """Mark a staged or rejected receipt as dealt with by hand: it is never imported."""
    import uuid

    from assets.commands.running import command_line
    from cloudkasse_etl.settings import load
    from cloudkasse_etl.sync.receipt_list import dismiss_receipt

    configuration = load()
    dismiss_receipt(configuration, receipt_id, reason, run_id=str(uuid.uuid4()), started_by=command_line())
    dismissed = say("The receipt {receipt} is dismissed.", receipt=receipt_id)
    click.echo(dismissed.told(configuration.settings.language))
    return 0


def _print(found: "list[ListedReceipt]", limit: int, language: Language) -> None:
    from rich.markup import escape
    from rich.table import Table

    out = console()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for at, name in enumerate(_COLUMNS[language]):
        table.add_column(name, justify="right" if at in (1, 3) else "left", overflow="fold")
    for receipt in found[:limit]:
        total = None if receipt.total is None else spelled(str(receipt.total), language)
        status = STATUS_WORDS[language].get(receipt.status, receipt.status)
        values: list[Any] = [receipt.register, receipt.number, receipt.business_day, total, status]
        table.add_row(
            *("" if value is None else escape(str(value)) for value in values),
            escape(receipt.reason(language)),
            escape(receipt.receipt_id),
        )
    if found:
        out.print(table)
    if len(found) > limit:
        text = say(
            "{count:,} receipts, the first {limit:,} are shown; --limit shows more", count=len(found), limit=limit
        )
    else:
        text = say("{count:,} receipts", count=len(found))
    out.print(text.told(language))
