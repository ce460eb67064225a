"""All stores of a dry run: what is there, and on top of it what would have been written. The database is only read.

The use cases run on these stores as they run on the real ones, so that a plan is what a synchronisation would do and
not a second opinion. Each of them fulfils the same Protocol as the real one: a writer that is forgotten here is a type
error where they are put together.
"""

from dataclasses import dataclass

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.dry_run.dry_books import DryBooks
from cloudkasse_etl.state.dry_run.dry_checkpoints import DryCheckpoints, DryErpRows, DryWaiting
from cloudkasse_etl.state.dry_run.dry_receipts import DryClosings, DryReceipts, DryStaging
from cloudkasse_etl.state.dry_run.dry_records import DryAttempts, DrySynced
from cloudkasse_etl.state.dry_run.dry_rejections import DryRejections
from cloudkasse_etl.state.dry_run.scratch_file import ScratchFile
from cloudkasse_etl.state.stores.books.decision_log import DecisionLog
from cloudkasse_etl.state.stores.state_stores import StateStores


@dataclass(frozen=True)
class DryStores(StateStores):
    """The stores of a dry run; some of them report what would have been written."""

    synced: DrySynced
    staging: DryStaging
    closings: DryClosings
    books: DryBooks
    scratch: ScratchFile

    def close(self) -> None:
        """Deletes the remembered receipts."""
        self.scratch.close()


def dry_stores_on(connection: StateConnection) -> DryStores:
    """Makes the stores of a dry run.

    Args:
        connection: With an engine from `untouched`, and without a lease.
    """
    scratch = ScratchFile()
    attempts, checkpoints = DryAttempts(connection), DryCheckpoints(connection)
    rejections = DryRejections(connection, scratch)
    closings = DryClosings(connection, rejections)
    return DryStores(
        connection=connection,
        attempts=attempts,
        rejections=rejections,
        checkpoints=checkpoints,
        synced=DrySynced(connection, attempts, rejections, checkpoints),
        erp_rows=DryErpRows(connection),
        waiting=DryWaiting(connection),
        staging=DryStaging(connection, scratch, rejections, closings),
        receipts=DryReceipts(connection, scratch),
        closings=closings,
        books=DryBooks(connection, scratch, rejections),
        decisions=DecisionLog(connection),
        scratch=scratch,
    )
