"""SelectLine's tables that the shop's database lacks: document types, documents, stock, the transfer buffer.

Tables and columns have SelectLine's own names, as the description of its Web API tells them; what only the sandbox
needs begins with an underscore, as custom columns do. They are made in the shop's database when the sandbox starts, so
that whoever reads the ERP sees stock and revenue move.
"""

import random
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_tables import METADATA as SHOP

OWN: Final = sa.MetaData()
ART, LAGER, MANDANT = SHOP.tables["ART"], SHOP.tables["LAGER"], SHOP.tables["MANDANT"]


def _table(name: str, *columns: sa.Column[Any] | sa.UniqueConstraint) -> sa.Table:
    key = sa.Column(f"{name}_ID", sa.Integer, primary_key=True)
    return sa.Table(
        name, OWN, key, *columns, sqlite_autoincrement=True
    )  # the number of a deleted row is not used again


def _text(name: str, length: int) -> sa.Column[Any]:
    return sa.Column(name, sa.Unicode(length))


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Double)  # SelectLine's are floats


BELARTEN: Final = _table(
    "BELARTEN",
    sa.Column("Nummer", sa.Integer, unique=True),
    _text("Belegtyp", 1),
    _text("Bezeichnung", 30),
    _text("Umsatz", 1),  # A: revenue goes out of the house
    _text("LagerFlag", 1),  # A: goods go out, 0: no stock is moved
    sa.Column("EnableNegativ", sa.Boolean),
    sa.Column("EA", sa.Integer),
)
SLM_TRANSFER: Final = _table(
    "SLM_TRANSFER",
    _text("DatenSubTyp", 10),
    sa.Column("Status", sa.Integer, nullable=False),
    sa.Column("KommentarExtern", sa.UnicodeText),
    sa.Column("KommentarIntern", sa.UnicodeText),
    sa.Column("ZielID", sa.Integer),
    _text("ZielNummer", 100),
    sa.Column("AngelegtAm", sa.DateTime),
    sa.Column("BearbeitetAm", sa.DateTime),
    _text("_MANDANT", 14),  # the real ones lie in a database each
    sa.Column("_BELEG", sa.UnicodeText, nullable=False),  # the real one keeps XML; this is the request's JSON
)
BELEG: Final = _table(
    "BELEG",
    _text("Belegtyp", 10),
    _text("Belegnummer", 10),
    sa.Column("Datum", sa.DateTime),
    _number("Netto"),
    _number("Steuer"),
    _number("Brutto"),
    _text("PreisTyp", 1),
    _text("Waehrungscode", 3),
    _text("Adressnummer", 13),
    _text("Vertreter", 6),
    _text("Mitarbeiter", 6),
    _text("Lager", 10),
    sa.Column("UnserZeichen", sa.UnicodeText),
    _text("LieferBelegNr", 40),
    sa.UniqueConstraint("Belegtyp", "Belegnummer"),
)
BELEGP: Final = _table(
    "BELEGP",
    _text("Belegtyp", 10),
    _text("Belegnummer", 10),
    sa.Column("Posnummer", sa.Integer),
    sa.Column("Datum", sa.DateTime),
    _text("Artikelnummer", 40),
    _text("Bezeichnung", 80),
    _number("Menge"),
    _text("Mengeneinheit", 10),
    _number("Einzelpreis"),
    _number("Gesamtpreis"),
    _text("SteuerCode", 2),
    _number("Steuerprozent"),
    _text("Konto", 15),
    _text("Kostenstelle", 15),
    _text("Lager", 10),
    sa.Column("Lagerartikel", sa.Boolean),
    _text("Umsatz", 1),
    _text("Kennung", 36),
)
LAGERPLATZ: Final = _table(
    "LAGERPLATZ", sa.Column("Id", sa.Integer, unique=True), _text("Lager", 10), _text("Bezeichnung", 40)
)
LAGERBESTAND: Final = _table(
    "LAGERBESTAND",
    _text("Artikelnummer", 40),
    sa.Column("LagerplatzId", sa.Integer),
    _number("Bestand"),
    sa.UniqueConstraint("Artikelnummer", "LagerplatzId"),
)


def transfer_with(number: int) -> sa.ColumnElement[bool]:
    """The condition that chooses the transfer document with an id."""
    key = SLM_TRANSFER.c["SLM_TRANSFER_ID"]
    return key == number


def key_of(made: sa.CursorResult[Any]) -> int:
    """The key of the row that was inserted."""
    key = made.inserted_primary_key
    if key is None:
        raise LookupError("No single row was inserted.")
    return int(key[0])


class DocumentType(NamedTuple):
    """A type of document, as a shop has them.

    Attributes:
        number: What TransferDocuments name as `DocumentKind`.
        flag: SelectLine's letter.
        name: What people call it.
        revenue: `A` where it makes revenue.
        stock: `A` where goods go out, `Z` where they come in, `0` where none move.
    """

    number: int
    flag: str
    name: str
    revenue: str
    stock: str


DOCUMENT_TYPES: Final = (
    DocumentType(4, "L", "Lieferschein", "A", "A"),
    DocumentType(5, "R", "Rechnung", "A", "A"),
    DocumentType(8, "R", "Barverkauf", "A", "A"),
    DocumentType(9, "R", "Dienstleistungsrechnung", "A", "0"),
)
SALESMEN: Final = ("1", "2")
"""The numbers of the salesmen (Vertreter), whose table was not published."""
CUSTOMERS: Final = ("10000", "10001")
"""The numbers of the customers, likewise."""
LEAST_STOCK, MOST_STOCK = 150, 900


def add_vendor_tables(connection: sa.Connection) -> None:
    """Make the tables that are missing, with document types and an opening stock for every article that has one.

    The stock is the same in each database with the same articles.
    """
    OWN.create_all(connection)
    if connection.execute(sa.select(BELARTEN.c.Nummer).limit(1)).first() is not None:
        return
    connection.execute(
        BELARTEN.insert(),
        [
            {"Nummer": one.number, "Belegtyp": one.flag, "Bezeichnung": one.name, "Umsatz": one.revenue}
            | {"LagerFlag": one.stock, "EnableNegativ": True, "EA": -1}
            for one in DOCUMENT_TYPES
        ],
    )
    houses = connection.execute(sa.select(LAGER.c.Lager, LAGER.c.Bezeichnung).order_by(LAGER.c.Lager)).all()
    places = [{"Id": i, "Lager": number, "Bezeichnung": name} for i, (number, name) in enumerate(houses, 1)]
    if places:
        connection.execute(LAGERPLATZ.insert(), places)
    stock = list(_opening_stock(connection, [place["Id"] for place in places]))
    if stock:
        connection.execute(LAGERBESTAND.insert(), stock)


def _opening_stock(connection: sa.Connection, places: list[int]) -> Iterator[dict[str, Any]]:
    stocked = sa.select(ART.c.Artikelnummer).where(
        ART.c.Lagerartikel == sa.true(), ART.c.Inaktiv == sa.false(), sa.func.coalesce(ART.c.Stueckliste, "") != "H"
    )
    for article in connection.execute(stocked.order_by(ART.c.Artikelnummer)).scalars():
        rng = random.Random(article)
        for place in places:
            yield {"Artikelnummer": article, "LagerplatzId": place, "Bestand": rng.randrange(LEAST_STOCK, MOST_STOCK)}
