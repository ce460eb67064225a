"""Sums receipts up by what became of them: fills their currency, and why one has no effect is a column now."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0012"
down_revision = "0011"

_ROWS = 1_000
_KEYS = 400
_OF_KIND = {
    "AVTraining": "training",
    "AVBelegabbruch": "broken_off",
    "AVBestellung": "order",
    "AVRechnung": "invoice",
    "AVBelegstorno": "voided_invoice",
    "AVTransfer": "transfer",
    "AVSachbezug": "in_kind",
}


def upgrade() -> None:
    """Adds the column and fills both; an index with all that a sum needs takes the place of the one by status."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]
    name = f"{prefix}receipt"
    op.add_column(name, sa.Column("no_effect", sa.Unicode(20)), schema=schema)
    columns = (
        "company", "receipt_id", "status", "kind", "counts_in_closing", "reference_id", "total_cents", "raw",
        "currency", "no_effect",
    )  # fmt: skip
    _fill(sa.table(name, *map(sa.column, columns), schema=schema))
    op.drop_index(f"ix_{prefix}receipt_status", name, schema=schema)
    op.create_index(
        f"ix_{prefix}receipt_sums",
        name,
        ["company", "status", "refused_by", "no_effect", "currency", "total_cents"],
        schema=schema,
    )


def _fill(receipt: sa.TableClause) -> None:
    connection = op.get_bind()
    for rows in _batches(connection, receipt):
        found: dict[tuple[str, str | None, str | None], list[str]] = defaultdict(list)
        for row in rows:
            values = (_currency(row), _no_effect(row))
            if any(values):
                found[row.company, *values].append(row.receipt_id)
        for (company, currency, no_effect), ids in found.items():
            for start in range(0, len(ids), _KEYS):
                here = (receipt.c.company == company) & receipt.c.receipt_id.in_(ids[start : start + _KEYS])
                connection.execute(sa.update(receipt).where(here).values(currency=currency, no_effect=no_effect))


def _batches(connection: sa.Connection, receipt: sa.TableClause) -> Iterator[list[Any]]:
    names = ("company", "receipt_id", "status", "kind", "counts_in_closing", "reference_id", "total_cents", "raw")
    columns = [receipt.c[name] for name in names]
    last: tuple[str, str] | None = None
    while True:
        query = sa.select(*columns).order_by(receipt.c.company, receipt.c.receipt_id).limit(_ROWS)
        if last is not None:
            further = (receipt.c.company == last[0]) & (receipt.c.receipt_id > last[1])
            query = query.where((receipt.c.company > last[0]) | further)
        rows = list(connection.execute(query))
        if not rows:
            return
        last = (rows[-1].company, rows[-1].receipt_id)
        yield rows


def _currency(row: Any) -> str | None:
    """The currency of a receipt whose total could be read; that of any other means nothing."""
    if row.total_cents is None:
        return None
    try:
        found = json.loads(bytes(row.raw)).get("currency")
    except (ValueError, RecursionError, AttributeError):
        return None
    return found[:10] if isinstance(found, str) and "\0" not in found else None


def _no_effect(row: Any) -> str | None:
    if row.status != "no_effect":
        return None
    if row.kind != "Beleg":
        return _OF_KIND.get(row.kind or "", "other")
    if not row.counts_in_closing:
        return "broken_off"
    return "void" if row.reference_id is not None and row.total_cents else "empty"
