"""An import can be undone by counter-entries: by which import a row was booked, and which row it takes back.

What was taken over in the ERP is counter-delivered, so that a receipt may be in several deliveries: one of what each
import booked, and one of what was taken back of it.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Adds columns, replaces the unique index of delivered receipts, and shows the columns in the view."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text = context.config.attributes["key_text"]
    for name in ("posting", "stock_movement", "receipt", "delivery_receipt"):
        column = sa.Column("generation", sa.BigInteger, nullable=False, server_default="1")
        op.add_column(f"{prefix}{name}", column, schema=schema)
    for name in ("posting", "stock_movement"):
        op.add_column(f"{prefix}{name}", sa.Column("corrects", key_text(140)), schema=schema)
        op.add_column(f"{prefix}{name}", sa.Column("reason", sa.UnicodeText), schema=schema)
    is_counter: sa.Column[bool] = sa.Column(
        "is_counter", sa.Boolean(create_constraint=False), nullable=False, server_default=sa.false()
    )
    covered, key = f"{prefix}delivery_receipt", f"uq_{prefix}delivery_receipt"
    op.add_column(covered, is_counter, schema=schema)
    op.drop_index(key, covered, schema=schema)
    columns = ["company", "target", "receipt_id", "generation", "is_counter"]
    _index_some(key, covered, columns, schema, where="is_live = 1", unique=True)
    later = ["company", "receipt_id"]
    _index_some(f"ix_{prefix}receipt_generation", f"{prefix}receipt", later, schema, where="generation > 1")
    _show(f"{schema}.{prefix}" if schema else prefix)


def _index_some(
    index: str, table: str, columns: list[str], schema: str | None, *, where: str, unique: bool = False
) -> None:
    op.create_index(
        index,
        table,
        columns,
        unique=unique,
        schema=schema,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where.replace(" = 1", "")),  # a truth value is no number there
        mssql_where=sa.text(where),
    )


def _show(place: str) -> None:
    op.execute(f"DROP VIEW {place}revenue_posting")
    covering = (
        f"SELECT MIN(c.number) FROM {place}closing c WHERE c.company = p.company AND c.register = p.register "  # noqa: S608 -- names come from checked settings
        "AND p.receipt_number BETWEEN c.first_receipt_number AND c.last_receipt_number"
    )
    op.execute(
        f"CREATE VIEW {place}revenue_posting AS "  # noqa: S608 -- names come from checked settings
        "SELECT p.company, p.posting_id, p.receipt_id, p.register, "
        f"COALESCE(r.closing_number, ({covering} AND c.business_day = r.business_day), ({covering})) "
        "AS closing_number, "
        "p.posting_date, p.document_number, p.account, p.amount_cents, p.currency, p.tax_code, p.vat_rate, "
        "p.tax_cents, p.business_case, p.tender, p.text, p.flag, p.run_id, p.generation, p.corrects, p.reason "
        f"FROM {place}posting p "
        f"LEFT JOIN {place}receipt r ON r.company = p.company AND r.receipt_id = p.receipt_id"
    )
