"""Rejections of receipts, closings, postings and movements, and alerts about them, belong to the company.

Before, they were kept by the cloud's address, and a cloud that moved made them forgotten.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op

revision = "0004"
down_revision = "0003"

ASSETS = ("staged_receipts", "staged_closings", "revenue_postings", "stock_movements")


def upgrade() -> None:
    """Moves the rows to one target a company, whose address is empty; of doubles the oldest stays."""
    prefix, schema = context.config.attributes["prefix"], context.config.attributes["schema"]

    def table(name: str, *columns: str) -> sa.TableClause:
        return sa.table(prefix + name, *map(sa.column, columns), schema=schema)

    target = table("target", "target_id", "company", "api_url")
    _move(table("rejection", "target_id", "company", "asset", "record_key", "code", "since"), target, "asset", "since")
    alert = table("alert", "target_id", "company", "channel", "subject", "code", "sent_at")
    _move(alert, target, "subject", "sent_at")


def _move(table: sa.TableClause, target: sa.TableClause, asset: str, since: str) -> None:
    connection = op.get_bind()
    columns = [column for column in table.columns if column.name != since]
    rows = connection.execute(
        sa.select(*columns).where(table.c[asset].in_(ASSETS)).order_by(table.c[since], table.c.target_id)
    ).mappings()
    seen: set[tuple[str, ...]] = set()
    for row in rows.all():
        key = tuple(str(row[column.name]) for column in columns if column.name != "target_id")
        here: Sequence[sa.ColumnElement[bool]] = [column == row[column.name] for column in columns]
        if key in seen:
            connection.execute(sa.delete(table).where(*here))
        else:
            seen.add(key)
            moved = sa.update(table).where(*here).values(target_id=_target_of(connection, target, row["company"]))
            connection.execute(moved)


def _target_of(connection: sa.Connection, target: sa.TableClause, company: str) -> int:
    query = sa.select(target.c.target_id).where(target.c.company == company, target.c.api_url == "")
    found = connection.execute(query).scalar()
    if found is None:
        connection.execute(sa.insert(target).values(company=company, api_url=""))
        found = connection.execute(query).scalar_one()
    return int(found)
