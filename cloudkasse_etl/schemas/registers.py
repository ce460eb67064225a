"""Contracts of registers: as the settings name them (SelectLine's tables have none), and as sent to the till."""

import pandera.pandas as pa
from pandera.typing import Series

from cloudkasse_etl.entities import REGISTERS
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.checks import field, key_field, keyed, text_field

_CURRENCY = "[A-Z]{3}"


class RegisterExtract(pa.DataFrameModel):
    """The registers as the settings name them, in the company's currency."""

    number: Series[str] = key_field("Number", "registers.number", say("Number of the register."))
    name: Series[str] = text_field("Name", "registers.name", say("Name of the register."), nullable=False)
    price_group: Series[str] = text_field(
        "Price group", "registers.price_group", say("Price group whose prices the register shows."), nullable=False
    )
    warehouse: Series[str] = text_field(
        "Warehouse", "registers.warehouse", say("Warehouse that the register sells from."), nullable=False
    )
    currency: Series[str] = text_field(
        "Currency", "MANDANT.Waehrung", say("Currency of the register."), nullable=False, pattern=_CURRENCY
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed(*REGISTERS.key)


class RegisterPayload(pa.DataFrameModel):
    """The registers as the till takes them."""

    number: Series[str] = key_field("Number", "registers.number", say("Number of the register."))
    name: Series[str] = text_field("Name", "registers.name", say("Name of the register."), nullable=False)
    price_group: Series[str] = text_field(
        "Price group", "registers.price_group", say("Price group whose prices the register shows."), nullable=False
    )
    warehouse: Series[str] = text_field(
        "Warehouse", "registers.warehouse", say("Warehouse that the register sells from."), nullable=False
    )
    currency: Series[str] = text_field(
        "Currency", "MANDANT.Waehrung", say("Currency of the register."), nullable=False, pattern=_CURRENCY
    )
    active: Series[bool] = field("Active", "registers.number", say("False once the settings no longer name it."))

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed(*REGISTERS.key)
