"""What a ledger makes of receipts, in a form to compare."""

from typing import Any

from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.transform.booking import Booked, Ledger, book
from cloudkasse_etl.transform.receipt_frames import flatten
from tests.support.receipts.receipt_factory import (
    ledger,
)

CLEARING = "1371"


def booked(*receipts: Receipt, by: Ledger | None = None) -> Booked:
    return book(flatten(receipts), by or ledger())


def entries(result: Booked) -> list[tuple[Any, ...]]:
    """What is booked on accounts other than clearing: account, amount, VAT rate, VAT."""
    frame = result.postings[result.postings["account"] != CLEARING]
    frame = frame[["account", "amount_cents", "vat_rate", "tax_cents"]].astype(object)
    return [tuple(row) for row in frame.where(frame.notna(), None).itertuples(index=False)]


def refused(result: Booked) -> list[tuple[str, str]]:
    assert result.postings.empty
    assert result.movements.empty
    return [(rejection.code, rejection.text()) for rejection in result.rejections]


DRINK = {"tax_code": "2", "revenue_group": "02", "revenue_account": "8311"}

GROUPS = (("02", "2", "8301"), ("02", "3", "8401"), ("01", "3", "8400"))
