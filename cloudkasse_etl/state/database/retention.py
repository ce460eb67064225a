"""What is kept for ten years, and what may be removed: the one place through which the program deletes rows.

AO § 147 counts from the end of the year in which something was made. What is booked and what was exported is never
removed at all (append_only.py); of what is kept here the database refuses to delete a row too early, whoever tries.
"""

from collections.abc import Callable, Mapping
from typing import Final

import sqlalchemy as sa

KEPT_YEARS: Final = 10
KEPT: Final[Mapping[str, str]] = {
    "receipt": "staged_at",
    "closing": "staged_at",
    "delivery": "created_at",
    "delivery_receipt": "",
    "decision": "decided_at",
    "till": "since",
}
"""Table, without its prefix -> when a row was made; a receipt of a delivery is kept as long as the delivery."""
REMOVABLE: Final[Mapping[str, str]] = {
    "alert": "alerts that were sent; they are sent again when their cause comes back",
    "api_session": "sessions with the ERP's Web API that have ended",
    "attempt": "requests to the till that were answered",
    "erp_rows": "what the ERP looked like when it was last read",
    "part": "which parts of a till's stream were read",
    "receipt": "a second content that took its place under its own id: the same content stays there",
    "rejection": "what is no longer refused",
    "synced_record": "records that the till no longer holds",
    "waiting": "what no longer waits",
}
"""Table, without its prefix -> what of it the program removes."""
_REFUSAL: Final = "cloudkasse-etl: rows of this table are kept for ten years"
BODY: Final = "$kept$"
"""What the body of a function of PostgreSQL is between."""


def removal(table: sa.Table) -> sa.Delete:
    """The beginning of a statement that removes rows; of receipts only those whose content stays in another row.

    Args:
        table: One of our own tables.

    Returns:
        The statement, to be given further conditions.

    Raises:
        AssertionError: The table is not one of `REMOVABLE`.
    """
    name = table.info["name"]
    if name not in REMOVABLE:
        raise AssertionError(f"Rows of {name} are kept.")
    if name not in KEPT:
        return table.delete()
    other = table.alias()
    same = sa.or_(*(other.c[column] == table.c[column] for column in _CONTENTS))
    stays = sa.exists().where(other.c.company == table.c.company, other.c.receipt_id == table.c.came_as, same)
    return table.delete().where(table.c.came_as.is_not(None), stays)


def keeping(dialect: sa.Dialect, prefix: str, name: str, schema: str | None) -> Mapping[str, list[str]]:
    """The triggers that refuse to delete what has to be kept.

    Args:
        dialect: Of the database.
        prefix: Of our own tables.
        name: A table of `KEPT`.
        schema: The schema of our own tables, where they have one.

    Returns:
        The name of each trigger, and the statements that make it.
    """
    names = dialect.identifier_preparer
    place = f"{names.quote_schema(schema)}." if schema else ""
    return _MAKERS[dialect.name](names, place, prefix, name)


_CONTENTS = ("raw", "original", "content_hash")  # the hash of an earlier release may be another one
_YOUNG: Final[Mapping[str, str]] = {
    "sqlite": "COALESCE(CAST(strftime('%Y', {of}) AS INTEGER) >= CAST(strftime('%Y', 'now') AS INTEGER) - {years}, 1)",
    "postgresql": "COALESCE(EXTRACT(YEAR FROM {of}) >= EXTRACT(YEAR FROM now() AT TIME ZONE 'UTC') - {years}, true)",
    "mssql": "({of} IS NULL OR YEAR({of}) >= YEAR(SYSUTCDATETIME()) - {years})",
}


def _is_kept(dialect: str, names: sa.sql.compiler.IdentifierPreparer, place: str, prefix: str, name: str) -> str:
    """The condition, in SQL, under which the row `old` is kept."""
    on, old = place + names.quote(prefix + name), "OLD" if dialect != "mssql" else "d"
    if not KEPT[name]:
        of = place + names.quote(f"{prefix}delivery")
        return f"EXISTS (SELECT 1 FROM {of} AS o WHERE o.delivery_id = {old}.delivery_id)"  # noqa: S608 - our own names
    kept = _YOUNG[dialect].format(of=f"{old}.{names.quote(KEPT[name])}", years=KEPT_YEARS)
    if name in REMOVABLE:
        same = " OR ".join(f"o.{names.quote(column)} = {old}.{names.quote(column)}" for column in _CONTENTS)
        there = f"o.company = {old}.company AND o.receipt_id = {old}.came_as AND ({same})"
        kept += f" AND NOT EXISTS (SELECT 1 FROM {on} AS o WHERE {there})"  # noqa: S608 - our own names
    return kept


def _of_sqlite(names: sa.sql.compiler.IdentifierPreparer, place: str, prefix: str, name: str) -> dict[str, list[str]]:
    on, trigger = names.quote(prefix + name), f"{prefix}{name}_kept"
    kept = _is_kept("sqlite", names, place, prefix, name)
    refused = f"SELECT RAISE(ABORT, '{_REFUSAL}')"
    made = f"CREATE TRIGGER {names.quote(trigger)} BEFORE DELETE ON {on} WHEN {kept} BEGIN {refused}; END"
    return {trigger: [f"DROP TRIGGER IF EXISTS {names.quote(trigger)}", made]}


def _of_postgresql(
    names: sa.sql.compiler.IdentifierPreparer, place: str, prefix: str, name: str
) -> dict[str, list[str]]:
    on, refuse = place + names.quote(prefix + name), place + names.quote(f"{prefix}{name}_keep")
    refused = f"RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'"
    kept = _is_kept("postgresql", names, place, prefix, name)
    function = (
        f"CREATE OR REPLACE FUNCTION {refuse}() RETURNS trigger LANGUAGE plpgsql AS {BODY}BEGIN "
        f"IF TG_OP = 'TRUNCATE' THEN {refused}; END IF; IF {kept} THEN {refused}; END IF; RETURN OLD; END{BODY}"
    )
    found = {}
    for trigger, event in (
        (f"{prefix}{name}_kept", "DELETE ON {on} FOR EACH ROW"),
        (f"{prefix}{name}_kept_whole", "TRUNCATE ON {on} FOR EACH STATEMENT"),
    ):
        quoted = names.quote(trigger)
        found[trigger] = [
            function,
            f"DROP TRIGGER IF EXISTS {quoted} ON {on}",  # it may be there and switched off
            f"CREATE TRIGGER {quoted} BEFORE {event.format(on=on)} EXECUTE FUNCTION {refuse}()",
        ]
    return found


def _of_mssql(names: sa.sql.compiler.IdentifierPreparer, place: str, prefix: str, name: str) -> dict[str, list[str]]:
    on, trigger = place + names.quote(prefix + name), place + names.quote(f"{prefix}{name}_kept")
    kept = _is_kept("mssql", names, place, prefix, name)
    refused = f"IF EXISTS (SELECT 1 FROM deleted AS d WHERE {kept}) THROW 50000, '{_REFUSAL}', 1;"  # noqa: S608 - our own names
    made = f"CREATE TRIGGER {trigger} ON {on} AFTER DELETE AS BEGIN SET NOCOUNT ON; {refused} END"
    return {f"{prefix}{name}_kept": [f"DROP TRIGGER IF EXISTS {trigger}", made]}


_MAKERS: Final[Mapping[str, Callable[[sa.sql.compiler.IdentifierPreparer, str, str, str], Mapping[str, list[str]]]]] = {
    "sqlite": _of_sqlite,
    "postgresql": _of_postgresql,
    "mssql": _of_mssql,
}
