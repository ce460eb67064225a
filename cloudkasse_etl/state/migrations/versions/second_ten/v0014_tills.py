"""Makes room for tills of other kinds, and orders the index of sums by arrival.

Tills: their own form of a receipt, parts that were read, and which till it was. Sums: by amount, each page of receipts
that arrived changed pages all over the index. The index of stock lines that are still to be booked is made anew after
it. Both look alike to SQLite, which has no statistics of our tables and takes the later one; by the index of sums it
would read all receipts.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0014"
down_revision = "0013"

_SUMS = ["company", "status", "refused_by", "no_effect", "currency", "staged_at", "total_cents"]


def upgrade() -> None:
    """Adds a column and two tables, and replaces two indexes."""
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
    table, sums, pending = f"{prefix}receipt", f"ix_{prefix}receipt_sums", f"ix_{prefix}receipt_stock_pending"
    op.drop_index(sums, table, schema=schema)
    op.create_index(sums, table, _SUMS, schema=schema)
    op.drop_index(pending, table, schema=schema)
    op.create_index(
        pending,
        table,
        ["company", "receipt_id"],
        schema=schema,
        sqlite_where=sa.text("stock_pending = 1"),
        postgresql_where=sa.text("stock_pending"),  # a truth value is no number there
        mssql_where=sa.text("stock_pending = 1"),
    )
