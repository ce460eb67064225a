"""No way round the triggers: SQLite replaces no row, and what came from the till or was sent stays as it is."""

from alembic import context, op

revision = "0024"
down_revision = "0023"

_KEPT = ("receipt", "closing", "delivery", "delivery_receipt", "decision", "till")
_ADDED = (
    "posting", "stock_movement", "datev_file", "datev_posting", "datev_written", "settings_change", "run_settings",
)  # fmt: skip


def upgrade() -> None:
    """Creates the triggers."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    connection, replacing = op.get_bind(), context.config.attributes["replacing"]
    fixing = context.config.attributes["fixing"]
    made = [replacing(connection.dialect, prefix, name) for name in (*_ADDED, *_KEPT)]
    made += [fixing(connection.dialect, prefix, name, schema) for name in _KEPT]
    for triggers in made:
        for statements in triggers.values():
            for statement in statements:
                connection.exec_driver_sql(statement)
