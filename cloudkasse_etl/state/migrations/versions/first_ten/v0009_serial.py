"""The serial or batch number that was keyed in at the register stays on the stock movement."""

import sqlalchemy as sa
from alembic import context, op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds the column; movements that are there already have none: what was keyed in is in their receipts."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    op.add_column(f"{prefix}stock_movement", sa.Column("serial", sa.UnicodeText), schema=schema)
