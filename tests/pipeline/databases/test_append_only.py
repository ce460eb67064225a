"""Protects what is booked: each database refuses to change or delete a row, whoever tries, and `check` looks for it."""

from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from sqlglot.errors import ErrorLevel

from cloudkasse_etl.state.database.append_only import PROTECTED, trigger_name, triggers
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
