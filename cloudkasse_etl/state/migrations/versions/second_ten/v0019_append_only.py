"""What is booked, and what was handed out of it, can only be added to: the database refuses any change of a row."""

from alembic import context, op

revision = "0019"
down_revision = "0018"

_TABLES = ("posting", "stock_movement", "datev_file", "datev_posting", "datev_written")


def upgrade() -> None:
    """Creates the triggers."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    connection, triggers = op.get_bind(), context.config.attributes["triggers"]
    for name in _TABLES:
        for statement in triggers(connection.dialect, prefix + name, schema):
            connection.exec_driver_sql(statement)
