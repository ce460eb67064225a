"""Triggers by which the database refuses every change of what is booked (docs/guarantees.md; AO § 146 (4)).

Rows of these tables are added and never changed, whoever tries: a correction is a counter-entry. The program needs
neither UPDATE nor DELETE on them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from cloudkasse_etl.state.database.fixed_columns import fixing
from cloudkasse_etl.state.database.replace_guards import replacing
from cloudkasse_etl.state.database.retention import BODY, KEPT, keeping
from cloudkasse_etl.state.database.tables import StateTables

PROTECTED: Final = (
    "posting", "stock_movement", "datev_file", "datev_posting", "datev_written", "settings_change", "run_settings",
)  # fmt: skip
"""The tables, without their prefix: what is booked, what was handed out of it, and under which settings."""
_REFUSAL: Final = "cloudkasse-etl: rows of this table are never changed or deleted; a correction is a counter-entry"
_CHANGES: Final = ("update", "delete")


def trigger_name(table: str, change: str) -> str:
    """The name of the trigger by which a table, named with its prefix, refuses a kind of change."""
    return f"{table}_no_{change}"


def triggers(dialect: sa.Dialect, table: str, schema: str | None) -> list[str]:
    """The statements that make a table refuse changes.

    Args:
        dialect: Of the database.
        table: The table's name, with its prefix.
        schema: The schema of our own tables, where they have one.

    Returns:
        Statements, to be sent one by one.
    """
    return [statement for statements in _by_name(dialect, table, schema).values() for statement in statements]


def missing_triggers(connection: sa.Connection, tables: StateTables) -> Iterator[tuple[str, list[str]]]:
    """Finds the triggers that are not there, are switched off, or do something else than ours under their names.

    Args:
        connection: To the database, with our tables in this release's form.
        tables: Our own tables.

    Yields:
        The table's name, and the statements that make it whole again.
    """
    dialect = connection.dialect.name
    there = {
        (name, _plain(definition, schema))
        for name, definition, schema in connection.execute(_there(dialect, tables.schema))
    }
    schema = tables.schema or ""
    for name in (*PROTECTED, *KEPT):
        table = tables.prefix + name
        wanted = all_triggers(connection.dialect, tables.prefix, name, tables.schema)
        lost = [
            trigger
            for trigger, statements in wanted.items()
            if (trigger, _plain(_definition(dialect, statements), schema)) not in there
        ]
        if lost:
            yield table, [statement for trigger in lost for statement in wanted[trigger]]


def _definition(dialect: str, statements: Sequence[str]) -> str:
    """What the database keeps of the statements that make a trigger."""
    if dialect != "postgresql":
        return statements[-1]
    _, body, _ = statements[0].split(BODY)
    return f"{statements[-1]} {body}"


def _plain(definition: str | None, schema: str) -> str:
    """A definition without what the database adds: PostgreSQL names the schema, and neither quotes as we do."""
    found = (definition or "").replace('"', "").rstrip("; ")
    return " ".join((found.replace(f"{schema}.", "") if schema else found).split())


def all_triggers(dialect: sa.Dialect, prefix: str, name: str, schema: str | None) -> Mapping[str, list[str]]:
    """The triggers of a table that refuse changes, of whatever kind.

    Args:
        dialect: Of the database.
        prefix: Of our own tables.
        name: A table of `PROTECTED` or of `KEPT`.
        schema: The schema of our own tables, where they have one.

    Returns:
        The name of each trigger, and the statements that make it.
    """
    if name in PROTECTED:
        found = _by_name(dialect, prefix + name, schema)
    else:
        found = {**keeping(dialect, prefix, name, schema), **fixing(dialect, prefix, name, schema)}
    return {**found, **replacing(dialect, prefix, name)}


def _by_name(dialect: sa.Dialect, table: str, schema: str | None) -> Mapping[str, list[str]]:
    """The name of each trigger of a table, and the statements that make it."""
    return _MAKERS[dialect.name](dialect.identifier_preparer, table, schema)


def _of_sqlite(names: sa.sql.compiler.IdentifierPreparer, table: str, _: str | None) -> dict[str, list[str]]:
    on = names.quote(table)
    refused = f"SELECT RAISE(ABORT, '{_REFUSAL}')"
    found = {}
    for change in _CHANGES:
        trigger = names.quote(trigger_name(table, change))
        found[trigger_name(table, change)] = [
            f"DROP TRIGGER IF EXISTS {trigger}",  # it may be there in another form
            f"CREATE TRIGGER {trigger} BEFORE {change.upper()} ON {on} BEGIN {refused}; END",
        ]
    return found


def _of_postgresql(names: sa.sql.compiler.IdentifierPreparer, table: str, schema: str | None) -> dict[str, list[str]]:
    place = f"{names.quote_schema(schema)}." if schema else ""
    on, refuse = place + names.quote(table), place + names.quote(f"{table}_refuse")
    function = (
        f"CREATE OR REPLACE FUNCTION {refuse}() RETURNS trigger LANGUAGE plpgsql AS "
        f"{BODY}BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END{BODY}"
    )
    # a statement that meets no row is refused too: TRUNCATE has no rows to look at
    events = {"update": "UPDATE", "delete": "DELETE OR TRUNCATE"}
    found = {}
    for change in _CHANGES:
        trigger = names.quote(trigger_name(table, change))
        # it may be there and switched off
        found[trigger_name(table, change)] = [function, f"DROP TRIGGER IF EXISTS {trigger} ON {on}"]
        found[trigger_name(table, change)].append(
            f"CREATE TRIGGER {trigger} BEFORE {events[change]} ON {on} FOR EACH STATEMENT EXECUTE FUNCTION {refuse}()"
        )
    return found


def _of_mssql(names: sa.sql.compiler.IdentifierPreparer, table: str, schema: str | None) -> dict[str, list[str]]:
    place = f"{names.quote_schema(schema)}." if schema else ""
    on = place + names.quote(table)
    found = {}
    for change in _CHANGES:
        trigger = place + names.quote(trigger_name(table, change))
        found[trigger_name(table, change)] = [
            f"DROP TRIGGER IF EXISTS {trigger}",
            f"CREATE TRIGGER {trigger} ON {on} INSTEAD OF {change.upper()} AS BEGIN THROW 50000, '{_REFUSAL}', 1; END",
        ]
    return found


_MAKERS: Final[
    Mapping[str, Callable[[sa.sql.compiler.IdentifierPreparer, str, str | None], Mapping[str, list[str]]]]
] = {"sqlite": _of_sqlite, "postgresql": _of_postgresql, "mssql": _of_mssql}


def _there(dialect: str, schema: str | None) -> "sa.Select[Any, Any, Any]":
    """The query of all triggers that are in force: their names, definitions, and schemas."""
    nowhere: sa.ColumnElement[str] = sa.literal_column("''")
    if dialect == "sqlite":
        entry = sa.table("sqlite_master", *(sa.column(name, sa.Unicode) for name in ("name", "sql", "type")))
        return sa.select(entry.c.name, entry.c.sql, nowhere).where(entry.c.type == "trigger")
    if dialect == "postgresql":
        trigger = sa.table("pg_trigger", *map(sa.column, _OF_A_TRIGGER), schema="pg_catalog")
        table = sa.table("pg_class", *map(sa.column, ("oid", "relnamespace")), schema="pg_catalog")
        space = sa.table("pg_namespace", *map(sa.column, ("oid", "nspname")), schema="pg_catalog")
        function = sa.table("pg_proc", *map(sa.column, ("oid", "prosrc")), schema="pg_catalog")
        wanted = schema if schema else sa.func.current_schema()
        made = sa.func.pg_get_triggerdef(trigger.c.oid, type_=sa.Unicode) + " " + function.c.prosrc
        return (
            sa.select(sa.cast(trigger.c.tgname, sa.Unicode), made, sa.cast(space.c.nspname, sa.Unicode))
            .where(trigger.c.tgrelid == table.c.oid, table.c.relnamespace == space.c.oid)
            .where(trigger.c.tgfoid == function.c.oid)
            # R fires only where a session replicates
            .where(space.c.nspname == wanted, trigger.c.tgenabled.in_([sa.literal_column(on) for on in ("'O'", "'A'")]))
        )
    trigger = sa.table("triggers", *map(sa.column, ("name", "object_id", "is_disabled")), schema="sys")
    module = sa.table("sql_modules", *map(sa.column, ("object_id", "definition")), schema="sys")
    return sa.select(trigger.c.name, module.c.definition, nowhere).where(
        trigger.c.object_id == module.c.object_id, trigger.c.is_disabled == 0
    )


_OF_A_TRIGGER: Final = ("oid", "tgname", "tgrelid", "tgenabled", "tgfoid")
