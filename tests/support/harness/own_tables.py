"""Our own tables in a new file of SQLite, without Alembic's way through all migrations for each of some thousand shops.

The statements of the first one in a process are what Alembic executes; the next new files get the same ones. Whatever
is no new file, and each process that a test starts, is migrated as ever.
"""

from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.state.database import engine as opening
from cloudkasse_etl.state.database.tables import StateTables

_CHANGING = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE")  # what it asks or begins is not repeated
_Statements = list[tuple[str, Any]]


class RepeatedMigrations:
    """Migrates in place of `engine.upgrade`."""

    def __init__(self) -> None:
        self._upgrade = opening.upgrade
        self._of_prefix: dict[str, _Statements] = {}

    def upgrade(self, engine: sa.Engine, tables: StateTables, revision: str) -> None:
        """As Alembic does; a new file's statements are another new file's as soon as there was one."""
        if engine.dialect.name != "sqlite" or revision != opening.HEAD or _has_any(engine, tables.prefix):
            self._upgrade(engine, tables, revision)
        elif known := self._of_prefix.get(tables.prefix):
            with engine.begin() as connection:
                for statement, parameters in known:
                    connection.exec_driver_sql(statement, parameters)
        else:
            self._of_prefix[tables.prefix] = self._recorded(engine, tables, revision)

    def _recorded(self, engine: sa.Engine, tables: StateTables, revision: str) -> _Statements:
        found: _Statements = []

        def record(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if statement.lstrip().upper().startswith(_CHANGING):
                found.append((statement, parameters))

        sa.event.listen(engine, "before_cursor_execute", record)
        try:
            self._upgrade(engine, tables, revision)
        finally:
            sa.event.remove(engine, "before_cursor_execute", record)
        return found


def _has_any(engine: sa.Engine, prefix: str) -> bool:
    with engine.connect() as connection:
        return any(name.startswith(prefix) for name in sa.inspect(connection).get_table_names())


def repeat_migrations() -> None:
    """Lets all new files from now on have what the first one has got."""
    opening.upgrade = RepeatedMigrations().upgrade


def filling(column: "sa.Column[Any]") -> Any:
    """Some value for a column of our own tables."""
    kind = column.type
    if isinstance(kind, sa.Date):
        return sa.func.current_date()
    if isinstance(kind, sa.Boolean):
        return True
    if kind.python_type is int:
        return 1
    if kind.python_type is bytes:
        return b"x"
    return sa.func.current_timestamp() if not isinstance(kind, sa.String) else "x"
