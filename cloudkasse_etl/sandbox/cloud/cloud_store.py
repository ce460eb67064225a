"""The sandbox's data, in one SQLite file that survives a restart and a kill.

Holds master records, what arrived (receipts, closings), and the answers by idempotency key. Nothing here knows HTTP
beyond the status of a refusal. Several threads may share a store, and several processes a file: whatever is kept
between two calls is in the file.
"""

import base64
import hashlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import orjson

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.cloud.applied_items import apply_items
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import (
    Limits,
    RequestProblem,
    check_item,
    parse_batch,
)

FeedName = Literal["receipts", "closings"]
FEEDS: tuple[FeedName, ...] = ("receipts", "closings")

APPLICATION_ID = 0x434B5342  # "CKSB": marks our files among other SQLite files
SCHEMA_VERSION = 1
KEEP_ANSWER_SECONDS = 24 * 60 * 60
BUSY_TIMEOUT_SECONDS = 10.0
NEEDS_REGISTER = frozenset({Entity.ARTICLES, Entity.PRICES})

# `seq` and `position` count up and are never used twice (AUTOINCREMENT): cursors refer to them.
SCHEMA = (
    """CREATE TABLE record (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, entity TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL UNIQUE,
        active INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (entity, key))""",
    "CREATE INDEX record_by_entity ON record (entity)",
    "CREATE INDEX record_by_state ON record (entity, active)",
    """CREATE TABLE arrival (
        position INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX arrival_by_feed ON arrival (feed)",
    """CREATE TABLE answer (
        key TEXT PRIMARY KEY, fingerprint BLOB NOT NULL, answered_at REAL NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX answer_by_age ON answer (answered_at)",
    "CREATE TABLE store (id TEXT NOT NULL)",
)


class Store:
    """The sandbox's data.

    Args:
        path: The file; None keeps everything in memory.
        clock: Seconds since 1970, for the age of the kept answers.

    Raises:
        ConfigurationError: The file is not a sandbox's, is broken, cannot be written, or is of another release.
    """

    def __init__(self, path: Path | None, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        # One connection for all threads: SQLite has one writer anyway, and a memory store only one connection.
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                ":memory:" if path is None else path,
                isolation_level=None,
                check_same_thread=False,
                timeout=BUSY_TIMEOUT_SECONDS,
            )
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"The sandbox's file {path} cannot be opened: {error}.", hint="Its folder must exist and be writable."
            ) from error
        try:
            self._id = self._prepare()
        except (sqlite3.Error, RequestProblem) as error:
            self.close()
            raise ConfigurationError(
                f"The sandbox's file {path} cannot be used: {error}.", hint="Name another file, or remove this one."
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; waits for a batch that is being written."""
        with self._lock:
            self._connection.close()

    def write_batch(self, entity: Entity, body: bytes, *, key: str, limits: Limits) -> bytes:
        """Apply a batch of master records, once for its idempotency key.

        Items and answer are stored in one transaction: after a crash either both are there or neither. The file is
        locked from the lookup of the key on: of two requests with the same key one waits for the other's answer.

        Args:
            entity: The kind of the records.
            body: The request's body as it came; "the same body" means these bytes.
            key: The idempotency key.
            limits: How much this cloud accepts.

        Returns:
            The answer's body. For a known key it is byte for byte the earlier answer.

        Raises:
            RequestProblem: The whole batch is refused; nothing of it was applied.
        """
        fingerprint = hashlib.sha256(entity.encode() + b"\n" + body).digest()
        with self._transaction("IMMEDIATE") as db:
            now = self._clock()
            db.execute("DELETE FROM answer WHERE answered_at <= ?", (now - KEEP_ANSWER_SECONDS,))
            kept = db.execute("SELECT fingerprint, body FROM answer WHERE key = ?", (key,)).fetchone()
            if kept is not None:
                if kept[0] != fingerprint:
                    raise RequestProblem(
                        422, "idempotency_key_reused", "This Idempotency-Key was used before with another body."
                    )
                return bytes(kept[1])
            # Checked after the key: a repeated request gets its answer even when limits or registers changed since.
            items = parse_batch(body, limits.batch_items)
            if entity in NEEDS_REGISTER and not _has_active_register(db):
                raise RequestProblem(409, "register_required", f"There must be an active register before {entity}.")
            results = apply_items(db, entity, [check_item(entity, item) for item in items], limits.article_limit)
            answer = orjson.dumps({"results": results})
            db.execute("INSERT INTO answer VALUES (?, ?, ?, ?)", (key, fingerprint, now, answer))
            return answer

    def list_page(self, entity: Entity, cursor: str | None, limit: int) -> bytes:
        """Return a page of an entity's records, retired ones included, in the order in which they were created.

        Args:
            entity: The kind of the records.
            cursor: Where the page begins; None for the first page.
            limit: Most records on the page.

        Returns:
            The page as JSON.

        Raises:
            RequestProblem: 410 when the cursor is not from this store.
        """
        with self._transaction("DEFERRED") as db:
            head = db.execute("SELECT max(seq) FROM record WHERE entity = ?", (entity,)).fetchone()[0] or 0
            after = self._position(entity, cursor, head)
            rows = db.execute(
                "SELECT seq, id, body FROM record WHERE entity = ? AND seq > ? ORDER BY seq LIMIT ?",
                (entity, after, limit + 1),
            ).fetchall()
        # The stored JSON is passed on as it is; only the id is put in front of its closing brace.
        items = b",".join(body[:-1] + b',"id":' + orjson.dumps(id_) + b"}" for _, id_, body in rows[:limit])
        following = self._cursor(entity, rows[limit - 1][0]) if len(rows) > limit else None
        return b'{"items":[' + items + b'],"next_cursor":' + orjson.dumps(following) + b"}"

    def feed_page(self, feed: FeedName, after: str | None, limit: int) -> bytes:
        """Return a page of what arrived after a cursor, in the order of arrival.

        Args:
            feed: Receipts or closings.
            after: The cursor; None for the beginning.
            limit: Most items on the page.

        Returns:
            The page as JSON.

        Raises:
            RequestProblem: 410 when the cursor is not from this store.
        """
        with self._transaction("DEFERRED") as db:
            position = self._position(feed, after, _head(db, feed))
            rows = db.execute(
                "SELECT position, body FROM arrival WHERE feed = ? AND position > ? ORDER BY position LIMIT ?",
                (feed, position, limit + 1),
            ).fetchall()
        page = rows[:limit]
        following = self._cursor(feed, page[-1][0] if page else position)
        items = b",".join(body for _, body in page)
        tail = orjson.dumps({"next_cursor": following, "has_more": len(rows) > limit})
        return b'{"items":[' + items + b"]," + tail[1:]

    def deliver_receipts(self, receipts: Iterable[dict[str, Any]]) -> None:
        """Let receipts arrive, in this order; a receipt that arrived before arrives again."""
        self._deliver("receipts", receipts)

    def deliver_closings(self, closings: Iterable[dict[str, Any]]) -> None:
        """Let closings arrive, in this order."""
        self._deliver("closings", closings)

    def records(self, entity: Entity | str) -> list[dict[str, Any]]:
        """Return all records of an entity as the list endpoint shows them, in the order of their creation."""
        with self._transaction("DEFERRED") as db:
            rows = db.execute("SELECT body, id FROM record WHERE entity = ? ORDER BY seq", (Entity(entity),)).fetchall()
        return [orjson.loads(body) | {"id": id_} for body, id_ in rows]

    def summary(self) -> dict[str, Any]:
        """Return `company` (the one sent first), `counts` and `heads` of GET /v1/status, from one snapshot."""
        with self._transaction("DEFERRED") as db:
            counted = {
                entity: {"active": active, "total": total}
                for entity, active, total in db.execute(
                    "SELECT entity, sum(active), count(*) FROM record GROUP BY entity"
                )
            }
            company = db.execute(
                "SELECT body FROM record WHERE entity = ? ORDER BY seq LIMIT 1", (Entity.COMPANIES,)
            ).fetchone()
            heads = {feed: self._cursor(feed, _head(db, feed)) for feed in FEEDS}
        fields = orjson.loads(company[0]) if company else None
        return {
            "company": {"number": fields["number"], "name": fields["name"]} if fields else None,
            "counts": {entity.value: counted.get(entity.value, {"active": 0, "total": 0}) for entity in Entity},
            "heads": heads,
        }

    def _prepare(self) -> str:
        """Recognise or create the file. Nothing is written before it is known to be a sandbox's."""
        db = self._connection
        # In one transaction: another process may be creating the tables between two of these queries.
        with self._transaction("DEFERRED"):
            application_id, version = _pragma(db, "application_id"), _pragma(db, "user_version")
            empty = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        if application_id != APPLICATION_ID and not (empty and application_id == 0):
            raise ConfigurationError(
                f"The file {self._path} belongs to another program.", hint="Name another file for the sandbox's data."
            )
        if application_id == APPLICATION_ID and version != SCHEMA_VERSION:
            raise ConfigurationError(
                f"The sandbox's file {self._path} has version {version}; this release reads {SCHEMA_VERSION}.",
                hint="Remove the file, or use the release that wrote it.",
            )
        _use_wal(db)
        # A killed process loses nothing in this mode; only a power cut could, which a sandbox may.
        db.execute("PRAGMA synchronous = NORMAL")
        with self._transaction("IMMEDIATE"):
            # Checked again under the lock: another process may have created the tables meanwhile.
            if _pragma(db, "application_id") != APPLICATION_ID:
                for statement in SCHEMA:
                    db.execute(statement)
                db.execute("INSERT INTO store VALUES (?)", (secrets.token_hex(4),))
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            elif (fault := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise ConfigurationError(
                    f"The sandbox's file {self._path} is damaged: {fault}.", hint="Remove it and start anew."
                )
            return str(db.execute("SELECT id FROM store").fetchone()[0])

    @contextmanager
    def _transaction(self, mode: Literal["IMMEDIATE", "DEFERRED"]) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute(f"BEGIN {mode}")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError) and _is_busy(error):
                    raise RequestProblem(
                        503, "busy", "Another process is writing; try again.", {"Retry-After": "1"}
                    ) from error
                raise

    def _deliver(self, feed: FeedName, items: Iterable[dict[str, Any]]) -> None:
        rows = [(feed, orjson.dumps(item)) for item in items]
        with self._transaction("IMMEDIATE") as db:
            db.executemany("INSERT INTO arrival (feed, body) VALUES (?, ?)", rows)

    def _cursor(self, name: str, position: int) -> str:
        # With the store's id in it, a cursor of a deleted sandbox is unknown to the next one.
        return base64.urlsafe_b64encode(f"{self._id}:{name}:{position}".encode()).decode().rstrip("=")

    def _position(self, name: str, cursor: str | None, head: int) -> int:
        if not cursor:
            return 0
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            position = int(base64.urlsafe_b64decode(padded).rpartition(b":")[2])
        except ValueError:
            position = -1
        if not 0 <= position <= head or self._cursor(name, position) != cursor:
            raise RequestProblem(410, "cursor_expired", "This cursor is not known here; start at the beginning.")
        return position


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to write-ahead logging, so that readers of another process do not wait for a writer."""
    # SQLite refuses this change at once, whatever its timeout, while another process is making it.
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # the upper bits only say what was busy


def _pragma(db: sqlite3.Connection, name: Literal["application_id", "user_version"]) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])


def _head(db: sqlite3.Connection, feed: FeedName) -> int:
    return int(db.execute("SELECT max(position) FROM arrival WHERE feed = ?", (feed,)).fetchone()[0] or 0)


def _has_active_register(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT 1 FROM record WHERE entity = ? AND active", (Entity.REGISTERS,)).fetchone())
