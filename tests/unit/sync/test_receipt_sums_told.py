"""Protects the wording of sums: what is counted, what it comes to, and what nobody can sum up is said."""

from pathlib import Path

import pytest

from assets.ui.metadata import asset_metadata
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_CLOSINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.state.stores.books.receipt_totals import Booked, ReceiptGroup
from cloudkasse_etl.sync.run.receipt_sums import FATES_HEADS, sums_of, waiting_text
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Outcome, RunReport
from cloudkasse_etl.sync.run.sentence import sentence
from cloudkasse_etl.sync.run.summary import brief

GROUPS = [
    ReceiptGroup("staged", None, None, "EUR", 46, 46, 123_456),
    ReceiptGroup("rejected", "revenue_postings", None, "EUR", 2, 2, 500),
    ReceiptGroup("rejected", "staged_receipts", None, "CHF", 1, 1, 700),
    ReceiptGroup("rejected", "staged_receipts", None, None, 1, 0, 0),
    ReceiptGroup("no_effect", None, "training", "EUR", 3, 3, 900),
    ReceiptGroup("no_effect", None, "broken_off", "EUR", 1, 1, 100),
]
SUMS = sums_of(GROUPS, Booked({"EUR": (300, 5_000_000)}, 2_000, 900))


def test_every_part_is_told_with_count_and_amount_and_the_last_row_is_their_sum() -> None:
    assert SUMS.render("en") == (
        "354 receipts (7.00 CHF, 51,249.56 €, 1 of unknown amount): 300 imported (50,000.00 €), "
        "46 waiting for their import (1,234.56 €), 2 refused by the import (5.00 €), "
        "2 rejected when they came (7.00 CHF, 1 of unknown amount), 4 without effect on the books (10.00 €)"
    )
    rows = SUMS.rows("de")
    assert rows[-1][1] == sum(count for _, count, _ in rows[:-1]) == SUMS.count == 354
    assert ("ohne Wirkung auf die Bücher: Training", 3, "9,00 €") in rows
    assert sum(fate["count"] for fate in SUMS.as_dict()["fates"]) == SUMS.as_dict()["count"]


def test_one_receipt_has_words_of_its_own() -> None:
    one = sums_of([ReceiptGroup("staged", None, None, "EUR", 1, 1, 650)], Booked({"EUR": (1, 100)}, 4, 1))
    assert one.render("en") == "2 receipts (7.50 €): 1 imported (1.00 €), 1 waiting for its import (6.50 €)"
    assert one.render("de") == "2 Bons (7,50 €): 1 importiert (1,00 €), 1 wartet auf seinen Import (6,50 €)"
    assert one.render("fr").endswith("\u00a0: 1 importé (1,00 €), 1 en attente de son import (6,50 €)")


def test_french_puts_a_space_before_a_colon_and_a_semicolon() -> None:
    reports = [AssetReport(STAGED_CLOSINGS, Counts(new=4, still_rejected=1))]
    assert sentence(Outcome.SUCCESSFUL, reports, "fr").startswith("réussi\u00a0: 4 ")
    assert sentence(Outcome.NO_NEW_DATA, reports, "fr").startswith("rien de nouveau\u00a0; ")


ENGLISH = (
    "successful: 350 receipts staged, 17 of them without effect, 4 closings staged. "
    "46 receipts wait for their import (1,234.56 €)."
)
GERMAN = (
    "erfolgreich: 350 Bons übernommen, 17 davon ohne Wirkung, 4 Abschlüsse übernommen. "
    "46 Bons warten auf ihren Import (1.234,56 €)."
)


@pytest.mark.parametrize(("language", "expected"), [("en", ENGLISH), ("de", GERMAN)])
def test_the_runs_sentence_says_what_has_no_effect_and_what_waits(language: str, expected: str) -> None:
    reports = [
        AssetReport(STAGED_RECEIPTS, Counts(new=350), apart={"no_effect": 17}),
        AssetReport(STAGED_CLOSINGS, Counts(new=4)),
    ]
    waiting = waiting_text(SUMS.waiting, language)
    assert sentence(Outcome.SUCCESSFUL, reports, language, None, waiting) == expected
    run = RunReport("r", "all", Outcome.SUCCESSFUL, "", {one.asset: one for one in reports}, "")
    assert "Wirkung" not in brief(run, language)
    assert "effect" not in brief(run, language)


def test_assets_of_receipts_show_the_sums_and_how_many_rows_they_hold() -> None:
    def found(asset: str, **more: bool) -> dict[str, object]:
        return dict(asset_metadata(AssetReport(asset, Counts()), Settings(), Path("p.csv"), SUMS, **more))

    for asset, rows in ((STAGED_RECEIPTS, 354), (REVENUE_POSTINGS, 2_000), (STOCK_MOVEMENTS, 900)):
        assert found(asset)["dagster/row_count"] == rows
        assert ("receipts" in found(asset)) is (asset != STOCK_MOVEMENTS)
    waits = "46 receipts wait for their import (1,234.56 €)."
    assert waits in str(found(STAGED_RECEIPTS)["summary"])
    assert waits not in str(found(STAGED_RECEIPTS, is_import_next=True)["summary"])


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "18 receipts imported, 25 stock lines moved, 27 receipts and 5 stock lines rejected, 1 receipt still"),
        ("de", "18 Bons importiert, 25 Lagerzeilen gebucht, 27 Bons und 5 Lagerzeilen abgelehnt, 1 Bon weiterhin"),
    ],
)
def test_what_is_rejected_is_named_where_it_is_not_of_one_kind(language: str, expected: str) -> None:
    imported = AssetReport(REVENUE_POSTINGS, Counts(new=18, rejected=27, still_rejected=1))
    moved = AssetReport(STOCK_MOVEMENTS, Counts(new=25, rejected=5))
    assert expected in sentence(Outcome.PARTIALLY_SUCCESSFUL, [imported, moved], language)
    assert "28 " not in sentence(Outcome.PARTIALLY_SUCCESSFUL, [imported], language)
    assert ("27 rejected" if language == "en" else "27 abgelehnt") in sentence(
        Outcome.PARTIALLY_SUCCESSFUL, [imported], language
    )
    quiet = [AssetReport(STOCK_MOVEMENTS, Counts(still_rejected=5)), AssetReport(REVENUE_POSTINGS, Counts())]
    assert sentence(Outcome.NO_NEW_DATA, quiet, "en") == "nothing new; 5 rejected"


def test_the_table_says_that_it_is_of_all_receipts_and_of_no_single_run() -> None:
    assert [FATES_HEADS[0].render(language) for language in ("en", "de")] == [
        "all receipts ever fetched",
        "alle je abgeholten Bons",
    ]
