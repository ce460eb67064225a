"""Protects the reading of a foreign database: every frame as its contract wants it, and no odd cell stops a run."""

import datetime as dt
import math
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.erp.selectline import conversion
from cloudkasse_etl.erp.selectline.erp_engine import erp_engine
from cloudkasse_etl.erp.selectline.erp_tables import Kind
from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.errors import ErpSchemaError
from cloudkasse_etl.schemas.articles import ArticleExtract
from cloudkasse_etl.schemas.contract import UNREADABLE, check
from cloudkasse_etl.schemas.employees import EmployeeExtract
from cloudkasse_etl.schemas.prices import PriceExtract
from tests.support import small_erp

SMALL = Settings.model_validate(small_erp.SETTINGS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_erp.build(f"sqlite:///{tmp_path / 'erp.db'}")
    return tmp_path / "erp.db"


@contextmanager
def reading(path: Path, chosen: Settings = SMALL) -> Iterator[ErpReader]:
    with ErpReader(erp_engine(f"sqlite:///{path}", chosen), chosen) as reader:
        yield reader


def change(path: Path, statement: str, *values: Any) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.close()


def test_the_frames_have_the_contracts_types(path: Path) -> None:
    with reading(path) as reader:
        articles, prices = reader.articles().frame, reader.prices().frame
    assert list(articles) == list(ArticleExtract.to_schema().columns)
    assert list(prices) == list(PriceExtract.to_schema().columns)
    assert articles.index.name == "ART_ID"
    assert {str(articles[name].dtype) for name in ("number", "gtin", "group_name")} == {"str"}
    assert {str(articles[name].dtype) for name in ("inactive", "open_price", "stock_item")} == {"bool"}
    assert str(prices["valid_from"].dtype) == "datetime64[s]"
    assert articles["group_name"].unique().tolist() == ["Waren"]


def test_empty_tables_give_empty_frames_of_the_same_types(path: Path) -> None:
    def types() -> list[Any]:
        with reading(path) as reader:
            frames = reader.articles().frame, reader.prices().frame, reader.employees()
            return [frame.dtypes.to_dict() for frame in frames]

    before = types()
    for name in ("ART", "ARPREIS", "MITARBW", "GRUPPEN", "MANDANT"):
        change(path, f"DELETE FROM {name}")
    assert types() == before
    with reading(path) as reader:
        assert len(reader.company()) == 0


ODD_CELLS = [
    ("Bezeichnung", "x" * 1_000_000, None, "a very long text is the till's to judge"),
    ("Bezeichnung", "Kaf\x00fee", "Kaf\x00fee", "NUL"),
    ("Bezeichnung", 4711, None, "a number is a text"),
    ("Bezeichnung", b"\xff\xfe", "��", "bytes that are no text"),
    ("Preiseinheit", "zehn", "zehn", "text in a float column"),
    ("Preiseinheit", "1e999", "inf", "SQLite makes infinity of it"),
    ("Preiseinheit", "10", None, "a number that was written as text"),
    ("Inaktiv", "vielleicht", "vielleicht", "text in a bit column"),
    ("Lagerartikel", 2, None, "any other number is true"),
    ("Artikelnummer", " A3", " A3", "a blank before the number"),
]


@pytest.mark.parametrize(("column", "value", "shown", "why"), ODD_CELLS, ids=[why for *_, why in ODD_CELLS])
def test_an_odd_cell_costs_at_most_its_own_row(
    path: Path, column: str, value: Any, shown: str | None, why: str
) -> None:
    change(path, f"UPDATE ART SET {column} = ? WHERE ART_ID = 3", value)
    with reading(path) as reader:
        checked = check(reader.articles().frame, ArticleExtract, asset="a", key_columns=["number"])
    assert [f"A{i}" in set(checked.frame["number"]) for i in (1, 2, 4, 5)] == [True] * 4
    assert len(checked.frame) == (5 if shown is None else 4), why
    assert [(r.detail["column"], r.detail["value"]) for r in checked.rejections] == (
        [] if shown is None else [(f"ART.{column}", shown)]
    )


def test_text_that_is_no_utf8_costs_its_own_row_and_the_others_are_read(path: Path) -> None:
    change(path, "UPDATE ART SET Bezeichnung = CAST(x'4b61666665ff' AS TEXT) WHERE ART_ID = 3")
    with reading(path) as reader:
        checked = check(reader.articles().frame, ArticleExtract, asset="a", key_columns=["number"])
        assert len(reader.prices().frame) == 5
    assert checked.frame["number"].tolist() == ["A1", "A2", "A4", "A5"]
    assert [(r.key, r.code) for r in checked.rejections] == [("A3", "value_invalid")]
    assert checked.rejections[0].text() == "Bezeichnung cannot be used: 'Kaffe��'."


DAYS = [
    ("2026-11-29 00:00:00.000000", dt.date(2026, 11, 29)),
    ("2026-11-29", dt.date(2026, 11, 29)),
    ("2026-11-29T23:59:59+01:00", dt.date(2026, 11, 29)),
    ("1753-01-01", dt.date(1753, 1, 1)),
    ("9999-12-31 23:59:59.999", dt.date(9999, 12, 31)),
    ("", None),
    (None, None),
    ("2026-02-30", "refused"),
    ("29.11.2026", "refused"),
    ("1752-12-31", "refused"),
    ("morgen", "refused"),
    (20261129, "refused"),
    (b"2026", "refused"),
    (1.5, "refused"),
]


@pytest.mark.parametrize(("value", "expected"), DAYS, ids=[repr(value) for value, _ in DAYS])
def test_a_day_is_read_or_refused_but_never_taken_for_an_open_end(path: Path, value: Any, expected: Any) -> None:
    change(path, "UPDATE ARPREIS SET BisDatum = ? WHERE ARPREIS_ID = 2", value)
    with reading(path) as reader:
        checked = check(reader.prices().frame, PriceExtract, asset="p", key_columns=["row_id"])
    if expected == "refused":
        assert [(r.key, r.code, r.detail["column"]) for r in checked.rejections] == [
            ("2", "value_invalid", "ARPREIS.BisDatum")
        ]
        assert checked.rejections[0].detail["value"] in (str(value), "2026", f"{value} 00:00:00")
    else:
        assert not checked.rejections
        day: Any = checked.frame.set_index("row_id").loc[2, "valid_to"]
        assert (None if pd.isna(day) else day.date()) == expected


def test_a_price_of_no_number_is_refused_and_a_null_one_is_no_price(path: Path) -> None:
    change(path, "UPDATE ARPREIS SET Preis = 'teuer' WHERE ARPREIS_ID = 2")
    change(path, "UPDATE ARPREIS SET Preis = NULL, Menge = NULL WHERE ARPREIS_ID = 3")
    with reading(path) as reader:
        checked = check(reader.prices().frame, PriceExtract, asset="p", key_columns=["row_id"])
    assert [r.detail["value"] for r in checked.rejections] == ["teuer"]
    row: Any = checked.frame.set_index("row_id").loc[3]
    assert math.isnan(row["price"])
    assert row["min_quantity"] == 0


def test_a_price_from_the_databases_first_day_on_has_no_first_day(path: Path) -> None:
    change(path, "UPDATE ARPREIS SET VonDatum = '1753-01-01' WHERE ARPREIS_ID = 2")
    with reading(path) as reader:
        first: Any = reader.prices().frame.loc[2, "valid_from"]
    assert pd.isna(first)


def test_only_group_prices_of_the_named_groups_are_read(path: Path) -> None:
    change(path, "UPDATE ARPREIS SET PreisTyp = 'K' WHERE ARPREIS_ID = 1")
    change(path, "UPDATE ARPREIS SET TypNummer = '9' WHERE ARPREIS_ID = 2")
    with reading(path) as reader:
        assert reader.prices().frame["row_id"].tolist() == [3, 4, 5]


def test_a_group_that_stands_twice_multiplies_no_article(path: Path) -> None:
    change(path, "INSERT INTO GRUPPEN (GRUPPEN_ID, Id, Nummer, Bezeichnung) VALUES (50, 'AG', '10', 'noch einmal')")
    with reading(path) as reader:
        assert reader.articles().frame["group_name"].tolist() == ["Waren"] * 5


def test_a_tax_code_with_an_unusable_row_is_left_out_rather_than_given_an_older_rate(path: Path) -> None:
    change(path, "INSERT INTO USDETAIL (USDETAIL_ID, SteuerCode, GueltigAb, Steuer) VALUES (9, '3', 'bald', 25)")
    change(path, "INSERT INTO USDETAIL (USDETAIL_ID, SteuerCode, GueltigAb, Steuer) VALUES (10, '2', NULL, 7)")
    with reading(path) as reader:
        rates = reader.tax_rates()
    assert rates.to_dict("records") == [{"tax_code": "2", "valid_from": pd.Timestamp("1900-01-01"), "rate": 7.0}]


def test_the_open_price_column_is_read_where_the_settings_name_it(path: Path) -> None:
    named = Settings.model_validate({**small_erp.SETTINGS, "articles": {"open_price_column": "_OFFENERPREIS"}})
    with reading(path, named) as reader, pytest.raises(ErpSchemaError, match=r"articles\.open_price_column"):
        reader.articles()
    change(path, "ALTER TABLE ART ADD COLUMN _OFFENERPREIS BOOLEAN")
    change(path, "UPDATE ART SET _OFFENERPREIS = 1 WHERE ART_ID = 4")
    with reading(path, named) as reader:
        assert reader.articles().frame["open_price"].tolist() == [False, False, False, True, False]


def test_optional_columns_may_lack(path: Path) -> None:
    for name in ("Zusatz", "GeaendertAm", "AngelegtAm", "Gewicht"):
        change(path, f"ALTER TABLE ART DROP COLUMN {name}")
    change(path, "ALTER TABLE MANDANT DROP COLUMN Mandantenland")
    change(path, "UPDATE MANDANT SET Land = 'A', Hausnummer = NULL")
    with reading(path) as reader:
        assert reader.articles().frame["description"].isna().all()
        company = reader.company().iloc[0]
    assert (company["country"], company["street"]) == ("AT", "Markt")


def test_names_are_found_whatever_case_the_database_spells_them_in(path: Path) -> None:
    change(path, "ALTER TABLE MITARBW RENAME COLUMN Vorname TO VORNAME")
    with reading(path) as reader:
        assert reader.employees()["first_name"].tolist() == ["Anna", "Çelik", "Zoë"]


def test_a_table_without_its_row_numbers_is_read_all_the_same(path: Path) -> None:
    change(path, "ALTER TABLE MITARBW RENAME COLUMN MITARBW_ID TO nummer")
    change(path, "UPDATE MITARBW SET Nr = '' WHERE Nr = 'M2'")
    with reading(path) as reader:
        checked = check(reader.employees(), EmployeeExtract, asset="e", key_columns=["number"])
    assert [r.key for r in checked.rejections] == ["MITARBW row 2"]


def test_many_rows_are_read_in_order_across_chunks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudkasse_etl.erp.selectline.reader.CHUNK_ROWS", 2)
    change(path, "UPDATE ART SET Preiseinheit = 'drei' WHERE ART_ID = 3")
    change(path, "UPDATE ART SET Preiseinheit = 'fünf' WHERE ART_ID = 5")
    with reading(path) as reader:
        articles = reader.articles().frame
    assert articles["number"].tolist() == ["A1", "A2", "A3", "A4", "A5"]
    assert articles.attrs[UNREADABLE] == {"price_unit": {3: "drei", 5: "fünf"}}


def test_a_reader_outside_its_with_block_is_a_mistake(path: Path) -> None:
    with pytest.raises(RuntimeError, match="with"):
        ErpReader(erp_engine(f"sqlite:///{path}", SMALL), SMALL).articles()


# --- laws

CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.decimals(), st.dates(),
    st.datetimes(), st.characters(categories=["Cs"]), st.from_regex(r"\d{4}-\d{2}-\d{2}", fullmatch=True),
)  # fmt: skip


@settings(max_examples=300)
@given(kind=st.sampled_from(Kind), values=st.lists(CELLS, min_size=1))
def test_whatever_stands_in_a_column_it_becomes_a_column_of_its_type(kind: Kind, values: list[Any]) -> None:
    column = conversion.Column(kind)
    column.add(values)
    column.add([None])
    series = column.series()
    assert len(series) == len(values) + 1
    expected = {Kind.KEY: ["str"], Kind.TEXT: ["str"], Kind.BIT: ["bool", "boolean"], Kind.NUMBER: ["float64"]}
    expected[Kind.VERSION] = ["float64"]  # a null among them
    assert str(series.dtype) in expected.get(kind, ["datetime64[s]"])


@given(values=st.lists(st.one_of(st.none(), st.dates(dt.date(1753, 1, 1))), min_size=1))
def test_days_come_out_as_they_went_in_however_the_driver_gives_them(values: list[dt.date | None]) -> None:
    forms: tuple[list[Any], ...] = (
        values,
        [day and dt.datetime.combine(day, dt.time(23, 59, 59)) for day in values],
        [day and day.isoformat() for day in values],
        [day and f"{day.isoformat()} 12:00:00.000000" for day in values],
    )
    for form in forms:
        column = conversion.Column(Kind.DAY)
        column.add(form)
        assert [None if pd.isna(day) else day.date() for day in column.series()] == values


ZONES = ("Europe/Berlin", "Europe/Zurich", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "UTC")
FROM, TO = dt.datetime.fromisoformat("1800-01-01"), dt.datetime.fromisoformat("2200-01-01")


@given(
    zone=st.sampled_from(ZONES),
    elsewhere=st.sampled_from(ZONES),
    moments=st.lists(st.datetimes(FROM, TO, timezones=st.just(dt.UTC)), min_size=1),
)
def test_a_point_in_time_has_its_day_in_the_shops_zone_whatever_zone_it_was_told_in(
    zone: str, elsewhere: str, moments: list[dt.datetime]
) -> None:
    wanted = [pd.Timestamp(moment).tz_convert(zone).date() for moment in moments]
    told = [moment.astimezone(ZoneInfo(elsewhere)) for moment in moments]
    forms: tuple[list[Any], ...] = (
        told,
        [*told[:-1], told[-1].astimezone(dt.UTC)],
        [moment.isoformat() for moment in told],
        [moment.isoformat(" ").removesuffix(":00") for moment in told],  # as PostgreSQL spells a whole hour's offset
        [f"{moment:%Y-%m-%d %H:%M:%S.%f}Z" for moment in moments],
    )
    for form in forms:
        column = conversion.Column(Kind.DAY, ZoneInfo(zone))
        column.add(form)
        assert [day.date() for day in column.series()] == wanted
        assert not column.unreadable


@pytest.mark.parametrize(
    ("value", "day", "why"),
    [
        ("1753-01-01 00:00:00+00:53:28", "1753-01-01", "before there were zones an offset has seconds"),
        ("1752-12-31 23:06:32+00", "1753-01-01", "the same moment"),
        ("9999-12-31 23:30:00+00", "9999-12-31", "already the year 10000 in Berlin: there is no later day"),
        ("2026-02-30 00:00:00+01", None, "no day"),
        ("2026-11-29 25:00:00+01", None, "no time"),
    ],
)
def test_a_point_in_time_at_the_edges(value: str, day: str | None, why: str) -> None:
    column = conversion.Column(Kind.DAY, ZoneInfo("Europe/Berlin"))
    column.add([value, None])
    found = column.series()
    assert column.unreadable == ({} if day else {0: value}), why
    assert str(found[0].date()) == (day or "0001-01-01"), why
    assert pd.isna(found[1])


@given(values=st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1))
def test_numbers_come_out_as_they_went_in(values: list[float | None]) -> None:
    for form in (values, [None if v is None else repr(v) for v in values]):
        column = conversion.Column(Kind.NUMBER)
        column.add(form)
        np.testing.assert_array_equal(column.series().to_numpy(), np.array(values, dtype="float64"))


def test_decimals_are_numbers() -> None:
    column = conversion.Column(Kind.NUMBER)
    column.add([Decimal("1.19"), None, Decimal("0.5")])
    assert column.series().fillna(0).tolist() == [1.19, 0, 0.5]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ERP to be copied: to make its tables costs more than an example."""
    path = tmp_path_factory.mktemp("built") / "erp.db"
    small_erp.build(f"sqlite:///{path}")
    return path


@settings(max_examples=50)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["insert", "update", "delete"]), st.integers(0, 9)), min_size=1, max_size=8
    )
)
def test_the_fingerprint_changes_with_every_change(
    built: Path, steps: list[tuple[str, int]], tmp_path_factory: Any
) -> None:
    path = tmp_path_factory.mktemp("law") / "erp.db"
    shutil.copy(built, path)

    def mark() -> str | None:
        with reading(path) as reader:
            return reader.watermarks()["LAGER"]

    before = mark()
    for kind, number in steps:
        connection = sqlite3.connect(path)
        with connection:
            ids = [row[0] for row in connection.execute("SELECT LAGER_ID FROM LAGER ORDER BY LAGER_ID")]
            if kind == "insert":
                connection.execute("INSERT INTO LAGER (LAGER_ID, Lager) VALUES (?, 'x')", (max(ids, default=0) + 1,))
            elif ids:
                sql = "UPDATE LAGER SET Standort = 'y'" if kind == "update" else "DELETE FROM LAGER"
                connection.execute(f"{sql} WHERE LAGER_ID = ?", (ids[number % len(ids)],))
        connection.close()
        after = mark()
        assert (before != after) == (bool(ids) or kind == "insert")
        before = after
