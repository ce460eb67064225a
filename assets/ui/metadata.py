"""Metadata of assets: reports of materialisations, and the columns of contracts."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from assets.instance.typed_commands import as_typed
from assets.ui.links import PAGE, day_link, page_link, protocol_link
from assets.ui.markdown import entries, plain
from assets.ui.record_markdown import paragraphs, records_markdown
from assets.ui.tables import shown_table
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.entities import ACTION_NEEDED, KINDS, REVENUE_POSTINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS, kinds_of
from cloudkasse_etl.i18n.formats import counted, day_in_figures, money
from cloudkasse_etl.i18n.text import joined, rendered, rendered_each, say, say_as
from cloudkasse_etl.rejections.causes import by_cause, more_than
from cloudkasse_etl.rejections.rejection import Language, Rejection
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import ListedDocument
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH
from cloudkasse_etl.sync.run.receipt_sums import FATES_HEADS, ReceiptSums, waiting_text
from cloudkasse_etl.sync.run.report import SHOWN_REJECTIONS, AssetReport, Deferral, RunReport, outcome_of
from cloudkasse_etl.sync.run.sentence import sentence
from cloudkasse_etl.sync.run.settings_record import HEADS, changed_rows
from cloudkasse_etl.tills.capabilities import CAPABILITIES

_REPEATED = 50
_NOTES = 20
_SETTINGS = 50


def asset_metadata(
    report: AssetReport,
    settings: Settings,
    protocol: Path,
    sums: ReceiptSums | None = None,
    *,
    is_import_next: bool = False,
) -> Mapping[str, Any]:
    """The metadata of every materialisation: always the same keys, so that the UI can plot them over time.

    Args:
        report: The asset's report.
        settings: For the language.
        protocol: The file of the run's protocol.
        sums: What became of all receipts, where the asset is about them.
        is_import_next: Whether the run books what is staged only after this: what waits now does not wait then.

    Returns:
        Metadata by key.
    """
    language = settings.language
    summary = sentence(outcome_of(report.counts), [replace(report, deferrals=())], language)
    summary = _with_deferrals(summary, report.deferrals, language)
    waiting = waiting_text(sums.waiting, language) if sums and not is_import_next else None
    more = [text.render(language) for text in (waiting, report.left) if text]
    if more:
        summary = " ".join([f"{summary.removesuffix('.')}.", *more])
    rows = report.rows if sums is None else _held(report.asset, sums)
    return {
        "summary": dg.MetadataValue.text(as_typed(summary)),
        **rejection_entries(report.rejections, settings),
        **_receipts(sums if report.asset in (STAGED_RECEIPTS, REVENUE_POSTINGS) else None, language),
        **_unsigned(report.unsigned, language),
        **_notes(report.notes, language),
        **_documents(report.documents, language),
        **report.counts.as_dict(),
        "open_rejections": len({rejection.key for rejection in report.rejections}),
        "seconds": round(report.seconds, 3),
        **({} if rows is None else {"dagster/row_count": rows}),
        **({} if report.scope is None else {"looked_at": dg.MetadataValue.text(_looked_at(report, language))}),
        "protocol": protocol_link(protocol),
    }


def _held(asset: str, sums: ReceiptSums) -> int:
    """How many rows an asset of receipts holds."""
    return {REVENUE_POSTINGS: sums.postings, STOCK_MOVEMENTS: sums.movements}.get(asset, sums.count)


def _receipts(sums: ReceiptSums | None, language: Language) -> Mapping[str, Any]:
    """The table of what became of the receipts; nothing while there are none."""
    if sums is None or not sums.fates:
        return {}
    return {"receipts": shown_table(rendered_each(FATES_HEADS, language), sums.rows(language))}


def _not_taken(settings: Settings) -> Mapping[str, Any]:
    """Which kinds of record the till takes none of, so that they are in no graph and in no run."""
    taken = {kind.name for kind in kinds_of(settings.till.kind)}
    left = [kind.heading for kind in KINDS if kind.name not in taken]
    if not left:
        return {}
    text = say("Not taken by {till}: {kinds}.", till=CAPABILITIES[settings.till.kind].title, kinds=joined(", ", left))
    return {"not_taken": dg.MetadataValue.text(text.render(settings.language))}


def _notes(notes: Sequence[str], language: Language) -> Mapping[str, Any]:
    """What was read although it deviates from the rules: the first ones, and how many more there are."""
    if not notes:
        return {}
    shown = [plain(note) for note in dict.fromkeys(notes)]
    lines = [*shown[:_NOTES], *filter(None, [more_than(len(shown), _NOTES, language)])]
    return {"read_with_a_warning": dg.MetadataValue.md("\n".join(f"- {line}" for line in lines))}


def _unsigned(unsigned: Mapping[tuple[str, dt.date], int], language: Language) -> Mapping[str, Any]:
    """Which new receipts the till's security device failed to sign, by register and day."""
    if not unsigned:
        return {}
    heads = rendered_each((say("register"), say("day"), say("receipts without a signature: the TSE failed")), language)
    rows = [(register, day_in_figures(day, language), count) for (register, day), count in sorted(unsigned.items())]
    return {"tse_failures": shown_table(heads, rows)}


def _documents(documents: Sequence[ListedDocument], language: Language) -> Mapping[str, Any]:
    """The documents or batches that were delivered last, each with its number in SelectLine."""
    if not documents:
        return {}
    is_ledger = documents[0].document.target == BATCH
    columns = (
        say("register"),
        say("day"),
        say_as("column", "closing"),
        say("receipts"),
        say("total"),
        say("in SelectLine"),
        *([say("left on clearing")] if is_ledger else []),
    )
    rows: list[tuple[str | int, ...]] = [
        (
            one.register,
            day_in_figures(one.day, language),
            "" if one.closing_number is None else str(one.closing_number),
            one.receipts,
            money(one.amount_cents, one.currency, language),
            one.document.text.render(language),
            *([money(one.clearing_cents, one.currency, language)] if is_ledger else []),
        )
        for one in documents
    ]
    return {"batches" if is_ledger else "documents": shown_table(rendered_each(columns, language), rows)}


def _looked_at(report: AssetReport, language: Language) -> str:
    """A note of which records were compared, and why all of them, which explains the counts."""
    if report.looked_at is None:
        return rendered(report.scope or "", language)
    return say("changed articles: {count:,}; everything else is as it was", count=report.looked_at).render(language)


def run_metadata(report: RunReport, configuration: Configuration) -> Mapping[str, Any]:
    """The metadata of sync_report: the sentence and the totals of the whole run."""
    settings = configuration.settings
    left = dict.fromkeys(asset.left.render(settings.language) for asset in report.assets.values() if asset.left)
    summary = " ".join([f"{report.message.removesuffix('.')}.", *left]) if left else report.message
    return {
        "summary": dg.MetadataValue.text(as_typed(summary)),
        **rejection_entries(report.rejections, settings),
        **_receipts(report.sums, settings.language),
        **settings_entries(report.settings, settings.language),
        "outcome": str(report.outcome),
        **_not_taken(settings),
        **report.counts.as_dict(),
        "open_rejections": len({(rejection.asset, rejection.key) for rejection in report.rejections}),
        "seconds": round(sum(asset.seconds for asset in report.assets.values()), 3),
        "protocol": protocol_link(report.protocol),
        PAGE: page_link(report.run_id),
        **day_link(configuration.company),
    }


def settings_entries(note: Mapping[str, Any] | None, language: Language) -> Mapping[str, Any]:
    """What of the settings had changed when the run began, where it is the first one under them.

    Args:
        note: As of `settings_record.note_of`; None where settings are not recorded.
        language: The language of the headings.

    Returns:
        Metadata by key; nothing where nothing had changed.
    """
    rows = changed_rows(note["changes"]) if note else []
    if not rows:
        return {}
    more = more_than(len(rows), _SETTINGS, language)
    shown = [*rows[:_SETTINGS], *([(more, "", "")] if more else [])]
    return {"settings_changed": shown_table(rendered_each(HEADS, language), shown)}


def rejection_entries(rejections: Sequence[Rejection], settings: Settings) -> Mapping[str, Any]:
    """The rejections by cause, and where that does not name all records, a list of them.

    A thousand records take 80 kB, and a schedule may run each minute: a run that has only seen many of them again names
    asset action_needed, which has the list too.
    """
    if not rejections:
        return {"rejections": dg.MetadataValue.text("–")}
    causes = by_cause(rejections, settings.language)
    texts, is_all = paragraphs(causes, settings.language, SHOWN_REJECTIONS)
    found = dict(entries("rejections", texts))
    if len(rejections) > _REPEATED and all(rejection.still for rejection in rejections):
        found["all_records"] = dg.MetadataValue.asset(dg.AssetKey(ACTION_NEEDED))
    elif not is_all:
        found["all_records"] = dg.MetadataValue.md(records_markdown(causes, settings.language, settings.zone))
    return found


def _with_deferrals(summary: str, deferrals: Iterable[Deferral], language: Language) -> str:
    waiting = [f"{counted(deferral.count, language)} × {deferral.text(language)}" for deferral in deferrals]
    return " ".join([f"{summary}.", *waiting]) if waiting else summary
