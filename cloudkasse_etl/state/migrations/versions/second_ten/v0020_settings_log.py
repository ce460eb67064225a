"""Under which settings each run booked, and what of them was changed when."""

import sqlalchemy as sa
from alembic import context, op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Creates the two tables, and the triggers by which their rows are only added."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text = context.config.attributes["key_text"]
    op.create_table(
        f"{prefix}settings_change",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("change_number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("settings_hash", sa.Unicode(64), nullable=False),
        sa.Column("settings", sa.UnicodeText, nullable=False),
        sa.Column("differences", sa.UnicodeText, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
        schema=schema,
    )
    op.create_table(
        f"{prefix}run_settings",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("run_id", key_text(40), primary_key=True),
        sa.Column("change_number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("settings_hash", sa.Unicode(64), nullable=False),
        sa.Column("began_at", sa.DateTime, nullable=False),
        schema=schema,
    )
    connection, triggers = op.get_bind(), context.config.attributes["triggers"]
    for name in ("settings_change", "run_settings"):
        for statement in triggers(connection.dialect, prefix + name, schema):
            connection.exec_driver_sql(statement)
