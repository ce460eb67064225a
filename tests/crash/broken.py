"""Products that break a promise on purpose, each in a place where nothing shows as long as nobody dies.

They prove that the crash matrix can fail. Only a process that is to die is patched, never the test's own.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
import pandas as pd
import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.attempts import Attempts
from cloudkasse_etl.state.stores.books.booked_receipts import BookedReceipts
from cloudkasse_etl.state.stores.books.staged_receipts import StagedReceipt, StagedReceipts
from cloudkasse_etl.state.stores.records import SyncedRecord
from cloudkasse_etl.state.stores.synced import SyncedRecords
from cloudkasse_etl.tills.port import record_key
from cloudkasse_etl.transform.digest import item_digests
from tests.support.processes.forked import patch_for_good


def cursor_before_page() -> None:
    """The cursor is stored before its page: a page that is lost in between is never asked for again."""
    stage = StagedReceipts.stage

    def broken(store: StagedReceipts, receipts: Sequence[StagedReceipt], *, cursor: str | None, **more: Any) -> None:
        stage(store, [], cursor=cursor)
        stage(store, receipts, cursor=None, **more)

    patch_for_good(StagedReceipts, stage=broken)


def state_before_answer() -> None:
    """Records count as accepted once they are sent: what the cloud never got is never sent again."""

    def broken(store: Attempts, attempts: Iterable[tuple[str, str, bytes]]) -> None:
        state = store._state
        for _, entity, body in attempts:
            items = {record_key(entity, item): item for item in orjson.loads(body)["items"]}
            hashes = item_digests(list(items.values())).tolist()
            ids = _cloud_ids(state, entity)
            accepted = [
                SyncedRecord(key, hashed, orjson.dumps(item).decode(), item.get("active", True), ids.get(key))
                for (key, item), hashed in zip(items.items(), hashes, strict=True)
            ]
            asset = {"companies": "cloudkasse_company"}.get(entity, f"cloudkasse_{entity}")
            SyncedRecords(state).settle(asset, entity, answered=(), accepted=accepted, rejected=())

    settle = SyncedRecords.settle

    def with_replacing(store: SyncedRecords, asset: str, entity: str, **more: Any) -> None:
        settle(store, asset, entity, **{**more, "replaced": None})  # the answer finds them stored already

    patch_for_good(Attempts, record=broken)
    patch_for_good(SyncedRecords, settle=with_replacing)


def _cloud_ids(state: StateConnection, entity: str) -> dict[str, str]:
    table = state.tables.synced_record
    query = sa.select(table.c.record_key, table.c.cloud_id).where(
        table.c.target_id == state.target, table.c.entity == entity
    )
    with state.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def status_before_postings() -> None:
    """A receipt counts as imported before its postings are written: they are never made up for."""
    book = BookedReceipts.book

    def broken(store: BookedReceipts, *, postings: pd.DataFrame, movements: pd.DataFrame, **more: Any) -> None:
        book(store, postings=postings[:0], movements=movements[:0], **more)
        with store._state.transaction() as connection:
            store._insert(connection, store._state.tables.posting, postings)
            store._insert(connection, store._state.tables.stock_movement, movements)

    patch_for_good(BookedReceipts, book=broken)


def postings_before_status() -> None:
    """Postings are written before the receipt's status, and get another id where theirs is taken: booked twice."""
    book, insert = BookedReceipts.book, BookedReceipts._insert

    def broken(store: BookedReceipts, *, postings: pd.DataFrame, movements: pd.DataFrame, **more: Any) -> None:
        with store._state.transaction() as connection:
            store._insert(connection, store._state.tables.posting, postings)
        book(store, postings=postings[:0], movements=movements, **more)

    def with_free_ids(store: BookedReceipts, connection: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> None:
        if table is store._state.tables.posting and len(frame):
            taken = set(connection.execute(sa.select(table.c.posting_id)).scalars())
            ids = [f"{uuid.uuid4()}" if name in taken else name for name in frame["posting_id"]]
            frame = frame.assign(posting_id=ids)
        insert(store, connection, table, frame)

    patch_for_good(BookedReceipts, book=broken)
    patch_for_good(BookedReceipts, _insert=with_free_ids)


BROKEN: dict[str, Callable[[], None]] = {
    made.__name__: made
    for made in (cursor_before_page, state_before_answer, status_before_postings, postings_before_status)
}
