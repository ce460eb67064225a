"""Decides whether an asset is up to date with its sources, so that nothing needs to be read or compared.

The fingerprint of the sources is taken before they are read: later changes change the next run's fingerprint.
"""

import datetime as dt
from collections.abc import Callable, Sequence

import orjson

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.records import Checkpoint
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Deferral, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession

# These refusals depend on something other than the record: it is tried again in every run.
RETRIED_EVERY_RUN = frozenset(
    {
        "cloud.limit_reached",
        "cloud.contract",
        "cloud.conflict",
        "cloud.article_unknown",
        "cloud.korona_no_point_of_sale",
        "cloud.korona_no_sector",
        "cloud.korona_net_prices",
        "cloud.korona_price_end",
    }
)


def is_up_to_date(session: SyncSession, asset: str, fingerprint: str | None) -> bool:
    """Whether an asset's sources and calendar are unchanged since it was last up to date; reads one row of our tables.

    A check for new data calls this too (new_data.py), so that it and the run cannot disagree.

    Args:
        session: The run, or the check.
        asset: The asset's name.
        fingerprint: Of its sources now; None where it cannot be computed cheaply.

    Returns:
        True if nothing needs to be read.
    """
    if session.options.full or session.options.retry_rejected or fingerprint is None:
        return False
    checkpoint = session.store.checkpoints.of(asset)
    return checkpoint is not None and checkpoint.fingerprint == fingerprint and holds_on(checkpoint, session.as_of)


def quiet_report(
    session: SyncSession,
    asset: str,
    fingerprint: str | None,
    unchanged: Callable[[Sequence[Rejection]], int] = lambda rejections: 0,
) -> AssetReport | None:
    """The report of an asset whose sources are unchanged since it was last up to date.

    Args:
        session: The run.
        asset: The asset's name.
        fingerprint: Of its sources now.
        unchanged: Returns the number of its records, without the refused ones.

    Returns:
        The report; None if the asset must be processed.
    """
    checkpoint = session.store.checkpoints.of(asset) if is_up_to_date(session, asset, fingerprint) else None
    if checkpoint is None:
        return None
    rejections = session.store.rejections.of(asset)
    if any(rejection.code in RETRIED_EVERY_RUN for rejection in rejections):
        return None
    details = orjson.loads(checkpoint.details)
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


def holds_on(checkpoint: Checkpoint, day: dt.date) -> bool:
    """Whether the stored result of an asset is still valid on a day: a price may have begun or expired since."""
    last, following = orjson.loads(checkpoint.details).get("turns", (None, None))
    return (last is None or last <= f"{day}") and (following is None or f"{day}" < following)


def mark_up_to_date(session: SyncSession, report: AssetReport, fingerprint: str | None) -> None:
    """Marks an asset as up to date with its sources, except for the rejected and waiting records of its report.

    The rows of the ERP that this refers to are stored by `keep_snapshot` at the run's end.

    Args:
        session: The run.
        report: The asset's report.
        fingerprint: Of its sources; None where it cannot be computed cheaply.
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
