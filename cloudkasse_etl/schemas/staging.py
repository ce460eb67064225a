"""Receipts and closings as they are staged: the columns of our tables that an analyst reads; their JSON: receipts.py"""

import pandera.pandas as pa
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from cloudkasse_etl.schemas.checks import field, key_field, text_field

_RECEIPT, _CLOSING = "cloudkasse_receipt", "cloudkasse_closing"


class ReceiptStaged(pa.DataFrameModel):
    """The receipts as they are staged; the receipt itself is kept beside as it came."""

    receipt_id: Series[str] = key_field("Receipt", _RECEIPT, "CloudKasse's id of the receipt.", limit=120)
    register: Series[str] = text_field("Register", _RECEIPT, "Number of the register that sold.")
    number: Series[int] = field("Number", _RECEIPT, "Number of the receipt; counts up by register.")
    kind: Series[str] = text_field("Kind", _RECEIPT, "Kind of receipt (DSFinV-K BON_TYP).")
    business_day: Series[DateTime] = field("Business day", _RECEIPT, "The register's day, by which it is booked.")
    ended_at: Series[str] = text_field("Time", _RECEIPT, "When the receipt was finished.")
    total_cents: Series[int] = field("Total", _RECEIPT, "Gross total in cents.")
    reference_id: Series[str] = text_field("Refers to", _RECEIPT, "The receipt that this one voids.")
    status: Series[str] = text_field(
        "Status",
        _RECEIPT,
        "staged, imported, rejected, no_effect, before_start or dismissed.",
        nullable=False,
    )

    class Config:
        """Other columns are an error."""

        strict = True


class ClosingStaged(pa.DataFrameModel):
    """The closings as they are staged; the closing itself is kept beside as it came."""

    register: Series[str] = key_field("Register", _CLOSING, "Number of the register.", limit=100)
    number: Series[int] = field("Number", _CLOSING, "Number of the closing (Z_NR); counts up by register.")
    business_day: Series[DateTime] = field("Business day", _CLOSING, "The day that was closed.")
    first_receipt_number: Series[int] = field("First receipt", _CLOSING, "Number of its first receipt.")
    last_receipt_number: Series[int] = field("Last receipt", _CLOSING, "Number of its last receipt.")
    receipt_count: Series[int] = field("Receipts", _CLOSING, "How many receipts its totals cover.")
    verified: Series[bool] = field("Verified", _CLOSING, "True once its totals were found equal to its receipts'.")

    class Config:
        """Other columns are an error."""

        strict = True
