"""Protects that a line's tax is what its rate makes of its gross, and that no way of rounding is taken for an error."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.transform.receipt_checks import check_receipts
from cloudkasse_etl.transform.receipt_frames import flatten
from tests.support.receipts.receipt_factory import block, line, receipt


def found(tax: int, *, gross: int = 1190, rate: str = "19.00", case: str = "Umsatz", **fields: Any) -> list[Rejection]:
    """What the checks find in a receipt whose one line and whose VAT table have this tax."""
    made = receipt(line(case, gross, rate, tax=tax, **fields), vat=[block(rate, gross, tax)])
    return check_receipts(flatten([made]), registers=["K1"], currency="EUR").get(0, [])


@pytest.mark.parametrize(
    ("tax", "fields", "good", "why"),
    [
        (190, {}, True, "half up"),
        (189, {}, True, "a cent less"),
        (191, {}, True, "a cent more"),
        (0, {}, False, "none at all"),
        (78, {}, False, "that of another rate"),
        (-190, {}, False, "turned"),
        (192, {}, False, "two cents more"),
        (-190, {"gross": -1190}, True, "a return"),
        (0, {"gross": -1190}, False, "a return without"),
        (0, {"gross": 2}, True, "none of a few cents"),
        (0, {"gross": 100, "rate": "0.00"}, True, "a rate of none"),
        (1, {"gross": 100, "rate": "0.00"}, False, "tax at a rate of none"),
        (1600, {"gross": 10_000, "quantity": "100.000"}, True, "the tax of one piece, rounded, times 100"),
        (1800, {"gross": 10_000, "quantity": "100.000"}, False, "more than any rounding of 100 pieces"),
        (0, {"gross": 535, "rate": "7.00", "quantity": "250.000", "unit": "g"}, False, "however many pieces"),
        (81, {"gross": 1081, "rate": "8.10"}, True, "a Swiss rate"),
        (0, {"gross": 1081, "rate": "8.10"}, False, "a Swiss rate without"),
        (200, {"gross": 1200, "rate": "20.00"}, True, "an Austrian rate"),
        (0, {"case": "TrinkgeldAN"}, True, "a case that bears none"),
        (0, {"case": "Forderungsaufloesung"}, True, "a receivable may leave it to its invoice"),
        (0, {"case": "Pfand", "gross": 25}, False, "a deposit is taxed like what it goes with"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_lines_tax_is_what_its_rate_makes_of_its_gross(
    tax: int, fields: dict[str, Any], good: bool, why: str
) -> None:
    assert {r.code for r in found(tax, **fields)} == (set() if good else {"receipt_tax_rate"}), why


def test_the_refusal_of_a_lines_tax_names_line_rate_and_what_was_expected() -> None:
    (rejection,) = found(0)
    assert rejection.text() == "Line 1: 11.90 gross at 19.00 % has 0.00 tax; 1.90 was expected."
    assert rejection.text("de") == "Zeile 1: 11,90 brutto zu 19,00 % hat 0,00 Steuer; erwartet wurden 1,90."
    assert found(0, gross=-1190)[0].text() == "Line 1: -11.90 gross at 19.00 % has 0.00 tax; -1.90 was expected."


def test_what_books_nothing_need_not_be_taxed_right() -> None:
    made = receipt(line(tax=0), vat=[block("19.00", 1190, 0)], kind="AVTraining")
    assert check_receipts(flatten([made]), registers=["K1"], currency="EUR") == {}


@given(
    gross=st.one_of(st.integers(-300, 300), st.integers(-(10**9), 10**9)),
    rate=st.sampled_from(["0.00", "2.50", "2.60", "3.80", "5.00", "7.00", "8.10", "10.00", "13.00", "19.00", "20.00"]),
    rounding=st.sampled_from(["floor", "ceil", "net floor", "net ceil"]),
)
@settings(max_examples=100)
def test_any_way_of_rounding_to_the_cent_passes(gross: int, rate: str, rounding: str) -> None:
    points = int(rate.replace(".", ""))
    net = gross * 10_000 / (10_000 + points)
    tax = {
        "floor": math.floor(gross - net),
        "ceil": math.ceil(gross - net),
        "net floor": gross - math.floor(net),
        "net ceil": gross - math.ceil(net),
    }[rounding]
    if points:
        assert found(tax, gross=gross, rate=rate) == []
