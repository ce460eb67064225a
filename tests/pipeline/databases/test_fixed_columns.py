"""Protects what came from the till or was sent: no row is changed so that it may be deleted, nor a booked content."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from sqlglot.errors import ErrorLevel

from cloudkasse_etl.state.database.fixed_columns import FIXED, KEYS, fixing
from cloudkasse_etl.state.database.retention import KEPT
from cloudkasse_etl.state.database.state_diagnosis import diagnose
from cloudkasse_etl.state.database.tables import StateTables
from tests.support import databases
from tests.support.harness.own_tables import filling

pytestmark = databases.CHOOSES_ITSELF
# What becomes of a row: the program updates these columns, and nothing keeps them as they are.
CHANGING: Mapping[str, set[str]] = {
    "receipt": {"refused_by", "stock_pending", "dismissal", "closing_number"},
    "closing": {"verified"},
    "delivery": {"remote_id", "destination", "changed_at", "run_id"},
    "delivery_receipt": set(),
    "decision": set(),
    "till": set(),
}
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
State = tuple[sa.Engine, StateTables]


def add(engine: sa.Engine, table: sa.Table, **values: Any) -> None:
    with engine.begin() as connection:
        connection.execute(table.insert().values({c.name: filling(c) for c in table.columns} | values))


def rows(engine: sa.Engine, table: sa.Table) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(table))]


def refused(engine: sa.Engine, table: sa.Table, **values: Any) -> None:
    """Asserts that a change is refused, and that it would be one."""
    before = rows(engine, table)
    with pytest.raises(sa.exc.IntegrityError, match="never changed"), engine.begin() as connection:
        connection.execute(table.update().values(values))
    assert rows(engine, table) == before


def changed(engine: sa.Engine, table: sa.Table, **values: Any) -> None:
    before = rows(engine, table)
    with engine.begin() as connection:
        connection.execute(table.update().values(values))
    assert rows(engine, table) != before


def another(column: "sa.Column[Any]") -> Any:
    """A value that differs from that of `filling`."""
    if column.type.python_type is bool:
        return False
    if column.type.python_type is int:
        return 2
    if column.type.python_type is bytes:
        return b"y"
    if column.type.python_type is dt.date:
        return dt.date(2001, 1, 1)
    return "y" if isinstance(column.type, sa.String) else dt.datetime(2001, 1, 1, tzinfo=dt.UTC)


def table_of(tables: StateTables, name: str) -> sa.Table:
    return next(table for table in tables.metadata.tables.values() if table.info["name"] == name)


def test_each_column_is_fixed_or_known_to_change() -> None:
    assert {*FIXED} == {*KEPT}
    for name, rules in FIXED.items():
        table = table_of(StateTables(), name)
        fixed = {column for rule in rules.values() for column in rule.columns}
        assert fixed | CHANGING[name] == {column.name for column in table.columns}, name
        assert not fixed & CHANGING[name]
        assert KEYS[name] == tuple(column.name for column in table.primary_key.columns)


@pytest.mark.parametrize("name", KEPT)
def test_what_is_fixed_is_refused_column_by_column_and_what_changes_is_not(empty_tables: State, name: str) -> None:
    engine, tables = empty_tables
    table = table_of(tables, name)
    state = {"receipt": {"status": "imported"}, "delivery": {"status": "delivered"}, "delivery_receipt": {}}
    unset = {"is_live": False} if name == "delivery_receipt" else {}
    add(engine, table, **state.get(name, {}), **unset)
    for column in table.columns:
        if column.name in CHANGING[name]:
            changed(engine, table, **{column.name: another(column)})
        elif column.name in unset:
            refused(engine, table, **{column.name: True})
        elif column.name == "status":
            refused(engine, table, status={"receipt": "staged", "delivery": "intended"}[name])
        elif column.name == "generation" and name == "receipt":
            refused(engine, table, generation=0)
        else:
            refused(engine, table, **{column.name: another(column)})
            if column.nullable:
                refused(engine, table, **{column.name: None})


def test_of_sqlite_a_row_takes_no_others_place(empty_tables: State) -> None:
    engine, tables = empty_tables
    if engine.dialect.name != "sqlite":
        return
    for name in KEPT:
        table = table_of(tables, name)
        add(engine, table)
        add(engine, table, **{KEYS[name][-1]: another(table.columns[KEYS[name][-1]])}, **(
            {"is_live": False} if name == "delivery_receipt" else {"record_key": "y"} if name == "delivery" else {}
        ))  # fmt: skip
        before = rows(engine, table)
        assert len(before) == 2
        for alias in ("rowid", "_rowid_", "oid"):
            with pytest.raises(sa.exc.IntegrityError, match="never changed"), engine.begin() as connection:
                connection.exec_driver_sql(f"UPDATE OR REPLACE {table.name} SET {alias} = 2 WHERE {alias} = 1")
        assert rows(engine, table) == before


def test_a_receipt_that_is_not_booked_takes_another_content_and_no_earlier_time(empty_tables: State) -> None:
    engine, tables = empty_tables
    receipt = tables.receipt
    add(engine, receipt, status="rejected", came_as=None, staged_at=NOW)
    changed(engine, receipt, raw=b"another", total_cents=2, staged_at=NOW + dt.timedelta(seconds=1))
    refused(engine, receipt, staged_at=NOW)
    refused(engine, receipt, came_as="R1")  # else it were a copy of itself, which may go
    changed(engine, receipt, status="imported", imported_run_id="r")
    refused(engine, receipt, raw=b"x")
    refused(engine, receipt, status="rejected", raw=b"x")
    changed(engine, receipt, status="staged", generation=2)  # undone
    refused(engine, receipt, generation=1)


@pytest.mark.parametrize("status", ["staged", "no_effect", "before_start", "rejected", "dismissed"])
def test_a_receipt_that_was_ever_booked_keeps_its_content_after_an_undo(empty_tables: State, status: str) -> None:
    engine, tables = empty_tables
    receipt = tables.receipt
    add(engine, receipt, status="imported", came_as=None, original=None)
    changed(engine, receipt, status=status, generation=2)  # whether the program undoes it, or a person by hand
    facts = [] if status == "rejected" else FIXED["receipt"]["facts"].columns
    for column in ("raw", "original", "staged_at", "staged_run_id", *facts):
        refused(engine, receipt, **{column: another(receipt.columns[column])})
    refused(engine, receipt, raw=b"y", total_cents=2, status="rejected", generation=3)
    changed(engine, receipt, status="dismissed" if status == "rejected" else "rejected")
    refused(engine, receipt, raw=b"y")


@pytest.mark.parametrize(("status", "generation"), [("staged", 2), ("rejected", 2), ("no_effect", 1)])
def test_of_a_receipt_in_the_tills_own_form_only_the_translation_may_change(
    empty_tables: State, status: str, generation: int
) -> None:
    engine, tables = empty_tables
    receipt = tables.receipt
    add(engine, receipt, status=status, generation=generation, came_as=None)
    changed(engine, receipt, raw=b"another", total_cents=2)
    for column in ("original", "staged_at", "staged_run_id"):
        refused(engine, receipt, **{column: another(receipt.columns[column])})
    refused(engine, receipt, original=None)


@pytest.mark.parametrize("status", ["staged", "no_effect", "before_start"])
def test_a_content_that_was_not_refused_gives_way_to_none(empty_tables: State, status: str) -> None:
    engine, tables = empty_tables
    add(engine, tables.receipt, status=status, came_as=None, original=None)
    refused(engine, tables.receipt, raw=b"y")
    refused(engine, tables.receipt, original=b"y")


def test_a_copy_that_a_receipt_takes_the_place_of_is_a_copy_no_more(empty_tables: State) -> None:
    engine, tables = empty_tables
    add(engine, tables.receipt, status="dismissed", came_as="R1")
    refused(engine, tables.receipt, came_as="R2")
    changed(engine, tables.receipt, came_as=None)


def test_the_body_of_a_delivery_changes_only_while_a_storage_is_intended(empty_tables: State) -> None:
    engine, tables = empty_tables
    delivery = tables.delivery
    add(engine, delivery, status="intended", target="storage")
    changed(engine, delivery, body=b"less", line_count=0)
    refused(engine, delivery, body=b"more", status="delivered")
    changed(engine, delivery, status="error")
    refused(engine, delivery, body=b"more")
    refused(engine, delivery, status="intended")
    with engine.begin() as connection:
        connection.execute(delivery.insert().values(
            {c.name: filling(c) for c in delivery.columns}
            | {"delivery_id": 2, "record_key": "y", "status": "intended", "target": "transfer"}
        ))  # fmt: skip
    refused(engine, delivery, body=b"more")


def test_a_trigger_that_is_gone_is_named_with_the_statement_that_makes_it_again(empty_tables: State) -> None:
    engine, tables = empty_tables
    url = engine.url.render_as_string(hide_password=False)
    assert diagnose(url, tables) == []
    place = f"{tables.schema}." if tables.schema else ""
    lost = {f"{tables.prefix}receipt": "fixed_import", f"{tables.prefix}till": "fixed_identity"}
    if engine.dialect.name == "sqlite":
        lost[f"{tables.prefix}posting"] = "no_replace"
    with engine.begin() as connection:
        for table, trigger in lost.items():
            on = f" ON {place}{table}" if engine.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER {table}_{trigger}{on}")
    found = {problem.text: str(problem.cure) for problem in diagnose(url, tables)}
    assert len(found) == len(lost)
    for table, trigger in lost.items():
        (cure,) = (cure for text, cure in found.items() if f" {table} " in text)
        assert f"CREATE TRIGGER {table}_{trigger} " in cure


@pytest.mark.parametrize("schema", [None, "kasse"])
def test_sql_server_gets_a_trigger_for_each_rule(schema: str | None) -> None:
    place = f"{schema}." if schema else ""
    for name, rules in FIXED.items():
        found = fixing(databases.SQL_SERVER, "cloudkasse_", name, schema)
        assert [*found] == [f"cloudkasse_{name}_fixed_{rule}" for rule in rules]
        for rule, (trigger, statements) in zip(rules.values(), found.items(), strict=True):
            named = " OR ".join(f"UPDATE({column})" for column in rule.columns)
            begin = f"SET NOCOUNT ON; IF NOT ({named}) RETURN; "
            assert statements[-1].startswith(
                f"CREATE TRIGGER {place}{trigger} ON {place}cloudkasse_{name} AFTER UPDATE AS BEGIN {begin}IF EXISTS ("
            )
            for statement in statements:  # the parser does not know UPDATE(column)
                assert sqlglot.parse(statement.replace(begin, ""), read="tsql", error_level=ErrorLevel.RAISE)
            # what a trigger asks is one query of T-SQL, not only a command that is passed on
            query, _, _ = statements[-1].partition("IF EXISTS (")[2].rpartition(") THROW ")
            (parsed,) = sqlglot.parse(query, read="tsql", error_level=ErrorLevel.RAISE)
            assert isinstance(parsed, sqlglot.exp.Select)
