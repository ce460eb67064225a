"""Protects that SQLite writes a commit to the disk at once, and back to its place in the file only now and then."""

from pathlib import Path

import sqlalchemy as sa

from cloudkasse_etl.state.database.engine import CACHE_KIBIBYTES, state_engine

MEBIBYTE = 1024 * 1024
FULL = 2


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
