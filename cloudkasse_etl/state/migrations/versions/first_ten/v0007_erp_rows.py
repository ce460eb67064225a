"""The snapshot of the ERP's rowversions: a changed row is then processed alone."""

import sqlalchemy as sa
from alembic import context, op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Creates the table. It stays empty until a run has processed everything."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text = context.config.attributes["key_text"]
    op.create_table(
        f"{prefix}erp_rows",
        sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", key_text(20), primary_key=True),
        sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("version_sum", sa.Unicode(40), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        schema=schema,
    )
