"""Builds the demo shop: a SelectLine-shaped SQLite database of a fictional farm shop, and its settings.

Two records are wrong on purpose, so that a first synchronisation shows what a rejection looks like: article
`WRONG_GTIN` has a bar code with a wrong check digit, and article `NO_PRICE` has no price.
"""

import datetime as dt
import os
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from cloudkasse_etl.erp.selectline import erp_tables
from cloudkasse_etl.errors import ConfigurationError

OPEN_PRICE_COLUMN = "_OFFENERPREIS"
WRONG_GTIN = "604"
NO_PRICE = "407"

DEMO_SETTINGS = """\
# Settings of the demo shop "Hofladen Lindenhof". An unknown or wrong key is an error that names its line.
language: en                   # de | en | fr: messages and protocol
timezone: Europe/Berlin        # the shop's; it decides what day it is

# What SelectLine's tables do not say about the company.
company: {number: "1", vat_id: DE123456789, tax_number: "12/345/67890"}

# SelectLine's tables name no registers, so they stand here: without one, no article goes up.
registers:
  - {number: K1, name: Hofladen, warehouse: "1", price_group: "1", cash_account: "1000"}
  - {number: K2, name: Marktstand, warehouse: "2", price_group: "2", cash_account: "1001"}

# Which articles go up, and the column of ART that marks those whose price is keyed in.
articles: {groups: all, only_shop_active: false, open_price_column: _OFFENERPREIS}
employees: {numbers: all}

# No column of SelectLine says whether a price group is kept net or gross.
price_groups:
  "1": {basis: net}            # Ladenpreis
  "2": {basis: gross}          # Marktstand

receipts:
  import: ask                  # ask | manual | direct; ask without a terminal is manual

books: {closed_until: null}    # receipts of closed days are booked on the first open day, flagged

# Accounts of SKR03. A receipt that needs one that is not named here is rejected, and says which is missing.
accounts:
  clearing: "1371"
  revenue: {"19.00": "8400", "7.00": "8300"}   # where the article names none; nothing is sold at 0 % here
  discount: null               # null: on the revenue account of the line
  tenders:                     # Bar goes to the register's cash account
    ECKarte: "1361"
    Kreditkarte: "1362"
    ElZahlungsdienstleister: "1363"
    Guthabenkarte: "1796"      # what was paid onto cards is owed like a voucher
    Unbar: {Rechnung: "1410"}
  business_cases:
    Geldtransit: "1360"
    Privatentnahme: "1800"
    Privateinlage: "1890"
    MehrzweckgutscheinKauf: "1796"         # Ausgegebene Geschenkgutscheine: owed until it is redeemed, no revenue
    MehrzweckgutscheinEinloesung: "1796"
    EinzweckgutscheinKauf: "8200"          # revenue of the day on which it is sold, taxed by the line's code
    EinzweckgutscheinEinloesung: "8200"
    Anzahlungseinstellung: "1710"          # Erhaltene Anzahlungen
    Anzahlungsaufloesung: "1710"
    Pfand: "8540"                          # Erlöse Leergut, taxed like what it goes with
    PfandRueckzahlung: "8540"
    TrinkgeldAG: "8600"                    # Sonstige Erlöse
    TrinkgeldAN: "1590"                    # Durchlaufende Posten: the staff's, paid out in the evening
    Forderungsentstehung: "1411"
    Forderungsaufloesung: "1411"
    ZuschussEcht: "2705"                   # Sonstige Erträge
    ZuschussUnecht: "1412"
    Lohnzahlung: "1740"
    Einzahlung: "1792"                     # Interimskonto: somebody looks at it, and books it where it belongs
    Auszahlung: "1792"
    DifferenzSollIst: {short: "2309", over: "2709"}
"""

_GROUPS = {
    "100": "Gemüse",
    "200": "Obst",
    "300": "Eier & Milch",
    "400": "Backwaren",
    "500": "Getränke",
    "510": "Pfand",
    "600": "Honig & Marmelade",
    "700": "Blumen",
    "800": "Geschenke",
    "900": "Gutscheine",
    "990": "Sonstiges",
}
_VAT = {19: ("3", "01"), 7: ("2", "02"), 0: ("1", None)}  # percent: SteuerCode, Erfolgskontengruppe
_CREATED = dt.datetime.fromisoformat("2024-03-01T09:00:00")  # SelectLine's times have no zone


class _Article(NamedTuple):
    """An article, with its price in the shop and at the market stall (both gross, in cents; None: not sold there)."""

    number: str
    name: str
    extra: str | None
    unit: str
    percent: int
    shop_cents: int | None
    stall_cents: int | None = None
    coded: bool = False
    per: int = 1


# fmt: off
_ARTICLES = {
    "100": [
        _Article("101", "Kartoffeln festkochend", "lose", "kg", 7, 189, 180),
        _Article("102", "Kartoffeln mehlig", "lose", "kg", 7, 179, 170),
        _Article("103", "Möhren", "lose", "kg", 7, 219, 200),
        _Article("104", "Möhren mit Grün", "Bund", "Bund", 7, 249, 230),
        _Article("105", "Zwiebeln gelb", "lose", "kg", 7, 199, 190),
        _Article("106", "Hokkaido-Kürbis", "lose", "kg", 7, 249, 240),
        _Article("107", "Feldsalat", "100 g", "Stk", 7, 229, 220),
        _Article("108", "Rote Bete", "lose", "kg", 7, 239, 220),
        _Article("109", "Grünkohl", "500 g", "Stk", 7, 299, 280),
        _Article("110", "Radieschen", "Bund", "Bund", 7, 149, 140),
        _Article("111", "Suppengrün", "Bund", "Bund", 7, 259, 250),
    ],
    "200": [
        _Article("201", "Äpfel Elstar", "lose", "kg", 7, 299, 280),
        _Article("202", "Äpfel Boskoop", "lose", "kg", 7, 279, 260),
        _Article("203", "Birnen Conference", "lose", "kg", 7, 329, 310),
        _Article("204", "Zwetschgen", "lose", "kg", 7, 349, 330),
        _Article("205", "Erdbeeren", "500 g", "Schale", 7, 449, 420),
        _Article("206", "Walnüsse", "500 g", "Beutel", 7, 549, 520, coded=True),
    ],
    "300": [
        _Article("301", "Eier Freiland Größe M", "lose", "Stk", 7, 39, 40, per=10),
        _Article("302", "Eier Freiland, 10 Stück", "Schachtel", "Stk", 7, 379, 370, coded=True),
        _Article("303", "Frischmilch 3,8 %", "1 l", "Fl", 7, 159, coded=True),
        _Article("304", "Naturjoghurt", "500 g", "Glas", 7, 219, coded=True),
        _Article("305", "Bergkäse", "lose", "kg", 7, 2490),
        _Article("306", "Frischkäse Kräuter", "200 g", "Stk", 7, 329, coded=True),
        _Article("307", "Butter", "250 g", "Stk", 7, 349, coded=True),
    ],
    "400": [
        _Article("401", "Bauernbrot", "1 kg", "Stk", 7, 490, 480),
        _Article("402", "Dinkelvollkornbrot", "750 g", "Stk", 7, 520, 500),
        _Article("403", "Brötchen", None, "Stk", 7, 49, 50),
        _Article("404", "Laugenstange", None, "Stk", 7, 120),
        _Article("405", "Apfelkuchen", "Stück", "Stk", 7, 290, 280),
        _Article("406", "Hefezopf", "500 g", "Stk", 7, 480),
        _Article(NO_PRICE, "Christstollen", "1 kg", "Stk", 7, None),
    ],
    "500": [
        _Article("501", "Apfelsaft naturtrüb", "1 l", "Fl", 19, 229, 220, coded=True),
        _Article("502", "Apfel-Birnen-Saft", "1 l", "Fl", 19, 249, coded=True),
        _Article("503", "Traubensaft rot", "0,7 l", "Fl", 19, 349, coded=True),
        _Article("504", "Mineralwasser", "0,7 l", "Fl", 19, 99, coded=True),
        _Article("505", "Landbier", "0,5 l", "Fl", 19, 149, coded=True),
        _Article("506", "Cidre", "0,75 l", "Fl", 19, 690, coded=True),
        _Article("507", "Apfelglühwein", "1 l", "Fl", 19, 590, 560, coded=True),
    ],
    "510": [
        _Article("511", "Pfand Bierflasche", None, "Stk", 19, 8),
        _Article("512", "Pfand Mehrwegflasche", None, "Stk", 19, 15, 15),
        _Article("513", "Pfand Einweg", None, "Stk", 19, 25),
    ],
    "600": [
        _Article("601", "Blütenhonig", "500 g", "Glas", 7, 690, 650, coded=True),
        _Article("602", "Rapshonig cremig", "500 g", "Glas", 7, 650, 620, coded=True),
        _Article("603", "Erdbeermarmelade", "340 g", "Glas", 7, 429, 400, coded=True),
        _Article(WRONG_GTIN, "Quittengelee", "340 g", "Glas", 7, 449, 420, coded=True),
        _Article("605", "Pflaumenmus", "340 g", "Glas", 7, 399, 380, coded=True),
    ],
    "700": [
        _Article("701", "Sonnenblume", None, "Stk", 7, 150, 150),
        _Article("702", "Blumenstrauß klein", None, "Stk", 7, 690, 650),
        _Article("703", "Blumenstrauß groß", None, "Stk", 7, 1290, 1250),
        _Article("704", "Adventskranz", None, "Stk", 7, 2490, 2450),
    ],
    "800": [
        _Article("801", "Geschenkkorb Lindenhof", "Honig, Marmelade, Mus, Walnüsse", "Stk", 7, 1990, coded=True),
        _Article("802", "Bienenwachskerze", None, "Stk", 19, 590, 550, coded=True),
        _Article("803", "Leinenbeutel", None, "Stk", 19, 490, 450, coded=True),
        _Article("804", "Spankorb", None, "Stk", 19, 390),
    ],
    "900": [
        _Article("901", "Gutschein 10 Euro", "für alles: Mehrzweckgutschein", "Stk", 0, 1000),
        _Article("902", "Gutschein 25 Euro", "für alles: Mehrzweckgutschein", "Stk", 0, 2500),
        _Article("903", "Gutschein 50 Euro", "für alles: Mehrzweckgutschein", "Stk", 0, 5000),
        _Article("904", "Gutschein Blumenstrauß groß", "für Blumen: Einzweckgutschein", "Stk", 7, 1290),
    ],
    "990": [
        _Article("991", "Sonstiges 7 %", "Preis wird eingegeben", "Stk", 7, None),
        _Article("992", "Spargel", "Saison beendet", "kg", 7, 1190),
        _Article("993", "Kürbissuppe im Glas", "wird nicht mehr gekocht", "Glas", 7, 490, coded=True),
    ],
}
# fmt: on
_OPEN_PRICE, _INACTIVE, _SET = {"991"}, {"992", "993"}, "801"
# goods of one rate only: a set with a drink in it would have to be split
_SET_PARTS = (("601", 1), ("603", 1), ("605", 1), ("206", 1))
_SCALES = {"101": 169, "102": 159, "201": 269, "501": 209, "505": 139}  # shop's gross price from 10 on
_ADVENT = {"507": 490, "704": 2290, "802": 490, "601": 590}  # shop's gross price in Advent
_NOT_STOCKED = {"510", "900", "990"}
_NO_REVENUE = {"510", "900"}  # deposits and vouchers have accounts of their own in the settings

_RATES = (
    ("1", "1968-01-01", 0.0),
    ("2", "1983-07-01", 7.0),
    ("2", "2020-07-01", 5.0),
    ("2", "2021-01-01", 7.0),
    ("3", "2007-01-01", 19.0),
    ("3", "2020-07-01", 16.0),
    ("3", "2021-01-01", 19.0),
)
_EMPLOYEES = (
    ("M1", "Frau", "Lena", "Linden", False),
    ("M2", "Herr", "Jürgen", "Linden", False),
    ("M3", "Frau", "Özlem", "Yıldız", False),
    ("M4", "Herr", "Paul", "Groß", False),
    ("M5", "Herr", "Karl", "Altmann", True),
)


def build_demo_shop(path: Path, today: dt.date | None = None) -> None:
    """Builds the demo shop's database; the file appears under its name only once it is complete.

    Args:
        path: The SQLite file; its folder is created. It must not exist.
        today: The day whose year dates the Advent prices; by default today.

    Raises:
        ConfigurationError: The file exists already: it is never overwritten.
    """
    if path.exists():
        raise ConfigurationError(
            f"There is a file {path} already.", hint="Name another one, or delete it: the demo shop overwrites nothing."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    unfinished.unlink(missing_ok=True)
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(unfinished)), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            _fill(connection, today or dt.date.today())  # noqa: DTZ011 - only the year is used
        unfinished.rename(path)
    finally:
        engine.dispose()
        unfinished.unlink(missing_ok=True)


def gtin13(first_twelve: str) -> str:
    """A GTIN-13 with its check digit (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(first_twelve))
    return f"{first_twelve}{-total % 10}"


def _fill(connection: sa.Connection, today: dt.date) -> None:
    metadata = sa.MetaData()
    copies = {name: table.to_metadata(metadata) for name, table in erp_tables.METADATA.tables.items()}
    copies["ART"].append_column(sa.Column(OPEN_PRICE_COLUMN, sa.Boolean))
    metadata.create_all(connection)
    version = 0
    for name, rows in {**_fixed(), "ART": list(_articles()), "ARPREIS": list(_prices(today))}.items():
        numbered = [{f"{name}_ID": i, "TS": version + i, **row} for i, row in enumerate(rows, 1)]
        connection.execute(copies[name].insert(), numbered)
        version += len(numbered)
    _rowversions(connection, metadata, version)
    for name in ("ART", "ARPREIS"):
        connection.exec_driver_sql(f'CREATE INDEX "ix_{name}_TS" ON "{name}" ("TS")')


def _rowversions(connection: sa.Connection, metadata: sa.MetaData, version: int) -> None:
    """Makes TS count like SQL Server's rowversion: one counter for the database, at every insert and update."""
    connection.exec_driver_sql("CREATE TABLE rowversion_counter (value INTEGER NOT NULL)")
    connection.exec_driver_sql("INSERT INTO rowversion_counter VALUES (?)", (version + 1000,))
    for name in metadata.tables:
        for event, guard in (("INSERT", ""), ("UPDATE", "WHEN NEW.TS IS OLD.TS")):
            connection.exec_driver_sql(
                f'CREATE TRIGGER "{name}_TS_{event}" AFTER {event} ON "{name}" FOR EACH ROW {guard} BEGIN '  # noqa: S608
                "UPDATE rowversion_counter SET value = value + 1; "
                f'UPDATE "{name}" SET TS = (SELECT value FROM rowversion_counter) '
                f'WHERE "{name}_ID" = NEW."{name}_ID"; END'
            )


def _fixed() -> dict[str, list[dict[str, Any]]]:
    company = {
        "Datenbankname": "SL_MLINDE", "Firma": "Hofladen Lindenhof", "Zusatz": "Familie Linden",
        "Strasse": "Dorfstraße", "Hausnummer": "12a", "PLZ": "53111", "Ort": "Musterdorf",
        "Land": "D", "Mandantenland": "DE", "Waehrung": "EUR",
        "Mail": "hofladen@example.org", "Telefon1": "+49 228 000000", "Homepage": "https://example.org",
    }  # fmt: skip
    price_groups = {"1": "Ladenpreis", "2": "Marktstand"}
    return {
        "MANDANT": [company],
        "GRUPPEN": [
            {"Id": kind, "Nummer": number, "Bezeichnung": name}
            for kind, names in (("AG", _GROUPS), ("PG", price_groups))
            for number, name in names.items()
        ],
        "USTSCHL": [
            {"SteuerCode": code, "Bezeichnung": name}
            for code, name in (("1", "nicht steuerbar"), ("2", "USt ermäßigt"), ("3", "USt voll"))
        ],
        "USDETAIL": [
            {"SteuerCode": code, "GueltigAb": dt.datetime.fromisoformat(start), "Steuer": rate}
            for code, start, rate in _RATES
        ],
        "KTOGRUPPENPOS": [
            {"AufwandErloes": "E", "Gruppe": group, "GKonto": account, "Steuercode": code}
            for group, account, code in (("01", "8400", "3"), ("02", "8300", "2"), ("02", "8400", "3"))
        ],
        "LAGER": [
            {"Lager": "1", "Bezeichnung": "Hofladen", "Inaktiv": False},
            {"Lager": "2", "Bezeichnung": "Marktstand", "Inaktiv": False},
        ],
        "MITARBW": [
            {"Nr": number, "Anrede": title, "Vorname": first, "Name": last, "Lager": "1", "Inaktiv": inactive}
            for number, title, first, last, inactive in _EMPLOYEES
        ],
        "ARTSET": [
            {
                "Artikelnummer": _SET,
                "SetArtikelnummer": part,
                "Position": i,
                "Menge": float(count),
                "Mengeneinheit": "Stk",
            }
            for i, (part, count) in enumerate(_SET_PARTS, 1)
        ],
    }


def _articles() -> Iterator[dict[str, Any]]:
    for group, articles in _ARTICLES.items():
        for article in articles:
            code, accounts = _VAT[article.percent]
            accounts = None if group in _NO_REVENUE else accounts
            gtin = gtin13(f"200000000{article.number}") if article.coded else None
            if article.number == WRONG_GTIN and gtin:
                gtin = f"{gtin[:-1]}{(int(gtin[-1]) + 1) % 10}"
            yield {
                "Artikelnummer": article.number, "EANNummer": gtin, "Bezeichnung": article.name,
                "Zusatz": article.extra, "Matchcode": article.name.upper(), "Artikelgruppe": group,
                "Erfolgskontengruppe": accounts, "SSVerkauf": code, "Mengeneinheit": article.unit,
                "Preismengenfaktor": 1.0, "Preiseinheit": float(article.per),
                "Lagerartikel": group not in _NOT_STOCKED, "Stueckliste": "H" if article.number == _SET else None,
                "SerieCharge": "O", "Rabattfaehig": group not in ("510", "900"), "ShopAktiv": True,
                "Inaktiv": article.number in _INACTIVE, "Leistungsartikel": False, "AngelegtAm": _CREATED,
                "GeaendertAm": _CREATED, OPEN_PRICE_COLUMN: article.number in _OPEN_PRICE,
            }  # fmt: skip


def _prices(today: dt.date) -> Iterator[dict[str, Any]]:
    start, end = _advent(today)
    for articles in _ARTICLES.values():
        for article in articles:
            if article.shop_cents is not None:
                yield _price(article, "1", article.shop_cents)
            if article.stall_cents is not None:
                yield _price(article, "2", article.stall_cents)
            if article.number in _SCALES:
                yield _price(article, "1", _SCALES[article.number], quantity=10.0)
            if article.number in _ADVENT:
                yield _price(article, "1", _ADVENT[article.number]) | {"VonDatum": start, "BisDatum": end}


def _price(article: _Article, group: str, gross_cents: int, quantity: float = 0.0) -> dict[str, Any]:
    """A price as SelectLine stores it: group 1 net with four decimals, group 2 gross; both per price unit."""
    price = Decimal(gross_cents * article.per).scaleb(-2)
    if group == "1":
        price = (price * 100 / (100 + article.percent)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return {
        "Artikelnummer": article.number, "PreisTyp": "G", "TypNummer": group, "Menge": quantity, "Preis": float(price),
        "VonDatum": None, "BisDatum": None,
    }  # fmt: skip


def _advent(today: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """First Sunday in Advent (the fourth Sunday before Christmas Day) and Christmas Eve, of the year."""
    christmas = dt.datetime.fromisoformat(f"{today.year:04d}-12-25")
    return christmas - dt.timedelta(days=(christmas.isoweekday() % 7 or 7) + 21), christmas - dt.timedelta(days=1)
