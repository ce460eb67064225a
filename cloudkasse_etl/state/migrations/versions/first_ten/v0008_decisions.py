"""What people decide about receipts, lines and closings; and which closing a receipt states."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0008"
down_revision = "0007"

_ROWS = 1_000


def upgrade() -> None:
    """Creates the table of decisions, and fills it from the receipts that are stored already."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    key_text = context.config.attributes["key_text"]
    op.create_table(
        f"{prefix}decision",
        sa.Column("decision_id", sa.Integer, primary_key=True),
        sa.Column("company", key_text(20), nullable=False),
        sa.Column("subject", key_text(20), nullable=False),
        sa.Column("record_key", key_text(140), nullable=False),
        sa.Column("action", key_text(20), nullable=False),
        sa.Column("reason", sa.UnicodeText, nullable=False),
        sa.Column("detail", sa.UnicodeText, nullable=False),
        sa.Column("decided_at", sa.DateTime),
        sa.Column("decided_by", sa.Unicode(200)),
        sa.Column("run_id", sa.Unicode(40), nullable=False),
        sa.Index(f"ix_{prefix}decision_record", "company", "subject", "record_key"),
        schema=schema,
    )
    op.add_column(f"{prefix}receipt", sa.Column("closing_number", sa.BigInteger), schema=schema)
    op.add_column(f"{prefix}receipt", sa.Column("came_as", key_text(120)), schema=schema)
    op.create_index(
        f"ix_{prefix}receipt_closing", f"{prefix}receipt", ["company", "register", "closing_number"], schema=schema
    )
    columns = ("company", "receipt_id", "status", "content_hash", "raw", "dismissal", "closing_number", "came_as")
    receipt = sa.table(f"{prefix}receipt", *map(sa.column, columns), schema=schema)
    decided = ("company", "subject", "record_key", "action", "reason", "detail", "run_id")
    decision = sa.table(f"{prefix}decision", *map(sa.column, decided), schema=schema)
    _fill(receipt, decision)
    place = f"{schema}.{prefix}" if schema else prefix
    op.execute(f"DROP VIEW {place}revenue_posting")
    # The closing that a receipt states. One that states none belongs to the closing whose range of numbers has it;
    # where ranges overlap, to that of its own business day. One number a posting, whatever the closings say: a join
    # would show the posting twice.
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
        f"p.tax_cents, p.business_case, p.tender, p.text, p.flag, p.run_id FROM {place}posting p "
        f"LEFT JOIN {place}receipt r ON r.company = p.company AND r.receipt_id = p.receipt_id"
    )


def _fill(receipt: sa.TableClause, decision: sa.TableClause) -> None:
    """Takes over the closing numbers, the ids of second contents, and why receipts were dismissed."""
    connection = op.get_bind()
    for rows in _batches(connection, receipt):
        for row in rows:
            here = (receipt.c.company == row.company) & (receipt.c.receipt_id == row.receipt_id)
            found = {"closing_number": _closing_number(row), "came_as": _came_as(row)}
            values = {name: value for name, value in found.items() if value is not None}
            if values:
                connection.execute(sa.update(receipt).where(here).values(values))
            if row.status == "dismissed":
                # who dismissed it, and when, was never kept
                connection.execute(
                    sa.insert(decision).values(
                        company=row.company,
                        subject="receipt",
                        record_key=row.receipt_id,
                        action="dismiss",
                        reason=row.dismissal or "",
                        detail="{}",
                        run_id="",
                    )
                )


def _batches(connection: sa.Connection, receipt: sa.TableClause) -> Iterator[list[Any]]:
    last: tuple[str, str] | None = None
    while True:
        query = sa.select(receipt).order_by(receipt.c.company, receipt.c.receipt_id).limit(_ROWS)
        if last is not None:
            further = (receipt.c.company == last[0]) & (receipt.c.receipt_id > last[1])
            query = query.where((receipt.c.company > last[0]) | further)
        rows = list(connection.execute(query))
        if not rows:
            return
        last = (rows[-1].company, rows[-1].receipt_id)
        yield rows


def _item(row: Any) -> dict[str, Any]:
    try:
        found = json.loads(bytes(row.raw))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _closing_number(row: Any) -> int | None:
    if b'"closing_number":null' in bytes(row.raw):
        return None
    found = _item(row).get("closing_number")
    whole = isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**53
    return found if whole else None


def _came_as(row: Any) -> str | None:
    """The id under which a second content came; empty where one came without any; None where its id is its own."""
    receipt_id, digest = str(row.receipt_id), str(row.content_hash)
    if receipt_id == f"?{digest}":
        return ""
    came = receipt_id.removesuffix(f"!{digest[:12]}")
    return came if came != receipt_id and _item(row).get("id") == came else None
