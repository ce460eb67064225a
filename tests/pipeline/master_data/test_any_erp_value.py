"""Protects a synchronisation from whatever stands in the ERP: a bad cell costs its own record, and the others go up.

One world goes through all examples, as a real one goes through days: what was refused is mended by the next.
"""

import copy
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloudkasse_etl.erp.selectline.erp_tables import METADATA, SOURCES
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sync.run.report import AssetReport
from tests.support import databases, small_erp
from tests.support.books import book, fetch, statuses, told, with_accounts
from tests.support.receipts.receipt_factory import item, line
from tests.support.torture.torture_figures import LONG, Promise, holds
from tests.support.worlds import TOKEN, World

pytestmark = databases.CHOOSES_ITSELF

# What may be spoilt: rows by table. Articles A4 and A5 with their prices and group, M1 and tax code 3 are left alone.
SPOILT = {
    "MANDANT": (1,), "GRUPPEN": (1, 3), "USDETAIL": (2,), "LAGER": (2,), "MITARBW": (2, 3), "ART": (1, 2, 3),
    "ARPREIS": (1, 2, 3), "KTOGRUPPENPOS": (1, 2), "ARTSET": (1, 2),
}  # fmt: skip
COLUMNS = sorted(
    {(source.table.name, field.column) for source in SOURCES for field in source.fields.values()}
    | {(source.table.name, column) for source in SOURCES for column in source.only}
    | {(name, "TS") for name in SPOILT}
)
TEXTS = (
    "", " ", "\0", "a\0b", "a\tb\r\nc", "\x7f\x85", "x" * 1_000_000, "😀" * 50, "\u202eA1\u202c", "\ufeffA1", "A\u0301",
    "A1", "a1", "A1 ", " A1", "\u00a0A1", "A1|1", "|", "M2", "m2", "10", "<script>", "{0}{x}", "%s%(x)d",
    "'; DROP TABLE ART;--",
    "1753-01-01", "1752-12-31", "9999-12-31 23:59:59.999", "10000-01-01", "0000-00-00", "2262-04-12", "1677-09-20",
    "2026-02-30", "-5", "1e308", "1e999", "NaN", "Infinity", "0x10", "1_0", "١٢", "12,50", "true", "H", "E", "G", "AG",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 0.0, -0.0, -19.99, 1e-9, 0.005, 1e15, 1e17, -1e300, 1.7976931348623157e308, float("inf"), float("-inf"),
    2**31, 2**53 + 1, 2**63 - 1, -(2**63), 99999999999.99999, 1000.0001,
)  # fmt: skip
ANYTHING = st.one_of(
    st.none(),
    st.sampled_from(TEXTS),
    st.sampled_from(NUMBERS),
    st.sampled_from((b"", b"\0", b"\xff\xfe", b"A1", bytes(8))),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.floats(allow_nan=False),
    st.integers(-(2**63), 2**63 - 1),
    st.dates().map(str),
)
SPOILING = st.lists(
    st.sampled_from([(table, row, column) for table, column in COLUMNS for row in SPOILT.get(table, ())]).flatmap(
        lambda cell: ANYTHING.map(lambda value: (*cell, value))
    ),
    min_size=1,
    max_size=24,
    unique_by=lambda cell: cell[:3],
)
BOOKED_BY = ("ART", "USDETAIL", "KTOGRUPPENPOS", "ARTSET")
NAMES = itertools.count(1)


def build(url: str) -> None:
    """A small ERP with all that is read, and a row or two of everything to spoil."""
    small_erp.build(url)
    engine = sa.create_engine(url)
    extra: dict[str, list[dict[str, Any]]] = {
        "GRUPPEN": [{"GRUPPEN_ID": 4, "Id": "AG", "Nummer": "20", "Bezeichnung": "Gute"}],
        "USDETAIL": [{"USDETAIL_ID": 2, "SteuerCode": "9", "Steuer": 7.0}],
        "LAGER": [{"LAGER_ID": 2, "Lager": "2", "Bezeichnung": "Markt", "Inaktiv": False}],
        "KTOGRUPPENPOS": [
            {"KTOGRUPPENPOS_ID": at, "AufwandErloes": "E", "Gruppe": "01", "GKonto": "8400", "Steuercode": code}
            for at, code in enumerate("39", 1)
        ],
        "ARTSET": [
            {"ARTSET_ID": at, "Artikelnummer": "A1", "SetArtikelnummer": f"A{at + 1}", "Position": at, "Menge": 1.0}
            for at in (1, 2)
        ],
    }
    with engine.begin() as connection:
        for name, rows in extra.items():
            connection.execute(METADATA.tables[name].insert(), [{**row, "TS": 0} for row in rows])
        art = METADATA.tables["ART"]
        connection.execute(art.update().where(art.c.ART_ID >= 4).values(Artikelgruppe="20", KontoVerkauf="8401"))
        connection.execute(art.update().where(art.c.ART_ID == 1).values(Stueckliste="H"))
    engine.dispose()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("any-value")
    path = folder / "erp.db"
    build(f"sqlite:///{path}")
    anything_anywhere(path)
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        yield World(folder, f"sqlite:///{path}", server, with_accounts(copy.deepcopy(small_erp.SETTINGS)))


def anything_anywhere(path: Path) -> None:
    """Lets the tables take nulls everywhere, as a view on them does."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name <> 'counter'")
    connection.execute("PRAGMA writable_schema = OFF")
    connection.close()


def spoil(path: Path, cells: list[tuple[str, int, str, Any]]) -> str:
    """Puts everything in order, spoils the cells and renames the good articles; returns their new name."""
    name = f"Gut {next(NAMES)}"
    connection = sqlite3.connect(path)
    with connection:
        for table, rows in SPOILT.items():
            connection.execute(f"UPDATE {table} SET TS = 0 WHERE typeof(TS) <> 'integer' OR abs(TS / 2) > 1e9")
            for row in rows:
                wanted = ORDER.setdefault((table, row), _row(connection, table, row))
                if _row(connection, table, row) != wanted:
                    marks = ", ".join(f'"{column}" = ?' for column in wanted)
                    connection.execute(f"UPDATE {table} SET {marks} WHERE {table}_ID = ?", (*wanted.values(), row))
        for table, row, column, value in cells:
            connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE {table}_ID = ?', (value, row))
        connection.execute("UPDATE ART SET Bezeichnung = ? WHERE ART_ID >= 4", (name,))
    connection.close()
    return name


ORDER: dict[tuple[str, int], dict[str, Any]] = {}


def _row(connection: sqlite3.Connection, table: str, row: int) -> dict[str, Any]:
    cursor = connection.execute(f"SELECT * FROM {table} WHERE {table}_ID = ?", (row,))
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    names = [column[0] for column in cursor.description]
    return {n: v for n, v in zip(names, cursor.fetchone(), strict=True) if n not in ("TS", f"{table}_ID")}


def told_in_both(reports: list[AssetReport]) -> None:
    for report in reports:
        for rejection in report.rejections:
            for language in ("de", "en"):
                assert rejection.text(language)
                assert "\n" not in rejection.text(language) + rejection.cure(language)


def held(shop: World, entity: str) -> dict[str, dict[str, Any]]:
    """What the cloud holds, by the parts of the key that matter here."""
    keys = {"prices": ("article", "price_group", "min_quantity", "valid_from")}.get(entity, ("number",))
    return {"|".join(str(record[key] or "") for key in keys): record for record in shop.server.store.records(entity)}


@example(  # no table can be fingerprinted, so that all is judged again; two faults of one kind in one record
    cells=[
        ("ART", 1, "Inaktiv", "2262-04-12"),
        ("ART", 1, "Preiseinheit", "6a"),
        ("MITARBW", 2, "TS", 2**63 - 1),
        ("MITARBW", 3, "TS", 2**63 - 1),
    ]
)
@settings(max_examples=80 if LONG else 25)
@given(cells=SPOILING)
def test_whatever_stands_in_a_cell_the_good_records_go_up(shop: World, cells: list[tuple[str, int, str, Any]]) -> None:
    name = spoil(shop.erp_file, cells)
    report = shop.sync(allow_retire=True)
    told_in_both(list(report.assets.values()))
    articles, prices = held(shop, "articles"), held(shop, "prices")
    for number in ("A4", "A5"):
        assert (articles[number]["name"], articles[number]["active"]) == (name, True)
        assert (prices[f"{number}|1|0.000|"]["gross_cents"], prices[f"{number}|1|0.000|"]["active"]) == (1190, True)
    assert held(shop, "employees")["M1"]["active"]
    assert held(shop, "registers")["K1"]["active"]
    again = shop.sync(allow_retire=True)
    assert again.counts.attempted == 0, "the second time nothing is new, and what is refused stays so"
    holds(Promise.BAD_INPUT)


@settings(max_examples=60 if LONG else 25)
@given(cells=SPOILING.filter(lambda cells: any(cell[0] in BOOKED_BY for cell in cells)))
def test_whatever_stands_in_a_cell_the_good_receipts_are_booked(
    shop: World, cells: list[tuple[str, int, str, Any]]
) -> None:
    number = int(spoil(shop.erp_file, cells).removeprefix("Gut "))
    lines = (line(article="A1"), line(article="A2", rate="7.00"), line(article="A3"))
    shop.server.store.deliver_receipts(
        [
            item(line(article="A4"), id=f"G{number}", number=2 * number),
            item(*lines, id=f"B{number}", number=2 * number + 1),
        ]
    )
    told_in_both([*fetch(shop), *book(shop)])
    assert statuses(shop)[f"G{number}"] == "imported"
    assert told(book(shop)[0]).keys() <= {"still_rejected"}
    holds(Promise.BAD_INPUT)


ODD_IN_POSTGRESQL = (
    """UPDATE "ART" SET "Preiseinheit" = 'NaN', "Bezeichnung" = repeat('x', 1000000) WHERE "ART_ID" = 1""",
    """UPDATE "ART" SET "Bezeichnung" = E'a\\tb\\u202e', "Preismengenfaktor" = '-Infinity' WHERE "ART_ID" = 2""",
    """UPDATE "ART" SET "Artikelnummer" = 'A2 ', "EANNummer" = '😀' WHERE "ART_ID" = 3""",
    """UPDATE "ARPREIS" SET "VonDatum" = '-infinity', "BisDatum" = 'infinity', "Preis" = 1e99 WHERE "ARPREIS_ID" = 1""",
    """UPDATE "ARPREIS" SET "VonDatum" = '4713-01-01 BC', "Menge" = 'Infinity' WHERE "ARPREIS_ID" = 2""",
    """UPDATE "ARPREIS" SET "BisDatum" = '294276-12-31', "Preis" = -1 WHERE "ARPREIS_ID" = 3""",
    """UPDATE "USDETAIL" SET "GueltigAb" = '0044-03-15 BC', "Steuer" = 'NaN' WHERE "USDETAIL_ID" = 2""",
    """UPDATE "MANDANT" SET "Mandantenland" = 'd', "Strasse" = E'\\r\\n', "TS" = 9223372036854775807""",
    """UPDATE "MITARBW" SET "Nr" = 'm1', "TS" = 9223372036854775807 WHERE "MITARBW_ID" = 2""",
    """UPDATE "ARTSET" SET "Menge" = 'NaN', "Position" = -2147483648""",
)


def test_what_only_postgresql_holds_stops_no_good_record_either(postgres_url: str, tmp_path: Path) -> None:
    build(postgres_url)
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN) as server:
        shop = World(tmp_path, postgres_url, server, with_accounts(copy.deepcopy(small_erp.SETTINGS)))
        shop.erp('ALTER TABLE "ART" ALTER "Bezeichnung" TYPE text')
        for statement in ODD_IN_POSTGRESQL:
            shop.erp(statement.replace(":", "\\:"))
        told_in_both(list(shop.sync().assets.values()))
        for number in ("A4", "A5"):
            assert held(shop, "articles")[number]["active"]
            assert held(shop, "prices")[f"{number}|1|0.000|"]["gross_cents"] == 1190
        assert {"M1", "m1"} <= set(held(shop, "employees"))
        server.store.deliver_receipts([item(line(article="A4"), id="G1"), item(line(article="A1"), id="B1", number=2)])
        told_in_both([*fetch(shop), *book(shop)])
        assert statuses(shop)["G1"] == "imported"
        assert shop.sync().counts.attempted == 0
