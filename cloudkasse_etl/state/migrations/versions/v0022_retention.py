"""What is kept for ten years, from receipts to decisions: the database refuses to delete a row earlier."""

from alembic import context, op

revision = "0022"
down_revision = "0021"

_TABLES = ("receipt", "closing", "delivery", "delivery_receipt", "decision", "till")


def upgrade() -> None:
    """Creates the triggers."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    connection, keeping = op.get_bind(), context.config.attributes["keeping"]
    for name in _TABLES:
        for statements in keeping(connection.dialect, prefix, name, schema).values():
            for statement in statements:
                connection.exec_driver_sql(statement)
