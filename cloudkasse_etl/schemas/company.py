"""The company (SelectLine's Mandant): as read, and as sent. Which row of several is meant is not decided here."""

import pandera.pandas as pa
from pandera.typing import Series

from cloudkasse_etl.schemas.checks import key_field, text_field

_COUNTRY = "[A-Z]{2}"
_CURRENCY = "[A-Z]{3}"


class CompanyExtract(pa.DataFrameModel):
    """The company as SelectLine holds it (table MANDANT)."""

    name: Series[str] = text_field("Name", "MANDANT.Firma", "Name of the company.", nullable=False)
    name2: Series[str] = text_field("Second line", "MANDANT.Zusatz", "Further line of the name.")
    street: Series[str] = text_field("Street", "MANDANT.Strasse", "Street and house number.")
    postal_code: Series[str] = text_field("Postal code", "MANDANT.PLZ", "Postal code.")
    city: Series[str] = text_field("City", "MANDANT.Ort", "City.")
    country: Series[str] = text_field(
        "Country", "MANDANT.Mandantenland", "Country, in the two letters of ISO 3166.", pattern=_COUNTRY
    )
    phone: Series[str] = text_field("Phone", "MANDANT.Telefon1", "Telephone number.")
    email: Series[str] = text_field("E-mail", "MANDANT.Mail", "E-mail address.")
    website: Series[str] = text_field("Website", "MANDANT.Homepage", "Address of the website.")
    currency: Series[str] = text_field(
        "Currency",
        "MANDANT.Waehrung",
        "Currency of the books, in the three letters of ISO 4217.",
        nullable=False,
        pattern=_CURRENCY,
    )
    database_name: Series[str] = text_field(
        "Database", "MANDANT.Datenbankname", "Name of the tenant database, by which the settings choose a company."
    )

    class Config:
        """Other columns are an error."""

        strict = True


class CompanyPayload(pa.DataFrameModel):
    """The company as CloudKasse takes it."""

    number: Series[str] = key_field("Number", "company.number", "Number of the company, from the settings.", limit=20)
    name: Series[str] = text_field("Name", "MANDANT.Firma", "Name of the company.", nullable=False)
    name2: Series[str] = text_field("Second line", "MANDANT.Zusatz", "Further line of the name.")
    street: Series[str] = text_field("Street", "MANDANT.Strasse", "Street and house number.")
    postal_code: Series[str] = text_field("Postal code", "MANDANT.PLZ", "Postal code.")
    city: Series[str] = text_field("City", "MANDANT.Ort", "City.")
    country: Series[str] = text_field(
        "Country", "MANDANT.Mandantenland", "Country, in the two letters of ISO 3166.", pattern=_COUNTRY
    )
    vat_id: Series[str] = text_field("VAT id", "company.vat_id", "VAT identification number, from the settings.")
    tax_number: Series[str] = text_field("Tax number", "company.tax_number", "Tax number, from the settings.")
    phone: Series[str] = text_field("Phone", "MANDANT.Telefon1", "Telephone number.")
    email: Series[str] = text_field("E-mail", "MANDANT.Mail", "E-mail address.")
    website: Series[str] = text_field("Website", "MANDANT.Homepage", "Address of the website.")
    currency: Series[str] = text_field(
        "Currency",
        "MANDANT.Waehrung",
        "Currency of the books, in the three letters of ISO 4217.",
        nullable=False,
        pattern=_CURRENCY,
    )

    class Config:
        """Other columns are an error."""

        strict = True
