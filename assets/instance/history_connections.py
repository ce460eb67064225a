"""Keeps what Dagster opens and reads again and again for its history in SQLite (see this package's docstring)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from threading import get_ident
from typing import ClassVar

import dagster as dg
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dagster._core.storage import sql
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine


def read_migrations_once() -> None:
    """Lets Dagster read the scripts of its migrations once a process.

    It reads all of them, some forty files, for each SQLite file that it opens for the first time, to learn the newest
    one's name, and again to write that name into a new file: five times in a run, a seventh of one that finds nothing.
    """
    vars(sql).update(ScriptDirectory=_Scripts, stamp=_stamp)


class _Scripts(ScriptDirectory):
    read: ClassVar[dict[str, ScriptDirectory]] = {}

    @classmethod
    def from_config(cls, config: Config) -> ScriptDirectory:
        place = str(config.get_main_option("script_location"))
        if place not in cls.read:
            cls.read[place] = ScriptDirectory.from_config(config)
        return cls.read[place]


def _stamp(config: Config, revision: str) -> None:
    """What alembic's command of this name does, but for reading the scripts and their environment."""
    MigrationContext.configure(config.attributes["connection"]).stamp(_Scripts.from_config(config), revision)


@contextmanager
def open_history(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Keeps the SQLite files of a run's events open during the block.

    Dagster opens and closes a file for each event and each query: some 950 times in a run that has nothing to do. Each
    time its statements are compiled again, and at each closing SQLite writes its log back and removes it. That took
    two fifths of the run. A database other than SQLite manages its own connections.
    """
    events, runs = instance.event_log_storage, instance.run_storage
    engines: dict[str, Engine] = {}
    try:
        if isinstance(events, SqliteEventLogStorage):
            for shard in (INDEX_SHARD_NAME, run_id):
                engines[shard] = _kept_engine(events.conn_string_for_shard(shard))
            kept = _KeptFiles(events, run_id, dict(engines))
            events.__dict__.update(
                _connect=kept.connect,
                store_event_batch=kept.store_event_batch,
                has_table=cache(events.has_table),  # which the storage asks the file at each event and each query
            )
        if isinstance(runs, SqliteRunStorage):
            engines["runs"] = _kept_engine(runs._conn_string)
            runs.__dict__["connect"] = engines["runs"].begin
        yield
    finally:
        for name in ("_connect", "store_event_batch", "has_table"):
            events.__dict__.pop(name, None)
        runs.__dict__.pop("connect", None)
        for engine in engines.values():
            engine.dispose()


def _kept_engine(url: str) -> Engine:
    return create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})


class _KeptFiles:
    """Takes the place of the storage's connections, for some of its files, by those of engines that stay open."""

    def __init__(self, events: SqliteEventLogStorage, run_id: str, engines: Mapping[str, Engine]) -> None:
        self._events, self._run_id, self._engines = events, run_id, engines
        self._usual = events._connect
        self._open: Mapping[str, Connection] = {}
        self._thread: int | None = None  # whose connections these are

    @contextmanager
    def connect(self, shard: str) -> Iterator[Connection]:
        """In place of the storage's `_connect`."""
        if self._thread == get_ident() and shard in self._open:
            yield self._open[shard]
        elif shard in self._engines:
            with self._events._db_lock, self._begun(shard) as connection:
                yield connection
        else:
            with self._usual(shard) as connection:
                yield connection

    def store_event_batch(self, batch: Sequence[dg.EventLogEntry]) -> None:
        """In place of the storage's own, which stores an event in three transactions, one event after another."""
        with ExitStack() as stack:
            if all(event.run_id == self._run_id for event in batch):
                stack.enter_context(self._events._db_lock)
                self._open = {shard: stack.enter_context(self._begun(shard)) for shard in self._engines}
                self._thread = get_ident()
            try:
                for event in batch:
                    self._events.store_event(event)
            finally:
                self._thread, self._open = None, {}

    @contextmanager
    def _begun(self, shard: str) -> Iterator[Connection]:
        engine = self._engines[shard]
        if shard not in self._events._initialized_dbs:
            self._events._initdb(engine)
            self._events._initialized_dbs.add(shard)
        with engine.begin() as connection:
            yield connection
