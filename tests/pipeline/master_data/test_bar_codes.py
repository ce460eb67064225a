"""Protects what a scan sells: never one of two articles at random, whichever changed and however it is written."""

import pandas as pd
import pytest

from cloudkasse_etl.sync.run.report import RunReport
from cloudkasse_etl.transform.bar_codes import all_spellings, plain
from tests.support import databases
from tests.support.worlds import World

GOOD = "4006381333931"
UPC = "036000291452"


def code(world: World, article: str, text: str | None) -> None:
    world.erp("UPDATE ART SET EANNummer = :code WHERE Artikelnummer = :article", {"code": text, "article": article})


def told(report: RunReport) -> dict[str, str]:
    return {rejection.key: rejection.code for rejection in report.rejections}


def gtins(world: World) -> list[str | None]:
    held = world.cloud("articles")
    return [held[number]["gtin"] for number in ("A1", "A2", "A3")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("4 006381 333931", GOOD),
        ("4-006381-333931", GOOD),
        (GOOD, GOOD),
        ("4 006381 333932", "4 006381 333932"),
        ("47-11", "47-11"),
    ],
)
def test_blanks_and_hyphens_are_taken_out_where_the_rest_is_a_valid_gtin(written: str, read: str) -> None:
    assert list(plain(pd.Series([written, None], dtype="str")).astype(object)[:1]) == [read]


def test_a_code_of_twelve_digits_is_looked_for_with_its_leading_zeros_too() -> None:
    assert all_spellings([UPC, "4711"]) == [UPC, f"0{UPC}", f"00{UPC}"]


@databases.ONLY_SQLITE
def test_a_bar_code_at_two_active_articles_is_told_of_both_and_neither_is_scanned(world: World) -> None:
    code(world, "A1", GOOD)
    code(world, "A2", "4-006381 333931")
    report = world.sync()
    assert told(report) == {"A1": "gtin_duplicate", "A2": "gtin_duplicate"}
    assert all(f"{GOOD} stands at several active articles (A1, A2)" in r.text("en") for r in report.rejections)
    assert gtins(world) == [None, None, None]
    assert all(world.cloud("articles")[number]["active"] for number in ("A1", "A2"))


@databases.ONLY_SQLITE
def test_a_run_over_changed_articles_finds_and_ends_a_bar_code_that_they_share_with_others(world: World) -> None:
    code(world, "A1", "4 006381 333931")
    code(world, "A3", UPC)
    world.sync()
    assert gtins(world) == [GOOD, None, UPC]
    code(world, "A2", GOOD)
    report = world.sync()
    assert told(report) == {"A1": "gtin_duplicate", "A2": "gtin_duplicate"}
    assert report.assets["cloudkasse_articles"].looked_at == 2
    assert gtins(world) == [None, None, UPC]
    code(world, "A1", f"0{UPC}")
    report = world.sync()
    assert told(report) == {"A1": "gtin_duplicate", "A3": "gtin_duplicate"}
    assert gtins(world) == [None, GOOD, None]
    world.erp("UPDATE ART SET Inaktiv = 1 WHERE Artikelnummer = 'A1'")
    assert told(world.sync()) == {}
    assert gtins(world)[1:] == [GOOD, UPC]
    assert told(world.sync(full=True)) == {}


@databases.ONLY_SQLITE
def test_a_bar_code_of_no_known_form_is_told_by_its_form_and_the_article_is_sold_without(world: World) -> None:
    code(world, "A1", "4711")
    code(world, "A2", "4006381333932")
    report = world.sync()
    assert told(report) == {"A1": "gtin_form_invalid", "A2": "cloud.gtin_invalid"}
    assert "8, 12, 13 or 14 digits" in report.rejections[0].text("en")
    assert world.cloud("articles")["A1"]["gtin"] is None
