"""Finds the receipts that refer to one: whether it was voided already, and by which."""

from alembic import context, op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Creates the index."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    op.create_index(f"ix_{prefix}receipt_reference", f"{prefix}receipt", ["company", "reference_id"], schema=schema)
