"""Into which fiscal year of the ERP's ledger a delivery goes, and whether it carries the sales of its receipts."""

import sqlalchemy as sa
from alembic import context, op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Adds the columns."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    op.add_column(f"{prefix}delivery", sa.Column("year", sa.Unicode(19)), schema=schema)
    op.add_column(f"{prefix}delivery", sa.Column("carries_sales", sa.Boolean(create_constraint=False)), schema=schema)
