"""Builds the SELECTs for SelectLine's database, in SQLAlchemy Core. Nothing here runs them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_tables import Kind

BUCKET_ROWS = 1024
"""The number of row numbers in a bucket: changes are first narrowed down to some buckets."""


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
        columns: Columns as they are spelled in the database, and the types of their values.
        dialect: Name of the SQL dialect.
        row_id: SelectLine's row number: comes first and sorts, so that two readings give the same order.
        where: The conditions for rows.

    Returns:
        The SELECT.
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


def changed_statement(
    table: sa.Table, row_id: str, version: str, key: str, where: Sequence["sa.ColumnElement[bool]"]
) -> "sa.Select[*tuple[Any, ...]]":
    """Row number, rowversion and key of some rows, ordered by row number.

    Args:
        table: The table.
        row_id: The column of the row number, as it is spelled in the database.
        version: That of the rowversion.
        key: That of the article's number.
        where: The conditions for rows.

    Returns:
        The SELECT.
    """
    return (
        sa.select(sa.column(row_id), _version(version), sa.column(key))
        .select_from(table)
        .where(*where)
        .order_by(sa.column(row_id))
    )


def above(version: str, highest: int) -> "sa.ColumnElement[bool]":
    """The condition that a row's rowversion is greater than this one."""
    return _version(version) > sa.literal(highest, sa.BigInteger)


def in_bucket(row_id: str, bucket: int) -> tuple["sa.ColumnElement[bool]", "sa.ColumnElement[bool]"]:
    """The conditions that a row is in a bucket; as a range, so that an index can be used."""
    number = sa.column(row_id, sa.BigInteger)
    return number >= bucket * BUCKET_ROWS, number < (bucket + 1) * BUCKET_ROWS


def bucket_statement(
    table: sa.Table, row_id: str | None, version: str, where: Sequence["sa.ColumnElement[bool]"]
) -> "sa.Select[*tuple[Any, ...]]":
    """COUNT and SUM(TS) of each bucket of rows, as text after the bucket's number.

    Args:
        table: The table.
        row_id: The column of the row number, as it is spelled in the database; None sums all rows.
        version: That of the rowversion.
        where: The conditions for rows.

    Returns:
        The SELECT.
    """
    totals = (sa.func.count(), sa.func.coalesce(_total(version), "0"))
    if row_id is None:
        return sa.select(sa.literal(0, sa.Integer, literal_execute=True), *totals).select_from(table).where(*where)
    # not a parameter: SQL Server would not recognise it as the expression of the grouping
    bucket = sa.column(row_id, sa.BigInteger) // sa.literal(BUCKET_ROWS, sa.Integer, literal_execute=True)
    return sa.select(bucket, *totals).select_from(table).where(*where).group_by(bucket)


def _version(column: str) -> "sa.ColumnElement[int]":
    return sa.cast(sa.column(column), sa.BigInteger)


def _total(column: str) -> "sa.ColumnElement[str]":
    return sa.cast(sa.func.sum(sa.cast(_version(column), sa.Numeric(38, 0))), sa.String(40))


def _watermark(table: sa.Table, column: str) -> "sa.Select[*tuple[Any, ...]]":
    highest = sa.cast(sa.func.max(_version(column)), sa.String(40))
    return sa.select(
        sa.literal(table.name, sa.String(40), literal_execute=True),
        sa.cast(sa.func.count(), sa.String(40)),
        sa.func.coalesce(highest, "-"),
        sa.func.coalesce(_total(column), "-"),
    ).select_from(table)


def _raw(column: str, kind: Kind, dialect: str) -> "sa.ColumnElement[Any]":
    if kind is Kind.VERSION:
        return _version(column)
    # PostgreSQL's driver raises on an infinite day, and on one past the year 9999
    return sa.cast(sa.column(column), sa.Text) if kind is Kind.DAY and dialect == "postgresql" else sa.column(column)
