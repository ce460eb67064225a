"""Triggers by which SQLite refuses to replace a row: INSERT OR REPLACE fires no trigger of the row that it deletes.

It would, under PRAGMA recursive_triggers, which each connection sets for itself and which is off by default. Other
databases know no such statement: their ON CONFLICT and MERGE fire the triggers of an UPDATE.
"""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

UNIQUE: Final[Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]] = {
    "posting": ((("company", "posting_id"), ""),),
    "stock_movement": ((("company", "movement_id"), ""),),
    "datev_file": ((("company", "file_number"), ""),),
    "datev_posting": ((("company", "posting_id", "repetition"), ""),),
    "datev_written": ((("company", "file_number"), ""),),
    "settings_change": ((("company", "change_number"), ""),),
    "run_settings": ((("company", "run_id", "change_number"), ""),),
    "receipt": ((("company", "receipt_id"), ""),),
    "closing": ((("company", "register", "number"), ""),),
    "delivery": ((("company", "target", "record_key"), ""),),
    "delivery_receipt": (
        (("delivery_id", "receipt_id"), ""),
        (("company", "target", "receipt_id", "generation", "is_counter"), "is_live = 1"),
    ),
    "decision": (),
    "till": ((("company", "place"), ""),),
}
"""Table, without its prefix -> its unique keys, each with the condition of those rows that have it.

Each table has its rowid besides, which is the key of `delivery` and of `decision`.
"""
_REFUSAL: Final = "cloudkasse-etl: this row is there already, and rows of this table are never replaced"


def replacing(dialect: sa.Dialect, prefix: str, name: str) -> Mapping[str, list[str]]:
    """The triggers that refuse to replace a row.

    Args:
        dialect: Of the database.
        prefix: Of our own tables.
        name: A table of `UNIQUE`.

    Returns:
        The name of each trigger, and the statements that make it.
    """
    if dialect.name != "sqlite":
        return {}
    names = dialect.identifier_preparer
    on, trigger = names.quote(prefix + name), f"{prefix}{name}_no_replace"
    found = [_is_there(on, ("rowid",), "")]  # -1 where SQLite chooses it
    found += [_is_there(on, key, where) for key, where in UNIQUE[name]]
    made = (
        f"CREATE TRIGGER {names.quote(trigger)} BEFORE INSERT ON {on} WHEN {' OR '.join(found)} "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )
    return {trigger: [f"DROP TRIGGER IF EXISTS {names.quote(trigger)}", made]}


def _is_there(on: str, key: tuple[str, ...], where: str) -> str:
    same = " AND ".join(f"o.{column} = NEW.{column}" for column in key)
    if where:
        return f"(NEW.{where} AND EXISTS (SELECT 1 FROM {on} AS o WHERE {same} AND o.{where}))"  # noqa: S608 - our own names
    return f"EXISTS (SELECT 1 FROM {on} AS o WHERE {same})"  # noqa: S608 - our own names
