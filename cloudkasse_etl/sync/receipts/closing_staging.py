"""The use case that fetches closings: each page staged once, together with its cursor."""

from dataclasses import replace

from cloudkasse_etl.entities import STAGED_CLOSINGS
from cloudkasse_etl.sync.receipts.arrivals import has_arrived, pages_of, report_of
from cloudkasse_etl.sync.receipts.closing_arrivals import ClosingArrivals
from cloudkasse_etl.sync.run.report import AssetReport, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.port import Translation
from cloudkasse_etl.tills.till_opening import translation_of


def stage_closings(session: SyncSession) -> AssetReport:
    """Fetches the closings that have arrived since the last time, and stages them.

    Where closings come together with their receipts, they were staged with these, and only the report is left.
    """
    with session.timed() as seconds:
        store = session.store.closings
        rejections = session.store.rejections.of(STAGED_CLOSINGS)
        arrivals = session.arrived_closings
        translation = translation_of(session.settings)
        anew = bool(rejections) and (session.options.retry_rejected or _is_meant_otherwise(session, translation))
        if arrivals is None and (not session.till.has_closings_alone or not (anew or has_arrived(session, "closings"))):
            quiet = AssetReport(STAGED_CLOSINGS, refused_counts(rejections), tuple(rejections), rows=store.count())
            return session.deliver(quiet, seconds())
        if arrivals is None:
            arrivals = ClosingArrivals(session)
            for page in pages_of(session, "closings", anew=anew):
                store.stage(arrivals.take_page(page, translation), cursor=page.next_cursor)
            if anew:
                arrivals.end_what_is_gone()
            if translation is not None:
                session.store.checkpoints.set(STAGED_CLOSINGS, translation.fingerprint(), "{}")
        report = replace(report_of(session, STAGED_CLOSINGS, arrivals.counts, arrivals.refused), rows=store.count())
        return session.deliver(report, seconds())


def _is_meant_otherwise(session: SyncSession, translation: Translation | None) -> bool:
    """Whether the settings by which closings are translated have changed since they were last read."""
    if translation is None:
        return False
    known = session.store.checkpoints.of(STAGED_CLOSINGS)
    return known is None or known.fingerprint != translation.fingerprint()
