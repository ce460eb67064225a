"""Protects the two tags of the list of runs: a screen of 1,366 pixels cuts none of them off, in any language."""

from collections.abc import Iterator

import pytest

from cloudkasse_etl import errors
from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_CLOSINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.errors import CloudkasseError, NetworkError
from cloudkasse_etl.i18n.messages import languages
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Outcome, RunReport, outcome_of
from cloudkasse_etl.sync.run.sentence import sentence
from cloudkasse_etl.sync.run.summary import ROOM, brief, shown_outcome, width


def run(counts: Counts, *, error: type[CloudkasseError] | None = None, language: Language = "en", **facts: int) -> str:
    """The summary of a run of one asset."""
    reports = {"selectline_articles": AssetReport("selectline_articles", counts)}
    outcome = outcome_of(counts, broke=error is not None)
    why = {} if error is None else {"error": "a long reason", "in_short": error.in_short.render(language)}
    return brief(RunReport("r", "all", outcome, "", reports, "", **why, **facts), language)  # type: ignore[arg-type]


def all_errors() -> Iterator[type[CloudkasseError]]:
    for found in vars(errors).values():
        if isinstance(found, type) and issubclass(found, CloudkasseError):
            yield found


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        ("2 rejected, 2 waiting", 112),
        ("1 abgelehnt, 1.016 offen", 128),
        ("⚠ partially successful", 123),
        ("↻ wieder um 10:44", 106),
        ("unexpected answer", 109),
    ],
)
def test_a_text_is_as_wide_as_a_browser_measured_it(text: str, measured: int) -> None:
    assert abs(width(text) - measured) <= 2


@pytest.mark.parametrize("language", languages())
def test_no_outcome_and_no_reason_is_cut_off(language: Language) -> None:
    texts = [shown_outcome(outcome, language) for outcome in Outcome]
    texts += [error.in_short.render(language) for error in all_errors()]
    texts += [run(Counts(), error=error, language=language, open_records=1016) for error in all_errors()]
    assert len(texts) > 20
    assert {text: width(text) for text in texts if width(text) > ROOM} == {}


@pytest.mark.parametrize("language", languages())
def test_no_count_is_cut_off_however_large(language: Language) -> None:
    for asset in ("selectline_articles", STAGED_RECEIPTS, STAGED_CLOSINGS, REVENUE_POSTINGS, STOCK_MOVEMENTS):
        for counts in (Counts(new=88_888), Counts(new=1, rejected=88_888), Counts(deferred=88_888)):
            reports = {asset: AssetReport(asset, counts)}
            told = brief(RunReport("r", "all", outcome_of(counts), "", reports, ""), language)
            assert width(told) <= ROOM, told


def test_a_failed_run_tells_what_was_rejected_and_what_is_open_in_all() -> None:
    assert run(Counts(rejected=1, still_rejected=1015)) == "1 rejected, 1,016 open"
    assert run(Counts(rejected=4321, still_rejected=1015)) == "5,336 open"  # the larger half, if one of them must go
    assert run(Counts(rejected=1, still_rejected=1015), language="de") == "1.016 offen"
    assert run(Counts(rejected=1)) == "1 rejected"
    assert run(Counts(new=3, rejected=1, still_rejected=9)) == "1 rejected, 3 new"


def test_a_run_that_broke_tells_why_and_what_is_open_over_all_assets_not_only_those_that_it_reached() -> None:
    assert run(Counts(rejected=1), error=NetworkError, open_records=1016) == "till silent, 1,016 open"
    assert run(Counts(), error=NetworkError) == "till silent"
    reports = [AssetReport("selectline_articles", Counts(rejected=1))]
    told = sentence(Outcome.FAILED, reports, "en", "no network.", open_records=1016)
    assert told == "failed: no network. Until then: 1 rejected. 1,016 records are open in all."
