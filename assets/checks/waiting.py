"""The check that no record waits longer than allowed: part of the run's report; it does not change a run's outcome."""

import dagster as dg

from assets.instance.typed_commands import as_typed
from assets.ui.tables import shown_list
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.formats import shown_time
from cloudkasse_etl.i18n.text import say, say_count
from cloudkasse_etl.rejections.causes import more_than
from cloudkasse_etl.sync.monitoring.waiting import LongWait, look_for_waiting, waits_text
from cloudkasse_etl.sync.run.session import SyncSession

WAITING = "nothing_waits_too_long"
SHOWN_CAUSES = 20


def waiting_check(asset: str) -> dg.AssetCheckSpec:
    """Warns of what has waited longer than the settings allow."""
    return dg.AssetCheckSpec(
        WAITING,
        asset=asset,
        description=say(
            "Nothing has waited longer than `checks.waiting_hours` in the settings: articles and prices for a "
            "register or for each other, receipts for their import, rejected records for somebody to correct them."
        ),
    )


def waiting_result(session: SyncSession) -> dg.AssetCheckResult:
    """The records that wait too long: number and longest in the check's text, and an entry a cause with its cure."""
    report = look_for_waiting(session)
    listed = [_told(wait, session.settings) for wait in report.waits[:SHOWN_CAUSES]]
    more = more_than(len(report.waits), len(listed), session.settings.language)
    return dg.AssetCheckResult(
        check_name=WAITING,
        passed=not report.waits,
        severity=dg.AssetCheckSeverity.WARN,
        description=as_typed(waits_text(report, session)) or None,
        metadata={
            "waiting": report.count,
            **shown_list("waits", listed, more),
        },
    )


def _told(wait: LongWait, settings: Settings) -> str:
    """What waits, in three lines: what to do, what it waits for, and which records."""
    since = say("since {since}", since=shown_time(wait.since, settings.zone, wait.language)).render(wait.language)
    count = say_count("{count:,} record", "{count:,} records", count=wait.count).render(wait.language)
    return "\n".join([wait.cure, wait.why, f"{wait.asset} · {count} · {since}: {wait.examples}"])
