"""Metadata of assets: reports of materialisations, and the columns of contracts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from assets.ui.links import page_link, protocol_link
from assets.ui.record_markdown import records_cell, records_markdown
from assets.ui.tables import narrow_table
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import ACTION_NEEDED, REVENUE_POSTINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.i18n.text import say, told, told_each
from cloudkasse_etl.rejections.causes import by_cause
from cloudkasse_etl.rejections.rejection import Language, Rejection
from cloudkasse_etl.sync.run.receipt_sums import FATES_HEADS, ReceiptSums, waiting_text
from cloudkasse_etl.sync.run.report import SHOWN_REJECTIONS, AssetReport, Deferral, RunReport, outcome_of, sentence

# Past this many records of one cause the table has one row for each cause instead of each record.
RECORDS_OF_A_CAUSE = 5
_REPEATED = 50
# An asset's page has room for some 400 pixels: code and time stand in check all_records_accepted, and in the protocol.
_BY_RECORD = (say("what to do"), say("what is wrong"), say("record"))
_BY_CAUSE = (say("what to do"), say("what is wrong"), say("records"))


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
    more = [text.told(language) for text in (waiting, report.left) if text]
    if more:
        summary = " ".join([f"{summary.removesuffix('.')}.", *more])
    rows = report.rows if sums is None else _held(report.asset, sums)
    return {
        "summary": dg.MetadataValue.text(summary),
        "rejections": rejection_table(report.rejections, settings),
        **_all_records(report.rejections, settings),
        **_receipts(sums if report.asset in (STAGED_RECEIPTS, REVENUE_POSTINGS) else None, language),
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
    return {"receipts": narrow_table(told_each(FATES_HEADS, language), sums.rows(language))}


def _looked_at(report: AssetReport, language: Language) -> str:
    """A note of which records were compared, and why all of them, which explains the counts."""
    if report.looked_at is None:
        return told(report.scope or "", language)
    return say("changed articles: {count:,}; everything else is as it was", count=report.looked_at).told(language)


def run_metadata(report: RunReport, settings: Settings) -> Mapping[str, Any]:
    """The metadata of sync_report: the sentence and the totals of the whole run."""
    left = dict.fromkeys(asset.left.told(settings.language) for asset in report.assets.values() if asset.left)
    summary = " ".join([f"{report.message.removesuffix('.')}.", *left]) if left else report.message
    return {
        "summary": dg.MetadataValue.text(summary),
        "rejections": rejection_table(report.rejections, settings),
        **_all_records(report.rejections, settings),
        **_receipts(report.sums, settings.language),
        "outcome": str(report.outcome),
        **report.counts.as_dict(),
        "open_rejections": len({(rejection.asset, rejection.key) for rejection in report.rejections}),
        "seconds": round(sum(asset.seconds for asset in report.assets.values()), 3),
        "protocol": protocol_link(report.protocol),
        "page": page_link(report.run_id),
    }


def rejection_table(rejections: Sequence[Rejection], settings: Settings) -> dg.MetadataValue[Any]:
    """The rejections as a table: the first records, or the causes where one has many records.

    The protocol holds them all.
    """
    if not rejections:
        return dg.MetadataValue.text("–")
    language = settings.language
    causes = by_cause(rejections, language)
    rows: list[tuple[str | int, ...]]
    if causes[0].count > RECORDS_OF_A_CAUSE:
        names = told_each(_BY_CAUSE, language)
        rows = [(c.cure, c.summary, records_cell(c, language)) for c in causes]
    else:
        names = told_each(_BY_RECORD, language)
        rows = [(r.cure(language), r.text(language), r.name(language)) for r in rejections]
    return narrow_table(names, rows[:SHOWN_REJECTIONS])


def _all_records(rejections: Sequence[Rejection], settings: Settings) -> Mapping[str, Any]:
    """Every rejected record by cause; none where a run has only seen again what asset action_needed shows too.

    A thousand records take 80 kB, and a schedule may run each minute.
    """
    if not rejections:
        return {}
    if len(rejections) > _REPEATED and all(rejection.still for rejection in rejections):
        return {"all_records": dg.MetadataValue.asset(dg.AssetKey(ACTION_NEEDED))}
    causes = by_cause(rejections, settings.language)
    return {"all_records": dg.MetadataValue.md(records_markdown(causes, settings.language, settings.zone))}


def _with_deferrals(summary: str, deferrals: Iterable[Deferral], language: Language) -> str:
    waiting = [f"{counted(deferral.count, language)} × {deferral.text(language)}" for deferral in deferrals]
    return " ".join([f"{summary}.", *waiting]) if waiting else summary
