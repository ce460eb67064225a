"""The page of asset action_needed: a report of what is open, as metadata."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.instance.typed_commands import as_typed
from assets.ui.links import PAGE, open_table
from assets.ui.markdown import entries, plain
from assets.ui.record_markdown import paragraphs, records_markdown, since_text, waits_markdown
from assets.ui.tables import shown_table
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.i18n.text import rendered_each
from cloudkasse_etl.sync.monitoring.gaps import Missing
from cloudkasse_etl.sync.monitoring.open_records import OpenReport
from cloudkasse_etl.sync.monitoring.waiting import LongWait
from cloudkasse_etl.sync.run.receipt_sums import FATES_HEADS

RELOAD = "settings"
_SHOWN_CAUSES = 50


def open_metadata(report: OpenReport, settings: Settings, *, notice: str, page: str | None = None) -> Mapping[str, Any]:
    """The metadata of action_needed; always the same keys for the counts, so that the UI can plot them over time.

    Args:
        report: What is open.
        settings: For language and zone.
        notice: What one has to know of the settings file; empty for nothing.
        page: The address of the latest run's page; None where pages are not served.

    Returns:
        Metadata by key, in the order of the page.
    """
    language = settings.language
    found: dict[str, Any] = {"summary": dg.MetadataValue.text(report.sentence)}
    if notice:
        found[RELOAD] = dg.MetadataValue.text(as_typed(notice))
    if report.has_failed and report.last_run is not None:
        found["last_run"] = dg.MetadataValue.text(as_typed(report.last_run.message))
    if report.causes:
        texts, is_all = paragraphs(report.causes, language, _SHOWN_CAUSES)
        found |= entries("what_to_do", texts)
        if not is_all:
            table = None if page is None else open_table(page)
            found["all_records"] = dg.MetadataValue.md(
                records_markdown(report.causes, language, settings.zone, table=table)
            )
    found |= entries("what_is_missing", [_missing(missing) for missing in report.missing])
    found |= entries("what_waits", [_wait(wait, settings) for wait in report.waits[:_SHOWN_CAUSES]])
    if every := waits_markdown(report.waits, settings.zone):
        found["all_that_waits"] = dg.MetadataValue.md(every)
    if page is not None:
        if report.count:
            found["csv"] = dg.MetadataValue.url(open_table(page))
        found[PAGE] = dg.MetadataValue.url(page)
    if report.sums.count:
        found["receipts"] = shown_table(rendered_each(FATES_HEADS, language), report.sums.rows(language))
    return {
        **found,
        "open": report.count,
        "causes": len(report.causes),
        "missing": sum(missing.count for missing in report.missing),
        "waiting": report.waiting,
    }


def _missing(missing: Missing) -> str:
    return "\n\n".join([f"**{plain(missing.cure)}**", plain(missing.text), plain(missing.examples)])


def _wait(wait: LongWait, settings: Settings) -> str:
    since = since_text(wait.since, settings.language, settings.zone)
    count = f"{counted(wait.count, settings.language)} · {since}: {wait.examples}"
    return "\n\n".join([f"**{plain(wait.cure)}**", plain(wait.why), plain(count)])
