"""Protects that SQLite writes little: each commit to the disk, but back to its place in the file only now and then."""

import datetime as dt
import random
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.state.database.bulk import insert_columns
from cloudkasse_etl.state.database.engine import CACHE_KIBIBYTES, migrate, state_engine
from cloudkasse_etl.state.database.tables import StateTables

MEBIBYTE = 1024 * 1024
FULL = 2
ARRIVAL = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def test_the_journal_is_written_back_only_once_it_is_as_large_as_the_cache(tmp_path: Path) -> None:
    engine, journal = state_engine(f"sqlite:///{tmp_path / 'state.db'}", may_create=True), tmp_path / "state.db-wal"
    most = CACHE_KIBIBYTES // 1024
    sizes = []
    with engine.connect() as connection:
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == FULL
        connection.commit()
        connection.execute(sa.text("CREATE TABLE receipt (raw BLOB)"))
        connection.commit()
        for _ in range(most + most // 2):
            connection.execute(sa.text("INSERT INTO receipt VALUES (:raw)"), {"raw": bytes(MEBIBYTE)})
            connection.commit()
            sizes.append(journal.stat().st_size)
    engine.dispose()
    assert sizes[most // 2] > most // 2 * MEBIBYTE
    assert max(sizes) < (most + 3) * MEBIBYTE


def test_receipts_that_arrive_together_lie_together_in_each_index_but_that_of_their_ids(tmp_path: Path) -> None:
    engine, tables = state_engine(f"sqlite:///{tmp_path / 'state.db'}", may_create=True), StateTables()
    migrate(engine, tables)
    for page in range(20):
        arrive(engine, tables, page, count=1000)
    assert written(engine) > 0
    arrive(engine, tables, 20, count=100)
    assert written(engine) < 50
    engine.dispose()


def arrive(engine: sa.Engine, tables: StateTables, page: int, count: int) -> None:
    """Stores receipts of any amount; their ids go on, as those of few shops do."""
    amounts = random.Random(page)
    columns: dict[str, list[Any]] = {
        "receipt_id": [f"R{page:03}-{number:04}" for number in range(count)],
        "number": [page * 1000 + number for number in range(count)],
        "total_cents": [amounts.randrange(100_000) for _ in range(count)],
    }
    alike = {
        "company": "1", "register": "K1", "status": "staged", "currency": "EUR", "closing_number": page, "raw": b"{}",
        "counts_in_closing": True, "stock_pending": False, "content_hash": "", "staged_run_id": "r",
    }  # fmt: skip
    arrived = {"staged_at": ARRIVAL + dt.timedelta(minutes=page)}
    with engine.begin() as connection:
        insert_columns(connection, tables.receipt, columns, alike | arrived)


def written(engine: sa.Engine) -> int:
    """How many pages of the file have been written into the journal since the last time; empties it."""
    with engine.connect().execution_options(read=True) as connection:
        cursor = connection.connection.cursor()
        connection.rollback()
        _, frames, _ = cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(frames)
