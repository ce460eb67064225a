"""When an asset is known to be level with its sources, so that nothing needs to be read or compared.

The fingerprint of the sources is taken before they are read: what changes afterwards changes the next run's
fingerprint.
"""

import datetime as dt
from collections.abc import Callable, Sequence

import orjson

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.records import Checkpoint
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Deferral, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession

# These refusals hang on something other than the record: it is tried again in every run.
RETRIED_EVERY_RUN = frozenset({"cloud.limit_reached", "cloud.contract", "cloud.conflict", "cloud.article_unknown"})


def is_level(session: SyncSession, asset: str, fingerprint: str | None) -> bool:
    """Whether an asset's sources and calendar are as they were when it was last level; asks for one row of ours.

    A look that starts no run asks the same (new_data.py), so that it and the run cannot disagree.

    Args:
        session: The run, or a look.
        asset: The asset's name.
        fingerprint: Of its sources now; None where they cannot be told cheaply.
    """
    if session.options.full or session.options.retry_rejected or fingerprint is None:
        return False
    level = session.store.checkpoints.of(asset)
    return level is not None and level.fingerprint == fingerprint and holds_on(level, session.as_of)


def quiet_report(
    session: SyncSession,
    asset: str,
    fingerprint: str | None,
    unchanged: Callable[[Sequence[Rejection]], int] = lambda rejections: 0,
) -> AssetReport | None:
    """The report of an asset whose sources are as they were when it was last level; None where it must be looked at.

    Args:
        session: The run.
        asset: The asset's name.
        fingerprint: Of its sources now.
        unchanged: Tells how many records it holds but for those that are refused.
    """
    level = session.store.checkpoints.of(asset) if is_level(session, asset, fingerprint) else None
    if level is None:
        return None
    rejections = session.store.rejections.of(asset)
    if any(rejection.code in RETRIED_EVERY_RUN for rejection in rejections):
        return None
    details = orjson.loads(level.details)
    deferrals = tuple(Deferral(**{**d, "examples": tuple(d["examples"])}) for d in details["deferrals"])
    deferred = sum(deferral.count for deferral in deferrals)
    return AssetReport(
        asset,
        refused_counts(rejections) + Counts(unchanged=unchanged(rejections), deferred=deferred),
        tuple(rejections),
        deferrals,
        rows=details["rows"],
        lacking=details["lacking"],
        turns=tuple(details.get("turns", (None, None))),
        quiet=True,
    )


def holds_on(level: Checkpoint, day: dt.date) -> bool:
    """Whether what was found of an asset still holds on a day: a price may have begun or expired since, unread."""
    last, following = orjson.loads(level.details).get("turns", (None, None))
    return (last is None or last <= f"{day}") and (following is None or f"{day}" < following)


def set_level(session: SyncSession, report: AssetReport, fingerprint: str | None) -> None:
    """Notes that the asset is level with its sources, but for what its report says is rejected or waits.

    With which rows of the ERP it is level, `keep_snapshot` says at the run's end.
    """
    if fingerprint is None:
        return
    deferrals = [
        {"code": d.code, "count": d.count, "examples": d.examples, "detail": dict(d.detail)} for d in report.deferrals
    ]
    details: dict[str, object] = {"deferrals": deferrals, "rows": report.rows, "lacking": dict(report.lacking)}
    if any(report.turns):
        details["turns"] = report.turns
    text = orjson.dumps(details).decode()
    session.store.checkpoints.set(report.asset, fingerprint, text)
