"""Protects the comparison of the till with the ERP: it sees what really is there, and a full run mends it."""

import copy
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sync.comparison.cloud_comparison import compare_all
from cloudkasse_etl.sync.comparison.comparison_report import Comparison
from cloudkasse_etl.sync.run.report import Outcome
from tests.support import small_erp
from tests.support.worlds import TOKEN, World, behind_our_back, by_asset

pytestmark = pytest.mark.shop(articles=12, page_items=5)


@pytest.fixture(autouse=True)
def _level(world: World) -> None:
    """The shop is level with its cloud."""
    world.sync()


def compared(world: World) -> dict[str, Comparison]:
    return {found.entity: found for found in compare_all(world.configuration(), as_of=world.as_of)}


def test_level_is_said_to_be_level_and_only_asked(world: World) -> None:
    before = len(world.server.requests)
    found = compared(world)
    assert {name: (c.is_equal, c.wanted) for name, c in found.items()} == {
        "companies": (True, 1), "registers": (True, 1), "employees": (True, 2), "articles": (True, 12),
        "prices": (True, 12),
    }  # fmt: skip
    assert found["articles"].sentence("en") == "The till holds all 12 articles as SelectLine wants them."
    asked = world.server.requests[before:]
    assert {method for method, _, _ in asked} == {"GET"}
    assert len([path for _, path, _ in asked if path.startswith("/v1/articles")]) == 3  # pages of five


@pytest.mark.parametrize(("field", "value"), [("number", 7), ("active", "no"), ("name", ["Kaffee"])])
def test_a_broken_record_is_not_taken_for_what_the_cloud_holds(world: World, field: str, value: Any) -> None:
    """Its key would count as missing and be forgotten: what the ERP no longer wants would stay in the cloud."""
    file = world.folder / "cloud.db"
    with closing(sqlite3.connect(file)) as cloud, cloud:
        query = "SELECT body FROM record WHERE entity = 'articles' AND instr(body, ?)"
        (text,) = cloud.execute(query, ('"A3"',)).fetchone()
        broken = orjson.dumps({**orjson.loads(text), field: value})
        cloud.execute("UPDATE record SET body = ? WHERE body = ?", (broken, text))
    with pytest.raises(ContractError, match=f"list of articles has a record whose {field} is"):
        world.sync(full=True)
    with closing(sqlite3.connect(file)) as cloud, cloud:
        cloud.execute("UPDATE record SET body = ? WHERE body = ?", (text, broken))
    world.erp("DELETE FROM ART WHERE Artikelnummer = 'A3'")
    assert by_asset(world.sync(full=True), "cloudkasse_articles") == {"deactivated": 1, "unchanged": 11}


def test_what_somebody_changed_in_cloudkasse_is_told_field_by_field_and_mended_by_a_full_run(world: World) -> None:
    behind_our_back(world, "articles", "A1", name="Kaffe", unit="kg")
    behind_our_back(world, "prices", "A2|1|0.000|", gross_cents=1)
    behind_our_back(world, "employees", "M1", display_name="Anna")
    found = compared(world)
    assert found["articles"].rows("en") == [
        (
            "A1 Artikel 1",
            "name",
            "Artikel 1",
            "Kaffe",
            "It was changed in the till. cloudkasse-etl sync --full brings it back.",
        ),
        (
            "A1 Artikel 1",
            "unit",
            "Stk",
            "kg",
            "It was changed in the till. cloudkasse-etl sync --full brings it back.",
        ),
    ]
    assert found["prices"].rows("de")[0][:4] == ("A2 Artikel 2, Gruppe 1, ab 0", "gross", "11,90 €", "0,01 €")
    assert found["employees"].differences[0].fields[0].field == "display_name"
    assert found["articles"].sentence("de") == (
        "Kassensystem und SelectLine unterscheiden sich in 1 Artikel: 1 mit anderem Inhalt."
    )
    assert world.sync().outcome is Outcome.NO_NEW_DATA, "a quiet run looks at nothing"
    report = world.sync(full=True)
    assert by_asset(report, "cloudkasse_articles") == {"changed": 1, "unchanged": 11}
    assert by_asset(report, "cloudkasse_employees") == {"changed": 1, "unchanged": 1}
    assert all(comparison.is_equal for comparison in compared(world).values())
    assert world.sync(full=True).outcome is Outcome.NO_NEW_DATA


def test_what_is_not_sent_yet_is_told_with_its_cure(world: World) -> None:
    world.erp("UPDATE ART SET Bezeichnung = 'Neu' WHERE Artikelnummer = 'A1'")
    world.erp("UPDATE ART SET Inaktiv = 1 WHERE Artikelnummer = 'A2'")
    world.erp("UPDATE MITARBW SET Inaktiv = 0 WHERE Nr = 'M3'")
    found = compared(world)
    articles, employees = found["articles"], found["employees"]
    assert [(d.key, d.kind, d.cure) for d in articles.differences] == [
        ("A1", "different", "next"), ("A2", "superfluous", "next"),
    ]  # fmt: skip
    assert [(d.key, d.kind, d.cure) for d in employees.differences] == [("M3", "missing", "next")]
    assert employees.rows("en")[0][2:4] == ("Zoë Muster", "(not there)")
    assert found["prices"].is_equal  # a retired article's prices stay as they are
    world.sync()
    assert all(comparison.is_equal for comparison in compared(world).values())


def test_what_never_came_from_here_is_left_to_a_person(world: World) -> None:
    behind_our_back(world, "articles", "X1", number="X1", name="Fremd")
    assert [(d.key, d.kind, d.cure) for d in compared(world)["articles"].differences] == [
        ("X1", "superfluous", "foreign")
    ]
    assert world.sync(full=True).outcome is Outcome.NO_NEW_DATA
    assert world.cloud("articles")["X1"]["active"] is True


def test_what_is_rejected_is_no_difference_but_told(world: World) -> None:
    world.erp("UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'")
    world.sync()
    found = compared(world)
    assert found["articles"].is_equal
    assert found["articles"].refused == 1
    assert found["articles"].sentence("en").endswith("Not counted, since told elsewhere: 1 rejected.")


def test_cloudkasse_is_not_said_to_hold_what_stands_rejected_or_waits(world: World) -> None:
    world.erp(
        "INSERT INTO ART (ART_ID, TS, Artikelnummer, Bezeichnung, SSVerkauf, Mengeneinheit, EANNummer, Inaktiv) "
        "VALUES (99, 0, 'NEU', 'Neu', '3', 'Stk', '4006381333932', 0)"
    )
    world.sync()
    assert len(world.cloud("articles")) == 12
    assert compared(world)["articles"].sentence("en") == (
        "The till holds all 12 articles as SelectLine wants them. Not counted, since told elsewhere: 1 rejected."
    )


def test_what_waits_for_a_register_is_no_difference_and_twenty_records_are_told_one_by_one(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url, articles=30)
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        world = World(folder, url, server, copy.deepcopy(small_erp.SETTINGS))
        found = compared(world)
        # nothing was ever sent, no register is there: the articles wait
        assert (found["registers"].missing, found["articles"].missing, found["articles"].waiting) == (1, 0, 30)
        assert [found["articles"].sentence(language) for language in ("en", "de")] == [
            "There are no articles to compare. Not counted, since told elsewhere: 30 waiting.",
            "Es gibt keine Artikel zu vergleichen. Nicht mitgezählt, weil anderswo gemeldet: 30 wartend.",
        ]
        world.sync()
        for number in range(1, 31):
            world.erp("UPDATE ART SET Bezeichnung = 'x' WHERE Artikelnummer = :n", {"n": f"A{number}"})
        articles = compared(world)["articles"]
        assert (articles.different, len(articles.differences), len(articles.rows("en"))) == (30, 20, 20)
