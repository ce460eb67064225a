"""All stores of a run, by what they hold. A run writes them, a dry run has others that write nothing."""

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
    """State of one company with one cloud, as the use cases of a run see it.

    Attributes:
        connection: Our own tables, for what only reads them (journal, sales, completeness).
        attempts: Requests to the cloud that were not answered yet.
        rejections: Records that are refused.
        checkpoints: What each asset was last level with, and how far each stream was read.
        synced: Records that the cloud accepted.
        erp_rows: The snapshot of the ERP's rows.
        waiting: What waits, and since when.
        staging: Receipts on their way in.
        receipts: Receipts as they are stored.
        closings: Closings on their way in.
        books: What is booked of receipts.
        decisions: What people decided, to be read.
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
    """The stores of a run, or of one that only reads."""
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
