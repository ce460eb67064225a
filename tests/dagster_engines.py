"""One SQLAlchemy engine for each of Dagster's SQLite files, in this process: a third of a run's time.

Dagster makes a new engine for every connection, some 570 in a run, and each compiles its statements anew. Here the
latest ones are kept. They pool no connections, so what is read and written stays the same.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest
import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage

_STORAGES = (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage)


def _kept(create_engine: Callable[..., sa.Engine]) -> Callable[..., sa.Engine]:
    @lru_cache(maxsize=16)
    def kept(url: str, connect_args: tuple[tuple[str, Any], ...], poolclass: type[sa.Pool]) -> sa.Engine:
        return create_engine(url, connect_args=dict(connect_args), poolclass=poolclass)

    def create(url: str, *, poolclass: type[sa.Pool], connect_args: dict[str, Any] | None = None) -> sa.Engine:
        return kept(url, tuple((connect_args or {}).items()), poolclass)

    return create


@pytest.fixture(scope="session", autouse=True)
def kept_engines() -> Iterator[None]:
    """Makes Dagster's storages of this process keep their engines."""
    with pytest.MonkeyPatch.context() as patch:
        for storage in _STORAGES:
            patch.setattr(storage, "create_engine", _kept(sa.create_engine))
        yield
