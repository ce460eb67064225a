"""Contracts of prices: as SelectLine stores them (net or gross, per price unit), and as sent (gross cents per unit)."""

import pandera.pandas as pa
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from cloudkasse_etl.entities import PRICES
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.checks import DAY, QUANTITY, field, key_field, keyed, text_field

_TEN_MILLION_IN_CENTS = 1_000_000_000


class PriceExtract(pa.DataFrameModel):
    """The prices of the price groups in use as SelectLine holds them (table ARPREIS, PreisTyp G)."""

    row_id: Series[int] = field("Row", "ARPREIS.ARPREIS_ID", say("SelectLine's own number of the price."))
    article: Series[str] = key_field("Article", "ARPREIS.Artikelnummer", say("Number of the article."))
    price_group: Series[str] = key_field("Price group", "ARPREIS.TypNummer", say("Number of the price group."))
    min_quantity: Series[float] = field(
        "From quantity", "ARPREIS.Menge", say("Quantity from which the price holds; 0 where empty."), finite=True
    )
    price: Series[float] = field(
        "Price",
        "ARPREIS.Preis",
        say("Price per price unit, net or gross as the settings say of the group; empty means no price."),
        nullable=True,
        finite=True,
    )
    valid_from: Series[DateTime] = field(
        "Valid from",
        "ARPREIS.VonDatum",
        say("First day; empty means always."),
        nullable=True,
        known_day=True,
        dtype_kwargs={"unit": "s"},
    )
    valid_to: Series[DateTime] = field(
        "Valid to",
        "ARPREIS.BisDatum",
        say("Last day, inclusive; empty means for ever."),
        nullable=True,
        known_day=True,
        dtype_kwargs={"unit": "s"},
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed("row_id")


class GrossPrice(pa.DataFrameModel):
    """The gross prices as the registers show them; the key is article, price group, quantity and first day."""

    article: Series[str] = key_field("Article", "ARPREIS.Artikelnummer", say("Number of the article."))
    price_group: Series[str] = key_field("Price group", "ARPREIS.TypNummer", say("Number of the price group."))
    min_quantity: Series[str] = text_field(
        "From quantity",
        "ARPREIS.Menge",
        say('Quantity from which the price holds, three decimals; "0.000" is the base price.'),
        nullable=False,
        pattern=QUANTITY,
    )
    valid_from: Series[str] = text_field(
        "Valid from", "ARPREIS.VonDatum", say("First day; empty means always."), pattern=DAY
    )
    valid_to: Series[str] = text_field(
        "Valid to", "ARPREIS.BisDatum", say("Last day, inclusive; empty means for ever."), pattern=DAY
    )
    gross_cents: Series[int] = field(
        "Gross price",
        "ARPREIS.Preis",
        say("Price of one unit with VAT, in cents."),
        also=("ART.Preiseinheit", "ART.SSVerkauf", "USDETAIL.Steuer"),
        in_range=(0, _TEN_MILLION_IN_CENTS),
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed(*PRICES.key)


class PricePayload(GrossPrice):
    """The gross prices as the till takes them."""

    currency: Series[str] = text_field(
        "Currency", "MANDANT.Waehrung", say("Currency of the price."), nullable=False, pattern="[A-Z]{3}"
    )
    active: Series[bool] = field("Active", "ARPREIS.Preis", say("False for a price that no longer holds."))

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed(*PRICES.key)
