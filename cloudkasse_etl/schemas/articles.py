"""Contracts of articles (SelectLine's Artikel): as read from the ERP, and as sent to the till."""

import pandera.pandas as pa
from pandera.typing import Series

from cloudkasse_etl.entities import ARTICLES
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.checks import RATE, field, key_field, keyed, text_field


class ArticleExtract(pa.DataFrameModel):
    """The articles as SelectLine holds them (table ART), the inactive ones included."""

    number: Series[str] = key_field("Number", "ART.Artikelnummer", say("Number of the article."))
    name: Series[str] = text_field("Name", "ART.Bezeichnung", say("What the receipt shows."), nullable=False)
    description: Series[str] = text_field("Description", "ART.Zusatz", say("Further text, such as the packaging."))
    gtin: Series[str] = text_field("GTIN", "ART.EANNummer", say("Number of the bar code; the till judges it."))
    group: Series[str] = text_field("Group", "ART.Artikelgruppe", say("Number of the article group."))
    group_name: Series[str] = text_field("Group name", "GRUPPEN.Bezeichnung", say("Name of the article group."))
    unit: Series[str] = text_field("Unit", "ART.Mengeneinheit", say("Unit in which the article is sold."))
    tax_code: Series[str] = text_field("Tax code", "ART.SSVerkauf", say("Code of the VAT rate for sales."))
    stock_item: Series[bool] = field("Stock item", "ART.Lagerartikel", say("True where sales move stock."))
    discountable: Series[bool] = field("Discountable", "ART.Rabattfaehig", say("True where a discount may be given."))
    open_price: Series[bool] = field(
        "Open price",
        "ART (articles.open_price_column)",
        say("True where the price is keyed in at the register."),
    )
    shop_active: Series[bool] = field("In the shop", "ART.ShopAktiv", say("True for an article that the shop shows."))
    inactive: Series[bool] = field("Inactive", "ART.Inaktiv", say("True for an article that is no longer sold."))
    price_unit: Series[float] = field(
        "Price unit",
        "ART.Preiseinheit",
        say("How many units a price is for; empty means 1."),
        nullable=True,
        finite=True,
    )
    price_factor: Series[float] = field(
        "Price quantity factor",
        "ART.Preismengenfaktor",
        say("Factor between the unit of the price and the unit of sale; empty means 1."),
        nullable=True,
        finite=True,
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed(*ARTICLES.key)


class ArticlePayload(pa.DataFrameModel):
    """The articles as the till takes them."""

    number: Series[str] = key_field("Number", "ART.Artikelnummer", say("Number of the article."))
    name: Series[str] = text_field("Name", "ART.Bezeichnung", say("What the receipt shows."), nullable=False)
    description: Series[str] = text_field("Description", "ART.Zusatz", say("Further text, such as the packaging."))
    gtin: Series[str] = text_field("GTIN", "ART.EANNummer", say("Number of the bar code."))
    group: Series[str] = text_field("Group", "ART.Artikelgruppe", say("Number of the article group."))
    group_name: Series[str] = text_field("Group name", "GRUPPEN.Bezeichnung", say("Name of the article group."))
    unit: Series[str] = text_field("Unit", "ART.Mengeneinheit", say("Unit in which the article is sold."))
    tax_code: Series[str] = text_field("Tax code", "ART.SSVerkauf", say("Code of the VAT rate for sales."))
    vat_rate: Series[str] = text_field(
        "VAT rate",
        "USDETAIL.Steuer",
        say("VAT in percent on the day of the run, two decimals."),
        pattern=RATE,
        also=("ART.SSVerkauf",),
    )
    stock_item: Series[bool] = field("Stock item", "ART.Lagerartikel", say("True where sales move stock."))
    discountable: Series[bool] = field("Discountable", "ART.Rabattfaehig", say("True where a discount may be given."))
    open_price: Series[bool] = field(
        "Open price", "ART (articles.open_price_column)", say("True where the price is keyed in at the register.")
    )
    active: Series[bool] = field("Active", "ART.Inaktiv", say("False for an article that is no longer sold."))

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed(*ARTICLES.key)
