"""The master data that a client sends to CloudKasse: one model an entity, by which the sandbox checks it.

validation.py turns what fails into codes, and holds the rules that need to know what else the cloud holds.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError
from stdnum import ean

MAX_GROSS_CENTS = 1_000_000_000_00


class Entity(StrEnum):
    """The kinds of master data, as they are written in URLs."""

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
    # date.fromisoformat alone also accepts 20260101 and 2026-W01-1.
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
