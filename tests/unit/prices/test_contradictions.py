"""Protects what is booked and sold where SelectLine says two things at once: neither counts, in any order."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from cloudkasse_etl.erp.selectline.groups import distinct_names
from cloudkasse_etl.schemas.wire_receipts import parse_receipt
from cloudkasse_etl.transform.booking import Booked, book
from cloudkasse_etl.transform.payloads import refuse_unknown_tax_codes
from cloudkasse_etl.transform.prices.vat_rates import VatRates
from cloudkasse_etl.transform.receipt_frames import flatten
from tests.support.price_frames import articles
from tests.support.receipts.receipt_factory import article_frame, item, ledger, line

Rate = tuple[str, str, float]
SEVEN: Rate = ("3", "2024-01-01", 7.7)
EIGHT: Rate = ("3", "2024-01-01", 8.1)
BEFORE: Rate = ("3", "2018-01-01", 7.7)
OTHER: Rate = ("2", "2018-01-01", 2.5)


def rates(*rows: Rate) -> VatRates:
    return VatRates.from_rates(pd.DataFrame(rows, columns=["tax_code", "valid_from", "rate"]))


@pytest.mark.parametrize("rows", [(BEFORE, SEVEN, EIGHT, OTHER), (EIGHT, OTHER, SEVEN, BEFORE)])
def test_two_rates_of_one_code_and_day_are_a_contradiction_in_any_order(rows: tuple[Rate, ...]) -> None:
    known = rates(*rows)
    assert known.on(dt.date(2026, 1, 1)) == {"2": 250}
    assert dict(known.contradictions) == {"3": "2024-01-01: 7.70, 8.10"}
    sold = articles({"number": "A1"}, {"number": "A2", "tax_code": "2"}, {"number": "A3", "tax_code": "9"})
    kept, rejections = refuse_unknown_tax_codes(sold, known, dt.date(2026, 1, 1))
    assert list(kept["number"]) == ["A2"]
    assert [(r.key, r.code) for r in rejections] == [("A1", "tax_code_ambiguous"), ("A3", "tax_code_unknown")]
    assert "'3' has different rates from the same day on (2024-01-01: 7.70, 8.10)" in rejections[0].text("en")


def booked(
    articles: dict[str, dict[str, Any]], rows: pd.DataFrame | None = None, groups: tuple[Any, ...] = (), **fields: Any
) -> Booked:
    """What comes of a sale of article X at 19 %; `rows` are all rows of ART, where they are not those of `articles`."""
    by = ledger(articles, groups=groups, **fields)
    by = by if rows is None else replace(by, articles=rows)
    result = book(flatten([parse_receipt(item(line(article="X")))]), by)
    assert bool(len(result.postings)) is not bool(result.rejections)
    return result


def refusal_of(articles: dict[str, dict[str, Any]], **fields: Any) -> tuple[str, str] | None:
    """Code and text of what it is refused for; None where it is booked."""
    return next(((r.code, r.text("en")) for r in booked(articles, **fields).rejections), None)


def test_a_receipt_waits_for_a_tax_code_with_two_rates_of_one_day() -> None:
    known = rates(("3", "2007-01-01", 19.0), ("3", "2007-01-01", 16.0))
    for by in (known, rates(("3", "2007-01-01", 16.0), ("3", "2007-01-01", 19.0))):
        found = refusal_of({"X": {}}, rates=by)
        assert found is not None
        assert found[0] == "tax_code_ambiguous"
    assert refusal_of({"X": {"tax_code": "2"}}, rates=known) is None, "another code"


@pytest.mark.parametrize(
    ("rate", "shown"), [(8.125, "8.125"), (-7.7, "-7.7"), (100.01, "100.01"), (float("inf"), "?"), (1e300, "1e+300")]
)
def test_a_rate_that_cannot_be_charged_is_told_and_the_one_that_it_was_to_end_is_not_charged_on(
    rate: float, shown: str
) -> None:
    known = rates(("3", "2007-01-01", 19.0), ("3", "2024-01-01", rate), OTHER)
    assert known.on(dt.date(2026, 1, 1)) == {"2": 250}
    kept, rejections = refuse_unknown_tax_codes(articles({"number": "A1"}), known, dt.date(2026, 1, 1))
    assert (list(kept["number"]), [r.code for r in rejections]) == ([], ["tax_rate_invalid"])
    assert f"'3' has a rate that cannot be charged (2024-01-01: {shown})" in rejections[0].text("en")
    found = refusal_of({"X": {}}, rates=known)
    assert found is not None
    assert found[0] == "tax_rate_invalid"
    assert refusal_of({"X": {"tax_code": "2"}}, rates=rates(OTHER, BEFORE, ("2", "2018-01-02", 19.0))) is None


@pytest.mark.parametrize("rate", [0.07, 2.55, 5.7, 7.7, 8.1, 16.35, 19.29, 99.99, 100.0, 0.0])
def test_a_rate_of_two_decimals_is_usable_although_it_is_a_binary_float(rate: float) -> None:
    assert dict(rates(("3", "2024-01-01", rate)).unusable) == {}


@pytest.mark.parametrize("accounts", [("8500", "8501"), ("8501", "8500")])
def test_a_revenue_group_with_two_accounts_for_one_tax_code_is_told_and_neither_is_taken(
    accounts: tuple[str, str],
) -> None:
    groups = tuple(("01", "3", account) for account in accounts)
    result = booked({"X": {"revenue_group": "01"}}, groups=groups)
    assert "8400" in set(result.postings["account"]), "that of the settings"
    (warning,) = result.warnings
    assert warning.code == "revenue_account_ambiguous"
    assert "'01' has different accounts for tax code '3' (8500, 8501)" in warning.text("en")
    assert booked({"X": {"revenue_group": "01"}}, groups=groups[:1] * 2).warnings == [], "the same row twice"
    named = {"X": {"revenue_group": "01", "revenue_account": "8410"}}
    assert booked(named, groups=groups).warnings == [], "the article names its account"


def test_a_receipt_waits_for_an_article_of_which_two_rows_differ_in_what_is_booked() -> None:
    one, other = article_frame({"X": {}}), article_frame({"X": {"revenue_account": "8410", "unit": "kg"}})
    for rows in ([one, other], [other, one]):
        found = refusal_of({}, rows=pd.concat(rows, ignore_index=True))
        assert found is not None
        assert found[0] == "article_ambiguous"
        assert "'X' stands in several rows of SelectLine's ART that differ in KontoVerkauf, Mengeneinheit" in found[1]
    assert refusal_of({}, rows=pd.concat([one, one], ignore_index=True)) is None


def test_the_same_row_twice_is_no_contradiction() -> None:
    known = rates(BEFORE, EIGHT, EIGHT)
    assert (known.on(dt.date(2026, 1, 1)), dict(known.contradictions)) == ({"3": 810}, {})


def test_a_group_with_two_names_has_the_same_one_in_any_order_and_both_are_told() -> None:
    rows = [("10", "Waren"), ("20", "Tee"), ("10", "Kaffee"), ("20", "Tee"), ("30", None)]
    for order in (rows, rows[::-1]):
        groups, several = distinct_names(pd.DataFrame(order, columns=["number", "name"], dtype="str"))
        assert dict(zip(groups["number"], groups["name"], strict=True)) == {"10": "Kaffee", "20": "Tee"}
        assert several == {"10": "Kaffee, Waren"}
