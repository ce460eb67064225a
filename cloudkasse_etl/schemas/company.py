"""Contracts of the company (SelectLine's Mandant): as read from the ERP, and as sent to the till."""

import pandera.pandas as pa
from pandera.typing import Series

from cloudkasse_etl.entities import COMPANY
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.checks import key_field, keyed, text_field

_COUNTRY = "[A-Z]{2}"
_CURRENCY = "[A-Z]{3}"


class CompanyExtract(pa.DataFrameModel):
    """The company as SelectLine holds it (table MANDANT)."""

    name: Series[str] = text_field("Name", "MANDANT.Firma", say("Name of the company."), nullable=False)
    name2: Series[str] = text_field("Second line", "MANDANT.Zusatz", say("Further line of the name."))
    street: Series[str] = text_field("Street", "MANDANT.Strasse", say("Street and house number."))
    postal_code: Series[str] = text_field("Postal code", "MANDANT.PLZ", say("Postal code."))
    city: Series[str] = text_field("City", "MANDANT.Ort", say("City."))
    country: Series[str] = text_field(
        "Country", "MANDANT.Mandantenland", say("Country, in the two letters of ISO 3166."), pattern=_COUNTRY
    )
    phone: Series[str] = text_field("Phone", "MANDANT.Telefon1", say("Telephone number."))
    email: Series[str] = text_field("E-mail", "MANDANT.Mail", say("E-mail address."))
    website: Series[str] = text_field("Website", "MANDANT.Homepage", say("Address of the website."))
    currency: Series[str] = text_field(
        "Currency",
        "MANDANT.Waehrung",
        say("Currency of the books, in the three letters of ISO 4217."),
        nullable=False,
        pattern=_CURRENCY,
    )
    database_name: Series[str] = text_field(
        "Database", "MANDANT.Datenbankname", say("Name of the tenant database, by which the settings choose a company.")
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed("name")


class CompanyPayload(pa.DataFrameModel):
    """The company as the till takes it."""

    number: Series[str] = key_field(
        "Number", "company.number", say("Number of the company, from the settings."), limit=20
    )
    name: Series[str] = text_field("Name", "MANDANT.Firma", say("Name of the company."), nullable=False)
    name2: Series[str] = text_field("Second line", "MANDANT.Zusatz", say("Further line of the name."))
    street: Series[str] = text_field("Street", "MANDANT.Strasse", say("Street and house number."))
    postal_code: Series[str] = text_field("Postal code", "MANDANT.PLZ", say("Postal code."))
    city: Series[str] = text_field("City", "MANDANT.Ort", say("City."))
    country: Series[str] = text_field(
        "Country", "MANDANT.Mandantenland", say("Country, in the two letters of ISO 3166."), pattern=_COUNTRY
    )
    vat_id: Series[str] = text_field("VAT id", "company.vat_id", say("VAT identification number, from the settings."))
    tax_number: Series[str] = text_field("Tax number", "company.tax_number", say("Tax number, from the settings."))
    phone: Series[str] = text_field("Phone", "MANDANT.Telefon1", say("Telephone number."))
    email: Series[str] = text_field("E-mail", "MANDANT.Mail", say("E-mail address."))
    website: Series[str] = text_field("Website", "MANDANT.Homepage", say("Address of the website."))
    currency: Series[str] = text_field(
        "Currency",
        "MANDANT.Waehrung",
        say("Currency of the books, in the three letters of ISO 4217."),
        nullable=False,
        pattern=_CURRENCY,
    )

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed(*COMPANY.key)
