"""Which tables the ERP's login may not read, and the GRANT that lets it."""

from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_engine import DeniedError, denied, driver_errors, read_transaction
from cloudkasse_etl.erp.selectline.erp_tables import SOURCES
from cloudkasse_etl.erp.selectline.structure import Structure
from cloudkasse_etl.errors import ErpSchemaError


def denied_tables(engine: sa.Engine, structure: Structure) -> list[str]:
    """The tables that exist and may not be read, of all that a synchronisation reads."""
    tables = dict.fromkeys(source.table for source in SOURCES)
    return [table.name for table in tables if table.name in structure.columns and _is_denied(engine, table, structure)]


def all_denied(engine: sa.Engine, structure: Structure, schema: str | None, found: DeniedError) -> ErpSchemaError:
    """One refusal as one error that names all tables: nobody wants to ask an administrator nine times."""
    names = denied_tables(engine, structure)
    return denied(engine.url, names, schema) if names else found


def _is_denied(engine: sa.Engine, table: sa.Table, structure: Structure) -> bool:
    """Reads one row's needed columns, in a transaction of its own: PostgreSQL ends one at the first refusal."""
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
        return False  # a column went missing meanwhile: who reads it is told
    return False
