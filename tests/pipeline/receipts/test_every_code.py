"""Protects the catalogue: every code has a record that provokes it, here or in the test of the part that raises it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cloudkasse_etl.entities import ARTICLES, COMPANY, PRICES, REGISTERS
from cloudkasse_etl.rejections.rejection import CATALOGUE, CLOUD, Language, Rejection
from cloudkasse_etl.sync.master_data.extraction import extract
from cloudkasse_etl.sync.master_data.upload import upload
from tests.support import databases
from tests.support.worlds import World

TESTS = Path(__file__).resolve().parents[2]
LONG = "x" * 81


def test_every_code_stands_in_a_test() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    assert [code for code in CATALOGUE if f'"{code.removeprefix(CLOUD)}' not in written.replace(CLOUD, "")] == []


def second_company(world: World) -> None:
    world.erp("INSERT INTO MANDANT (MANDANT_ID, Datenbankname, Firma, TS) VALUES (2, 'SL_MZWEI', 'Zweitladen', 900)")


@pytest.mark.parametrize(
    ("asset", "code", "prepare", "told"),
    [
        (
            "selectline_company",
            "company_missing",
            lambda world: world.erp("DELETE FROM MANDANT"),
            "MANDANT has no matching row",
        ),
        ("selectline_company", "company_ambiguous", second_company, "2 companies: SL_MTEST, SL_MZWEI"),
        pytest.param(
            "cloudkasse_articles",
            "cloud.too_long",
            lambda world: world.erp("UPDATE ART SET Bezeichnung = :name WHERE Artikelnummer = 'A1'", {"name": LONG}),
            "ART.Bezeichnung is too long",
            marks=databases.ONLY_SQLITE,
        ),
        pytest.param(
            "cloudkasse_employees",
            "cloud.too_long",
            lambda world: world.erp("UPDATE MITARBW SET Name = :name WHERE Nr = 'M1'", {"name": LONG}),
            "MITARBW.Name is too long",
            marks=databases.ONLY_SQLITE,
        ),
    ],
)
def test_a_record_that_cannot_go_up_is_told_and_holds_up_no_other(
    world: World, asset: str, code: str, prepare: Callable[[World], None], told: str
) -> None:
    prepare(world)
    report = world.sync()
    (rejection,) = report.assets[asset].rejections
    assert rejection.code == code
    assert told in rejection.text("en")
    assert rejection.cure("de") != rejection.cure("en") != ""
    assert len(world.cloud("employees")) + report.counts.rejected >= 2


@databases.ONLY_SQLITE
def test_the_prices_of_a_refused_article_wait_and_name_it(world: World) -> None:
    world.erp("UPDATE ART SET Bezeichnung = :name WHERE Artikelnummer = 'A1'", {"name": LONG})
    report = world.sync()
    (waiting,) = report.assets["cloudkasse_prices"].deferrals
    assert (waiting.code, waiting.count, "A1" in str(waiting)) == ("article_required", 1, True)
    world.erp("UPDATE ART SET Bezeichnung = 'kurz' WHERE Artikelnummer = 'A1'")
    assert world.sync().assets["cloudkasse_prices"].counts.new == 1


def test_a_price_whose_article_the_cloud_has_lost_is_refused_and_goes_up_once_it_is_back(world: World) -> None:
    with world.session() as session:
        extract(session, COMPANY)
        for kind in (COMPANY, REGISTERS, ARTICLES):
            upload(session, kind)
        with closing(sqlite3.connect(world.folder / "cloud.db")) as cloud, cloud:
            cloud.execute("DELETE FROM record WHERE entity = 'articles' AND key LIKE '%A1%'")
        report = upload(session, PRICES)
        session.finish()
    (rejection,) = report.rejections
    assert (rejection.key.split("|")[0], rejection.code) == ("A1", "cloud.article_unknown")
    world.sync()
    assert world.sync().message == "nothing new"
    assert "A1|1|0.000|" in world.cloud("prices")


@pytest.mark.parametrize("code", ["cloud.price_negative", "cloud.contract", "cloud.conflict"])
def test_what_only_a_cloud_at_fault_says_has_its_words_too(code: str) -> None:
    # `price_out_of_range` is raised before the cloud can say it; the others: tests of the client's batches
    failure = CATALOGUE[code]
    assert all((failure.text, failure.cure))


@pytest.mark.parametrize(
    ("detail", "cure", "german"),
    [
        (
            {"field": "ART.Bezeichnung"},
            "Shorten ART.Bezeichnung in SelectLine.",
            "Kürzen Sie ART.Bezeichnung in SelectLine.",
        ),
        (
            {"field": "registers.name"},
            "Shorten registers.name in the settings.",
            "Kürzen Sie registers.name in den Einstellungen.",
        ),
    ],
)
def test_a_cure_names_where_the_value_is_kept(detail: dict[str, str], cure: str, german: str) -> None:
    rejection = Rejection("a", "1", "cloud.too_long", detail)
    assert (rejection.cure("en"), rejection.cure("de")) == (cure, german)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_refusal_that_names_no_field_has_no_empty_brackets(language: Language) -> None:
    rejection = Rejection("a", "1", "cloud.unheard_of", {"field": "", "message": "No."})
    assert "(" not in rejection.cure(language)
    assert "(name)" in Rejection("a", "1", "cloud.unheard_of", {"field": "name", "message": ""}).cure(language)
