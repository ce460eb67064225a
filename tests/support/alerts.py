"""Runs that ended, and the look that tells somebody of them."""

import datetime as dt
import uuid

from cloudkasse_etl.sync.monitoring.alerts import AlertReport, EndedRun, send_alerts
from tests.support.worlds import World

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def run(kind: str, reason: str | None, minutes: int = 0) -> EndedRun:
    return EndedRun(str(uuid.uuid4()), kind, NOON + dt.timedelta(minutes=minutes), reason)


def look(shop: World, *runs: EndedRun) -> AlertReport:
    return send_alerts(shop.configuration(), runs)
