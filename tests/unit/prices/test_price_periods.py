"""Protects what a register shows on each day: the price that begins last of those that hold, at that day's rate.

The oracle reads the shop's rows one by one, in plain Python and decimals, and knows nothing of keys or records.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.transform.prices.gross_prices import GrossPrices, gross_prices
from cloudkasse_etl.transform.prices.vat_rates import VatRates
from tests.support.price_frames import articles, prices
from tests.support.torture.torture_figures import LONG

FIRST = dt.date(2024, 1, 1)
DAYS = 40  # the dates of the random shops lie within these days, and some more at either end are looked at
Row = tuple[str, float, float, dt.date | None, dt.date | None]  # group, from quantity, price, first day, last day
Shown = dict[tuple[str, str, str], int]  # article, group, quantity → cents


@dataclass(frozen=True)
class Shop:
    """An article's prices, and its tax code's rates in percent, each from a day on."""

    rows: tuple[Row, ...]
    rates: tuple[tuple[dt.date, float], ...]


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


days = st.integers(0, DAYS).map(day)


@st.composite
def row(draw: st.DrawFn) -> Row:
    first, last = draw(st.none() | days), draw(st.none() | days)
    if first and last and first > last:
        first, last = last, first
    group, quantity = draw(st.sampled_from(["net", "net", "net", "gross"])), draw(st.sampled_from([0.0, 0.0, 1.0, 5.0]))
    return group, quantity, draw(st.integers(1, 2000)) / 100, first, last


@st.composite
def shop(draw: st.DrawFn) -> Shop:
    rows = draw(st.lists(row(), min_size=1, max_size=6))
    changes = draw(st.lists(st.integers(1, DAYS).map(day), max_size=3, unique=True))
    starts = [dt.date(2000, 1, 1), *changes]
    rates = [(start, draw(st.sampled_from([5.0, 7.0, 7.7, 8.1, 19.0]))) for start in starts]
    return Shop(tuple(draw(st.permutations(rows))), tuple(draw(st.permutations(rates))))


def compute(shops: list[Shop], as_of: dt.date) -> GrossPrices:
    rates = [(f"{at}", start, rate) for at, shop in enumerate(shops) for start, rate in shop.rates]
    rows = [
        {"article": f"A{at}", "price_group": g, "min_quantity": q, "price": p, "valid_from": first, "valid_to": last}
        for at, shop in enumerate(shops)
        for g, q, p, first, last in shop.rows
    ]
    return gross_prices(
        prices(*rows),
        articles(*({"number": f"A{at}", "tax_code": f"{at}"} for at in range(len(shops)))),
        VatRates.from_rates(pd.DataFrame(rates, columns=["tax_code", "valid_from", "rate"])),
        bases={"net": "net", "gross": "gross"},
        register_groups=("net", "gross"),
        known_articles=pd.Series(dtype="str"),
        as_of=as_of,
    )


def cents(price: float, percent: float) -> int:
    exact = Decimal(repr(price)) * (100 + Decimal(repr(percent)))
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def law(shops: list[Shop], on: dt.date, as_of: dt.date) -> Shown:
    """What registers have to show on a day."""
    shown: Shown = {}
    for at, shop in enumerate(shops):
        series: dict[tuple[str, str], list[Row]] = {}
        for one in shop.rows:
            quantity = "0.000" if one[1] in (0.0, 1.0) else f"{one[1]:.3f}"
            series.setdefault((one[0], quantity), []).append(one)
        for (group, quantity), rows in series.items():
            best: tuple[tuple[int, dt.date], Row] | None = None
            for one in rows:
                _, _, _, first, last = one
                contradicts = any(
                    other[3] == first and (other[2], other[4]) != (one[2], last) and is_dated(other) == is_dated(one)
                    for other in rows
                )
                rank = (int(is_dated(one)), first or dt.date.min)
                holds = (first or dt.date.min) <= on <= (last or dt.date.max)
                if holds and not contradicts and (best is None or rank > best[0]):
                    best = rank, one
            if best is not None:
                winner = best[1]
                when = on if is_dated(winner) else as_of  # an undated one is sent anew when the rate changes
                percent = max((start, rate) for start, rate in shop.rates if start <= when)[1]
                shown[f"A{at}", group, quantity] = cents(winner[2], 0.0 if group == "gross" else percent)
    return shown


def is_dated(one: Row) -> bool:
    return one[3] is not None or one[4] is not None


def register(records: list[dict[str, Any]], on: dt.date) -> Shown:
    """What a register makes of price records: of those that cover the day the one that begins last."""
    shown: Shown = {}
    begun: dict[tuple[str, str, str], str] = {}
    for record in records:
        series = record["article"], record["price_group"], record["min_quantity"]
        begins, ends = record["valid_from"] or "", record["valid_to"] or "9999-12-31"
        if begins <= on.isoformat() <= ends:
            assert begun.get(series) != begins, "two records that begin on one day"
            if begins > begun.get(series, "") or series not in begun:
                shown[series], begun[series] = record["gross_cents"], begins
    return shown


def records_of(result: GrossPrices) -> list[dict[str, Any]]:
    frame = result.prices.astype(object).where(result.prices.notna(), None)
    return [dict(zip(frame.columns, values, strict=True)) for values in frame.values.tolist()]


def span() -> list[dt.date]:
    return [day(number) for number in range(-3, DAYS + 4)]


# Some shops at once: what a computation takes hangs little on how many there are.
@settings(deadline=None, max_examples=3000 if LONG else 25)
@given(st.lists(shop(), min_size=1, max_size=16), days)
def test_a_register_shows_on_each_day_the_price_that_begins_last_at_that_days_rate(
    shops: list[Shop], as_of: dt.date
) -> None:
    records = records_of(compute(shops, as_of))
    for on in span():
        assert register(records, on) == law(shops, on, as_of), on


@settings(deadline=None, max_examples=1000 if LONG else 25)
@given(st.lists(shop(), min_size=6, max_size=6), st.lists(shop(), min_size=6, max_size=6), days)
def test_what_is_active_in_the_cloud_after_a_change_of_prices_shows_the_same(
    before: list[Shop], after: list[Shop], as_of: dt.date
) -> None:
    cloud = {record["key"]: record for record in records_of(compute(before, as_of))}
    result = compute(after, as_of)
    found = {record["key"]: record for record in records_of(result)}
    held = result.held.values.tolist()
    kept = {key: one for key, one in cloud.items() if key not in found and is_held(one, held)}
    active = [*kept.values(), *found.values()]
    for on in span():
        unclear = register(list(kept.values()), on)
        shown, right = register(active, on), law(after, on, as_of)
        assert {series: value for series, value in shown.items() if series not in unclear} == {
            series: value for series, value in right.items() if series not in unclear
        }, on


def is_held(record: dict[str, Any], held: list[list[str]]) -> bool:
    """Whether a record may be that of one of the prices that were refused."""
    series, begins = (record["article"], record["price_group"], record["min_quantity"]), record["valid_from"] or ""
    return any((a, g, q) == series and first <= begins <= last for a, g, q, first, last in held)


def test_the_order_of_the_rows_changes_nothing() -> None:
    rows: tuple[Row, ...] = (
        ("net", 0.0, 10.0, dt.date(2022, 1, 1), None),
        ("net", 0.0, 12.0, dt.date(2023, 6, 1), None),
    )
    rates = ((dt.date(2018, 1, 1), 7.7), (dt.date(2024, 1, 1), 8.1))
    forth, back = (records_of(compute([Shop(order, rates)], day(0))) for order in (rows, rows[::-1]))
    assert forth == back
    assert register(forth, dt.date(2024, 1, 1)) == {("A0", "net", "0.000"): 1297}
    assert register(forth, dt.date(2023, 12, 31)) == {("A0", "net", "0.000"): 1292}


@pytest.mark.parametrize(
    ("on", "cents"),
    [("2020-06-14", 1190), ("2020-06-30", 952), ("2020-07-01", 928), ("2020-07-15", 928), ("2020-07-16", 1160)],
)
def test_a_promotion_over_a_change_of_the_rate_holds_to_its_end_and_the_price_of_the_year_goes_on(
    on: str, cents: int
) -> None:
    rows: tuple[Row, ...] = (
        ("net", 0.0, 10.0, dt.date(2020, 1, 1), dt.date(2020, 12, 31)),
        ("net", 0.0, 8.0, dt.date(2020, 6, 15), dt.date(2020, 7, 15)),
    )
    rates = ((dt.date(2007, 1, 1), 19.0), (dt.date(2020, 7, 1), 16.0))
    records = records_of(compute([Shop(rows, rates)], dt.date(2020, 6, 1)))
    assert register(records, dt.date.fromisoformat(on)) == {("A0", "net", "0.000"): cents}


def test_prices_that_do_not_overlap_go_up_in_the_form_that_they_always_had() -> None:
    rows: tuple[Row, ...] = (
        ("net", 0.0, 10.0, dt.date(2020, 1, 1), dt.date(2020, 8, 31)),
        ("net", 0.0, 8.0, dt.date(2020, 9, 1), None),
        ("net", 5.0, 7.0, dt.date(2020, 7, 5), None),
    )
    rates = ((dt.date(2007, 1, 1), 19.0), (dt.date(2020, 7, 1), 16.0), (dt.date(2021, 1, 1), 19.0))
    records = records_of(compute([Shop(rows, rates)], dt.date(2020, 6, 1)))
    assert [(one["key"], one["valid_to"]) for one in records] == [
        ("A0|net|0.000|2020-01-01", "2020-06-30"),
        ("A0|net|0.000|2020-07-01", "2020-08-31"),
        ("A0|net|0.000|2020-09-01", "2020-12-31"),
        ("A0|net|0.000|2021-01-01", None),
        ("A0|net|5.000|2020-07-05", "2020-12-31"),
        ("A0|net|5.000|2021-01-01", None),
    ]
