"""Protects the demo: a shop that is whole and plausible, with exactly the two faults that it is meant to show."""

import datetime as dt
import sqlite3
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest
from stdnum import ean

from cloudkasse_etl.config.settings import parse_settings
from cloudkasse_etl.erp.selectline.erp_diagnosis import diagnose
from cloudkasse_etl.erp.selectline.erp_engine import erp_engine
from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.selectline.demo_erp import DEMO_SETTINGS, NO_PRICE, WRONG_GTIN, build_demo_shop, gtin13
from cloudkasse_etl.schemas.articles import ArticleExtract
from cloudkasse_etl.schemas.company import CompanyExtract
from cloudkasse_etl.schemas.contract import check
from cloudkasse_etl.schemas.employees import EmployeeExtract
from cloudkasse_etl.schemas.prices import PriceExtract
from tests.support.erp_frames import frames_of

SETTINGS = parse_settings(DEMO_SETTINGS)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "folder" / "shop.db"
    build_demo_shop(path, dt.date(2026, 11, 24))
    return path


@pytest.fixture(scope="module")
def frames(shop: Path) -> dict[str, pd.DataFrame]:
    with ErpReader(erp_engine(f"sqlite:///{shop}", SETTINGS), SETTINGS) as reader:
        return frames_of(reader)


def test_check_finds_nothing_wrong_with_it(shop: Path) -> None:
    assert diagnose(erp_engine(f"sqlite:///{shop}", SETTINGS), SETTINGS) == []


def test_it_keeps_every_contract(frames: dict[str, pd.DataFrame]) -> None:
    for name, model, key in (
        ("company", CompanyExtract, "name"),
        ("employees", EmployeeExtract, "number"),
        ("articles", ArticleExtract, "number"),
        ("prices", PriceExtract, "row_id"),
    ):
        assert check(frames[name], model, asset=name, key_columns=[key]).rejections == ()


def test_it_has_what_a_farm_shop_has(frames: dict[str, pd.DataFrame]) -> None:
    articles, prices = frames["articles"], frames["prices"]
    assert 55 <= len(articles) <= 65
    assert articles["inactive"].sum() == 2
    assert articles["open_price"].sum() == 1
    assert articles["group_name"].notna().all()
    assert articles["group_name"].nunique() >= 8
    assert (articles["price_unit"] == 10).sum() == 1
    assert len(frames["employees"]) == 5
    assert frames["employees"]["inactive"].sum() == 1
    assert len(frames["warehouses"]) == 2
    assert set(prices["price_group"]) == {"1", "2"}
    assert (prices["min_quantity"] == 10).sum() >= 3
    assert prices["valid_from"].dropna().unique().tolist() == [pd.Timestamp("2026-11-29")]
    assert prices["valid_to"].dropna().unique().tolist() == [pd.Timestamp("2026-12-24")]


def test_exactly_one_gtin_is_wrong_and_exactly_one_article_has_no_price(frames: dict[str, pd.DataFrame]) -> None:
    articles = frames["articles"]
    coded = articles[articles["gtin"].notna()]
    assert coded["gtin"].str.match(r"2\d{12}$").all(), "in-store numbers begin with 20 to 29"
    assert coded["gtin"].is_unique
    assert [row.number for row in coded.itertuples() if not ean.is_valid(str(row.gtin))] == [WRONG_GTIN]
    sold = articles[~articles["inactive"] & ~articles["open_price"]]
    assert sold.loc[~sold["number"].isin(frames["prices"]["article"]), "number"].tolist() == [NO_PRICE]


def test_every_gross_price_is_one_that_a_shop_would_write(frames: dict[str, pd.DataFrame]) -> None:
    rates = frames["tax_rates"].sort_values("valid_from").groupby("tax_code")["rate"].last()
    rows = frames["prices"].merge(frames["articles"], left_on="article", right_on="number")
    for row in rows.itertuples():
        price = Decimal(str(row.price)) / Decimal(str(row.price_unit))
        if row.price_group == "1":
            price *= 1 + Decimal(str(rates.loc[str(row.tax_code)])) / 100
        cents = int((price * 100).quantize(Decimal(1), ROUND_HALF_UP))
        assert abs(price * 100 - cents) < Decimal("0.02"), "the net price gives the cents without luck"
        assert cents % 10 in (0, 9) or row.group == "510" or cents % 5 == 0, f"{row.article}: {cents}"


def test_the_gift_basket_is_made_of_articles_that_are_sold(shop: Path, frames: dict[str, pd.DataFrame]) -> None:
    connection = sqlite3.connect(shop)
    parts = connection.execute("SELECT Artikelnummer, SetArtikelnummer FROM ARTSET").fetchall()
    sets = connection.execute("SELECT Artikelnummer FROM ART WHERE Stueckliste = 'H'").fetchall()
    connection.close()
    assert {owner for owner, _ in parts} == {number for (number,) in sets}
    sold = frames["articles"].loc[lambda f: ~f["inactive"] & f["stock_item"], "number"]
    assert {part for _, part in parts} <= set(sold)


def test_vat_has_its_history(frames: dict[str, pd.DataFrame]) -> None:
    rates = frames["tax_rates"].set_index(["tax_code", "valid_from"])["rate"]
    assert rates["3", pd.Timestamp("2020-07-01")] == 16
    assert rates["2", pd.Timestamp("2020-07-01")] == 5
    assert rates["3", pd.Timestamp("2021-01-01")] == 19


def test_the_rowversion_moves_with_every_insert_and_update(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    build_demo_shop(path)
    connection = sqlite3.connect(path)
    highest = "SELECT max(TS) FROM (SELECT TS FROM ART UNION ALL SELECT TS FROM LAGER)"
    seen = [connection.execute(highest).fetchone()[0]]
    for statement in (
        "UPDATE ART SET Bezeichnung = 'neu' WHERE ART_ID = 1",
        "INSERT INTO LAGER (LAGER_ID, Lager) VALUES (9, '9')",
        "UPDATE ART SET Bezeichnung = 'noch neuer' WHERE ART_ID = 1",
    ):
        connection.execute(statement)
        seen.append(connection.execute(highest).fetchone()[0])
    connection.close()
    assert seen == sorted(set(seen))


def test_it_is_built_alike_every_time(tmp_path: Path) -> None:
    dumps = []
    for name in ("one.db", "two.db"):
        build_demo_shop(tmp_path / name, dt.date(2026, 1, 1))
        connection = sqlite3.connect(tmp_path / name)
        dumps.append(list(connection.iterdump()))
        connection.close()
    assert dumps[0] == dumps[1]


def test_nothing_is_overwritten_and_nothing_half_built_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.db"
    path.write_text("somebody's data")
    with pytest.raises(ConfigurationError, match="already"):
        build_demo_shop(path)
    assert path.read_text() == "somebody's data"
    monkeypatch.setattr("cloudkasse_etl.sandbox.selectline.demo_erp._rowversions", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build_demo_shop(tmp_path / "other.db")
    assert [file.name for file in tmp_path.iterdir()] == ["shop.db"]


def test_a_check_digit_is_computed_as_gs1_says() -> None:
    assert gtin13("400638133393") == "4006381333931"
    assert ean.is_valid(gtin13("200000000101"))
