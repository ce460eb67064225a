"""Applies a batch of checked items to the store's records: created, updated, unchanged or rejected."""

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import (
    CheckedItem,
    Knowledge,
    identity,
    refuse_in_context,
    refuse_over_limit,
)


@dataclass(slots=True)
class _Row:
    """A record while a batch is being applied to it."""

    id: str
    active: bool
    body: bytes


def apply_items(
    db: sqlite3.Connection, entity: Entity, checked: Sequence[CheckedItem], article_limit: int | None
) -> list[dict[str, Any]]:
    """Apply the items in their order; a later one of the same key wins.

    Args:
        db: The store's connection, in a transaction.
        entity: The kind of the records.
        checked: The items.
        article_limit: Most active articles; None for any number.

    Returns:
        A result for each item, as the contract's BatchAnswer has them.
    """
    held = _held_rows(db, entity, checked)
    before = frozenset(held)
    knowledge = _knowledge(db, entity, checked)
    limit = article_limit if entity is Entity.ARTICLES else None
    active_count = 0
    if limit is not None:
        active_count = db.execute("SELECT count(*) FROM record WHERE entity = ? AND active", (entity,)).fetchone()[0]
    written: dict[str, _Row] = {}
    results: list[dict[str, Any]] = []
    for index, item in enumerate(checked):
        row = held.get(item.identity) if item.identity is not None else None
        refusal, status = item.refusal, "rejected"
        if refusal is None and item.identity is not None:
            body, active = orjson.dumps(item.fields), bool(item.fields.get("active", True))
            if row is not None and row.body == body:
                status = "unchanged"
            else:
                refusal = refuse_in_context(entity, item.fields, knowledge)
                change = active - (row is not None and row.active)
                if refusal is None and limit is not None and change > 0 and active_count >= limit:
                    refusal = refuse_over_limit(limit)
                if refusal is None:
                    active_count += change
                    status = _status(row, active)
                    row = _Row(row.id if row else f"{entity[:3]}_{secrets.token_hex(8)}", active, body)
                    held[item.identity] = written[item.identity] = row
        error = refusal._asdict() if refusal else None
        results.append(
            {"index": index, "key": item.key, "status": status, "id": row.id if row else None, "error": error}
        )
    _write(db, entity, written, before)
    return results


def _held_rows(db: sqlite3.Connection, entity: Entity, checked: Sequence[CheckedItem]) -> dict[str, _Row]:
    wanted = orjson.dumps([item.identity for item in checked if item.identity is not None]).decode()
    rows = db.execute(
        "SELECT key, id, active, body FROM record WHERE entity = ? AND key IN (SELECT value FROM json_each(?))",
        (entity, wanted),
    )
    return {key: _Row(id_, bool(active), body) for key, id_, active, body in rows}


def _knowledge(db: sqlite3.Connection, entity: Entity, checked: Sequence[CheckedItem]) -> Knowledge:
    if entity is not Entity.PRICES:
        return Knowledge()
    wanted = sorted({identity(item.fields["article"]) for item in checked if item.refusal is None})
    articles = db.execute(
        "SELECT key FROM record WHERE entity = ? AND key IN (SELECT value FROM json_each(?))",
        (Entity.ARTICLES, orjson.dumps(wanted).decode()),
    )
    registers = db.execute("SELECT body FROM record WHERE entity = ?", (Entity.REGISTERS,))
    return Knowledge(
        articles=frozenset(key for (key,) in articles),
        price_groups=frozenset(orjson.loads(body)["price_group"] for (body,) in registers),
    )


def _status(row: _Row | None, active: bool) -> str:
    if row is None:
        return "created"
    return "deactivated" if row.active and not active else "updated"


def _write(db: sqlite3.Connection, entity: Entity, written: dict[str, _Row], before: frozenset[str]) -> None:
    db.executemany(
        "INSERT INTO record (entity, key, id, active, body) VALUES (?, ?, ?, ?, ?)",
        [(entity, key, row.id, row.active, row.body) for key, row in written.items() if key not in before],
    )
    db.executemany(
        "UPDATE record SET active = ?, body = ? WHERE entity = ? AND key = ?",
        [(row.active, row.body, entity, key) for key, row in written.items() if key in before],
    )
