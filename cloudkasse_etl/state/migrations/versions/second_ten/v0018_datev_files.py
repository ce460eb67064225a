"""What was handed to a bookkeeper for DATEV: each file as it was written, and the row of each posting."""

import sqlalchemy as sa
from alembic import context, op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Creates the three tables. Rows are added to them and never changed."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text = context.config.attributes["key_text"]
    op.create_table(
        f"{prefix}datev_file",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("file_number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Unicode(60), nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("currency", sa.Unicode(3), nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("debit_cents", sa.BigInteger, nullable=False),
        sa.Column("content_hash", sa.Unicode(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("page", sa.LargeBinary),
        sa.Column("made_at", sa.DateTime, nullable=False),
        schema=schema,
    )
    op.create_table(
        f"{prefix}datev_posting",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("posting_id", key_text(140), primary_key=True),
        sa.Column("repetition", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("file_number", sa.BigInteger, nullable=False),
        sa.Column("row_number", sa.BigInteger, nullable=False),
        schema=schema,
    )
    op.create_table(
        f"{prefix}datev_written",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("file_number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("written_at", sa.DateTime, nullable=False),
        schema=schema,
    )
