"""Receipts that arrived as columns and passed the checks, as they are staged."""

import datetime as dt
from collections.abc import Sequence

from cloudkasse_etl.schemas.no_effect import NoEffect
from cloudkasse_etl.schemas.wire_receipts import ReceiptColumns
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_receipts import StagedReceipt

_HEADS = (
    "receipt_id", "register", "number", "kind", "ended_at", "total_cents", "currency", "reference_id", "counts",
)  # fmt: skip


def staged_of_columns(
    columns: ReceiptColumns, idle: Sequence[NoEffect | None], start: dt.date | None
) -> list[StagedReceipt]:
    """Makes the rows of receipts that passed the checks.

    Args:
        columns: The receipts, of one business day.
        idle: Why each has no effect, if it has none.
        start: The day before which nothing is booked.

    Returns:
        The receipts, each with its status.
    """
    day = dt.date.fromisoformat(columns.heads["business_day"][0])
    is_before = start is not None and day < start
    values = zip(columns.texts, columns.hashes, idle, *(columns.heads[name] for name in _HEADS), strict=True)
    return [
        StagedReceipt(
            receipt_id,
            content_hash,
            raw,
            Status.BEFORE_START if is_before else Status.STAGED if reason is None else Status.NO_EFFECT,
            register=register,
            number=number,
            kind=kind,
            business_day=day,
            ended_at=ended_at,
            total_cents=total_cents,
            currency=currency[:10],
            reference_id=reference_id,
            closing_number=columns.closing_number,
            counts_in_closing=counts,
            no_effect=None if is_before else reason,
        )
        for (
            raw, content_hash, reason, receipt_id, register, number, kind, ended_at, total_cents, currency,
            reference_id, counts,
        ) in values
    ]  # fmt: skip
