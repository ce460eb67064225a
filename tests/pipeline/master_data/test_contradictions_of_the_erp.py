"""Protects a shop whose SelectLine says two things at once: what hangs on it is told and stays as it was."""

from cloudkasse_etl.sync.run.report import Outcome
from tests.support import databases
from tests.support.worlds import World, by_asset


def retold(world: World) -> dict[str, tuple[str, ...]]:
    rejections = world.sync().assets["selectline_articles"].rejections
    return {code: tuple(r.key for r in rejections if r.code == code) for code in {r.code for r in rejections}}


@databases.ONLY_SQLITE
def test_articles_of_a_tax_code_with_two_rates_of_one_day_stay_as_they_were_until_one_is_left(world: World) -> None:
    world.sync()
    world.erp(
        "INSERT INTO USDETAIL (USDETAIL_ID, SteuerCode, GueltigAb, Steuer) "
        "SELECT 9, SteuerCode, GueltigAb, 7.0 FROM USDETAIL WHERE USDETAIL_ID = 1"
    )
    world.erp("UPDATE ART SET Bezeichnung = 'anders' WHERE Artikelnummer = 'A1'")
    assert retold(world) == {"tax_code_ambiguous": ("A1", "A2", "A3", "A4", "A5")}
    assert (world.cloud("articles")["A1"]["name"], world.cloud("articles")["A1"]["vat_rate"]) == ("Artikel 1", "19.00")
    assert all(price["active"] and price["gross_cents"] == 1190 for price in world.cloud("prices").values())
    world.erp("DELETE FROM USDETAIL WHERE USDETAIL_ID = 9")
    assert by_asset(world.sync(), "cloudkasse_articles") == {"changed": 1, "unchanged": 4}


@databases.ONLY_SQLITE
def test_an_article_group_with_two_names_is_told_and_its_articles_go_up_with_the_first(world: World) -> None:
    world.erp("INSERT INTO GRUPPEN (GRUPPEN_ID, Id, Nummer, Bezeichnung) VALUES (9, 'AG', '10', 'Kaffee')")
    assert retold(world) == {"group_name_ambiguous": ("GRUPPEN AG 10",)}
    assert {article["group_name"] for article in world.cloud("articles").values()} == {"Kaffee"}
    world.erp("UPDATE ART SET Bezeichnung = 'anders' WHERE Artikelnummer = 'A1'")
    assert retold(world) == {"group_name_ambiguous": ("GRUPPEN AG 10",)}, "also where only some articles are looked at"
    world.erp("UPDATE GRUPPEN SET Bezeichnung = 'Waren' WHERE GRUPPEN_ID = 9")
    assert retold(world) == {}
    assert world.cloud("articles")["A1"]["group_name"] == "Waren"
    assert world.sync().outcome is Outcome.NO_NEW_DATA
