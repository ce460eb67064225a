"""Protects that a run looks at everything where what has changed cannot be told for certain, and at no more otherwise.

That both come to the same: test_changed_articles.py.
"""

import sqlite3
from collections.abc import Callable, Collection
from typing import Any

import pytest

from cloudkasse_etl.entities import PRICES
from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.errors import MassRetirementError
from cloudkasse_etl.state.stores.erp_rows import ErpRows
from cloudkasse_etl.sync.changes import changed_articles
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.master_data.extraction import extract
from cloudkasse_etl.sync.run.report import RunReport
from tests.support import databases
from tests.support.worlds import MASTER_DATA, World, by_asset, counts

# its shops are copies of files
pytestmark = databases.CHOOSES_ITSELF

NAME = "UPDATE ART SET Bezeichnung = :name WHERE Artikelnummer = 'A1'"


def rename(shop: World, name: str) -> None:
    shop.erp(NAME, {"name": name})


def looked_at(report: RunReport) -> int | None:
    """How many articles a run looked at; None where it was all of them, or where nothing was new."""
    return report.assets["gross_prices"].looked_at


def test_a_change_is_brought_up_by_looking_at_its_article_alone(shop: World) -> None:
    rename(shop, "Neu")
    report = shop.sync()
    assert counts(report) == {"changed": 1, "unchanged": 1 + 1 + 2 + 4 + 5}
    assert {name: asset.looked_at for name, asset in report.assets.items() if asset.looked_at is not None} == {
        "selectline_articles": 1, "gross_prices": 1, "cloudkasse_articles": 1, "cloudkasse_prices": 1,
    }  # fmt: skip
    assert [report.assets[name].rows for name in ("selectline_articles", "gross_prices", "cloudkasse_prices")] == [
        5
    ] * 3
    assert counts(shop.sync()) == {"unchanged": 1 + 1 + 2 + 5 + 5}


@pytest.mark.parametrize(
    ("statement", "articles"),
    [
        ("DELETE FROM ARPREIS WHERE Artikelnummer = 'A2'", 1),
        ("UPDATE ART SET Inaktiv = 1, TS = 1 WHERE Artikelnummer = 'A3'", 1),  # below what was read already
        ("UPDATE ART SET Artikelnummer = 'A9' WHERE Artikelnummer = 'A3'", 2),
        ("UPDATE ARPREIS SET PreisTyp = 'K' WHERE Artikelnummer = 'A3'", 1),
        ("INSERT INTO ARPREIS (Artikelnummer, PreisTyp, TypNummer, Preis) VALUES ('A3', 'K', '77', 1)", 0),
        ("DELETE FROM ART", 5),
    ],
)
def test_whatever_happens_to_a_row_its_articles_are_found(shop: World, statement: str, articles: int) -> None:
    shop.erp(statement)
    assert looked_at(shop.sync(allow_retire=True)) == articles


def _other_currency(shop: World) -> None:
    shop.erp("UPDATE MANDANT SET Waehrung = 'CHF'")


def _other_settings(shop: World) -> None:
    shop.settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "1", "price_group": "2"})


def _lost_in_the_cloud(shop: World) -> None:
    with sqlite3.connect(shop.folder / "cloud.db") as connection:
        connection.execute("""DELETE FROM record WHERE key LIKE '%"A5"%'""")
    connection.close()


def _no_rowversion(shop: World) -> None:
    shop.erp("UPDATE ART SET TS = 9223372036854775807 WHERE Artikelnummer = 'A2'")


@pytest.mark.parametrize(
    "happening",
    [_other_currency, _other_settings, _lost_in_the_cloud, pytest.param(_no_rowversion, marks=databases.ONLY_SQLITE)],
)
def test_what_concerns_more_than_the_changed_articles_is_found_by_looking_at_all(
    shop: World, happening: Callable[[World], None]
) -> None:
    rename(shop, "Neu")
    happening(shop)
    report = shop.sync(allow_retire=True)
    assert report.assets["cloudkasse_articles"].looked_at is None
    assert report.assets["cloudkasse_prices"].looked_at is None


def test_all_is_looked_at_on_demand_and_where_much_has_changed(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed_articles, "MOST_ARTICLES", 2)
    for option in ("full", "retry_rejected", "allow_retire"):
        rename(shop, option)
        assert looked_at(shop.sync(**{option: True})) == (1 if option == "allow_retire" else None)
    shop.erp("UPDATE ART SET Bezeichnung = 'Neu' WHERE ART_ID < 4")
    assert looked_at(shop.sync()) is None
    shop.erp("UPDATE ART SET Bezeichnung = 'Neuer' WHERE ART_ID < 3")
    assert looked_at(shop.sync()) == 2


def test_a_run_that_dies_before_it_keeps_its_snapshot_makes_the_next_one_look_at_all(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename(shop, "Neu")
    with monkeypatch.context() as dying:
        dying.setattr(ErpRows, "_put", lambda *_: _die())
        with pytest.raises(KeyboardInterrupt):
            shop.sync()
    shop.erp("UPDATE ART SET Bezeichnung = 'Auch' WHERE Artikelnummer = 'A2'")
    report = shop.sync()
    assert looked_at(report) is None
    assert by_asset(report, "cloudkasse_articles") == {"changed": 1, "unchanged": 4}
    rename(shop, "Neuer")
    assert looked_at(shop.sync()) == 1


def _die() -> None:
    raise KeyboardInterrupt


def test_an_asset_materialised_alone_is_ahead_of_the_snapshot(shop: World) -> None:
    rename(shop, "Neu")
    shop.erp("UPDATE ARPREIS SET Preis = -1 WHERE Artikelnummer = 'A2'")
    for step in MASTER_DATA[3:6]:
        with shop.session() as session:
            assert step(session).looked_at in (2, None)
    shop.erp("UPDATE ARPREIS SET Preis = 3 WHERE Artikelnummer = 'A3'")
    report = shop.sync()
    assert looked_at(report) is None
    assert [by_asset(report, f"cloudkasse_{name}") for name in ("articles", "prices")] == [
        {"changed": 1, "unchanged": 4},
        {"changed": 1, "unchanged": 3},
    ]
    rename(shop, "Neuer")
    assert looked_at(shop.sync()) == 1


def test_a_run_that_retires_too_much_leaves_nothing_behind_that_the_next_one_builds_on(shop: World) -> None:
    shop.settings["safety"] = {"retire_minimum": 1}
    shop.erp("UPDATE ART SET Inaktiv = 1 WHERE ART_ID < 4")
    shop.sync(full=True, allow_retire=True)
    shop.erp("UPDATE ART SET Inaktiv = 1")
    with pytest.raises(MassRetirementError):
        shop.sync()
    report = shop.sync(allow_retire=True)
    assert looked_at(report) is None
    assert by_asset(report, "cloudkasse_articles") == {"deactivated": 2}


def test_rows_that_move_while_they_are_read_are_read_again_by_the_next_run(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQL Server's statements each see what is committed by then
    monkeypatch.setattr(ErpReader, "sees_one_moment", False)
    marks: Callable[[ErpReader, Collection[str] | None], dict[str, str | None]] = ErpReader.watermarks
    asked: list[None] = []
    moves: Callable[[], bool] = lambda: True  # noqa: E731

    def moving(reader: ErpReader, among: Collection[str] | None = None) -> dict[str, str | None]:
        asked.append(None)
        return marks(reader, among) | ({"ART": f"{len(asked)}"} if moves() else {})

    rename(shop, "Neu")
    assert looked_at(shop.sync()) == 1, "nothing moved"
    rename(shop, "Neuer")
    with monkeypatch.context() as busy:
        busy.setattr(ErpReader, "watermarks", moving)
        assert looked_at(shop.sync()) is None
    rename(shop, "Am neuesten")
    assert looked_at(shop.sync()) is None
    rename(shop, "Zuletzt")
    assert looked_at(shop.sync()) == 1
    rename(shop, "Zugleich")
    with monkeypatch.context() as busy:
        sent = len(shop.writes())
        moves = lambda: len(shop.writes()) > sent  # noqa: E731 -- what moves once the upload has begun was not read
        busy.setattr(ErpReader, "watermarks", moving)
        assert looked_at(shop.sync(full=True)) is None
        assert len(shop.writes()) > sent
    rename(shop, "Zuallerletzt")
    assert looked_at(shop.sync()) == 1


def test_a_plan_looks_at_the_changed_articles_and_keeps_nothing(shop: World) -> None:
    rename(shop, "Neu")
    shop.erp("UPDATE ARPREIS SET Preis = 3 WHERE Artikelnummer = 'A2'")
    found = {entity.entity: entity for entity in plan(shop.configuration(), as_of=shop.as_of).entities}
    assert [(record.key, record.action) for record in found["articles"].records] == [("A1", "changed")]
    assert [(record.key, record.action) for record in found["prices"].records] == [("A2|1|0.000|", "changed")]
    assert looked_at(shop.sync()) == 2


def test_prices_alone_are_told_of_their_articles(shop: World) -> None:
    shop.erp("UPDATE ARPREIS SET Preis = -1 WHERE Artikelnummer IN ('A1', 'A2')")
    shop.sync()
    shop.erp("UPDATE ARPREIS SET Preis = 4 WHERE Artikelnummer = 'A1'")
    with shop.session() as session:
        report: Any = extract(session, PRICES)
    assert (report.rows, report.looked_at) == (5, 1)
