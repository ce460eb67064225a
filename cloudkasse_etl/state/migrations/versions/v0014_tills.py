"""Makes room for tills of other kinds: their own form of a receipt, parts that were read, and which till it was."""

import sqlalchemy as sa
from alembic import context, op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Adds a column and two tables."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text = context.config.attributes["key_text"]
    op.add_column(f"{prefix}receipt", sa.Column("original", sa.LargeBinary), schema=schema)
    op.create_table(
        f"{prefix}till",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Unicode(20), nullable=False),
        sa.Column("receipts_from", sa.Date),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
        schema=schema,
    )
    op.create_table(
        f"{prefix}part",
        sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", key_text(400), primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("state", sa.Unicode(64), nullable=False),
        sa.Column("taken_at", sa.DateTime, nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
        schema=schema,
    )
