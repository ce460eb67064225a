"""Articles (SelectLine's Artikel): as read, and as sent."""

import pandera.pandas as pa
from pandera.typing import Series

from cloudkasse_etl.schemas.checks import field, key_field, text_field

_RATE = r"\d{1,2}\.\d{2}"


class ArticleExtract(pa.DataFrameModel):
    """The articles as SelectLine holds them (table ART), the inactive ones included."""

    number: Series[str] = key_field("Number", "ART.Artikelnummer", "Number of the article.")
    name: Series[str] = text_field("Name", "ART.Bezeichnung", "What the receipt shows.", nullable=False)
    description: Series[str] = text_field("Description", "ART.Zusatz", "Further text, such as the packaging.")
    gtin: Series[str] = text_field("GTIN", "ART.EANNummer", "Number of the bar code; CloudKasse judges it.")
    group: Series[str] = text_field("Group", "ART.Artikelgruppe", "Number of the article group.")
    group_name: Series[str] = text_field("Group name", "GRUPPEN.Bezeichnung", "Name of the article group.")
    unit: Series[str] = text_field("Unit", "ART.Mengeneinheit", "Unit in which the article is sold.")
    tax_code: Series[str] = text_field("Tax code", "ART.SSVerkauf", "Code of the VAT rate for sales.")
    stock_item: Series[bool] = field("Stock item", "ART.Lagerartikel", "True where sales move stock.")
    discountable: Series[bool] = field("Discountable", "ART.Rabattfaehig", "True where a discount may be given.")
    open_price: Series[bool] = field(
        "Open price",
        "ART (articles.open_price_column)",
        "True where the price is keyed in at the register.",
    )
    shop_active: Series[bool] = field("In the shop", "ART.ShopAktiv", "True for an article that the shop shows.")
    inactive: Series[bool] = field("Inactive", "ART.Inaktiv", "True for an article that is no longer sold.")
    price_unit: Series[float] = field(
        "Price unit", "ART.Preiseinheit", "How many units a price is for; empty means 1.", nullable=True, finite=True
    )
    price_factor: Series[float] = field(
        "Price quantity factor",
        "ART.Preismengenfaktor",
        "Factor between the unit of the price and the unit of sale; empty means 1.",
        nullable=True,
        finite=True,
    )

    class Config:
        """Other columns are an error."""

        strict = True


class ArticlePayload(pa.DataFrameModel):
    """The articles as CloudKasse takes them."""

    number: Series[str] = key_field("Number", "ART.Artikelnummer", "Number of the article.")
    name: Series[str] = text_field("Name", "ART.Bezeichnung", "What the receipt shows.", nullable=False)
    description: Series[str] = text_field("Description", "ART.Zusatz", "Further text, such as the packaging.")
    gtin: Series[str] = text_field("GTIN", "ART.EANNummer", "Number of the bar code.")
    group: Series[str] = text_field("Group", "ART.Artikelgruppe", "Number of the article group.")
    group_name: Series[str] = text_field("Group name", "GRUPPEN.Bezeichnung", "Name of the article group.")
    unit: Series[str] = text_field("Unit", "ART.Mengeneinheit", "Unit in which the article is sold.")
    tax_code: Series[str] = text_field("Tax code", "ART.SSVerkauf", "Code of the VAT rate for sales.")
    vat_rate: Series[str] = text_field(
        "VAT rate", "USDETAIL.Steuer", "VAT in percent on the day of the run, two decimals.", pattern=_RATE
    )
    stock_item: Series[bool] = field("Stock item", "ART.Lagerartikel", "True where sales move stock.")
    discountable: Series[bool] = field("Discountable", "ART.Rabattfaehig", "True where a discount may be given.")
    open_price: Series[bool] = field(
        "Open price", "ART (articles.open_price_column)", "True where the price is keyed in at the register."
    )
    active: Series[bool] = field("Active", "ART.Inaktiv", "False for an article that is no longer sold.")

    class Config:
        """Other columns are an error."""

        strict = True
