"""Protects the sums of a day's sheet: each way of adding up has all receipts in it, exact to the cent."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.state.stores.days.day_bookings import BookedSum
from cloudkasse_etl.sync.outputs.day.booked_comparison import booked_pairs
from cloudkasse_etl.transform.day_sheet.day_sums import Corrected, DaySums, adds_up, keyed_cents, live, sum_day
from cloudkasse_etl.transform.day_sheet.drawer import drawer_parts, left_after
from tests.support.receipts.bookings import CLEARING, booked
from tests.support.receipts.receipt_factory import (
    Fields,
    as_item,
    block,
    line,
    pay,
    receipt,
    valid_receipts,
    void_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
# Written down anew: what a sheet calls turnover is not taken from the code under test.
TURNOVER = {
    "Umsatz", "Aufschlag", "Rabatt", "Pfand", "PfandRueckzahlung", "EinzweckgutscheinKauf",
    "EinzweckgutscheinEinloesung", "TrinkgeldAG",
}  # fmt: skip


def covered(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Those that a closing covers."""
    return [one for one in receipts if one.kind == "Beleg" and not (one.cancelled and one.reference_id is None)]


def lines_of(items: Sequence[Fields]) -> list[Any]:
    return [row for one in items for row in one["lines"] if not row["cancelled"]]


@given(valid_receipts(max_size=12))
def test_all_ways_of_adding_up_come_to_the_same_and_to_what_another_way_of_counting_says(made: list[Receipt]) -> None:
    counted = covered(made)
    sums, items = sum_day(counted, BERLIN), [as_item(one) for one in counted]
    lines, payments = lines_of(items), [row for one in items for row in one["payments"]]
    total = sum(Fraction(row["gross_cents"], 100) for row in lines) * 100

    assert set(sums.totals) == {total}
    assert len(set(sums.turnovers)) == 1
    assert sums.receipts == len(items)
    assert all(map(adds_up, counted))
    turnover: Counter[Any] = Counter()
    for row in lines:
        if row["business_case"] in TURNOVER:
            turnover[row["vat_rate"]] += row["gross_cents"]
    assert {rate.vat_rate: rate.turnover_cents for rate in sums.rates if rate.turnover_cents} == {
        rate: cents for rate, cents in turnover.items() if cents
    }
    printed: Counter[Any] = Counter()
    for row in (row for one in items for row in one["vat"]):
        printed[row["vat_rate"]] += row["tax_cents"]
    assert {rate.vat_rate: rate.tax_cents for rate in sums.rates if rate.tax_cents} == {
        rate: cents for rate, cents in printed.items() if cents
    }
    assert all(rate.net_cents + rate.tax_cents == rate.gross_cents for rate in sums.rates)
    by_case: Counter[Any] = Counter()
    for row in lines:
        by_case[row["business_case"]] += row["gross_cents"]
    assert {case.business_case: case.gross_cents for case in sums.cases} == dict(by_case)
    for tender in {row["tender"] for row in payments}:
        paid = sum(row["base_amount_cents"] for row in payments if row["tender"] == tender)
        assert sum(one.base_cents for one in sums.tenders if one.tender == tender) == paid
    assert sums.voids == Corrected(
        sum(one["reference"] is not None for one in items),
        sum(one["total_cents"] for one in items if one["reference"] is not None),
    )
    dropped = [row["gross_cents"] for one in items for row in one["lines"] if row["cancelled"]]
    assert sums.cancelled_lines == Corrected(len(dropped), sum(dropped))


@given(valid_receipts(max_size=12), st.randoms(use_true_random=False))
def test_what_must_be_in_the_drawer_is_what_somebody_finds_who_puts_in_and_takes_out_coin_by_coin(
    made: list[Receipt], rng: random.Random
) -> None:
    counted = [(one, rng.choice([1, 2, 3, None])) for one in covered(made)]
    before = rng.randrange(-500, 50_000)
    drawer, expected = before, []
    for closing in [*sorted({number for _, number in counted if number}), None]:
        items = [as_item(one) for one, number in counted if number == closing]
        if not items:
            continue
        openings = [row["gross_cents"] for row in lines_of(items) if row["business_case"] == "Anfangsbestand"]
        if openings:
            drawer = 0  # what is stated is all that is in it
        drawer += sum(
            row["base_amount_cents"]
            for one in items
            for row in one["payments"]
            if row["tender"] == "Bar" and row["currency"] == one["currency"]
        )
        expected.append(drawer)
    parts = drawer_parts(counted)
    assert left_after(parts, before) == expected
    for part in parts:
        assert part.left_after(before) == (before if part.opening_cents is None else part.opening_cents) + (
            part.takings_cents + sum(part.moves.values())
        )
    dollars = sum(part.foreign.get("USD", 0) for part in parts)
    assert dollars == sum(
        row["amount_cents"] for one, _ in counted for row in as_item(one)["payments"] if row["currency"] == "USD"
    )


@given(valid_receipts(max_size=8))
def test_what_is_booked_of_any_receipts_is_what_their_sheet_says(made: list[Receipt]) -> None:
    result = booked(*(one for one in made if one.reference_id is None))
    refused = {rejection.key for rejection in result.rejections}
    # one that is empty has no effect, whatever was paid back and forth on it
    booking = [one for one in covered(made) if one.reference_id is None and (live(one) or one.total_cents)]
    imported = [one for one in booking if one.id not in refused]
    frame = result.postings[result.postings["account"] != CLEARING].astype(object)
    rows: Any = frame.where(frame.notna(), None).itertuples(index=False)
    postings = [
        BookedSum(
            row.posting_date,
            row.business_case,
            row.tender,
            row.vat_rate,
            row.flag,
            None,
            1,
            row.amount_cents,
            row.tax_cents,
        )
        for row in rows
    ]
    opening = sum(part.opening_cents or 0 for part in drawer_parts((one, None) for one in imported))
    pairs = booked_pairs(sum_day(imported, BERLIN), opening, postings)
    assert [pair for pair in pairs if pair.receipts_cents != pair.booked_cents] == []


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_receipts_does_not_matter(seed: int) -> None:
    rng = random.Random(seed)
    made = [
        receipt(line(gross=rng.randrange(-900, 900), rate=rng.choice(["19.00", "7.00", "0.00", None])), id=f"R{n}")
        for n in range(30)
    ]
    mixed = rng.sample(made, len(made))
    assert sum_day(mixed, BERLIN) == sum_day(made, BERLIN)


def rates(sums: DaySums) -> list[tuple[str | None, int, int, int]]:
    return [(one.vat_rate, one.gross_cents, one.tax_cents, one.turnover_cents) for one in sums.rates]


def test_rates_exempt_and_not_taxable_stand_apart_with_the_tax_that_was_printed() -> None:
    sold = receipt(
        line(gross=1190),
        line(gross=1190),
        line(gross=500, rate="0.00"),
        line(gross=300, rate=None),
        line("MehrzweckgutscheinKauf", 1000, None),
        vat=[block("19.00", 2380, 381), block("0.00", 500)],
    )
    assert rates(sum_day([sold], BERLIN)) == [
        ("19.00", 2380, 381, 2380), ("0.00", 500, 0, 500), (None, 1300, 0, 300),
    ]  # fmt: skip


def test_a_rate_whose_printed_table_leaves_receivables_out_leaves_them_out_here_too() -> None:
    sold = receipt(
        line(gross=1190), line("Forderungsentstehung", -1190), payments=[], vat=[block("19.00", 1190)]
    )  # fmt: skip
    assert rates(sum_day([sold], BERLIN)) == [("19.00", 1190, 190, 1190), (None, -1190, 0, 0)]


def test_a_row_of_zero_percent_that_was_not_printed_is_there_all_the_same() -> None:
    assert rates(sum_day([receipt(line(gross=500, rate="0.00"), vat=[])], BERLIN)) == [("0.00", 500, 0, 500)]


def test_a_void_is_no_return_and_a_cancelled_line_neither() -> None:
    sold = receipt(line(gross=1190), line(gross=200, cancelled=True))
    sums = sum_day(
        [sold, receipt(line(gross=-300), id="R2"), void_of(sold, id="R3", number=3)], BERLIN
    )  # fmt: skip
    assert (sums.voids, sums.returns, sums.cancelled_lines) == (
        Corrected(1, -1190), Corrected(1, -300), Corrected(1, 200),
    )  # fmt: skip


def test_hours_go_on_after_midnight_and_follow_the_shops_clock() -> None:
    ends = ["2026-10-24T23:30:00+02:00", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "no time"]
    made = [receipt(line(gross=100), id=f"R{n}", ended_at=at) for n, at in enumerate(ends)]
    hours = [(one.begins, one.receipts) for one in sum_day(made, BERLIN).hours]
    # 02:30 comes twice that night
    assert hours == [(dt.datetime(2026, 10, 24, 23), 1), (dt.datetime(2026, 10, 25, 2), 2), (None, 1)]  # noqa: DTZ001


def test_the_drawer_tells_cash_that_only_moved_from_takings() -> None:
    made = [
        receipt(line("Anfangsbestand", 20_000, None), id="R1"),
        receipt(
            line(gross=1190), payments=[pay("Bar", 2000, base_amount_cents=1800, currency="CHF"), pay("Bar", -610)]
        ),
        receipt(line("Geldtransit", -15_000, None), id="R3"),
        receipt(line("Geldtransit", -700, None), payments=[pay("ECKarte", -700)], id="R4"),
        receipt(line("DifferenzSollIst", -5, None), id="R5"),
        receipt(line(gross=500), line("Auszahlung", -200, None), id="R6"),
    ]
    (part,) = drawer_parts((one, 7) for one in made)
    assert (part.closing, part.opening_cents, part.takings_cents) == (7, 20_000, -610 + 300)
    assert dict(part.moves) == {"Geldtransit": -15_000, "DifferenzSollIst": -5}
    assert dict(part.foreign) == {"CHF": 2000}
    assert left_after([part], 99) == [20_000 - 310 - 15_005]


def test_what_was_broken_off_is_told_by_what_was_keyed_in() -> None:
    assert keyed_cents(receipt(line(gross=700, cancelled=True), line(gross=300, cancelled=True))) == 1000
