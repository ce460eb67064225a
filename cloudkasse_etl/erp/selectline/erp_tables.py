"""SelectLine's tables and columns (docs/rules.md, Words), and the columns that each frame is read from.

Column names are SelectLine's own. The tables have no schema: the engine adds that of the settings. How a column's
values are converted is in conversion.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa

METADATA = sa.MetaData()


def _table(name: str, *columns: sa.Column[object]) -> sa.Table:
    """A table with SelectLine's conventions: the key `<TABLE>_ID`, and TS, the rowversion."""
    return sa.Table(
        name,
        METADATA,
        sa.Column(f"{name}_ID", sa.Integer, primary_key=True, autoincrement=False),
        *columns,
        sa.Column("TS", sa.BigInteger, nullable=False, server_default="0"),
    )


def _text(name: str, length: int, *, needed: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Unicode(length), nullable=not needed)


def _bit(name: str, *, needed: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Boolean, nullable=not needed)


def _float(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Float)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime)


MANDANT = _table(
    "MANDANT",
    _text("Datenbankname", 14),
    _text("Firma", 80),
    _text("Zusatz", 80),
    _text("Strasse", 80),
    _text("Hausnummer", 10),
    _text("PLZ", 10),
    _text("Ort", 40),
    _text("Land", 6),
    _text("Mandantenland", 2),
    _text("Waehrung", 3),
    _text("Mail", 80),
    _text("Telefon1", 30),
    _text("Homepage", 80),
)
GRUPPEN = _table(
    "GRUPPEN",
    _text("Id", 2, needed=True),
    _text("Nummer", 13, needed=True),
    _text("Bezeichnung", 80),
    _text("Parent", 13),
)
USTSCHL = _table("USTSCHL", _text("SteuerCode", 2, needed=True), _text("Bezeichnung", 40))
USDETAIL = _table("USDETAIL", _text("SteuerCode", 2, needed=True), _time("GueltigAb"), _float("Steuer"))
KTOGRUPPENPOS = _table(
    "KTOGRUPPENPOS", _text("AufwandErloes", 1), _text("Gruppe", 6), _text("GKonto", 15), _text("Steuercode", 2)
)
LAGER = _table(
    "LAGER", _text("Lager", 10, needed=True), _text("Bezeichnung", 40), _text("Standort", 10), _bit("Inaktiv")
)
MITARBW = _table(
    "MITARBW",
    _text("Nr", 6, needed=True),
    _text("Anrede", 30),
    _text("Vorname", 40),
    _text("Name", 40),
    _text("Lager", 10),
    _text("Personalnummer", 6),
    _text("Standort", 10),
    _bit("Inaktiv"),
)
ART = _table(
    "ART",
    _text("Artikelnummer", 40, needed=True),
    _text("EANNummer", 18),
    _text("Bezeichnung", 80),
    _text("Zusatz", 80),
    _text("Matchcode", 80),
    _text("Artikelgruppe", 13),
    _text("Erfolgskontengruppe", 6),
    _text("SSVerkauf", 2),
    _text("KontoVerkauf", 15),
    _text("Mengeneinheit", 10),
    _text("Preismengeneinheit", 10),
    _float("Preismengenfaktor"),
    _float("Preiseinheit"),
    _float("Gewicht"),
    _bit("Lagerartikel"),
    _text("Stueckliste", 1),
    _text("SerieCharge", 1),
    _text("Variantenartikel", 40),
    _bit("Rabattfaehig"),
    _bit("ShopAktiv"),
    _bit("Inaktiv", needed=True),
    _bit("Leistungsartikel"),
    _time("AngelegtAm"),
    _time("GeaendertAm"),
)
ARPREIS = _table(
    "ARPREIS",
    _text("Artikelnummer", 40, needed=True),
    _text("PreisTyp", 1, needed=True),
    _text("TypNummer", 13),
    _float("Menge"),
    _float("Preis"),
    _time("VonDatum"),
    _time("BisDatum"),
)
ARTSET = _table(
    "ARTSET",
    _text("Artikelnummer", 40, needed=True),
    _text("SetArtikelnummer", 40, needed=True),
    sa.Column("Position", sa.Integer),
    _float("Menge"),
    _text("Mengeneinheit", 10),
)


class Kind(Enum):
    """The type that a column's values are converted to."""

    KEY = "text exactly as it is"
    TEXT = "text without blanks around it; null where nothing is left"
    BIT = "bool; null is False"
    NUMBER = "float64"
    DAY = "datetime64[s] at midnight"
    VERSION = "int64; float64 where one cannot be read"


@dataclass(frozen=True, slots=True)
class Field:
    """The source of a frame's column.

    Attributes:
        column: SelectLine's column.
        kind: The type that its values are converted to.
        optional: True where the column may be missing and is then read as empty. Only for columns that differ between
            versions or are merely shown; a price unit silently read as empty would make prices ten times as high.
    """

    column: str
    kind: Kind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A frame's table, and its columns by the frame's names.

    Attributes:
        table: The table.
        fields: Frame column → field.
        only: Further columns that rows are selected by; they must exist.
    """

    table: sa.Table
    fields: Mapping[str, Field]
    only: tuple[str, ...] = ()

    @property
    def row_id(self) -> str:
        """SelectLine's own number of a row, by which rows are sorted and named. Some tables have none."""
        return f"{self.table.name}_ID"


COMPANY = Source(
    MANDANT,
    {
        "name": Field("Firma", Kind.TEXT),
        "name2": Field("Zusatz", Kind.TEXT, optional=True),
        "street": Field("Strasse", Kind.TEXT),
        "house_number": Field("Hausnummer", Kind.TEXT, optional=True),
        "postal_code": Field("PLZ", Kind.TEXT),
        "city": Field("Ort", Kind.TEXT),
        "country": Field("Mandantenland", Kind.TEXT, optional=True),
        "country_sign": Field("Land", Kind.TEXT, optional=True),
        "phone": Field("Telefon1", Kind.TEXT, optional=True),
        "email": Field("Mail", Kind.TEXT, optional=True),
        "website": Field("Homepage", Kind.TEXT, optional=True),
        "currency": Field("Waehrung", Kind.TEXT),
        "database_name": Field("Datenbankname", Kind.TEXT),
    },
)
EMPLOYEES = Source(
    MITARBW,
    {
        "number": Field("Nr", Kind.KEY),
        "first_name": Field("Vorname", Kind.TEXT),
        "last_name": Field("Name", Kind.TEXT),
        "inactive": Field("Inaktiv", Kind.BIT),
    },
)
ARTICLES = Source(
    ART,
    {
        "number": Field("Artikelnummer", Kind.KEY),
        "name": Field("Bezeichnung", Kind.TEXT),
        "description": Field("Zusatz", Kind.TEXT, optional=True),
        "gtin": Field("EANNummer", Kind.TEXT),
        "group": Field("Artikelgruppe", Kind.TEXT),
        "unit": Field("Mengeneinheit", Kind.TEXT),
        "tax_code": Field("SSVerkauf", Kind.TEXT),
        "stock_item": Field("Lagerartikel", Kind.BIT),
        "discountable": Field("Rabattfaehig", Kind.BIT),
        "shop_active": Field("ShopAktiv", Kind.BIT),
        "inactive": Field("Inaktiv", Kind.BIT),
        "price_unit": Field("Preiseinheit", Kind.NUMBER),
        "price_factor": Field("Preismengenfaktor", Kind.NUMBER),
    },
)
PRICES = Source(
    ARPREIS,
    {
        "article": Field("Artikelnummer", Kind.KEY),
        "price_group": Field("TypNummer", Kind.TEXT),
        "min_quantity": Field("Menge", Kind.NUMBER),
        "price": Field("Preis", Kind.NUMBER),
        "valid_from": Field("VonDatum", Kind.DAY),
        "valid_to": Field("BisDatum", Kind.DAY),
    },
    only=("PreisTyp",),
)
GROUPS = Source(
    GRUPPEN,
    {"number": Field("Nummer", Kind.TEXT), "name": Field("Bezeichnung", Kind.TEXT)},
    only=("Id",),
)
TAX_RATES = Source(
    USDETAIL,
    {
        "tax_code": Field("SteuerCode", Kind.TEXT),
        "valid_from": Field("GueltigAb", Kind.DAY),
        "rate": Field("Steuer", Kind.NUMBER),
    },
)
WAREHOUSES = Source(
    LAGER,
    {
        "number": Field("Lager", Kind.TEXT),
        "name": Field("Bezeichnung", Kind.TEXT, optional=True),
        "inactive": Field("Inaktiv", Kind.BIT, optional=True),
    },
)
BOOKING_ARTICLES = Source(
    ART,
    {
        "number": Field("Artikelnummer", Kind.KEY),
        "tax_code": Field("SSVerkauf", Kind.TEXT),
        "revenue_group": Field("Erfolgskontengruppe", Kind.TEXT),
        "revenue_account": Field("KontoVerkauf", Kind.TEXT),
        "stock_item": Field("Lagerartikel", Kind.BIT),
        "service_item": Field("Leistungsartikel", Kind.BIT, optional=True),
        "set_kind": Field("Stueckliste", Kind.TEXT),
        "serial_kind": Field("SerieCharge", Kind.TEXT),
        "unit": Field("Mengeneinheit", Kind.TEXT),
    },
)
REVENUE_GROUPS = Source(
    KTOGRUPPENPOS,
    {
        "revenue_group": Field("Gruppe", Kind.TEXT),
        "tax_code": Field("Steuercode", Kind.TEXT),
        "account": Field("GKonto", Kind.TEXT),
    },
    only=("AufwandErloes",),
)
TRADE_SETS = Source(
    ARTSET,
    {
        "article": Field("Artikelnummer", Kind.KEY),
        "component": Field("SetArtikelnummer", Kind.KEY),
        "position": Field("Position", Kind.NUMBER),
        "quantity": Field("Menge", Kind.NUMBER),
        "unit": Field("Mengeneinheit", Kind.TEXT, optional=True),
    },
)
SOURCES = (
    COMPANY,
    EMPLOYEES,
    ARTICLES,
    PRICES,
    GROUPS,
    TAX_RATES,
    WAREHOUSES,
    BOOKING_ARTICLES,
    REVENUE_GROUPS,
    TRADE_SETS,
)
