"""Active records are counted on an index: without one, a quiet run reads all that was ever sent."""

from alembic import context, op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Creates the index."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    columns = ["target_id", "entity", "active"]
    op.create_index(f"ix_{prefix}synced_record_active", f"{prefix}synced_record", columns, schema=schema)
