"""Protects the stock of trade sets: what is moved are the components, each whole, or the line is refused."""

from typing import Any

import pytest

from cloudkasse_etl.transform.receipt_frames import flatten
from cloudkasse_etl.transform.stock.movements import move
from tests.support.receipts.movements import moved, refused, sets, sold


@pytest.mark.parametrize(
    ("rows", "quantity", "expected", "why"),
    [
        ([("S", "A19", 1, 2.0), ("S", "A7", 2, 3.0)], "2.000", [("A19", -4000), ("A7", -6000)], "not itself"),
        ([("S", "A19", 1, 0.285)], "1.000", [("A19", -285)], "as keyed in, not the binary number below"),
        ([("S", "A19", 1, 0.0005)], "1.000", [("A19", -1)], "finer than a thousandth: half up"),
        ([("S", "A19", 1, 0.0005)], "-1.000", [("A19", 1)], "and back alike"),
        ([("S", "A19", 1, 0.0005)], "2.000", [("A19", -1)], "rounded after the product, not before"),
        ([("S", "A19", 1, 0.00004)], "1.000", [], "nothing is left of it"),
        ([("S", "A19", 1, 0.0), ("S", "A7", 2, 1.0)], "1.000", [("A7", -1000)], "none of it"),
        ([("S", "A7", 2, 1.0), ("S", "A19", 1, 1.0)], "1.000", [("A19", -1000), ("A7", -1000)], "by position"),
        ([("S", "SERVICE", 1, 1.0)], "1.000", [], "a service in a set moves nothing"),
        ([("S", "T", 1, 2.0), ("T", "A19", 1, 1.5), ("T", "A7", 2, 1.0)], "1.000", [("A19", -3000), ("A7", -2000)],
         "a set in a set"),
        ([("S", "T", 1, 0.3), ("T", "A19", 1, 0.003)], "1.000", [("A19", -1)], "exact to the end: 0.0009"),
        ([("S", "A19", 1, 1.0), ("S", "A19", 2, 2.0)], "1.000", [("A19", -1000), ("A19", -2000)], "the same twice"),
    ],
)  # fmt: skip
def test_a_trade_set_moves_its_components(
    rows: list[tuple[Any, ...]], quantity: str, expected: list[tuple[str, int]], why: str
) -> None:
    assert moved(sold(quantity, "S"), by=sets(*rows)) == expected, why


@pytest.mark.parametrize(
    ("rows", "ids"),
    [
        ([("S", "A19", 10, 1.0), ("S", "A7", 20, 1.0)], ["R1:1:10", "R1:1:20"]),
        ([("S", "A19", None, 1.0), ("S", "A7", 1, 1.0)], ["R1:1:1", "R1:1:2"]),
        ([("S", "A19", 1, 1.0), ("S", "A7", 1, 1.0)], ["R1:1:1", "R1:1:2"]),
        ([("S", "A19", 0, 1.0), ("S", "A7", 5000, 1.0)], ["R1:1:1", "R1:1:2"]),
        ([("S", "A7", 1, 1.0), ("S", "T", 2, 1.0), ("T", "A19", 3, 1.0)], ["R1:1:1", "R1:1:2.3"]),
    ],
)
def test_components_have_ids_of_their_own(rows: list[tuple[Any, ...]], ids: list[str]) -> None:
    movements, _ = move(flatten([sold("1.000", "S")]), sets(*rows))
    assert movements["movement_id"].tolist() == ids


@pytest.mark.parametrize(
    ("rows", "code", "why"),
    [
        ([("S", "S", 1, 1.0)], "stock_set_circular", "a set of itself"),
        ([("S", "T", 1, 1.0), ("T", "S", 1, 1.0)], "stock_set_circular", "in a circle"),
        ([(f"S{n}" if n else "S", f"S{n + 1}", 1, 1.0) for n in range(8)], "stock_set_circular", "without end"),
        ([("S", "A19", n + 1, 1.0) for n in range(1001)], "stock_set_circular", "too many"),
        ([("S", "gone", 1, 1.0)], "stock_component_unknown", "a component that does not exist"),
        ([("S", None, 1, 1.0)], "stock_component_unknown", "no component"),
        ([("S", "A19", 1, float("nan"))], "stock_set_quantity", "no quantity"),
        ([("S", "A19", 1, -1.0)], "stock_set_quantity", "a negative quantity"),
        ([("S", "A19", 1, 1e300)], "stock_set_quantity", "an absurd quantity"),
        ([("T", "A19", 1, 1.0)], "stock_set_empty", "no components at all"),
    ],
)
def test_a_trade_set_that_cannot_be_taken_apart_refuses_the_line(
    rows: list[tuple[Any, ...]], code: str, why: str
) -> None:
    by = sets(*rows, S={"trade_set": True}, S8={"trade_set": True})
    ((key, found, text),) = refused(sold("1.000", "S"), by=by)
    assert (key, found) == ("R1|1", code), why
    assert "'S" in text or "'T" in text


def test_a_quantity_beyond_all_bounds_is_refused() -> None:
    by = sets(("S", "A19", 1, 1_000_000.0))
    assert refused(sold("999999999999.000", "S"), by=by)[0][1] == "stock_quantity_too_large"
