"""The SELECTs that are sent to SelectLine's database, in SQLAlchemy Core. Nothing here runs them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.selectline.tables import Kind


def select_statement(
    table: sa.Table,
    columns: Sequence[tuple[str, Kind]],
    *,
    dialect: str,
    row_id: str | None = None,
    where: Sequence["sa.ColumnElement[bool]"] = (),
) -> "sa.Select[*tuple[Any, ...]]":
    """A table's columns, raw: no conversion by SQLAlchemy, whose processors raise on a single odd value.

    Args:
        table: The table.
        columns: Columns as the database spells them, and what they become.
        dialect: Name of the SQL dialect.
        row_id: SelectLine's row number: comes first and sorts, so that two readings give the same order.
        where: What selects rows.
    """
    selected = [_raw(column, kind, dialect) for column, kind in columns]
    statement: sa.Select[*tuple[Any, ...]] = (
        sa.select(*([sa.column(row_id)] if row_id else []), *selected).select_from(table).where(*where)
    )
    return statement.order_by(sa.column(row_id)) if row_id else statement


def watermark_statement(tables: Sequence[tuple[sa.Table, str]]) -> "sa.Executable":
    """Name, COUNT, MAX(TS) and SUM(TS) of each table, in one statement; all but the count as text.

    SQL Server's rowversion is binary(8): it is read as bigint, and summed as decimal(38,0), which holds the sum of
    any table. As text, because SQLite's driver would make a float of a decimal.

    Args:
        tables: Tables, and their rowversion column as the database spells it.
    """
    return sa.union_all(*(_watermark(table, column) for table, column in tables))


def _watermark(table: sa.Table, column: str) -> "sa.Select[*tuple[Any, ...]]":
    version = sa.cast(sa.column(column), sa.BigInteger)
    highest = sa.cast(sa.func.max(version), sa.String(40))
    total = sa.cast(sa.func.sum(sa.cast(version, sa.Numeric(38, 0))), sa.String(40))
    return sa.select(
        sa.literal(table.name, sa.String(40), literal_execute=True),
        sa.cast(sa.func.count(), sa.String(40)),
        sa.func.coalesce(highest, "-"),
        sa.func.coalesce(total, "-"),
    ).select_from(table)


def _raw(column: str, kind: Kind, dialect: str) -> "sa.ColumnElement[Any]":
    # PostgreSQL's driver raises on an infinite day, and on one past the year 9999
    return sa.cast(sa.column(column), sa.Text) if kind is Kind.DAY and dialect == "postgresql" else sa.column(column)
