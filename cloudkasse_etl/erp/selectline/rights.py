"""Finds the tables that the ERP's login may not read, and names the GRANT that permits it."""

from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_engine import DeniedError, denied, driver_errors, read_transaction
from cloudkasse_etl.erp.selectline.erp_tables import SOURCES
from cloudkasse_etl.erp.selectline.structure import Structure
from cloudkasse_etl.errors import ErpSchemaError


def denied_tables(engine: sa.Engine, structure: Structure) -> list[str]:
    """Of all tables that a synchronisation reads, those that exist and may not be read."""
    tables = dict.fromkeys(source.table for source in SOURCES)
    return [table.name for table in tables if table.name in structure.columns and _is_denied(engine, table, structure)]


def all_denied(engine: sa.Engine, structure: Structure, schema: str | None, found: DeniedError) -> ErpSchemaError:
    """Extends one refusal to an error that names all denied tables, so that an administrator is asked only once.

    Args:
        engine: From `erp_engine`.
        structure: The tables and columns of the database.
        schema: The schema of SelectLine's tables, if it is not the default.
        found: The first refusal.

    Returns:
        The error to raise; `found` where no other table is denied.
    """
    names = denied_tables(engine, structure)
    return denied(engine.url, names, schema) if names else found


def _is_denied(engine: sa.Engine, table: sa.Table, structure: Structure) -> bool:
    """Reads the needed columns of one row, in a transaction of its own: PostgreSQL aborts it at the first refusal."""
    columns = structure.read_columns(table)
    if not columns:
        return False
    statement: sa.Select[*tuple[Any, ...]] = (
        sa.select(*(sa.column(column) for column in columns)).select_from(table).limit(1)
    )
    try:
        with read_transaction(engine) as connection, driver_errors(engine.url, table.name):
            connection.execute(statement).all()
    except DeniedError:
        return True
    except ErpSchemaError:
        return False  # a column went missing meanwhile: whoever reads it gets the error
    return False
