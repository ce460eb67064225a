"""Contracts of revenue postings and stock movements: the tables that an import writes and other systems read."""

import pandera.pandas as pa
from pandera.typing import Series

from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.checks import DAY, RATE, field, key_field, keyed, text_field
from cloudkasse_etl.schemas.wire_receipts import BUSINESS_CASES, TENDERS

_FLAGS = "closed_period|review|closed_period review"
# A receipt's id is defined by the register: it is stored unchanged and not checked.
_ID = "receipt.id"


class RevenuePosting(pa.DataFrameModel):
    """One side of an entry: an amount on an account. The postings of a receipt add up to 0."""

    posting_id: Series[str] = field(
        "Posting", _ID, say("The receipt's id and the posting's number in it."), max_characters=140
    )
    receipt_id: Series[str] = field("Receipt", _ID, say("Id of the receipt that was booked."), max_characters=120)
    register: Series[str] = field("Register", "receipt.register", say("Register that issued it."), max_characters=100)
    posting_date: Series[str] = text_field(
        "Date",
        "receipt.business_day",
        say("The business day; where its period is closed already, the first open day."),
        nullable=False,
        pattern=DAY,
    )
    document_number: Series[str] = field(
        "Document", "receipt.register, receipt.number", say("Register and receipt number."), max_characters=140
    )
    account: Series[str] = key_field(
        "Account", "accounts, ART.KontoVerkauf, KTOGRUPPENPOS.GKonto", say("Account that is booked."), limit=15
    )
    amount_cents: Series[int] = field(
        "Amount", "line.gross_cents, payment.base_amount_cents", say("Gross amount in cents; debit is positive."), ne=0
    )
    currency: Series[str] = text_field(
        "Currency", "receipt.currency", say("Currency of the amount."), nullable=False, pattern="[A-Z]{3}"
    )
    tax_code: Series[str] = text_field(
        "Tax code",
        "ART.SSVerkauf, USDETAIL.SteuerCode",
        say("SelectLine's code of the VAT rate; empty where it is not clear."),
    )
    vat_rate: Series[str] = text_field(
        "VAT rate", "line.vat_rate", say("VAT in percent, two decimals; empty where none is booked."), pattern=RATE
    )
    tax_cents: Series[int] = field(
        "VAT",
        "vat.tax_cents",
        say("VAT in the amount, in cents, with its sign; of a receipt and rate what was printed."),
    )
    business_case: Series[str] = text_field(
        "Business case",
        "line.business_case",
        say("What kind of line was booked; empty for a payment."),
        pattern="|".join(BUSINESS_CASES),
    )
    tender: Series[str] = text_field(
        "Tender", "payment.tender", say("How it was paid; empty for a line."), pattern="|".join(TENDERS)
    )
    text: Series[str] = text_field(
        "Text", "line.text, payment.name", say("Text of the line, or name of the payment."), nullable=False
    )
    flag: Series[str] = text_field(
        "Flag",
        "books.closed_until",
        say("closed_period: the business day's period was closed. review: somebody must look at it."),
        pattern=_FLAGS,
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed("posting_id")


class StockMovement(pa.DataFrameModel):
    """A quantity that a receipt's line takes out of a warehouse, or returns to it."""

    movement_id: Series[str] = field(
        "Movement",
        _ID,
        say("The receipt's id, the line's number, and the component's place in a trade set (else 0)."),
        max_characters=140,
    )
    receipt_id: Series[str] = field("Receipt", _ID, say("Id of the receipt."), max_characters=120)
    line_number: Series[int] = field("Line", "line.number", say("Number of the receipt's line."), ge=0)
    register: Series[str] = field("Register", "receipt.register", say("Register that issued it."), max_characters=100)
    movement_date: Series[str] = text_field(
        "Date", "receipt.business_day", say("The business day."), nullable=False, pattern=DAY
    )
    article: Series[str] = key_field(
        "Article", "line.article", say("Number of the article; of a set, of the component.")
    )
    warehouse: Series[str] = key_field("Warehouse", "registers.warehouse", say("The register's warehouse."), limit=10)
    quantity_milli: Series[int] = field(
        "Quantity", "line.quantity", say("In thousandths of the unit; negative goes out, positive comes in."), ne=0
    )
    unit: Series[str] = text_field("Unit", "ART.Mengeneinheit", say("Unit in which the article is counted."))
    serial: Series[str] = text_field(
        "Serial or batch", "line.serial", say("Serial or batch number as it was keyed in at the register.")
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed("movement_id")
