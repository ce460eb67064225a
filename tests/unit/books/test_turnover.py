"""Protects the figures of the page: what counts as turnover, on which day and hour, exact to the cent."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from cloudkasse_etl.i18n import formats
from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.transform.receipt_frames import flatten
from cloudkasse_etl.transform.turnover_sums import TurnoverFrames, added, tally
from tests.support.receipts.receipt_factory import line, pay, receipt, void_of

BERLIN = ZoneInfo("Europe/Berlin")


def tallied(*receipts: Receipt) -> TurnoverFrames:
    return tally(flatten(receipts), BERLIN)


def sums(frame: pd.DataFrame, key: str) -> dict[str | int, int]:
    return dict(zip(frame[key].tolist(), frame["gross_cents"].tolist(), strict=True))


@pytest.mark.parametrize(
    ("made", "cents"),
    [
        pytest.param(receipt(line(gross=1190)), 1190, id="a sale"),
        pytest.param(receipt(line(gross=1190), line("Rabatt", -190)), 1000, id="less its discount"),
        pytest.param(
            receipt(line(gross=1190), line(gross=500, cancelled=True)), 1190, id="a cancelled line is nothing"
        ),
        pytest.param(receipt(line(gross=-1190)), -1190, id="a return"),
        pytest.param(receipt(line(gross=1190), line("Pfand", 25)), 1215, id="with its deposit"),
        pytest.param(receipt(line(gross=1000), line("TrinkgeldAN", 100, None)), 1000, id="the staff's tip is not"),
        pytest.param(receipt(line("Anfangsbestand", 10_000, None)), 0, id="opening cash is not"),
        pytest.param(receipt(line("MehrzweckgutscheinKauf", 5000, None)), 0, id="a voucher that is taxed later is not"),
        pytest.param(receipt(line("Anzahlungseinstellung", 5000)), 0, id="an advance is not"),
        pytest.param(receipt(line(gross=1190), kind="AVTraining"), 0, id="training is not"),
        pytest.param(receipt(line(gross=1190), cancelled=True), 0, id="broken off"),
    ],
)
def test_what_counts_as_turnover(made: Receipt, cents: int) -> None:
    found = tallied(made)
    assert sum(found.days["gross_cents"]) == sum(found.rates["gross_cents"]) == cents
    assert sum(found.registers["gross_cents"]) == sum(found.hours["gross_cents"]) == cents


def test_a_void_takes_back_what_it_voids() -> None:
    sold = receipt(line(article="A7", gross=1070, rate="7.00"), line(gross=1190))
    found = tallied(sold, void_of(sold, id="R2", number=2))
    assert sums(found.rates, "vat_rate") == {"19.00": 0, "7.00": 0}
    assert found.articles["quantity_milli"].tolist() == [0, 0]
    assert sums(found.tenders, "tender") == {"Bar": 0}


def test_hours_are_those_of_the_shops_clock_also_in_the_night_when_it_is_set_back() -> None:
    ends = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z", "2026-10-25T22:59:59-01:00"]
    found = tallied(*(receipt(line(gross=100), id=f"R{n}", ended_at=at) for n, at in enumerate(ends)))
    # 02:30 comes twice that night; the last one ends on the next day's clock, but belongs to its business day
    assert sums(found.hours, "hour") == {0: 100, 2: 200, 3: 100}


def test_what_was_paid_is_told_by_tender_and_unbar_by_its_name() -> None:
    found = tallied(
        receipt(line(gross=1000), payments=[pay("Bar", 400), pay("Unbar", 600, "Rechnung")]),
        receipt(line("Geldtransit", -5000, None), id="R2"),
    )
    assert found.tenders.to_dict("records") == [
        {"tender": "Bar", "name": "", "gross_cents": 400},
        {"tender": "Unbar", "name": "Rechnung", "gross_cents": 600},
    ]


def test_articles_keep_their_units_apart_and_lines_without_a_number_are_one() -> None:
    found = tallied(
        receipt(
            line(article="A", gross=100, quantity="0.250", unit="kg"),
            line(article="A", gross=200),
            line(gross=5, quantity="-1.5"),
            line(gross=7),
        )
    ).articles
    rows = zip(found["article"], found["unit"], found["gross_cents"], found["quantity_milli"], strict=True)
    assert list(rows) == [("", "Stk", 12, -500), ("A", "Stk", 200, 1000), ("A", "kg", 100, 250)]


@pytest.mark.parametrize("seed", range(25))
def test_batches_add_up_to_the_whole(seed: int) -> None:
    rng = random.Random(seed)
    made = [
        receipt(
            *(line(article=rng.choice("ABC"), gross=rng.randrange(-500, 5000), rate=rng.choice(["19.00", "7.00"]))
              for _ in range(3)),
            id=f"R{n}", register=rng.choice(["K1", "K2"]), business_day=f"2026-11-{rng.randrange(1, 9):02d}",
        )
        for n in range(60)
    ]  # fmt: skip
    whole = tallied(*made)
    first, second = sorted(rng.sample(range(1, 60), 2))
    parts = added(added(tallied(*made[:first]), tallied(*made[first:second])), tallied(*made[second:]))
    for name in ("days", "hours", "rates", "registers", "tenders", "articles"):
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(parts, name))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (formats.euros(123_456_789, "en"), "1,234,567.89"),
        (formats.euros(-5, "de"), "−0,05"),
        (formats.quantity(-2000, "en"), "−2"),
        (formats.quantity(93_388, "de"), "93,388"),
        (formats.percent(1, 3, "en"), "33.3 %"),
        (formats.percent(-1, 8, "de"), "−12,5 %"),
        (formats.percent(0, 0, "de"), "–"),
        (formats.rate("10.70", "de"), "10,7 %"),
        (formats.rate("7.00", "en"), "7 %"),
        (formats.day(dt.date(2026, 10, 5), "de"), "Mo 5.10."),
        (formats.day(dt.date(2026, 10, 5), "en", year=True), "Mon 5 Oct 2026"),
        (formats.duration(3700, "en"), "1 h 1 min"),
        (formats.clean("a\u202eb\x00c\ud800"), "a�b�c�"),
        (formats.clean("x" * 300, 10), "xxxxxxxxx…"),
    ],
)
def test_numbers_read_as_a_person_writes_them(shown: str, expected: str) -> None:
    assert shown == expected
