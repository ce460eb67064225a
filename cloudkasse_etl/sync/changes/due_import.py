"""Checks whether an import would have anything to do, without reading a receipt."""

import datetime as dt
from dataclasses import dataclass

from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.sync.changes.unchanged import is_up_to_date
from cloudkasse_etl.sync.run.session import SyncSession

_SETTLED = (Status.IMPORTED, Status.NO_EFFECT, Status.DISMISSED)  # voids of such originals need not wait


@dataclass(frozen=True, slots=True)
class Due:
    """The work of an import.

    Attributes:
        staged: Staged receipts, without voids that wait for their originals.
        voids: Voids that no longer have to wait, because of their originals' status or the days that have passed.
        refused: Receipts that an import refused, if anything that this can depend on has changed since.
        stock: Receipts with stock lines that are still to be booked, in the same case.
    """

    staged: int
    voids: int = 0
    refused: int = 0
    stock: int = 0


def due_for_import(session: SyncSession) -> Due:
    """Finds out whether an import would have anything to do. Reads no receipts.

    Sources whose changes cannot be detected cheaply, because the ERP has no rowversion, count as unchanged.

    Raises:
        ErpUnavailableError: The ERP cannot be reached.
    """
    receipts, fingerprint = session.store.receipts, session.sources.fingerprint(REVENUE_POSTINGS)
    waiting = session.store.waiting.of(REVENUE_POSTINGS)
    staged = max(0, receipts.count(Status.STAGED) - sum(each.count for each in waiting))
    voids = 0
    if waiting:
        known = receipts.status_of([each.awaited for each in waiting])
        settled = [each.count for each in waiting if known.get(each.awaited, ("", None))[0] in _SETTLED]
        day = session.as_of - dt.timedelta(days=session.settings.receipts.void_wait_days - 1)
        before = dt.datetime.combine(day, dt.time(), session.settings.zone)
        voids = sum(settled) or receipts.count_voids_staged_before(before)
    if fingerprint is None or is_up_to_date(session, REVENUE_POSTINGS, fingerprint):
        return Due(staged, voids)
    return Due(staged, voids, receipts.count_refused(), receipts.count_pending_stock())
