"""A small ERP to test with: SelectLine's tables with a handful of rows, and a rowversion that moves as it should."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_tables import METADATA
from tests.support import databases
from tests.support.patience import HANG_SECONDS

SETTINGS: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "company": {"number": "1", "vat_id": "DE123456789"},
    "registers": [{"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1"}],
    "price_groups": {"1": {"basis": "net"}, "2": {"basis": "gross"}},
    "api": {"connect_seconds": 120, "read_seconds": HANG_SECONDS, "retry_seconds": HANG_SECONDS, "attempts": 3},
}
ARTICLE = {
    "EANNummer": None, "Zusatz": None, "Artikelgruppe": "10", "Erfolgskontengruppe": "01", "SSVerkauf": "3",
    "Mengeneinheit": "Stk", "Preismengenfaktor": 1.0, "Preiseinheit": 1.0, "Lagerartikel": True, "SerieCharge": "O",
    "Rabattfaehig": True, "ShopAktiv": True, "Inaktiv": False, "Leistungsartikel": False,
}  # fmt: skip


def build(url: str, articles: int = 5) -> None:
    """Fills an empty database: `articles` articles A1, A2, ... at 10 euros net, three employees, one company."""
    rows: dict[str, list[dict[str, Any]]] = {
        "MANDANT": [
            {"Datenbankname": "SL_MTEST", "Firma": "Testladen", "Strasse": "Markt", "Hausnummer": "1", "PLZ": "53111",
             "Ort": "Bonn", "Mandantenland": "DE", "Waehrung": "EUR"},
        ],
        "GRUPPEN": [
            {"Id": "AG", "Nummer": "10", "Bezeichnung": "Waren"},
            {"Id": "PG", "Nummer": "1", "Bezeichnung": "Laden"},
            {"Id": "PG", "Nummer": "2", "Bezeichnung": "Markt"},
        ],
        "USTSCHL": [{"SteuerCode": "3", "Bezeichnung": "voll"}],
        "USDETAIL": [{"SteuerCode": "3", "GueltigAb": _day("2007-01-01"), "Steuer": 19.0}],
        "LAGER": [{"Lager": "1", "Bezeichnung": "Laden", "Inaktiv": False}],
        "MITARBW": [
            {"Nr": "M1", "Vorname": "Anna", "Name": "Muster", "Inaktiv": False},
            {"Nr": "M2", "Vorname": "Çelik", "Name": "Muster", "Inaktiv": None},
            {"Nr": "M3", "Vorname": "Zoë", "Name": "Muster", "Inaktiv": True},
        ],
        "ART": [{**ARTICLE, "Artikelnummer": f"A{i}", "Bezeichnung": f"Artikel {i}"} for i in range(1, articles + 1)],
        "ARPREIS": [
            {"Artikelnummer": f"A{i}", "PreisTyp": "G", "TypNummer": "1", "Menge": 0.0, "Preis": 10.0}
            for i in range(1, articles + 1)
        ],
    }  # fmt: skip
    engine = sa.create_engine(databases.made(url))
    with engine.begin() as connection:
        METADATA.create_all(connection)
        ts = 0
        for name, data in rows.items():
            for number, row in enumerate(data, 1):
                ts += 1
                row.update({f"{name}_ID": number, "TS": ts})
            connection.execute(METADATA.tables[name].insert(), data)
        _rowversion(connection, ts + 1)
    engine.dispose()


def _day(text: str) -> Any:

    return dt.datetime.fromisoformat(text)


def _rowversion(connection: sa.Connection, start: int) -> None:
    """One counter for the whole database, as SQL Server has it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("CREATE TABLE counter (value INTEGER)")
        connection.exec_driver_sql(f"INSERT INTO counter VALUES ({start})")
        for name in METADATA.tables:
            for event, guard in (("INSERT", ""), ("UPDATE", "WHEN NEW.TS = OLD.TS")):
                connection.exec_driver_sql(
                    f'CREATE TRIGGER "{name}{event}" AFTER {event} ON "{name}" {guard} BEGIN '
                    "UPDATE counter SET value = value + 1; "
                    f'UPDATE "{name}" SET TS = (SELECT value FROM counter) WHERE rowid = NEW.rowid; END'
                )
        return
    # flags may be written as 0 and 1, and a row without its number gets one, as in SQLite
    connection.exec_driver_sql(
        "UPDATE pg_cast SET castcontext = 'a' WHERE castsource = 'int4'::regtype AND casttarget = 'bool'::regtype"
    )
    connection.exec_driver_sql(f"CREATE SEQUENCE numbers START {start}")
    for name in METADATA.tables:
        connection.exec_driver_sql(f'ALTER TABLE "{name}" ALTER COLUMN "{name}_ID" SET DEFAULT nextval(\'numbers\')')
    connection.exec_driver_sql(f"CREATE SEQUENCE counter START {start}")
    connection.exec_driver_sql(
        "CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.\"TS\" := nextval('counter'); RETURN NEW; END $$"
    )
    for name in METADATA.tables:
        connection.exec_driver_sql(
            f'CREATE TRIGGER "{name}_moved" BEFORE INSERT OR UPDATE ON "{name}" FOR EACH ROW EXECUTE FUNCTION moved()'
        )


TWO_REGISTERS: dict[str, Any] = {
    **SETTINGS,
    "registers": [
        {"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1"},
        {"number": "K2", "name": "Markt", "warehouse": "1", "price_group": "2"},
    ],
}
