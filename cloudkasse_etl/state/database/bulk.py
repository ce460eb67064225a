"""Inserts many rows into a table at once, given as columns."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import sqlalchemy as sa


def insert_columns(
    connection: sa.Connection,
    table: sa.Table,
    columns: Mapping[str, Sequence[Any]],
    fixed: Mapping[str, Any],
) -> None:
    """Inserts rows in the caller's transaction.

    Args:
        connection: With the transaction.
        table: The table.
        columns: Values by column, all of the same length, in the column's type.
        fixed: Columns with the same value in all rows.
    """
    count = len(next(iter(columns.values())))
    if not count:
        return
    if connection.dialect.name != "sqlite":
        # with these drivers many rows are sent in one round trip (pipeline, insertmanyvalues), which is what costs time
        names = list(columns)
        connection.execute(
            table.insert(),
            [{**fixed, **dict(zip(names, values, strict=True))} for values in zip(*columns.values(), strict=True)],
        )
        return
    # SQLAlchemy would process each row and each value: five times what SQLite takes to store them
    values: list[Iterable[Any]] = [repeat(_bound(table, name, [value], connection)[0]) for name, value in fixed.items()]
    values += [_bound(table, name, found, connection) for name, found in columns.items()]
    names = [connection.dialect.identifier_preparer.quote(name) for name in (*fixed, *columns)]
    into = connection.dialect.identifier_preparer.format_table(table)
    connection.exec_driver_sql(
        f"INSERT INTO {into} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - our own names
        list(zip(*values, strict=False)),  # the iterators of fixed values are endless
    )


def _bound(table: sa.Table, name: str, values: Sequence[Any], connection: sa.Connection) -> Sequence[Any]:
    """The values in the driver's types; days and times have few distinct values, so each is converted once."""
    kind = table.c[name].type.dialect_impl(connection.dialect)
    process = kind.bind_processor(connection.dialect)
    if process is None or isinstance(table.c[name].type, sa.LargeBinary):
        return values
    known = {value: process(value) for value in set(values)}
    return [known[value] for value in values]
