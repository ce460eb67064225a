"""The page of asset action_needed: a report of what is open, as metadata."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.ui.record_markdown import records_cell, records_markdown
from assets.ui.tables import narrow_table
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.formats import counted, shown_time
from cloudkasse_etl.i18n.text import say, told_each
from cloudkasse_etl.sync.monitoring.open_records import OpenReport
from cloudkasse_etl.sync.run.receipt_sums import FATES_HEADS

RELOAD = "settings"
_SHOWN_CAUSES = 50
# Three columns are what an asset's page has room for on a screen of 1,366 pixels: 430 of them, less with longer keys.
_COLUMNS = (say("what to do"), say("what is wrong"), say("records"))
_WAITING = (say("what to do"), say("what it waits for"), say("records"))


def open_metadata(report: OpenReport, settings: Settings, *, reload_due: bool) -> Mapping[str, Any]:
    """The metadata of action_needed; always the same keys for the counts, so that the UI can plot them over time.

    Args:
        report: What is open.
        settings: For language and zone.
        reload_due: Whether the UI still goes by older settings.

    Returns:
        Metadata by key, in the order of the page.
    """
    language = settings.language
    found: dict[str, Any] = {"summary": dg.MetadataValue.text(report.sentence)}
    if reload_due:
        text = say(
            "The settings file has changed since the UI loaded it. Click Reload definitions, at the top of the catalog."
        )
        found[RELOAD] = dg.MetadataValue.text(text.told(language))
    if report.has_failed and report.last_run is not None:
        found["last_run"] = dg.MetadataValue.text(report.last_run.message)
    if report.causes:
        rows = [(c.cure, c.summary, records_cell(c, language)) for c in report.causes[:_SHOWN_CAUSES]]
        found["what_to_do"] = narrow_table(told_each(_COLUMNS, language), rows)
        found["all_records"] = dg.MetadataValue.md(records_markdown(report.causes, language, settings.zone))
    if report.waits:
        waits = [
            (w.cure, w.why, f"{counted(w.count, language)}: {w.examples} ({shown_time(w.since, settings.zone)})")
            for w in report.waits[:_SHOWN_CAUSES]
        ]
        found["what_waits"] = narrow_table(told_each(_WAITING, language), waits)
    if report.sums.count:
        found["receipts"] = narrow_table(told_each(FATES_HEADS, language), report.sums.rows(language))
    return {
        **found,
        "open": report.count,
        "causes": len(report.causes),
        "waiting": report.waiting,
    }
