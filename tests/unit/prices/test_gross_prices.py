"""Protects the price that a customer pays: exact to the cent, at the VAT rate of the day, split where it changes."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.transform.prices.decimals import divide_half_up, fixed, scaled
from cloudkasse_etl.transform.prices.gross_prices import GrossPrices
from cloudkasse_etl.transform.prices.vat_rates import VatRates
from tests.support.price_frames import articles, compute, prices


def pieces(result: GrossPrices) -> list[tuple[Any, ...]]:
    frame = result.prices.astype(object).where(result.prices.notna(), None)
    return list(frame[["valid_from", "valid_to", "gross_cents"]].itertuples(index=False, name=None))


def codes(result: GrossPrices) -> list[str]:
    return [rejection.code for rejection in result.rejections]


@pytest.mark.parametrize(
    ("net", "unit", "code", "cents", "reason"),
    [
        (10.0, 1.0, "3", 1190, "19 %"),
        (10.0, 1.0, "2", 1070, "7 %"),
        (19.2437, 1.0, "3", 2290, "four decimals come out at the whole gross price"),
        (0.285, 1.0, "2", 30, "0.30495: the float lies below the decimal, and it must not matter"),
        (1.0, 3.0, "3", 40, "39.67 cents"),
        (25.0, 10.0, "3", 298, "297.5 cents: half up"),
        (0.00421, 1.0, "3", 1, "0.50099 cents"),
        (9_999_999.0 / 1.19, 1.0, "3", 999_999_900, "the largest price, read with five decimals"),
    ],
)
def test_a_net_price_becomes_gross_to_the_cent(net: float, unit: float, code: str, cents: int, reason: str) -> None:
    result = compute(prices({"price": net}), articles({"price_unit": unit, "tax_code": code}))
    assert list(result.prices["gross_cents"]) == [cents], reason


def test_a_gross_price_is_only_divided_by_its_unit() -> None:
    result = compute(prices({"price_group": "2", "price": 12.35}), articles({"price_unit": 10.0}), groups=("2",))
    assert list(result.prices["gross_cents"]) == [124]
    assert list(result.prices["key"]) == ["A1|2|0.000|"]


@settings(max_examples=60)
@given(
    net=st.integers(0, 10**11), unit=st.integers(1, 10**7), rate=st.sampled_from(["2", "3"]), places=st.integers(0, 5)
)
def test_every_net_price_agrees_with_decimal_arithmetic(net: int, unit: int, rate: str, places: int) -> None:
    price = float(Decimal(net).scaleb(-places)) if net < 10 ** (7 + places) else float(Decimal(net).scaleb(-5))
    exact_unit = Decimal(unit).scaleb(-2)
    percent = {"2": 7, "3": 19}[rate]
    exact = Decimal(repr(price)) / exact_unit * (100 + percent)
    if price / float(exact_unit) > 8_000_000 or price == 0:
        return
    result = compute(prices({"price": price}), articles({"price_unit": float(exact_unit), "tax_code": rate}))
    # the quotient may be endless: compare as fractions of whole cents
    expected = (Decimal(repr(price)) * (100 + percent) * 2 + exact_unit) // (exact_unit * 2)
    assert abs(exact - expected) <= Decimal("0.5") + Decimal("1e-15") * exact
    # what rounds to nothing is refused: a register would give it away
    assert list(result.prices["gross_cents"]) == ([int(expected)] if expected else [])


@given(st.decimals(min_value=0, max_value=10_000_000, places=5))
def test_a_float_reads_as_the_decimal_it_stands_for(value: Decimal) -> None:
    integers, usable = scaled(np.array([float(value)]), 5)
    assert usable.all()
    assert integers[0] == int(value.scaleb(5))


@given(st.floats(min_value=0, max_value=1e9))
def test_a_float_with_more_places_is_rounded_half_up(value: float) -> None:
    integers, _ = scaled(np.array([value]), 5)
    assert integers[0] == int(Decimal(repr(value)).scaleb(5).to_integral_value(ROUND_HALF_UP))


def test_what_is_no_number_is_said_to_be_unusable() -> None:
    _, usable = scaled(np.array([np.nan, np.inf, -np.inf, 1e300, 1.5]), 5)
    assert list(usable) == [False, False, False, False, True]


@given(st.integers(0, 4 * 10**18), st.integers(1, 10**18))
def test_division_rounds_half_up(numerator: int, denominator: int) -> None:
    result = divide_half_up(np.array([numerator]), np.array([denominator]))
    assert int(result[0]) == (2 * numerator + denominator) // (2 * denominator)


def test_fixed_texts_have_all_their_decimals() -> None:
    assert list(fixed(np.array([0, 1250, 10_000]), 3)) == ["0.000", "1.250", "10.000"]


def test_an_undated_price_takes_the_rate_of_the_day() -> None:
    assert pieces(compute(prices({"price": 10.0}), as_of=dt.date(2020, 12, 31))) == [(None, None, 1160)]
    assert pieces(compute(prices({"price": 10.0}), as_of=dt.date(2021, 1, 1))) == [(None, None, 1190)]


def test_a_dated_price_is_split_where_the_rate_changes() -> None:
    result = compute(prices({"price": 10.0, "valid_from": "2020-05-01", "valid_to": "2021-02-28"}))
    assert pieces(result) == [
        ("2020-05-01", "2020-06-30", 1190),
        ("2020-07-01", "2020-12-31", 1160),
        ("2021-01-01", "2021-02-28", 1190),
    ]


def test_a_dated_price_without_end_keeps_none() -> None:
    assert pieces(compute(prices({"price": 10.0, "valid_from": "2020-09-01"}))) == [
        ("2020-09-01", "2020-12-31", 1160),
        ("2021-01-01", None, 1190),
    ]


def test_an_open_start_with_an_end_goes_up_as_1900() -> None:
    result = compute(prices({"price": 10.0, "valid_to": "2019-12-24"}))
    assert pieces(result) == [("1900-01-01", "2019-12-24", 1190)]
    assert list(result.prices["key"]) == ["A1|1|0.000|1900-01-01"]


def test_a_gross_price_is_not_split() -> None:
    row = {"price_group": "2", "price": 9.99, "valid_from": "2020-05-01", "valid_to": "2021-02-28"}
    assert pieces(compute(prices(row), groups=("2",))) == [("2020-05-01", "2021-02-28", 999)]


def test_a_price_that_begins_on_the_day_of_the_change_takes_the_place_of_the_split_one() -> None:
    result = compute(prices({"price": 10.0, "valid_from": "2020-05-01"}, {"price": 12.0, "valid_from": "2021-01-01"}))
    assert result.rejections == []
    assert pieces(result)[-1] == ("2021-01-01", None, 1428)
    assert len(result.prices) == 3


def test_a_price_from_before_any_known_rate_is_refused() -> None:
    result = compute(prices({"price": 10.0, "valid_from": "1999-01-01"}))
    assert codes(result) == ["vat_rate_missing"]
    assert "1999-01-01" in result.rejections[0].text("en")
    assert len(result.prices) == 0


def test_quantity_zero_and_one_are_the_base_price_and_others_are_scales() -> None:
    result = compute(prices({"min_quantity": 1.0}, {"min_quantity": 10.0, "price": 0.9}, {"min_quantity": 0.5}))
    assert list(result.prices["min_quantity"]) == ["0.000", "0.500", "10.000"]


def test_the_same_key_with_different_prices_is_ambiguous_and_none_goes_up() -> None:
    result = compute(prices({"min_quantity": 0.0, "price": 1.0}, {"min_quantity": 1.0, "price": 1.2}))
    assert codes(result) == ["price_ambiguous"]
    assert len(result.prices) == 0
    assert result.held.values.tolist() == [["A1", "1", "0.000", "", ""]]


@pytest.mark.parametrize(
    ("row", "held"),
    [
        ({"price": -1.0}, ["0.000", "", ""]),
        ({"price": -1.0, "valid_from": "2020-05-01"}, ["0.000", "2020-05-01", "9999-12-31"]),
        ({"price": -1.0, "min_quantity": 5.0, "valid_to": "2020-05-31"}, ["5.000", "", "2020-05-31"]),
        ({"valid_from": "2020-05-01", "valid_to": "1900-01-01"}, ["0.000", "2020-05-01", "9999-12-31"]),
        ({"valid_from": "2062-05-01", "valid_to": "2020-12-31"}, ["0.000", "", "9999-12-31"]),
        ({"min_quantity": -5.0, "valid_from": "2020-05-01"}, [None, "2020-05-01", "9999-12-31"]),
    ],
)
def test_a_refused_price_holds_the_records_that_may_be_its_own(row: dict[str, Any], held: list[str | None]) -> None:
    found = compute(prices(row)).held.astype(object)
    assert found.where(found.notna(), None).values.tolist() == [["A1", "1", *held]]


def test_the_same_price_twice_is_one() -> None:
    result = compute(prices({"min_quantity": 0.0}, {"min_quantity": 1.0}))
    assert result.rejections == []
    assert len(result.prices) == 1


@pytest.mark.parametrize(
    ("article", "price", "code"),
    [
        ({"price_unit": 0.0}, {}, "price_unit_invalid"),
        ({"price_unit": -1.0}, {}, "price_unit_invalid"),
        ({"price_factor": 2.0}, {}, "price_unit_unsupported"),
        ({}, {"price": -0.01}, "price_out_of_range"),
        ({}, {"price": 10_000_001.0}, "price_out_of_range"),
        ({}, {"price": 9_000_000.0}, "price_out_of_range"),
        ({}, {"price": float("inf")}, "price_out_of_range"),
        ({}, {"price": 0.0042}, "price_below_cent"),
        ({}, {"min_quantity": -1.0}, "price_quantity_invalid"),
        ({}, {"min_quantity": 0.0001}, "price_quantity_invalid"),
        ({}, {"valid_from": "2026-12-24", "valid_to": "2026-12-01"}, "price_dates_invalid"),
        ({}, {"valid_from": "2026-12-24", "valid_to": "1753-01-01"}, "price_end_unset"),
    ],
)
def test_an_unusable_price_is_refused_with_its_reason(
    article: dict[str, Any], price: dict[str, Any], code: str
) -> None:
    result = compute(prices(price), articles(article))
    assert codes(result) == [code]
    assert len(result.prices) == 0
    assert "?" not in result.rejections[0].text("en")
    assert "?" not in result.rejections[0].text("de")


@pytest.mark.parametrize("empty", ["1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01"])
@pytest.mark.parametrize("group", ["1", "2"])
def test_an_empty_date_of_another_program_is_no_start_and_no_end(empty: str, group: str) -> None:
    """Never sent as a price of those days, and never with a cure that would give the tax code a rate in 1900."""

    def told(first: str | None, last: str | None) -> Any:
        row = {"price": 10.0, "price_group": group, "valid_from": first, "valid_to": last}
        result = compute(prices(row), groups=(group,))
        return pieces(result), codes(result)

    assert told(empty, None) == told(None, None)
    assert told(empty, "2026-12-31") == told(None, "2026-12-31")
    for first in (empty, None, "2026-01-01"):
        assert told(first, empty) == ([], ["price_end_unset"])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [(1.0, None), (1.2, None)],
            "2 prices for the same article, group, quantity and start that differ in Preis (1, 1.2).",
        ),
        ([(10.0, "2025-12-31"), (10.0, None)], "differ in BisDatum (2025-12-31, NULL)."),
        ([(10.0, None), (9.0, "2026-12-31")], "differ in Preis (9, 10), BisDatum (2026-12-31, NULL)."),
    ],
)
def test_prices_that_contradict_each_other_are_told_by_what_differs(
    rows: list[tuple[float, str | None]], told: str
) -> None:
    for order in (rows, rows[::-1]):
        result = compute(prices(*({"price": p, "valid_from": "2025-01-01", "valid_to": last} for p, last in order)))
        assert codes(result) == ["price_ambiguous"]
        assert result.rejections[0].text("en").endswith(told)


def test_no_price_unit_is_one() -> None:
    assert list(compute(prices({"price": 10.0}), articles({"price_unit": None})).prices["gross_cents"]) == [1190]


def test_an_article_without_price_is_refused_unless_its_price_is_open() -> None:
    result = compute(prices({}), articles({}, {"number": "A2"}, {"number": "A3", "open_price": True}))
    assert [(r.key, r.code) for r in result.rejections] == [("A2", "price_missing")]


@pytest.mark.parametrize("price", [0.0, None])
def test_a_price_of_nothing_is_no_price(price: float | None) -> None:
    result = compute(prices({"price": price}))
    assert codes(result) == ["price_missing"]
    assert len(result.prices) == 0


def test_a_refused_price_is_not_missing_as_well() -> None:
    assert codes(compute(prices({"price": -1.0}))) == ["price_out_of_range"]


def test_no_price_is_missing_while_there_is_no_register() -> None:
    assert codes(compute(prices({}), articles({}, {"number": "A2"}), groups=())) == []


def test_a_price_lacking_in_a_further_group_is_counted_not_refused() -> None:
    result = compute(prices({}), groups=("1", "2"))
    assert result.rejections == []
    assert result.lacking == {"1": 0, "2": 1}


def test_prices_of_articles_that_do_not_go_up_are_left_alone_and_of_unknown_ones_wait() -> None:
    result = compute(prices({}, {"article": "OLD"}, {"article": "GHOST"}), known=("OLD",))
    assert list(result.prices["article"]) == ["A1"]
    assert list(result.waiting["article"]) == ["GHOST"]


def test_a_rate_is_read_by_date_and_the_same_rate_again_is_no_change() -> None:
    rates = VatRates.from_rates(
        pd.DataFrame(
            [("3", "2007-01-01", 19.0), ("3", "2024-01-01", 19.0), ("3", None, 5.0), ("4", "2024-01-01", np.nan)],
            columns=["tax_code", "valid_from", "rate"],
        )
    )
    assert len(rates.periods) == 1
    assert rates.texts_on(dt.date(2026, 1, 1)) == {"3": "19.00"}
    assert rates.on(dt.date(2006, 12, 31)) == {}
