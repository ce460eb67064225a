"""`plan`: prints what a synchronisation would do. Does not use Dagster: a dry run leaves no run."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from assets.cli import undoing
from assets.cli.click_messages import language as spoken
from assets.cli.output import console, print_causes, print_counts, print_json
from assets.instance.typed_commands import as_typed
from cloudkasse_etl.entities import SELECTLINE_DOCUMENTS, SELECTLINE_LEDGER
from cloudkasse_etl.i18n.formats import money, short_quantity
from cloudkasse_etl.i18n.text import say, say_count
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from rich.console import Console

    from cloudkasse_etl.config.settings import Configuration
    from cloudkasse_etl.rejections.causes import Cause
    from cloudkasse_etl.state.stores.deliveries.delivery_store import Draft
    from cloudkasse_etl.sync.dry_run.delivery_plan import DeliveryPlan
    from cloudkasse_etl.sync.dry_run.plan_report import Plan
    from cloudkasse_etl.sync.dry_run.plan_view import EntityView, ImportView, RecordLine

SHOWN_RECORDS = 10
SHOWN_CAUSES = 10


@click.command()
@click.argument(
    "what", type=click.Choice(["all", "master-data", "receipts", "import", "deliver", "undo"]), default="all"
)
@undoing.RECEIPTS
@undoing.DAY
@undoing.REGISTER
@undoing.RUN
@undoing.DISMISS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def plan(
    what: Any,
    receipts: tuple[str, ...],
    day: dt.datetime | None,
    register: str | None,
    run: str | None,
    is_dismissed: bool,
    as_json: bool,
) -> int:
    """Tell what a synchronisation would do, and do nothing: a dry run.

    Counts are complete; of each kind the first records are told one by one (20 with --json). All other options go with
    undo.
    """
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.dry_run.plan import plan as make_plan

    scope = None
    if what == "undo":
        scope = undoing.scope_of(receipts, day, register, run)
    elif receipts or day or register or run or is_dismissed:
        raise click.UsageError(say("--receipt, --day, --register, --run and --dismiss go with undo.").render(spoken()))
    configuration = load()
    if scope is not None:
        from cloudkasse_etl.sync.receipts.import_undo import plan_undo

        found_undo = plan_undo(configuration, scope, is_dismissed=is_dismissed)
        undoing.print_undo(found_undo, configuration.settings.language, as_json=as_json)
        return 0
    if what == "deliver":
        return _plan_delivery(configuration, as_json=as_json)
    found = make_plan(configuration, what)
    language = configuration.settings.language
    if as_json:
        print_json(found.as_dict(language))
    else:
        _print(console(), found, language)
    return 0


def _plan_delivery(configuration: "Configuration", *, as_json: bool) -> int:
    from cloudkasse_etl.sync.dry_run.delivery_plan import plan_delivery

    found = plan_delivery(configuration)
    language = configuration.settings.language
    if as_json:
        print_json(found.as_dict(language))
    else:
        _print_delivery(console(), found, language)
    return 0


def _print_delivery(out: "Console", found: "DeliveryPlan", language: Language) -> None:
    from cloudkasse_etl.rejections.causes import by_cause

    for draft in found.documents:
        _print_document(out, draft, language)
    for draft in found.batches:
        _print_batch(out, draft, language)
    if found.batches:
        told = say_count("{count:,} batch to post.", "{count:,} batches to post.", count=len(found.batches))
        out.print(told.render(language))
    if found.documents or not found.batches:
        count = len(found.documents)
        told = say_count("{count:,} document to deliver.", "{count:,} documents to deliver.", count=count)
        out.print(told.render(language))
    for waiting, text in (
        (found.waiting, say("{count:,} waiting for a closing or the end of the day", count=found.waiting)),
        (found.waiting_for_stock, say("{count:,} waiting for their stock", count=found.waiting_for_stock)),
        (
            found.left_elsewhere,
            say(
                "{count:,} whose undone import is in SelectLine otherwise than the settings say",
                count=found.left_elsewhere,
            ),
        ),
    ):
        if waiting:
            out.print(f"  {text.render(language)}")
    _print_refused(out, by_cause(found.refused, language), language)


def _print_document(out: "Console", draft: "Draft", language: Language) -> None:
    from rich.markup import escape

    from cloudkasse_etl.rejections.record_names import name_of
    from cloudkasse_etl.sync.dry_run.delivery_plan import lines_of

    def price(line: Mapping[str, Any]) -> str:
        return money(round(line["UnitPrice"] * 100), draft.currency, language)

    name = escape(name_of(SELECTLINE_DOCUMENTS, draft.key).render(language))
    # what moves stock alone has neither names nor prices
    total = f": {money(draft.amount_cents, draft.currency, language)}" if draft.carries_sales else ""
    out.print(f"\n[bold]{name}[/]{total}")
    for line in lines_of(draft):
        cells = (
            short_quantity(round(line["Quantity"] * 1000), language), line.get("QuantityUnit"),
            line.get("ArticleNumber"), line.get("Name"), price(line) if "UnitPrice" in line else None,
            line.get("TaxCode"), line.get("WarehouseId", line.get("Warehouse")), line.get("SerialNumber"),
        )  # fmt: skip
        out.print(f"  {escape(' · '.join(filter(None, cells)))}", soft_wrap=True)


def _print_batch(out: "Console", draft: "Draft", language: Language) -> None:
    from rich.markup import escape

    from cloudkasse_etl.rejections.record_names import name_of
    from cloudkasse_etl.state.stores.deliveries.delivered_receipts import clearing_of
    from cloudkasse_etl.transform.deliveries.batch_form import postings_of

    name = name_of(SELECTLINE_LEDGER, draft.key).render(language)
    out.print(f"\n[bold]{escape(name)}[/]: {money(draft.amount_cents, draft.currency, language)}")
    for posting in postings_of(draft.body):
        out.print(f"  {escape(posting['PostingDocument'])} · {posting['PostDate'][:10]}")
        for line in posting["Positions"]:
            amount = money(round(line["Amount"] * 100), draft.currency, language)
            cells = (line["Account"], amount, line.get("TaxCode", ""), line.get("Text2", ""))
            out.print(f"    {escape(' · '.join(filter(None, cells)))}", soft_wrap=True)
    if cents := clearing_of(draft.body):
        left = say("On clearing, until the documents are posted: {amount}",
                   amount=money(cents, draft.currency, language))  # fmt: skip
        out.print(f"  {left.render(language)}", soft_wrap=True)


def _print(out: "Console", found: "Plan", language: Language) -> None:
    from rich.markup import escape

    from cloudkasse_etl.sync.dry_run.plan_view import view_of

    view = view_of(found, language, records=SHOWN_RECORDS)
    out.print(f"[bold]{view.head}[/]")
    if view.scope:
        out.print(f"[dim]{escape(view.scope)}[/]", soft_wrap=True)
    for entity in view.entities:
        _print_entity(out, entity, language)
    if view.receipts:
        out.print(f"\n[bold]{view.receipts.title}[/]: {view.receipts.counts}")
        for register, count, total in view.receipts.registers.rows:
            out.print(f"  {register}: {count}, {total}")
        _print_refused(out, view.receipts.causes, language)
    if view.imports:
        _print_import(out, view.imports, language)
    if any(counts.attempted for counts in found.assets.values()):
        out.print(f"\n[bold]{view.counts}[/]")
        print_counts(out, {asset: counts.as_dict() for asset, counts in found.assets.items()}, language)
    if view.nothing:
        out.print(view.nothing)


def _print_entity(out: "Console", entity: "EntityView", language: Language) -> None:
    from rich.markup import escape

    out.print(f"\n[bold]{entity.title}[/]: {entity.counts}")
    if entity.stopped:
        heading, reason = entity.stopped
        out.print(f"  [red]{heading}[/] {escape(as_typed(reason))}")
    if entity.skipped:
        out.print(f"  [red]{entity.skipped}[/]")
    for line in entity.lines:
        out.print(f"  {escape(_line(line))}", soft_wrap=True)
    if entity.more:
        out.print(f"  {entity.more}")
    for text in entity.waiting:
        out.print(f"  {escape(as_typed(text))}")
    _print_refused(out, entity.causes, language)


def _line(line: "RecordLine") -> str:
    if line.sign == "~" and line.field:
        return f"{line.sign} {line.name}, {line.field}: {line.before} -> {line.after}"
    return f"{line.sign} {line.name}: {line.after}" if line.field else f"{line.sign} {line.name}"


def _print_import(out: "Console", imports: "ImportView", language: Language) -> None:
    from rich.table import Table

    out.print(f"\n[bold]{imports.title}[/]: {imports.counts}")
    if imports.judged_anew:
        out.print(f"  {imports.judged_anew}")
    if imports.accounts.rows:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for at, name in enumerate(imports.accounts.heads):
            table.add_column(name, justify="right" if at in imports.accounts.numbers else "left")
        for row in imports.accounts.rows:
            table.add_row(*row)
        out.print(table)
    if imports.missing_settings:
        settings = ", ".join(f"{name} ({count})" for name, count in imports.missing_settings)
        out.print(f"[red]{imports.missing}[/] {settings}", soft_wrap=True)
    for text in imports.waiting:
        out.print(as_typed(text), soft_wrap=True, markup=False, highlight=False)
    _print_refused(out, imports.causes, language)


def _print_refused(out: "Console", causes: "Sequence[Cause]", language: Language) -> None:
    from cloudkasse_etl.sync.dry_run.plan_view import would_be_rejected

    if causes:
        out.print(f"[bold]{would_be_rejected(causes, language)}[/]")
        print_causes(out, causes, language, SHOWN_CAUSES)
