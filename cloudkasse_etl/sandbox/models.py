"""What travels between a client and CloudKasse: one model a record, an answer or a page.

Records that a client sends are checked by these models (validation.py turns what fails into codes). Receipts,
closings and answers only describe: what the server sends is raw JSON, and the OpenAPI document is made of these.
Rules that need to know what else the cloud holds are in validation.py.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic.json_schema import models_json_schema
from pydantic_core import PydanticCustomError
from stdnum import ean

MAX_GROSS_CENTS = 1_000_000_000_00


class Entity(StrEnum):
    """The kinds of master data, as they stand in URLs."""

    COMPANIES = "companies"
    REGISTERS = "registers"
    EMPLOYEES = "employees"
    ARTICLES = "articles"
    PRICES = "prices"


def _check_gtin(value: str) -> str:
    # stdnum would strip blanks and hyphens, which a till's scanner never sends: digits only.
    if not (value.isascii() and value.isdigit() and ean.is_valid(value)):
        raise PydanticCustomError("gtin_invalid", "not a GTIN of 8, 12, 13 or 14 digits with a right check digit")
    return value


def _check_date(value: str) -> str:
    # date.fromisoformat alone also takes 20260101 and 2026-W01-1.
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise ValueError(value)
        date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_invalid", "not a date of the form 2026-12-31") from None
    return value


def _check_price(value: int) -> int:
    if value < 0:
        raise PydanticCustomError("price_negative", "a price must not be negative")
    if value > MAX_GROSS_CENTS:
        raise PydanticCustomError("price_too_high", "a price must not exceed a thousand million")
    return value


# Keys end up in URLs, on receipts and in log lines: no control characters in them.
Number = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=255)]
LongText = Annotated[str, Field(min_length=1, max_length=4000)]
Country = Annotated[str, Field(min_length=1, pattern=r"^[A-Z]{2}$", examples=["DE"])]
Currency = Annotated[str, Field(min_length=1, pattern=r"^[A-Z]{3}$", examples=["EUR"])]
Gtin = Annotated[str, Field(min_length=1), AfterValidator(_check_gtin)]
Day = Annotated[str, Field(min_length=1, json_schema_extra={"format": "date"}), AfterValidator(_check_date)]
VatRate = Annotated[str, Field(min_length=1, pattern=r"^(0|[1-9][0-9]?)\.[0-9]{2}$", examples=["19.00"])]
Quantity = Annotated[str, Field(min_length=1, pattern=r"^(0|[1-9][0-9]{0,8})\.[0-9]{3}$", examples=["0.000"])]
GrossCents = Annotated[
    int, Field(json_schema_extra={"minimum": 0, "maximum": MAX_GROSS_CENTS}), AfterValidator(_check_price)
]


class Record(BaseModel):
    """A master record: every field present, null where empty, no other field."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Company(Record):
    """The company that the receipts are printed for."""

    number: Number = Field(description="The company's number, the key")
    name: Name = Field(description="The name at the head of a receipt, at most 80 characters")
    name2: Name | None = Field(description="A second line of the name")
    street: Text | None = Field(description="Street and house number")
    postal_code: Text | None = Field(description="Postal code")
    city: Text | None = Field(description="City")
    country: Country | None = Field(description="Country, two capital letters of ISO 3166-1")
    vat_id: Text | None = Field(description="VAT identification number")
    tax_number: Text | None = Field(description="Tax number")
    phone: Text | None = Field(description="Telephone")
    email: Text | None = Field(description="E-mail address")
    website: Text | None = Field(description="Web site")
    currency: Currency = Field(description="Currency, three capital letters of ISO 4217")


class Register(Record):
    """A register: a tablet that sells."""

    number: Number = Field(description="The register's number, the key")
    name: Name = Field(description="What the clerk calls it, at most 80 characters")
    price_group: Number | None = Field(description="The price group that it sells at")
    warehouse: Number | None = Field(description="The warehouse that it sells from")
    currency: Currency | None = Field(description="Currency; null: the company's")
    active: bool = Field(description="Whether it may sell")


class Employee(Record):
    """A person who sells."""

    number: Number = Field(description="The employee's number, the key")
    first_name: Name | None = Field(description="First name")
    last_name: Name | None = Field(description="Last name")
    display_name: Name = Field(description="The name on the receipt, at most 80 characters")
    active: bool = Field(description="Whether the employee may sell")


class Article(Record):
    """An article that can be sold."""

    number: Number = Field(description="The article's number, the key")
    name: Name = Field(description="The name on the receipt, at most 80 characters")
    description: LongText | None = Field(description="A longer text")
    gtin: Gtin | None = Field(description="GTIN of 8, 12, 13 or 14 digits with a right check digit")
    group: Number | None = Field(description="The number of its group")
    group_name: Name | None = Field(description="The name of its group")
    unit: Text | None = Field(description="Unit of quantity")
    tax_code: Number | None = Field(description="The ERP's tax code")
    vat_rate: VatRate | None = Field(description="VAT in percent with two decimals, such as 19.00")
    stock_item: bool = Field(description="Whether stock is kept of it")
    discountable: bool = Field(description="Whether a discount may be given")
    open_price: bool = Field(description="Whether the clerk enters the price")
    active: bool = Field(description="Whether it may be sold")


class Price(Record):
    """The gross price of an article in a price group, from a quantity and a day on."""

    article: Number = Field(description="The article's number; the cloud must know it")
    price_group: Number = Field(description="The price group; a register must use it")
    min_quantity: Quantity = Field(description="From this quantity on, three decimals; 0.000 is the base price")
    valid_from: Day | None = Field(description="First day, null: always has been")
    valid_to: Day | None = Field(description="Last day, inclusive, null: without end")
    gross_cents: GrossCents = Field(description="Gross price of one unit in minor units, not negative")
    currency: Currency = Field(description="Currency, three capital letters of ISO 4217")
    active: bool = Field(description="Whether the price is in use")

    @model_validator(mode="after")
    def _period_runs_forward(self) -> "Price":
        if self.valid_from is not None and self.valid_to is not None and self.valid_to < self.valid_from:
            raise PydanticCustomError("period_invalid", "valid_to is before valid_from")
        return self


RECORDS: dict[Entity, type[Record]] = {
    Entity.COMPANIES: Company,
    Entity.REGISTERS: Register,
    Entity.EMPLOYEES: Employee,
    Entity.ARTICLES: Article,
    Entity.PRICES: Price,
}
STORED: dict[Entity, type[Record]] = {
    entity: create_model(
        f"Stored{record.__name__}",
        __base__=record,
        __doc__=f"{record.__doc__} As the cloud holds it.",
        id=(str, Field(description="The cloud's own id of the record")),
    )
    for entity, record in RECORDS.items()
}
KEY_FIELDS: dict[Entity, tuple[str, ...]] = dict.fromkeys(Entity, ("number",)) | {
    Entity.PRICES: ("article", "price_group", "min_quantity", "valid_from")
}


class Answer(BaseModel):
    """Base of what the server says: nothing that is not described here."""

    model_config = ConfigDict(extra="forbid")


class Problem(Answer):
    """An error (RFC 9457)."""

    type: str = Field(description="A URI of the kind of problem", json_schema_extra={"format": "uri"})
    title: str = Field(description="The HTTP status in words")
    status: int = Field(description="The HTTP status", ge=400, le=599)
    detail: str = Field(description="What is wrong, for people")
    code: str = Field(description="What is wrong, for programs", examples=["register_required"])


class ItemError(Answer):
    """Why an item was rejected."""

    code: str = Field(description="The reason, for programs", examples=["gtin_invalid"])
    field: str = Field(description="The field that it hangs on; empty when it is the whole item")
    message: str = Field(description="The reason, for people")


class ItemResult(Answer):
    """What became of one item of a batch."""

    index: int = Field(description="The item's place in the batch, from 0", ge=0)
    key: str = Field(description="The parts of its key, joined by |, empty for null")
    status: Literal["created", "updated", "unchanged", "deactivated", "rejected"]
    id: str | None = Field(description="The cloud's id; null where a rejected item has no record")
    error: ItemError | None = Field(description="Only when rejected")


class BatchAnswer(Answer):
    """One result an item, in the order sent."""

    results: list[ItemResult]


class CompanyName(Answer):
    """The company that the token belongs to."""

    number: str
    name: str


class WireLimits(Answer):
    """How much fits into one request or page."""

    batch_items: int = Field(description="Most items in a batch", ge=1)
    page_items: int = Field(description="Most items on a page, and how many come when none is asked for", ge=1)


class Count(Answer):
    """How many records of an entity the cloud holds."""

    active: int = Field(description="In use", ge=0)
    total: int = Field(description="Retired ones included", ge=0)


class Heads(Answer):
    """Where a client stands that has fetched everything."""

    receipts: str = Field(description="Cursor after the newest receipt")
    closings: str = Field(description="Cursor after the newest closing")


class Status(Answer):
    """Whether the cloud can be reached, the token is good, and there is something to fetch."""

    api_version: Literal["1.0"]
    time: str = Field(description="The cloud's clock", json_schema_extra={"format": "date-time"})
    company: CompanyName | None
    limits: WireLimits
    counts: dict[Entity, Count]
    heads: Heads


ItemT = TypeVar("ItemT")


class Page(Answer, Generic[ItemT]):
    """A page of what the cloud holds."""

    items: list[ItemT]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last one")


class Feed(Answer, Generic[ItemT]):
    """A page of what arrived, in the order of arrival."""

    items: list[ItemT]
    next_cursor: str = Field(description="What to store, also on the last page")
    has_more: bool = Field(description="Whether there is more to fetch at once")


class ServedRequest(Answer):
    """How often a request was answered in one way."""

    method: str
    path: str
    status: int
    count: int = Field(ge=1)


class ServedRequests(Answer):
    """What this server has answered since it was started. Of the sandbox only."""

    requests: list[ServedRequest]


class FaultsNow(Answer):
    """What goes wrong with requests at present. Of the sandbox only."""

    faults: str = Field(description="As it was asked for, with its seed; `off` when all is well")
    done: dict[str, int] = Field(description="How many requests went wrong since then, by fault")


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


# Built by name, since the models of what is stored are made at run time.
PAGES: dict[str, Any] = {entity.value: Page.__class_getitem__(stored) for entity, stored in STORED.items()} | {
    "receipts": Feed[Receipt],
    "closings": Feed[Closing],
}


def component_schemas() -> dict[str, Any]:
    """Return the schemas that the OpenAPI document refers to and that FastAPI does not see."""
    models: list[type[BaseModel]] = [*RECORDS.values(), Problem]
    named = models_json_schema([(model, "validation") for model in models], ref_template="#/components/schemas/{model}")
    return dict(named[1]["$defs"])
