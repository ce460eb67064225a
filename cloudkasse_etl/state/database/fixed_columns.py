"""Triggers by which the database refuses to change what came from the till, or was sent, in a row that is kept.

Of these tables the program itself updates some columns: the status of a receipt, of a closing or of a delivery. All
others stay as they were inserted; else a row could be made older than it is, or a copy of itself, and then be deleted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from cloudkasse_etl.state.database.retention import BODY


class Rule(NamedTuple):
    """What of a row may not change.

    Attributes:
        columns: The trigger looks at a statement only if it names one of them.
        refused: When it refuses, with the rows {old} and {new}; {changed} is whether one of the columns differs.
    """

    columns: tuple[str, ...]
    refused: str = "{changed}"


IDENTITY: Final = "identity"
"""The rule of the key, which stands for the row's place in SQLite too."""

_STAYS: Final = "({old}.generation > 1 OR ({old}.status <> 'rejected' AND {old}.status <> 'dismissed'))"
"""Whether a receipt was ever booked, or was not refused: nothing takes the place of its content."""

FIXED: Final[Mapping[str, Mapping[str, Rule]]] = {
    "receipt": {
        IDENTITY: Rule(("company", "receipt_id")),
        "content": Rule(
            (
                "raw", "original", "content_hash", "register", "number", "kind", "business_day", "ended_at",
                "total_cents", "currency", "reference_id", "counts_in_closing", "no_effect", "came_as", "staged_at",
                "staged_run_id",
            ),
            "{old}.status = 'imported' AND {changed}",
        ),
        # what was undone is imported again as it came; only a content that was refused gives way
        "original": Rule(("original", "staged_at", "staged_run_id"), f"{_STAYS} AND {{changed}}"),
        # a translation of the till's own form may be another one under other settings
        "raw": Rule(("raw",), f"{_STAYS} AND {{old}}.original IS NULL AND {{changed}}"),
        # what a later release cannot read has no facts
        "facts": Rule(
            (
                "register", "number", "kind", "business_day", "ended_at", "total_cents", "currency", "reference_id",
            ),
            "{old}.generation > 1 AND {old}.original IS NULL AND {old}.status <> 'rejected'"
            " AND {new}.status <> 'rejected' AND {changed}",
        ),
        # a corrected content takes the place of one that was refused, and a receipt that of a copy under its id
        "came_as": Rule(("came_as",), "{new}.came_as IS NOT NULL AND {changed}"),
        "staged_at": Rule(("staged_at",), "{new}.staged_at < {old}.staged_at"),
        # only an undo ends an import, and counts
        "import": Rule(
            ("status", "generation", "imported_at", "imported_run_id"),
            "{new}.generation < {old}.generation OR ({old}.status = 'imported' AND {new}.generation = {old}.generation"
            " AND {changed})",
        ),
    },
    "closing": {
        IDENTITY: Rule(
            (
                "company", "register", "number", "business_day", "first_receipt_number", "last_receipt_number",
                "receipt_count", "content_hash", "raw", "staged_at", "staged_run_id",
            ),
        ),
    },
    "delivery": {
        IDENTITY: Rule(
            (
                "delivery_id", "company", "target", "record_key", "grain", "register", "place", "generation", "day",
                "closing_number", "currency", "amount_cents", "created_at", "first_run_id", "tenant", "year",
                "carries_sales",
            ),
        ),
        # lines for which there is not enough are taken out of a manual storage that does not exist yet
        "body": Rule(
            ("body", "line_count"),
            "NOT ({old}.status = 'intended' AND {new}.status = 'intended' AND {old}.target = 'storage') AND {changed}",
        ),
        "status": Rule(("status",), "{new}.status = 'intended' AND {changed}"),
    },
    "delivery_receipt": {
        IDENTITY: Rule(("delivery_id", "receipt_id", "company", "target", "generation", "is_counter")),
        "live": Rule(("is_live",), "{new}.is_live = {true} AND {changed}"),
    },
    "decision": {
        IDENTITY: Rule(
            (
                "decision_id", "company", "subject", "record_key", "action", "reason", "detail", "decided_at",
                "decided_by", "run_id",
            ),
        ),
    },
    "till": {IDENTITY: Rule(("company", "place", "kind", "receipts_from", "since", "run_id"))},
}  # fmt: skip
"""Table, without its prefix -> the rules of its rows."""
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "receipt": ("company", "receipt_id"),
    "closing": ("company", "register", "number"),
    "delivery": ("delivery_id",),
    "delivery_receipt": ("delivery_id", "receipt_id"),
    "decision": ("decision_id",),
    "till": ("company", "place"),
}
_REFUSAL: Final = "cloudkasse-etl: what came from the till or was sent is never changed; only what becomes of it is"
_OF_SQLITE: Final = ("rowid", "_rowid_", "oid")  # UPDATE OR REPLACE of a row's place deletes the row that is there


def fixing(dialect: sa.Dialect, prefix: str, name: str, schema: str | None) -> Mapping[str, list[str]]:
    """The triggers that refuse to change what is fixed.

    Args:
        dialect: Of the database.
        prefix: Of our own tables.
        name: A table of `FIXED`.
        schema: The schema of our own tables, where they have one.

    Returns:
        The name of each trigger, and the statements that make it.
    """
    names = dialect.identifier_preparer
    place = f"{names.quote_schema(schema)}." if schema else ""
    make = _MAKERS[dialect.name]
    return {
        f"{prefix}{name}_fixed_{of}": make(names, place, prefix + name, f"{prefix}{name}_fixed_{of}", rule, KEYS[name])
        for of, rule in FIXED[name].items()
    }


_Preparer = sa.sql.compiler.IdentifierPreparer


def _of_sqlite(names: _Preparer, _: str, table: str, trigger: str, rule: Rule, key: Sequence[str]) -> list[str]:
    columns, watched = [names.quote(column) for column in rule.columns], [*map(names.quote, rule.columns)]
    if rule.columns[: len(key)] == tuple(key):
        columns.append("rowid")
        watched += _OF_SQLITE
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
    refused = rule.refused.format(old="OLD", new="NEW", true="1", changed=f"({changed})")
    made = (
        f"CREATE TRIGGER {names.quote(trigger)} BEFORE UPDATE OF {', '.join(watched)} ON {names.quote(table)} "
        f"WHEN {refused} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )
    return [f"DROP TRIGGER IF EXISTS {names.quote(trigger)}", made]


def _of_postgresql(names: _Preparer, place: str, table: str, trigger: str, rule: Rule, _: Sequence[str]) -> list[str]:
    # a function for each: PostgreSQL keeps its text as it is, and that of a trigger's WHEN in a form of its own
    on, refuse = place + names.quote(table), place + names.quote(trigger)
    columns = [*map(names.quote, rule.columns)]
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    refused = rule.refused.format(old="OLD", new="NEW", true="true", changed=f"({changed})")
    function = (
        f"CREATE OR REPLACE FUNCTION {refuse}() RETURNS trigger LANGUAGE plpgsql AS {BODY}BEGIN IF {refused} "
        f"THEN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN NEW; END{BODY}"
    )
    made = (
        f"CREATE TRIGGER {names.quote(trigger)} BEFORE UPDATE OF {', '.join(columns)} ON {on} FOR EACH ROW "
        f"EXECUTE FUNCTION {refuse}()"
    )
    return [function, f"DROP TRIGGER IF EXISTS {names.quote(trigger)} ON {on}", made]  # it may be switched off


def _of_mssql(names: _Preparer, place: str, table: str, trigger: str, rule: Rule, key: Sequence[str]) -> list[str]:
    on, quoted = place + names.quote(table), place + names.quote(trigger)
    columns = [*map(names.quote, rule.columns)]
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in "di")
    refused = rule.refused.format(old="d", new="i", true="1", changed=f"EXISTS (SELECT {new} EXCEPT SELECT {old})")
    # a row whose key was changed has no other to be compared with
    both = " AND ".join(f"i.{names.quote(column)} = d.{names.quote(column)}" for column in key)
    rows = f"deleted AS d LEFT JOIN inserted AS i ON {both} WHERE i.{names.quote(key[0])} IS NULL OR ({refused})"
    named = " OR ".join(f"UPDATE({column})" for column in columns)
    refuse = f"IF EXISTS (SELECT 1 FROM {rows}) THROW 50000, '{_REFUSAL}', 1;"  # noqa: S608 - our own names
    begin = f"SET NOCOUNT ON; IF NOT ({named}) RETURN;"
    made = f"CREATE TRIGGER {quoted} ON {on} AFTER UPDATE AS BEGIN {begin} {refuse} END"
    return [f"DROP TRIGGER IF EXISTS {quoted}", made]


_MAKERS: Final[Mapping[str, Callable[[_Preparer, str, str, str, Rule, Sequence[str]], list[str]]]] = {
    "sqlite": _of_sqlite,
    "postgresql": _of_postgresql,
    "mssql": _of_mssql,
}
