"""All stores of a run, by subject. A run writes them; those of a dry run write nothing."""

from dataclasses import dataclass

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.attempts import Attempts, AttemptStore
from cloudkasse_etl.state.stores.books.booked_receipts import BookedReceipts, BookStore
from cloudkasse_etl.state.stores.books.decision_log import DecisionLog
from cloudkasse_etl.state.stores.books.receipt_reader import ReceiptReader, ReceiptStore
from cloudkasse_etl.state.stores.books.staged_closings import ClosingStore, StagedClosings
from cloudkasse_etl.state.stores.books.staged_receipts import StagedReceipts, StagingStore
from cloudkasse_etl.state.stores.checkpoints import Checkpoints, CheckpointStore
from cloudkasse_etl.state.stores.erp_rows import ErpRows, ErpRowStore
from cloudkasse_etl.state.stores.rejections import Rejections, RejectionStore
from cloudkasse_etl.state.stores.synced import SyncedRecords, SyncedStore
from cloudkasse_etl.state.stores.waiting_records import WaitingRecords, WaitingStore


@dataclass(frozen=True)
class StateStores:
    """The stores of one company with one cloud, for the use cases of a run.

    Attributes:
        connection: Our own tables, for what only reads them (journal, sales, completeness).
        attempts: Requests to the cloud that were not answered yet.
        rejections: Records that are refused.
        checkpoints: The fingerprint at which each asset was last up to date, and the cursor of each stream.
        synced: Records that the cloud accepted.
        erp_rows: The snapshot of the ERP's rows.
        waiting: Waiting records, and since when they wait.
        staging: Receipts that are not booked yet.
        receipts: Receipts as they are stored.
        closings: Staged closings.
        books: Bookings of receipts.
        decisions: People's decisions, read only.
    """

    connection: StateConnection
    attempts: AttemptStore
    rejections: RejectionStore
    checkpoints: CheckpointStore
    synced: SyncedStore
    erp_rows: ErpRowStore
    waiting: WaitingStore
    staging: StagingStore
    receipts: ReceiptStore
    closings: ClosingStore
    books: BookStore
    decisions: DecisionLog


def stores_on(connection: StateConnection) -> StateStores:
    """Makes the stores of a run, or of a program that only reads."""
    return StateStores(
        connection=connection,
        attempts=Attempts(connection),
        rejections=Rejections(connection),
        checkpoints=Checkpoints(connection),
        synced=SyncedRecords(connection),
        erp_rows=ErpRows(connection),
        waiting=WaitingRecords(connection),
        staging=StagedReceipts(connection),
        receipts=ReceiptReader(connection),
        closings=StagedClosings(connection),
        books=BookedReceipts(connection),
        decisions=DecisionLog(connection),
    )
