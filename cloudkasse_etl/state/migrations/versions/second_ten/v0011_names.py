"""Adds the names of rejected records and the currencies of receipts."""

import sqlalchemy as sa
from alembic import context, op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Adds the columns; what rows of older releases lack is looked up when a name is needed."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    op.add_column(f"{prefix}rejection", sa.Column("title", sa.Unicode(200)), schema=schema)
    op.add_column(f"{prefix}receipt", sa.Column("currency", sa.Unicode(10)), schema=schema)
