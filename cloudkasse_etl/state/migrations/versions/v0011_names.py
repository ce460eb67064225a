"""Adds the names of rejected records and the currencies of receipts."""

import sqlalchemy as sa
from alembic import context, op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Adds the columns; for rows that are stored already, what is missing is looked up when it is told."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    op.add_column(f"{prefix}rejection", sa.Column("title", sa.Unicode(200)), schema=schema)
    op.add_column(f"{prefix}receipt", sa.Column("currency", sa.Unicode(10)), schema=schema)
