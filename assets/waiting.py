"""The check that nothing waits forgotten: it stands on the run's report, and changes no run's outcome."""

import dagster as dg

from assets.markdown import plain
from cloudkasse_etl.sync.session import SyncSession
from cloudkasse_etl.sync.waiting import look_for_waiting, told_waits
from cloudkasse_etl.wording import say, told

WAITING = "nothing_waits_too_long"
SHOWN_CAUSES = 20


def waiting_check(asset: str) -> dg.AssetCheckSpec:
    """Warns of what has waited longer than the settings allow."""
    return dg.AssetCheckSpec(
        WAITING,
        asset=asset,
        description="Nothing has waited longer than `checks.waiting_hours` in the settings: articles and prices for a "
        "register or for each other, receipts for their import, rejected records for somebody to correct them.",
    )


def waiting_result(session: SyncSession) -> dg.AssetCheckResult:
    """What waits too long: how much in the check's own line, and a line a cause with what to do."""
    report = look_for_waiting(session)
    head, *lines = told_waits(report, session) or [""]
    if report.hours is None:
        head = told(say("Switched off in the settings (checks.waiting_hours)."), session.settings.language)
    shown = lines[:SHOWN_CAUSES] + ([f"… {len(lines) - SHOWN_CAUSES:,}"] if len(lines) > SHOWN_CAUSES else [])
    return dg.AssetCheckResult(
        check_name=WAITING,
        passed=not report.waits,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join([head, *lines[:1]]) or None,
        metadata={
            "waiting": report.count,
            **({"causes": dg.MetadataValue.md("\n".join(f"- {plain(line)}" for line in shown))} if shown else {}),
        },
    )
