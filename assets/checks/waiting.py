"""The check that no record waits longer than allowed: part of the run's report; it does not change a run's outcome."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.instance.typed_commands import as_typed
from assets.ui.tables import shown_table
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.formats import shown_time
from cloudkasse_etl.i18n.text import say, told_each
from cloudkasse_etl.sync.monitoring.waiting import LongWait, look_for_waiting, waits_text
from cloudkasse_etl.sync.run.session import SyncSession

WAITING = "nothing_waits_too_long"
SHOWN_CAUSES = 20
_COLUMNS = (
    say("asset"),
    say("count"),
    say("examples"),
    say("since"),
    say("what it waits for"),
    say("what to do"),
)


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
    """The records that wait too long: number and longest in the check's text, and a row a cause with its cure."""
    report = look_for_waiting(session)
    return dg.AssetCheckResult(
        check_name=WAITING,
        passed=not report.waits,
        severity=dg.AssetCheckSeverity.WARN,
        description=as_typed(waits_text(report, session)) or None,
        metadata={
            "waiting": report.count,
            **({"causes": _table(report.waits[:SHOWN_CAUSES], session.settings)} if report.waits else {}),
        },
    )


def _table(waits: Sequence[LongWait], settings: Settings) -> dg.MetadataValue[Any]:
    rows = [(w.asset, w.count, w.examples, shown_time(w.since, settings.zone), w.why, w.cure) for w in waits]
    return shown_table(told_each(_COLUMNS, settings.language), rows)
