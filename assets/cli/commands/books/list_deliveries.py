"""`deliveries`: lists what was brought into SelectLine, and lets a person take one back."""

from typing import TYPE_CHECKING

import click

from assets.cli.deciding import JSON, REASON, decide
from assets.cli.output import console, print_json, print_list
from cloudkasse_etl.i18n.formats import day_in_figures, money
from cloudkasse_etl.i18n.text import rendered_by_name, rendered_each, say, say_as, say_count
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from cloudkasse_etl.state.stores.deliveries.delivery_store import Delivery
    from cloudkasse_etl.sync.deliveries.delivery_list import ListedDelivery

STATUSES = ("intended", "delivered", "assumed", "discarded", "error", "retracted")
_COLUMNS = (
    say("id"),
    say_as("column", "what"),
    say("register"),
    say("day"),
    say_as("column", "closing"),
    say("total"),
    say("status"),
    say_as("column", "number"),
)
_TARGETS = {"transfer": say("document"), "batch": say("batch"), "storage": say("manual storage")}


@click.group(invoke_without_command=True)
@click.option("--status", type=click.Choice(STATUSES), help="Only deliveries of this status.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="How many to show at most.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with all deliveries, and nothing else.")
@click.pass_context
def deliveries(context: click.Context, status: str | None, limit: int, as_json: bool) -> int | None:
    """List what was brought into SelectLine, the newest first: id, what, register, day, closing, total, status, no."""
    if context.invoked_subcommand is not None:
        return None
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.deliveries.delivery_list import list_deliveries

    configuration = load()
    found = list_deliveries(configuration, status=status)
    language = configuration.settings.language
    if as_json:
        print_json({"deliveries": [one.as_dict(language) for one in found]})
    else:
        _print(found, limit, language)
    return 0


@deliveries.command()
@click.argument("delivery", type=click.IntRange(1), metavar="ID")
@REASON
@JSON
def retract(delivery: int, reason: str, as_json: bool) -> int:
    """Take a delivery back while SelectLine allows it: the next delivery makes another document."""
    from cloudkasse_etl.sync.deliveries.retraction import retract_delivery

    said = say("Delivery {id} is taken back; the next delivery makes it anew: cloudkasse-etl deliver.", id=delivery)
    return decide(reason, lambda who: retract_delivery(who, delivery), lambda _: said, as_json=as_json)


def _print(found: "list[ListedDelivery]", limit: int, language: Language) -> None:
    from cloudkasse_etl.state.stores.deliveries.delivery_store import STATUS_WORDS, STORAGE

    def total_of(delivery: "Delivery") -> str:  # a manual storage moves stock alone
        if delivery.target == STORAGE:
            return ""
        return money(delivery.amount_cents, delivery.currency, language)

    words, targets = rendered_by_name(STATUS_WORDS, language), rendered_by_name(_TARGETS, language)
    records = [
        (
            (
                one.delivery.delivery_id,
                targets[one.delivery.target],
                one.delivery.register,
                day_in_figures(one.delivery.day, language),
                one.delivery.closing_number,
                total_of(one.delivery),
                words[one.delivery.status],
                one.delivery.destination or one.delivery.remote_id,
            ),
            one.reason(language),
        )
        for one in found
    ]
    total = say_count("{count:,} delivery", "{count:,} deliveries", count=len(found)).render(language)
    heads = rendered_each(_COLUMNS, language)
    print_list(console(), heads, records, total, numbers=(0, 4, 5), limit=limit, language=language)
