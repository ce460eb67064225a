"""The first tables: lease, targets, synchronised records, attempts, rejections, checkpoints."""

import sqlalchemy as sa
from alembic import context, op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates the tables under the prefix and schema of the settings."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text, utc = context.config.attributes["key_text"], sa.DateTime

    def create(name: str, *columns: sa.schema.SchemaItem) -> None:
        op.create_table(prefix + name, *columns, schema=schema)

    create(
        "lease",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("run_id", sa.Unicode(40)),
        sa.Column("kind", sa.Unicode(40)),
        sa.Column("started_by", sa.Unicode(200)),
        sa.Column("host", sa.Unicode(200)),
        sa.Column("process", sa.Unicode(60)),
        sa.Column("acquired_at", utc),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.Column("beat_at", utc),
    )
    create(
        "target",
        sa.Column("target_id", sa.Integer, primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("api_url", key_text(400), nullable=False),
        sa.UniqueConstraint("company", "api_url", name=f"uq_{prefix}target"),
    )
    create(
        "synced_record",
        sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entity", key_text(20), primary_key=True),
        sa.Column("record_key", key_text(120), primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("content_hash", sa.BigInteger, nullable=False),
        sa.Column("content", sa.UnicodeText, nullable=False),
        sa.Column("active", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("cloud_id", sa.Unicode(100)),
        sa.Column("synced_at", utc, nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
    )
    create(
        "attempt",
        sa.Column("idempotency_key", sa.Unicode(64), primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("target_id", sa.Integer, nullable=False),
        sa.Column("entity", key_text(20), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", utc, nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
    )
    create(
        "rejection",
        sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("asset", key_text(60), primary_key=True),
        sa.Column("record_key", key_text(120), primary_key=True),
        sa.Column("code", key_text(80), primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("detail", sa.UnicodeText, nullable=False),
        sa.Column("content", sa.Unicode(64), nullable=False),
        sa.Column("since", utc, nullable=False),
        sa.Column("first_run_id", sa.Unicode(40), nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
    )
    create(
        "level",
        sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("asset", key_text(60), primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("fingerprint", sa.Unicode(64), nullable=False),
        sa.Column("details", sa.UnicodeText, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
    )
