"""What waits, and since when: before, only that something waits was kept, and how the sources looked then."""

import json

import sqlalchemy as sa
from alembic import context, op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Creates the table, and lets the next run check each asset again that has waiting records.

    Since when it has waited was never kept: it counts from that run on.
    """
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text = context.config.attributes["key_text"]
    op.create_table(
        f"{prefix}waiting",
        sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("asset", key_text(60), primary_key=True),
        sa.Column("code", key_text(80), primary_key=True),
        sa.Column("awaited", key_text(120), primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("record_count", sa.BigInteger, nullable=False),
        sa.Column("examples", sa.UnicodeText, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
        schema=schema,
    )
    level = sa.table(f"{prefix}level", *map(sa.column, ("target_id", "asset", "fingerprint", "details")), schema=schema)
    connection = op.get_bind()
    for row in connection.execute(sa.select(level.c.target_id, level.c.asset, level.c.details)).all():
        if _has_deferrals(row.details):
            here = (level.c.target_id == row.target_id) & (level.c.asset == row.asset)
            connection.execute(sa.update(level).where(here).values(fingerprint=""))


def _has_deferrals(details: str) -> bool:
    found = json.loads(details or "{}")
    return isinstance(found, dict) and bool(found.get("deferrals"))
