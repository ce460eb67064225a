"""Statements about many rows at once: an insert of columns, and a search by many keys."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.state.database.keys import chunks


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
    # what is left out is null, too, and a null that is bound costs the driver more than a number
    filled = {
        name: found for name, found in columns.items() if found[0] is not None or any(v is not None for v in found)
    }
    values += [_bound(table, name, found, connection) for name, found in filled.items()]
    names = [connection.dialect.identifier_preparer.quote(name) for name in (*fixed, *filled)]
    into = connection.dialect.identifier_preparer.format_table(table)
    connection.exec_driver_sql(
        f"INSERT INTO {into} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - our own names
        list(zip(*values, strict=False)),  # the iterators of fixed values are endless
    )


def rows_of_receipts(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], company: str, receipt_ids: Sequence[str]
) -> Iterator[Sequence[Any]]:
    """Reads columns of those receipts that are stored.

    Args:
        connection: A connection.
        table: A table with the columns company and receipt_id.
        names: Columns whose values need no conversion: texts, whole numbers, bytes.
        company: The company.
        receipt_ids: The receipts, in any number.

    Yields:
        A row a stored receipt, in the order of the columns.
    """
    columns = [table.c[name] for name in names]
    for chunk in chunks(receipt_ids):
        if connection.dialect.name != "sqlite":
            here = (table.c.company == company) & table.c.receipt_id.in_(chunk)
            yield from connection.execute(sa.select(*columns).where(here))
            continue
        # SQLAlchemy would name and bind each key: three times what SQLite takes to look it up
        preparer = connection.dialect.identifier_preparer
        listed, marks = ", ".join(map(preparer.quote, names)), ", ".join("?" * len(chunk))
        yield from connection.exec_driver_sql(
            f"SELECT {listed} FROM {preparer.format_table(table)} "  # noqa: S608 - our own names
            f"WHERE company = ? AND receipt_id IN ({marks})",
            (company, *chunk),
        )


def _bound(table: sa.Table, name: str, values: Sequence[Any], connection: sa.Connection) -> Sequence[Any]:
    """The values in the driver's types; days and times have few distinct values, so each is converted once."""
    kind = table.c[name].type.dialect_impl(connection.dialect)
    process = kind.bind_processor(connection.dialect)
    if process is None or isinstance(table.c[name].type, sa.LargeBinary):
        return values
    known = {value: process(value) for value in set(values)}
    return [known[value] for value in values]
