"""Protects the list of articles for tills that take no upload: each price that would go up is in it, to the cent."""

import csv
import io
from pathlib import Path

import pytest

from cloudkasse_etl.sync.outputs.article_export import export_articles
from tests.support.worlds import World, small_world


def exported(world: World) -> list[dict[str, str]]:
    out = io.StringIO()
    export_articles(world.configuration(), out)
    return list(csv.DictReader(io.StringIO(out.getvalue()), delimiter=";"))


def test_it_has_what_goes_up_to_a_till_that_takes_it(tmp_path: Path) -> None:
    with small_world(tmp_path) as world:
        world.sync()
        cloud = world.cloud("prices")
        rows = exported(world)
        names = {key: item["name"] for key, item in world.cloud("articles").items()}
    sent = {
        (item["article"], item["price_group"], item["valid_from"] or "", f"{item['gross_cents'] / 100:.2f}")
        for item in cloud.values()
        if item["active"]
    }
    priced = [row for row in rows if row["Gross price"]]
    assert {(r["Article"], r["Price group"], r["Valid from"], r["Gross price"]) for r in priced} == sent
    assert {row["Article"]: row["Name"] for row in rows} == names
    assert len(rows) == len({(r["Article"], r["Price group"], r["From quantity"], r["Valid from"]) for r in rows})


@pytest.mark.parametrize(("language", "price"), [("en", "11.90"), ("de", "11,90")])
def test_amounts_are_in_the_shops_language_and_a_file_is_whole(tmp_path: Path, language: str, price: str) -> None:
    with small_world(tmp_path) as world:
        world.settings["language"] = language
        world.erp("UPDATE ARPREIS SET Preis = 10")
        file = tmp_path / "articles.csv"
        written = export_articles(world.configuration(), file)
        text = file.read_text(encoding="utf-8-sig")
        assert price in text
        assert len(text.splitlines()) == 1 + max(written.prices, written.articles)
