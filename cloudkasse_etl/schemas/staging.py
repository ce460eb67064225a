"""Contracts of staged receipts and closings: the columns that an analyst reads. Their JSON: wire_receipts.py"""

import pandera.pandas as pa
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.checks import field, key_field, keyed, text_field


class ReceiptStaged(pa.DataFrameModel):
    """The receipts as they are staged; the original JSON is stored beside, unchanged."""

    receipt_id: Series[str] = key_field("Receipt", "receipt.id", say("The till's id of the receipt."), limit=120)
    register: Series[str] = text_field("Register", "receipt.register", say("Number of the register that sold."))
    number: Series[int] = field(
        "Number", "receipt.number", say("Number of the receipt; counts up by register."), nullable=True
    )
    kind: Series[str] = text_field("Kind", "receipt.kind", say("Kind of receipt (DSFinV-K BON_TYP)."))
    business_day: Series[DateTime] = field(
        "Business day", "receipt.business_day", say("The register's day, by which it is booked."), nullable=True
    )
    ended_at: Series[str] = text_field("Time", "receipt.ended_at", say("When the receipt was finished."))
    total_cents: Series[int] = field("Total", "receipt.total_cents", say("Gross total in cents."), nullable=True)
    reference_id: Series[str] = text_field(
        "Refers to", "receipt.reference.receipt_id", say("The receipt that this one voids.")
    )
    status: Series[str] = text_field(
        "Status",
        "receipt.status",
        say("staged, imported, rejected, no_effect, before_start or dismissed."),
        nullable=False,
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed("receipt_id")


class ClosingStaged(pa.DataFrameModel):
    """The closings as they are staged; the original JSON is stored beside, unchanged."""

    register: Series[str] = key_field("Register", "closing.register", say("Number of the register."), limit=100)
    number: Series[int] = field("Number", "closing.number", say("Number of the closing (Z_NR); counts up by register."))
    business_day: Series[DateTime] = field("Business day", "closing.business_day", say("The day that was closed."))
    first_receipt_number: Series[int] = field(
        "First receipt", "closing.first_receipt_number", say("Number of its first receipt.")
    )
    last_receipt_number: Series[int] = field(
        "Last receipt", "closing.last_receipt_number", say("Number of its last receipt.")
    )
    receipt_count: Series[int] = field("Receipts", "closing.receipt_count", say("How many receipts its totals cover."))
    verified: Series[bool] = field(
        "Verified", "closing.verified", say("True once its totals were found equal to its receipts'.")
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed("register", "number")
