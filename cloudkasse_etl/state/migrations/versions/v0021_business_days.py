"""Finds the receipts of a business day without looking at all: a sheet asks for those of a register, day by day."""

from alembic import context, op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Adds the index."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    columns = ["company", "business_day", "register"]
    op.create_index(f"ix_{prefix}receipt_day", f"{prefix}receipt", columns, schema=schema)
