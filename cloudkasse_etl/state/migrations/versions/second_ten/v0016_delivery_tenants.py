"""Into which tenant of the ERP a delivery goes: settings that name another one must not send it a second time."""

import sqlalchemy as sa
from alembic import context, op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Adds the column."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    op.add_column(f"{prefix}delivery", sa.Column("tenant", sa.Unicode(14)), schema=schema)
