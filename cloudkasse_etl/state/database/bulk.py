"""Writes many rows of one table at once, given as columns."""

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
        columns: Values by column, all of one length, as the column's type takes them.
        fixed: Columns that have one value in all rows.
    """
    count = len(next(iter(columns.values())))
    if not count:
        return
    if connection.dialect.name != "sqlite":
        # these drivers are sent many rows in one round trip (pipeline, insertmanyvalues), and that is what costs there
        names = list(columns)
        connection.execute(
            table.insert(),
            [{**fixed, **dict(zip(names, values, strict=True))} for values in zip(*columns.values(), strict=True)],
        )
        return
    # SQLAlchemy would handle each row and each value by itself: five times what SQLite takes to store them
    values: list[Iterable[Any]] = [repeat(_bound(table, name, [value], connection)[0]) for name, value in fixed.items()]
    values += [_bound(table, name, found, connection) for name, found in columns.items()]
    names = [connection.dialect.identifier_preparer.quote(name) for name in (*fixed, *columns)]
    into = connection.dialect.identifier_preparer.format_table(table)
    connection.exec_driver_sql(
        f"INSERT INTO {into} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - our own names
        list(zip(*values, strict=False)),  # what is fixed has no end
    )


def _bound(table: sa.Table, name: str, values: Sequence[Any], connection: sa.Connection) -> Sequence[Any]:
    """The values as the driver takes them; those of a day or a time are few, so each is made once."""
    kind = table.c[name].type.dialect_impl(connection.dialect)
    process = kind.bind_processor(connection.dialect)
    if process is None or isinstance(table.c[name].type, sa.LargeBinary):
        return values
    known = {value: process(value) for value in set(values)}
    return [known[value] for value in values]
