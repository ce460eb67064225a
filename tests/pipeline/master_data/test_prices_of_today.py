"""Protects what a customer pays today, over days and changes: prices begin, expire and go, and nothing else moves."""

import datetime as dt

import pytest

from cloudkasse_etl.sync.monitoring.new_data import look_for_novelty
from cloudkasse_etl.sync.run.report import Outcome, RunReport
from tests.support import databases
from tests.support.worlds import World, by_asset

NEW_PRICE = (
    "INSERT INTO ARPREIS (ARPREIS_ID, Artikelnummer, PreisTyp, TypNummer, Menge, Preis, VonDatum, BisDatum) "
    "VALUES (:id, :article, 'G', :group, :quantity, :price, :first, :last)"
)


def price(world: World, number: int, first: str | None = None, last: str | None = None, **values: object) -> None:
    days = {
        name: day and dt.datetime.fromisoformat(day).strftime("%Y-%m-%d 00:00:00.000000")
        for name, day in (("first", first), ("last", last))
    }
    row = {"id": number, "article": "A1", "group": "1", "quantity": 0.0, "price": 12.0, **days}
    world.erp(NEW_PRICE, row | values)


def missing(report: RunReport) -> list[str]:
    return [r.key for r in report.assets["gross_prices"].rejections if r.code == "price_missing"]


@databases.ONLY_SQLITE
@pytest.mark.parametrize(
    ("first", "last", "quantity"),
    [("2025-01-01", "2025-12-31", 0.0), ("2026-06-01", None, 0.0), (None, None, 10.0)],
    ids=["expired", "in the future", "from 10 on"],
)
def test_a_price_that_does_not_hold_today_for_one_piece_is_none(
    world: World, first: str | None, last: str | None, quantity: float
) -> None:
    world.as_of = dt.date(2026, 3, 1)
    world.erp("DELETE FROM ARPREIS WHERE Artikelnummer = 'A1'")
    price(world, 100, first, last, quantity=quantity)
    report = world.sync()
    assert missing(report) == ["A1"]
    assert "holds today for a quantity of 1" in report.assets["gross_prices"].rejections[0].text("en")


@databases.ONLY_SQLITE
def test_a_price_is_missing_from_the_day_after_it_expires_until_the_day_that_the_next_begins(world: World) -> None:
    world.erp("DELETE FROM ARPREIS WHERE Artikelnummer = 'A1'")
    price(world, 100, "2026-01-01", "2026-03-31")
    price(world, 101, "2026-05-01", None)
    for day, expected in (
        ("2026-03-31", []),
        ("2026-04-01", ["A1"]),
        ("2026-04-30", ["A1"]),
        ("2026-05-01", []),
        ("2026-03-31", []),
    ):
        world.as_of = dt.date.fromisoformat(day)
        assert missing(world.sync()) == expected, day
    assert world.sync().outcome is Outcome.NO_NEW_DATA


@databases.ONLY_SQLITE
def test_a_look_for_new_data_sees_the_day_on_which_a_price_expires(world: World) -> None:
    world.erp("DELETE FROM ARPREIS WHERE Artikelnummer = 'A1'")
    price(world, 100, "2026-01-01", "2026-03-31")
    price(world, 101, "2026-05-01", None)
    keys = set()
    for day in ("2026-03-31", "2026-04-01", "2026-05-01"):
        world.as_of = dt.date.fromisoformat(day)
        found = look_for_novelty(world.configuration(), world.as_of)
        assert found.master_data, day
        keys.add(found.key)
        world.sync()
        assert look_for_novelty(world.configuration(), world.as_of).master_data == ()
    assert len(keys) == 3, "each starts a run of its own"


@databases.ONLY_SQLITE
def test_a_run_over_changed_articles_finds_what_has_expired_of_the_others(world: World) -> None:
    world.erp("DELETE FROM ARPREIS WHERE Artikelnummer = 'A1'")
    price(world, 100, "2026-01-01", "2026-03-31")
    world.as_of = dt.date(2026, 3, 30)
    world.sync()
    world.erp("UPDATE ART SET Bezeichnung = 'anders' WHERE Artikelnummer = 'A2'")
    world.as_of = dt.date(2026, 3, 31)
    report = world.sync()
    assert (missing(report), report.assets["gross_prices"].looked_at) == ([], 1)
    world.erp("UPDATE ART SET Bezeichnung = 'wieder anders' WHERE Artikelnummer = 'A2'")
    world.as_of = dt.date(2026, 4, 1)
    assert missing(world.sync()) == ["A1"]
    price(world, 102, "2026-04-02", None)
    assert missing(world.sync()) == ["A1"]
    world.as_of = dt.date(2026, 4, 2)
    assert missing(world.sync()) == []


@databases.ONLY_SQLITE
def test_a_register_lacks_a_price_that_does_not_hold_today_in_its_group(world: World) -> None:
    world.as_of = dt.date(2026, 3, 1)
    world.settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "1", "price_group": "2"})
    for number in range(1, 6):
        price(world, 100 + number, None, None if number > 1 else "2026-02-28", article=f"A{number}", group="2")
    assert dict(world.sync().assets["gross_prices"].lacking) == {"1": 0, "2": 1}
    world.as_of = dt.date(2026, 2, 28)
    assert dict(world.sync().assets["gross_prices"].lacking) == {"1": 0, "2": 0}


@databases.ONLY_SQLITE
def test_a_price_of_a_group_or_article_with_a_bar_in_its_number_is_retired_too(world: World) -> None:
    world.settings["registers"][0]["price_group"] = "1|2"
    world.settings["price_groups"]["1|2"] = {"basis": "gross"}
    world.erp("UPDATE ARPREIS SET TypNummer = '1|2'")
    world.erp("UPDATE ART SET Artikelnummer = 'A|1' WHERE Artikelnummer = 'A1'")
    world.erp("UPDATE ARPREIS SET Artikelnummer = 'A|1' WHERE Artikelnummer = 'A1'")
    price(world, 100, article="A|1", group="1|2", quantity=5.0)
    price(world, 101, article="A2", group="1|2", quantity=5.0)
    world.sync()
    world.erp("DELETE FROM ARPREIS WHERE Menge = 5")
    assert by_asset(world.sync(), "cloudkasse_prices")["deactivated"] == 2
    cloud = world.cloud("prices")
    assert not cloud["A|1|1|2|5.000|"]["active"]
    assert not cloud["A2|1|2|5.000|"]["active"]
    assert cloud["A|1|1|2|0.000|"]["active"]


def test_an_article_whose_prices_would_have_the_keys_of_anothers_is_refused_by_both_names(world: World) -> None:
    world.settings["price_groups"]["1|1"] = {"basis": "net"}
    world.settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "1", "price_group": "1|1"})
    world.erp("UPDATE ART SET Artikelnummer = 'A1|1' WHERE Artikelnummer = 'A2'")
    world.erp("UPDATE ARPREIS SET Artikelnummer = 'A1|1' WHERE Artikelnummer = 'A2'")
    price(world, 100, group="1|1", price=5.0)
    report = world.sync()
    (refused,) = [r for r in report.rejections if r.code == "article_key_ambiguous"]
    assert (refused.key, refused.detail["other"], refused.detail["value"]) == ("A1|1", "A1", "1|1")
    assert world.cloud("prices")["A1|1|1|0.000|"]["gross_cents"] == 595
    assert world.sync().outcome is Outcome.NO_NEW_DATA
    world.erp("UPDATE ART SET Artikelnummer = 'A2' WHERE Artikelnummer = 'A1|1'")
    world.erp("UPDATE ARPREIS SET Artikelnummer = 'A2' WHERE Artikelnummer = 'A1|1'")
    assert not [r for r in world.sync().rejections if r.code == "article_key_ambiguous"]


@databases.ONLY_SQLITE
def test_a_promotion_that_is_taken_back_ends_although_prices_of_other_days_contradict_each_other(world: World) -> None:
    world.as_of = dt.date(2026, 3, 1)
    price(world, 100, "2019-01-01", "2019-12-31", price=5.0)
    price(world, 101, "2026-03-01", "2026-03-31", price=7.0)
    price(world, 102, quantity=5.0, price=6.0)
    world.sync()
    price(world, 103, "2019-01-01", "2019-12-31", price=6.0)
    world.erp("DELETE FROM ARPREIS WHERE ARPREIS_ID IN (101, 102)")
    report = world.sync()
    assert [r.code for r in report.assets["gross_prices"].rejections] == ["price_ambiguous"]
    active = [key for key, record in world.cloud("prices").items() if record["active"] and record["article"] == "A1"]
    assert active == ["A1|1|0.000|", "A1|1|0.000|2019-01-01"], "what is unclear stays as it was"
