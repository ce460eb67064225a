"""What processes that are to die are doing: a whole synchronisation with import, watched at its boundaries."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cloudkasse_etl.config.loading import load
from cloudkasse_etl.state.lease import lease
from cloudkasse_etl.sync.deliveries.document_delivery import deliver_documents
from cloudkasse_etl.sync.deliveries.ledger.ledger_delivery import deliver_ledger
from cloudkasse_etl.sync.master_data.extraction import extract
from cloudkasse_etl.sync.master_data.price_computation import compute_gross_prices
from cloudkasse_etl.sync.master_data.upload import upload
from cloudkasse_etl.sync.receipts import receipt_import
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.session import SyncSession, open_session
from tests.crash.boundaries import Boundaries, OnBoundary, dying_at
from tests.crash.broken import BROKEN
from tests.support.worlds import of_kind

BATCH = 20
RECEIPTS = (stage_receipts, stage_closings, receipt_import.import_receipts)


def steps(session: SyncSession, part: str) -> Sequence[Callable[[SyncSession], object]]:
    """The use cases of a part: `all`, `master data` as the till takes it, `receipts`, `deliveries` or `ledger`."""
    if part == "deliveries":
        return [deliver_documents]
    if part == "ledger":
        return [deliver_ledger]
    extracts = [of_kind(extract, kind) for kind in session.kinds]
    uploads = [of_kind(upload, kind) for kind in session.kinds]
    master_data = [*extracts, compute_gross_prices, *uploads]
    if part == "all":
        return [*master_data, *RECEIPTS]
    return master_data if part == "master data" else RECEIPTS


def sync_all(
    environment: Mapping[str, str],
    folder: Path,
    point: str | None,
    listing: Path | None = None,
    broken: str | None = None,
    part: str = "all",
) -> None:
    """All use cases of `sync all --import`, one after the other, with small batches.

    Args:
        environment: What a shell would export.
        folder: Where protocols are written.
        point: The boundary at which the process kills itself.
        listing: A file to write the names of the boundaries to.
        broken: How the product is broken in this process.
        part: Which of the use cases.
    """
    boundaries = watched(point, listing)
    if broken:
        BROKEN[broken]()
    with open_session(
        load(environment),
        run_id=str(uuid.uuid4()),
        kind="all",
        options=SyncOptions(import_receipts=True),
        protocol_folder=folder / "protocols",
        started_by="a test",
    ) as session:
        for step in steps(session, part):
            with boundaries.step(step.__name__):
                step(session)
        session.finish()


def watched(point: str | None, listing: Path | None) -> Boundaries:
    """Watches this process at its requests, commits and steps."""
    boundaries = Boundaries(at_boundaries(point, listing))
    boundaries.watch()
    return boundaries


def at_boundaries(point: str | None, listing: Path | None) -> OnBoundary:
    """What this process does at its boundaries: it notes them in a file, or dies at one of them."""
    # a killed process is known to be dead, so its lease need not be watched for long
    lease.BEAT_SECONDS, lease.FRESH_SECONDS = 0.04, 0.1
    receipt_import.BATCH = BATCH
    return _written(listing) if listing else dying_at(point or "")


def _written(listing: Path) -> OnBoundary:
    def note(name: str) -> None:
        with listing.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")

    return note
