"""Protects what is kept for ten years: no program deletes it earlier, neither empty_tables nor another one."""

import ast
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from sqlglot.errors import ErrorLevel

import cloudkasse_etl
from cloudkasse_etl.state.database.append_only import PROTECTED
from cloudkasse_etl.state.database.retention import KEPT, KEPT_YEARS, REMOVABLE, keeping, removal
from cloudkasse_etl.state.database.state_diagnosis import diagnose
from cloudkasse_etl.state.database.tables import StateTables
from tests.support import databases
from tests.support.harness.own_tables import filling

pytestmark = databases.CHOOSES_ITSELF
PROJECT = Path(cloudkasse_etl.__file__).parent.parent
# Their databases are another system's.
NOT_OURS = ("cloudkasse_etl/sandbox", "cloudkasse_etl/state/migrations")
DELETES = re.compile(r"\s*(DELETE FROM|TRUNCATE TABLE|DROP TABLE)\b")
THIS_YEAR = dt.datetime.now(dt.UTC).year


def add(engine: sa.Engine, table: sa.Table, **values: Any) -> None:
    with engine.begin() as connection:
        found = {column.name: filling(column) for column in table.columns if not column.nullable}
        connection.execute(table.insert().values(found | values))


def count(engine: sa.Engine, table: sa.Table) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def delete(engine: sa.Engine, table: sa.Table) -> None:
    name = engine.dialect.identifier_preparer.format_table(table)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM {name}")


def test_a_row_is_kept_until_the_tenth_year_after_that_in_which_it_was_made(
    empty_tables: tuple[sa.Engine, StateTables],
) -> None:
    engine, tables = empty_tables
    for name, column in KEPT.items():
        table = tables.metadata.tables[
            f"{tables.schema}.{tables.prefix}{name}" if tables.schema else tables.prefix + name
        ]
        if not column:
            continue
        young = dt.datetime(THIS_YEAR - KEPT_YEARS, 1, 1, tzinfo=dt.UTC)
        old = dt.datetime(THIS_YEAR - KEPT_YEARS - 1, 12, 31, 23, 59, tzinfo=dt.UTC)
        add(engine, table, **{column: old})
        delete(engine, table)
        assert count(engine, table) == 0
        for number, moment in enumerate((dt.datetime.now(dt.UTC), young)):
            keys = {c.name: number + 1 if c.type.python_type is int else f"{number}" for c in table.primary_key.columns}
            more = {"record_key": f"{number}"} if "record_key" in table.columns else {}
            add(engine, table, **keys | more | {column: moment})
            with pytest.raises(sa.exc.IntegrityError, match="kept for ten years"):
                delete(engine, table)
            assert count(engine, table) == number + 1
        if engine.dialect.name == "postgresql":
            quoted = engine.dialect.identifier_preparer.format_table(table)
            with pytest.raises(sa.exc.IntegrityError, match="kept for ten years"), engine.begin() as connection:
                connection.exec_driver_sql(f"TRUNCATE {quoted}")


def test_the_receipts_of_a_delivery_are_kept_as_long_as_it_is(empty_tables: tuple[sa.Engine, StateTables]) -> None:
    engine, tables = empty_tables
    add(engine, tables.delivery, delivery_id=1, created_at=dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
    add(engine, tables.delivery_receipt, delivery_id=1)
    with pytest.raises(sa.exc.IntegrityError, match="kept for ten years"):
        delete(engine, tables.delivery_receipt)
    delete(engine, tables.delivery)
    delete(engine, tables.delivery_receipt)
    assert count(engine, tables.delivery_receipt) == 0


def test_of_receipts_only_a_copy_goes_whose_content_stays_under_its_own_id(
    empty_tables: tuple[sa.Engine, StateTables],
) -> None:
    engine, tables = empty_tables
    receipt = tables.receipt
    add(engine, receipt, receipt_id="own-1", came_as="R1", content_hash="h", raw=b"second")
    add(engine, receipt, receipt_id="R1", content_hash="other", raw=b"first", status="rejected")
    with engine.begin() as connection:
        assert connection.execute(removal(receipt)).rowcount == 0
    with pytest.raises(sa.exc.IntegrityError, match="kept for ten years"):
        delete(engine, receipt)
    with engine.begin() as connection:
        connection.execute(receipt.update().where(receipt.c.receipt_id == "R1").values(raw=b"second"))
        assert connection.execute(removal(receipt)).rowcount == 1
    assert count(engine, receipt) == 1


def test_a_trigger_that_is_gone_is_named_with_the_statement_that_makes_it_again(
    empty_tables: tuple[sa.Engine, StateTables],
) -> None:
    engine, tables = empty_tables
    url = engine.url.render_as_string(hide_password=False)
    assert diagnose(url, tables) == []
    place = f"{tables.schema}." if tables.schema else ""
    table = f"{tables.prefix}receipt"
    on = f" ON {place}{table}" if engine.dialect.name == "postgresql" else ""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER {table}_kept{on}")
    (problem,) = diagnose(url, tables)
    assert table in problem.text
    assert f"CREATE TRIGGER {table}_kept" in problem.cure


@pytest.mark.parametrize("schema", [None, "kasse"])
def test_sql_server_gets_a_trigger_for_each_table(schema: str | None) -> None:
    place = f"{schema}." if schema else ""
    for name in KEPT:
        found = keeping(databases.SQL_SERVER, "cloudkasse_", name, schema)
        (statements,) = found.values()
        for statement in statements:
            assert sqlglot.parse(statement, read="tsql", error_level=ErrorLevel.RAISE)
        assert statements[-1].startswith(
            f"CREATE TRIGGER {place}cloudkasse_{name}_kept ON {place}cloudkasse_{name} AFTER"
        )


def deletions() -> Iterator[tuple[str, int, str]]:
    """Each place in the code at which rows are deleted: file, line, and what is deleted, as it is written."""
    for path in sorted(path for name in ("cloudkasse_etl", "assets") for path in (PROJECT / name).rglob("*.py")):
        where = path.relative_to(PROJECT).as_posix()
        if where.startswith(NOT_OURS):
            continue
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called == "removal":
                    yield where, node.lineno, ast.unparse(node.args[0])
                elif called.endswith((".delete", "sa.delete")) and not called.startswith(("self._client", "client")):
                    yield where, node.lineno, f"{called}()"
            elif isinstance(node, ast.Constant) and DELETES.match(str(node.value)):
                yield where, node.lineno, str(node.value)


def test_each_deletion_in_the_code_goes_through_the_one_guard() -> None:
    found: dict[str, set[str]] = {}
    for where, _, what in deletions():
        found.setdefault(where.removeprefix("cloudkasse_etl/"), set()).add(what)
    assert found == {
        # Dagster's own history: what leads to booked rows stays (test_retention.py)
        "assets/instance/retention.py": {
            "DELETE FROM run_tags WHERE run_id NOT IN (SELECT run_id FROM runs)",
            "DELETE FROM asset_check_executions WHERE run_id = ?",
        },
        "assets/instance/runless_events.py": {"checks.delete()", "tags.delete()", "events.delete()"},
        "state/database/retention.py": {"table.delete()"},
        "state/stores/attempts.py": {"self._table"},  # attempt
        "state/stores/books/staged_receipts.py": {"table"},  # receipt: a copy whose content stays
        "state/stores/deliveries/api_sessions.py": {"self._table"},  # api_session
        "state/stores/erp_rows.py": {"self._table"},  # erp_rows
        "state/stores/rejections.py": {"table"},  # rejection
        "state/stores/sent_alerts.py": {"self._state.tables.alert"},
        "state/stores/synced.py": {"table", "records"},  # synced_record
        "state/stores/tills.py": {"table"},  # part
        "state/stores/waiting_records.py": {"self._table"},  # waiting
    }
    assert {*KEPT} & {*REMOVABLE} == {"receipt"}
    assert not {*PROTECTED} & {*REMOVABLE, *KEPT}


def test_the_guard_lets_nothing_be_removed_that_is_kept() -> None:
    tables = StateTables()
    for table in tables.metadata.sorted_tables:
        name = table.name.removeprefix(tables.prefix)
        if name in REMOVABLE:
            assert removal(table).table is table
        else:
            with pytest.raises(AssertionError, match="kept"):
                removal(table)
