"""What was brought into the ERP: deliveries, the receipts that each covers, and a session that was not ended."""

import sqlalchemy as sa
from alembic import context, op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Creates the three tables."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text = context.config.attributes["key_text"]
    op.create_table(
        f"{prefix}delivery",
        sa.Column("delivery_id", sa.Integer, primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("target", key_text(20), nullable=False),
        sa.Column("record_key", key_text(80), nullable=False),
        sa.Column("grain", key_text(20), nullable=False),
        sa.Column("register", key_text(100), nullable=False),
        sa.Column("place", key_text(140), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("closing_number", sa.BigInteger),
        sa.Column("status", key_text(20), nullable=False),
        sa.Column("remote_id", sa.BigInteger),
        sa.Column("destination", sa.Unicode(100)),
        sa.Column("currency", sa.Unicode(3), nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("line_count", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("first_run_id", sa.Unicode(40), nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
        sa.UniqueConstraint("company", "target", "record_key", name=f"uq_{prefix}delivery"),
        sa.Index(f"ix_{prefix}delivery_status", "company", "status", "day"),
        schema=schema,
    )
    op.create_table(
        f"{prefix}delivery_receipt",
        sa.Column("delivery_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("receipt_id", key_text(120), primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("target", key_text(20), nullable=False),
        sa.Column("is_live", sa.Boolean(create_constraint=False), nullable=False),
        schema=schema,
    )
    op.create_index(
        f"uq_{prefix}delivery_receipt",
        f"{prefix}delivery_receipt",
        ["company", "target", "receipt_id"],
        unique=True,
        schema=schema,
        sqlite_where=sa.text("is_live = 1"),
        postgresql_where=sa.text("is_live"),  # a truth value is no number there
        mssql_where=sa.text("is_live = 1"),
    )
    op.create_table(
        f"{prefix}api_session",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("system", key_text(20), primary_key=True),
        sa.Column("token", sa.UnicodeText, nullable=False),
        sa.Column("began_at", sa.DateTime, nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
        schema=schema,
    )
