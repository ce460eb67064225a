"""Prices: as SelectLine keeps them (net or gross, per price unit), and as sent (gross, in cents, per unit)."""

import pandera.pandas as pa
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from cloudkasse_etl.schemas.checks import field, key_field, text_field

_DAY = r"\d{4}-\d{2}-\d{2}"
_THOUSANDTHS = r"\d{1,9}\.\d{3}"
_TEN_MILLION_IN_CENTS = 1_000_000_000


class PriceExtract(pa.DataFrameModel):
    """The prices of the price groups in use as SelectLine holds them (table ARPREIS, PreisTyp G)."""

    row_id: Series[int] = field("Row", "ARPREIS.ARPREIS_ID", "SelectLine's own number of the price.")
    article: Series[str] = key_field("Article", "ARPREIS.Artikelnummer", "Number of the article.")
    price_group: Series[str] = key_field("Price group", "ARPREIS.TypNummer", "Number of the price group.")
    min_quantity: Series[float] = field(
        "From quantity", "ARPREIS.Menge", "Quantity from which the price holds; 0 where empty.", finite=True
    )
    price: Series[float] = field(
        "Price",
        "ARPREIS.Preis",
        "Price per price unit, net or gross as the settings say of the group; empty means no price.",
        nullable=True,
        finite=True,
    )
    valid_from: Series[DateTime] = field(
        "Valid from",
        "ARPREIS.VonDatum",
        "First day; empty means always.",
        nullable=True,
        known_day=True,
        dtype_kwargs={"unit": "s"},
    )
    valid_to: Series[DateTime] = field(
        "Valid to",
        "ARPREIS.BisDatum",
        "Last day, inclusive; empty means for ever.",
        nullable=True,
        known_day=True,
        dtype_kwargs={"unit": "s"},
    )

    class Config:
        """Other columns are an error."""

        strict = True


class PricePayload(pa.DataFrameModel):
    """The gross prices as CloudKasse takes them; the key is article, price group, quantity and first day."""

    article: Series[str] = key_field("Article", "ARPREIS.Artikelnummer", "Number of the article.")
    price_group: Series[str] = key_field("Price group", "ARPREIS.TypNummer", "Number of the price group.")
    min_quantity: Series[str] = text_field(
        "From quantity",
        "ARPREIS.Menge",
        'Quantity from which the price holds, three decimals; "0.000" is the base price.',
        nullable=False,
        pattern=_THOUSANDTHS,
    )
    valid_from: Series[str] = text_field(
        "Valid from", "ARPREIS.VonDatum", "First day; empty means always.", pattern=_DAY
    )
    valid_to: Series[str] = text_field(
        "Valid to", "ARPREIS.BisDatum", "Last day, inclusive; empty means for ever.", pattern=_DAY
    )
    gross_cents: Series[int] = field(
        "Gross price", "ARPREIS.Preis", "Price of one unit with VAT, in cents.", in_range=(0, _TEN_MILLION_IN_CENTS)
    )
    currency: Series[str] = text_field(
        "Currency", "MANDANT.Waehrung", "Currency of the price.", nullable=False, pattern="[A-Z]{3}"
    )
    active: Series[bool] = field("Active", "ARPREIS.Preis", "False for a price that no longer holds.")

    class Config:
        """Other columns are an error."""

        strict = True
