"""Receipts and closings as CloudKasse sends them.

These models only describe: what the server sends is raw JSON, and the OpenAPI document is made of them.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

KINDS = "Beleg AVRechnung AVTransfer AVBestellung AVTraining AVBelegstorno AVBelegabbruch AVSachbezug AVSonstige"
Kind = Annotated[str, Field(json_schema_extra={"enum": [*KINDS.split()]})]
Tender = Literal["Bar", "Unbar", "Keine", "ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Guthabenkarte"]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
BusinessDay = Annotated[str, Field(json_schema_extra={"format": "date"})]


class ReceiptLine(BaseModel):
    """A line of a receipt."""

    number: int
    business_case: str = Field(description="DSFinV-K GV_TYP", examples=["Umsatz"])
    article: str | None
    gtin: str | None = None
    text: str
    quantity: str = Field(examples=["2.000"])
    unit: str | None
    unit_price_cents: int
    gross_cents: int
    net_cents: int
    tax_cents: int
    vat_rate: str | None = Field(description="null where no VAT key applies")
    voucher: str | None = Field(description="DSFinV-K GUTSCHEIN_NR")
    serial: str | None = None
    cancelled: bool = Field(description="Cancelled during entry: without effect")
    in_house: bool | None = Field(default=None, description="DSFinV-K INHAUS")


class Payment(BaseModel):
    """A payment of a receipt."""

    tender: Tender = Field(description="DSFinV-K ZAHLART_TYP")
    name: str
    currency: str
    amount_cents: int
    base_amount_cents: int


class VatBlock(BaseModel):
    """The VAT of one rate, as printed."""

    vat_rate: str | None
    gross_cents: int
    net_cents: int
    tax_cents: int


class Receipt(BaseModel):
    """A receipt; Σ payments' base_amount_cents = total_cents = Σ gross of the lines that are not cancelled."""

    id: str = Field(description="DSFinV-K BON_ID, unique in the company")
    register_: str = Field(alias="register", description="DSFinV-K Z_KASSE_ID")
    closing_number: int | None = Field(description="DSFinV-K Z_NR; null until the day is closed")
    number: int = Field(description="DSFinV-K BON_NR")
    kind: Kind = Field(description="DSFinV-K BON_TYP")
    cancelled: bool = Field(description="DSFinV-K BON_STORNO")
    started_at: Moment
    ended_at: Moment
    arrived_at: Moment
    business_day: BusinessDay
    employee: str | None = None
    currency: str
    total_cents: int = Field(description="DSFinV-K UMS_BRUTTO")
    note: str | None = None
    reference: dict[Literal["receipt_id"], str] | None = Field(default=None, description="The receipt it refers to")
    customer: str | None = None
    tse: dict[str, Any] | None = None
    lines: list[ReceiptLine]
    payments: list[Payment]
    vat: list[VatBlock]


class ClosedCase(VatBlock):
    """What a closed day turned over in one business case at one rate."""

    business_case: str


class ClosedTender(BaseModel):
    """What a closed day took in one tender."""

    tender: Tender
    name: str
    amount_cents: int


class Closing(BaseModel):
    """A closed day of a register (Z-Abschluss)."""

    register_: str = Field(alias="register")
    number: int
    created_at: Moment
    business_day: BusinessDay
    first_receipt_number: int
    last_receipt_number: int
    receipt_count: int
    business_cases: list[ClosedCase]
    tenders: list[ClosedTender]
