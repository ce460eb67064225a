"""Alerts: the causes that were sent through each channel, so that each is sent once."""

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Creates the table under the prefix and schema of the settings."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text = context.config.attributes["key_text"]
    op.create_table(
        f"{prefix}alert",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("channel", key_text(20), primary_key=True),
        sa.Column("subject", key_text(60), primary_key=True),
        sa.Column("code", key_text(80), primary_key=True),
        sa.Column("sent_at", sa.DateTime, nullable=False),
        schema=schema,
    )
