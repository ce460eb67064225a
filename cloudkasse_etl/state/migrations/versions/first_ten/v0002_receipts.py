"""Receipts: cursors, staged receipts and closings, postings and stock movements, and the view that others read."""

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates the tables under the prefix and schema of the settings."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text, utc = context.config.attributes["key_text"], sa.DateTime

    def create(name: str, *columns: sa.schema.SchemaItem) -> None:
        op.create_table(prefix + name, *columns, schema=schema)

    create(
        "cursor",
        sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stream", key_text(20), primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("position", sa.UnicodeText, nullable=False),
        sa.Column("moved_at", utc, nullable=False),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
    )
    create(
        "receipt",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("receipt_id", key_text(120), primary_key=True),
        sa.Column("register", key_text(100)),
        sa.Column("number", sa.BigInteger),
        sa.Column("kind", sa.Unicode(40)),
        sa.Column("business_day", sa.Date),
        sa.Column("ended_at", sa.Unicode(40)),
        sa.Column("total_cents", sa.BigInteger),
        sa.Column("reference_id", key_text(120)),
        sa.Column("status", key_text(20), nullable=False),
        sa.Column("refused_by", key_text(60)),
        sa.Column("counts_in_closing", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("stock_pending", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("content_hash", sa.Unicode(64), nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("dismissal", sa.UnicodeText),
        sa.Column("staged_at", utc, nullable=False),
        sa.Column("staged_run_id", sa.Unicode(40), nullable=False),
        sa.Column("imported_at", utc),
        sa.Column("imported_run_id", sa.Unicode(40)),
        sa.Index(f"ix_{prefix}receipt_number", "company", "register", "number"),
        sa.Index(f"ix_{prefix}receipt_status", "company", "status"),
    )
    create(
        "closing",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("register", key_text(100), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("business_day", sa.Date, nullable=False),
        sa.Column("first_receipt_number", sa.BigInteger, nullable=False),
        sa.Column("last_receipt_number", sa.BigInteger, nullable=False),
        sa.Column("receipt_count", sa.BigInteger, nullable=False),
        sa.Column("content_hash", sa.Unicode(64), nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("verified", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("staged_at", utc, nullable=False),
        sa.Column("staged_run_id", sa.Unicode(40), nullable=False),
    )
    create(
        "posting",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("posting_id", key_text(140), primary_key=True),
        sa.Column("receipt_id", key_text(120), nullable=False),
        sa.Column("register", key_text(100), nullable=False),
        sa.Column("receipt_number", sa.BigInteger, nullable=False),
        sa.Column("posting_date", sa.Date, nullable=False),
        sa.Column("document_number", sa.Unicode(140), nullable=False),
        sa.Column("account", sa.Unicode(15), nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Unicode(3), nullable=False),
        sa.Column("tax_code", sa.Unicode(2)),
        sa.Column("vat_rate", sa.Unicode(6)),
        sa.Column("tax_cents", sa.BigInteger, nullable=False),
        sa.Column("business_case", sa.Unicode(40)),
        sa.Column("tender", sa.Unicode(40)),
        sa.Column("text", sa.UnicodeText, nullable=False),
        sa.Column("flag", sa.Unicode(40)),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
        sa.Index(f"ix_{prefix}posting_date", "company", "posting_date"),
        sa.Index(f"ix_{prefix}posting_receipt", "company", "receipt_id"),
    )
    create(
        "stock_movement",
        sa.Column("company", key_text(20), primary_key=True),
        sa.Column("movement_id", key_text(140), primary_key=True),
        sa.Column("receipt_id", key_text(120), nullable=False),
        sa.Column("line_number", sa.BigInteger, nullable=False),
        sa.Column("register", key_text(100), nullable=False),
        sa.Column("movement_date", sa.Date, nullable=False),
        sa.Column("article", key_text(40), nullable=False),
        sa.Column("warehouse", sa.Unicode(10), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger, nullable=False),
        sa.Column("unit", sa.Unicode(10)),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
        sa.Index(f"ix_{prefix}movement_date", "company", "movement_date"),
        sa.Index(f"ix_{prefix}movement_receipt", "company", "receipt_id"),
    )
    place = f"{schema}.{prefix}" if schema else prefix
    # The closing's number comes from the closings: it does not depend on whether receipt or closing came first. One
    # number a posting, also where closings overlap by mistake: a join would show the posting twice.
    op.execute(
        f"CREATE VIEW {place}revenue_posting AS "  # noqa: S608 -- names come from checked settings
        "SELECT p.company, p.posting_id, p.receipt_id, p.register, "
        f"(SELECT MIN(c.number) FROM {place}closing c WHERE c.company = p.company AND c.register = p.register "
        "AND p.receipt_number BETWEEN c.first_receipt_number AND c.last_receipt_number) AS closing_number, "
        "p.posting_date, p.document_number, p.account, p.amount_cents, p.currency, p.tax_code, p.vat_rate, "
        f"p.tax_cents, p.business_case, p.tender, p.text, p.flag, p.run_id FROM {place}posting p"
    )
