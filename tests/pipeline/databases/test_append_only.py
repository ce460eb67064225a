"""Protects what is booked: each database refuses to change or delete a row, whoever tries, and `check` looks for it."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from sqlglot.errors import ErrorLevel

from cloudkasse_etl.state.database.append_only import PROTECTED, all_triggers, trigger_name, triggers
from cloudkasse_etl.state.database.engine import migrate, state_engine
from cloudkasse_etl.state.database.replace_guards import UNIQUE
from cloudkasse_etl.state.database.retention import KEPT
from cloudkasse_etl.state.database.state_diagnosis import diagnose
from cloudkasse_etl.state.database.tables import StateTables
from tests.support import databases
from tests.support.harness.own_tables import filling

pytestmark = databases.CHOOSES_ITSELF


@pytest.fixture
def ours(empty_tables: tuple[sa.Engine, StateTables]) -> tuple[sa.Engine, StateTables]:
    """Our own tables with a row in each that is protected."""
    engine, tables = empty_tables
    with engine.begin() as connection:
        for table in protected(tables):
            connection.execute(table.insert().values({column.name: filling(column) for column in table.columns}))
    return empty_tables


def protected(tables: StateTables) -> list[sa.Table]:
    return [table for table in tables.metadata.sorted_tables if table.name.removeprefix(tables.prefix) in PROTECTED]


def rows(engine: sa.Engine, table: sa.Table) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(table))]


def test_a_booked_row_is_neither_changed_nor_deleted_by_whom_ever(ours: tuple[sa.Engine, StateTables]) -> None:
    engine, tables = ours
    assert len(protected(tables)) == len(PROTECTED)
    for table in protected(tables):
        before = rows(engine, table)
        assert len(before) == 1
        name = engine.dialect.identifier_preparer.format_table(table)
        attempts = [f"UPDATE {name} SET company = company", f"DELETE FROM {name}"]
        if engine.dialect.name == "postgresql":
            attempts.append(f"TRUNCATE {name}")
            attempts.append(f"INSERT INTO {name} SELECT * FROM {name} ON CONFLICT (company, {key(table)}) DO UPDATE "
                            f"SET company = EXCLUDED.company")  # fmt: skip
        for attempt in attempts:
            with pytest.raises(sa.exc.IntegrityError, match="never changed or deleted"), engine.begin() as connection:
                connection.exec_driver_sql(attempt)
        assert rows(engine, table) == before


def test_sqlite_replaces_no_row_by_any_of_its_keys(tmp_path: Path) -> None:
    engine, tables = state_engine(f"sqlite:///{tmp_path / 'ours.db'}", may_create=True), StateTables()
    migrate(engine, tables)
    for table in tables.metadata.sorted_tables:
        if (name := table.info["name"]) not in (*PROTECTED, *KEPT):
            continue
        with engine.begin() as connection:
            connection.execute(table.insert().values({column.name: filling(column) for column in table.columns}))
        before = rows(engine, table)
        keys: list[list[str]] = [["rowid"], *(list(columns) for columns, _ in UNIQUE[name])]
        for kept in keys:  # all other keys have new values
            fresh = {column for columns in keys for column in columns} - {*kept}
            values = {column.name: f"{column.name} || 'x'" if is_text(column) else f"{column.name} + 1"
                      for column in table.columns if column.name in fresh}  # fmt: skip
            names = [column.name for column in table.columns if not is_rowid(table, column.name)]
            names += ["rowid"] if kept == ["rowid"] else []
            listed = ", ".join(values.get(name, name) for name in names)
            for verb in ("INSERT OR REPLACE", "REPLACE"):
                statement = f"{verb} INTO {table.name} ({', '.join(names)}) SELECT {listed} FROM {table.name}"
                with pytest.raises(sa.exc.IntegrityError, match="never replaced"), engine.begin() as connection:
                    connection.exec_driver_sql(statement)
                assert rows(engine, table) == before
    engine.dispose()


def is_text(column: "sa.Column[Any]") -> bool:
    return column.type.python_type is str


def is_rowid(table: sa.Table, name: str) -> bool:
    key = table.primary_key.columns.values()
    return [column.name for column in key] == [name] and not is_text(key[0])


def test_every_unique_key_of_a_table_is_guarded() -> None:
    tables = StateTables()
    for table in tables.metadata.sorted_tables:
        if (name := table.info["name"]) not in (*PROTECTED, *KEPT):
            assert name not in UNIQUE
            continue
        primary = tuple(column.name for column in table.primary_key.columns)
        found = {(primary, "")} if len(primary) > 1 else set()
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint):
                found.add((tuple(column.name for column in constraint.columns), ""))
        for index in table.indexes:
            if index.unique:
                where = str(index.dialect_options["sqlite"]["where"])
                found.add((tuple(column.name for column in index.columns), where))
        assert {*UNIQUE[name]} == found, name


def key(table: sa.Table) -> str:
    return ", ".join(column.name for column in table.primary_key.columns if column.name != "company")


def test_a_trigger_that_is_gone_or_switched_off_is_named_with_the_statement_that_makes_it_again(
    ours: tuple[sa.Engine, StateTables],
) -> None:
    engine, tables = ours
    url = engine.url.render_as_string(hide_password=False)
    assert diagnose(url, tables) == []
    one, other = (tables.prefix + name for name in ("posting", "datev_file"))
    place = f"{tables.schema}." if tables.schema else ""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            off = trigger_name(one, "update")
            connection.exec_driver_sql(f"ALTER TABLE {place}{one} DISABLE TRIGGER {off}")
            connection.exec_driver_sql(f"DROP FUNCTION {place}{other}_refuse() CASCADE")
        else:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger_name(one, 'update')}")
            for change in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER {trigger_name(other, change)}")
    found = diagnose(url, tables)
    assert [str(problem.text) for problem in found] == [
        f"Rows of {table} could be changed or deleted: a trigger that refuses it is missing." for table in (one, other)
    ]
    for problem in found:
        _, _, script = str(problem.cure).partition("in that database: ")
        with closing(engine.raw_connection()) as connection:
            run = connection.cursor()
            run.executescript(script) if engine.dialect.name == "sqlite" else run.execute(script)
            connection.commit()
    assert diagnose(url, tables) == []
    test_a_booked_row_is_neither_changed_nor_deleted_by_whom_ever(ours)


def test_a_trigger_that_does_something_else_under_its_name_is_named_like_one_that_is_gone(
    empty_tables: tuple[sa.Engine, StateTables],
) -> None:
    engine, tables = empty_tables
    url = engine.url.render_as_string(hide_password=False)
    for name in (*PROTECTED, *KEPT):
        wanted = all_triggers(engine.dialect, tables.prefix, name, tables.schema)
        for number, (trigger, statements) in enumerate(wanted.items()):
            on = f"{f'{tables.schema}.' if tables.schema else ''}{tables.prefix}{name}"
            with engine.begin() as connection:
                for statement in harmless(engine.dialect.name, on, trigger, statements, number):
                    connection.exec_driver_sql(statement)
            (problem,) = diagnose(url, tables)
            assert f" {tables.prefix}{name} " in problem.text
            _, _, script = str(problem.cure).partition("in that database: ")
            with closing(engine.raw_connection()) as raw:
                run = raw.cursor()
                run.executescript(script) if engine.dialect.name == "sqlite" else run.execute(script)
                raw.commit()
            assert diagnose(url, tables) == [], trigger


def harmless(dialect: str, on: str, trigger: str, statements: list[str], number: int) -> list[str]:
    """Statements that make a trigger of the same name which refuses nothing; of PostgreSQL one way of four."""
    *_, made = statements
    if dialect == "sqlite":
        head, _, body = made.partition(" BEGIN ")
        return [f"DROP TRIGGER {trigger}", f"{head.partition(' WHEN ')[0]} WHEN 0 BEGIN {body}"]
    idle = re.sub(r"\$kept\$.*\$kept\$", "$kept$BEGIN RETURN COALESCE(NEW, OLD); END$kept$", statements[0])
    drop = f"DROP TRIGGER {trigger} ON {on}"
    ways = (
        [idle],
        [drop, made.replace(" EXECUTE ", " WHEN (false) EXECUTE ")],
        [drop, re.sub(r" BEFORE .*? ON ", " BEFORE INSERT ON ", made)],
        [f"ALTER TABLE {on} ENABLE REPLICA TRIGGER {trigger}"],
    )
    return ways[number % len(ways)]


@pytest.mark.parametrize("schema", [None, "kasse"])
def test_sql_server_gets_a_trigger_for_each_table_and_kind_of_change(schema: str | None) -> None:
    dialect = databases.SQL_SERVER
    place = f"{schema}." if schema else ""
    for name in PROTECTED:
        found = triggers(dialect, f"cloudkasse_{name}", schema)
        made = [statement for statement in found if statement.startswith("CREATE")]
        assert [statement.partition(" AS BEGIN ")[0] for statement in made] == [
            f"CREATE TRIGGER {place}cloudkasse_{name}_no_{change} ON {place}cloudkasse_{name} "
            f"INSTEAD OF {change.upper()}"
            for change in ("update", "delete")
        ]
        for statement in found:
            assert sqlglot.parse(statement, read="tsql", error_level=ErrorLevel.RAISE)
