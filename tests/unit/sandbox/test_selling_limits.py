"""Protects the simulated shop at its edges: what it refuses, where it stops, and how a closing shares its tax."""

from pathlib import Path
from typing import Any

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.till.day_closings import close
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support.patience import calls_of
from tests.support.selling.selling_rules import (
    check_closings,
    check_summary,
    tax_in,
)
from tests.support.selling.selling_shop import Fields, article, delivered, once, price, register, shop

# Three times what is usual. A look at all receipts before it would come to hundreds more for each.
CALLS_A_RECEIPT = 430


# --- refusals and limits


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        ({"registers": [], "articles": [], "prices": []}, "no active register"),
        ({"registers": [register("K1", "1"), register("K2", "2")], "articles": [], "prices": []}, "no active article"),
        ({"articles": [article("A0", "7.00")], "prices": []}, "no article has a price"),
        ({"articles": [article("A0", "7.00")], "prices": [price("A0", 5, active=False)]}, "no article has a price"),
    ],
)
def test_nothing_synchronised_says_what_to_do(content: dict[str, Any], missing: str) -> None:
    store = shop(**content)
    with pytest.raises(ConfigurationError, match=missing) as raised:
        sell(store, days=1, receipts=1, seed=1)
    assert "cloudkasse-etl sync master-data" in str(raised.value)
    assert delivered(store) == []
    store.close()


@pytest.mark.parametrize(("days", "receipts"), [(0, 1), (-1, 1), (1, -1), (1001, 1), (1, 1_000_001)])
def test_an_impossible_order_is_refused(days: int, receipts: int) -> None:
    store = shop()
    with pytest.raises(ConfigurationError, match="cannot sell"):
        sell(store, days=days, receipts=receipts, seed=1)
    with pytest.raises(ConfigurationError, match="time zone"):
        sell(store, days=1, receipts=1, seed=1, timezone="Europe/Atlantis")
    store.close()


def test_a_call_that_is_stopped_leaves_whole_days_with_nothing_under_way() -> None:
    store = shop()
    asked: list[bool] = []

    def should_stop() -> bool:
        asked.append(True)
        return len(asked) > 2

    summary = sell(store, days=5, receipts=500, seed=1, should_stop=should_stop)
    arrived, closings = delivered(store), delivered(store, "closings")
    assert len(summary.days) == 2
    check_summary(summary, arrived, closings)
    check_closings(once(arrived), closings)
    sell(store, days=1, receipts=10, seed=1)
    check_closings(once(delivered(store)), delivered(store, "closings"))
    store.close()


def test_the_thousandth_receipt_takes_no_more_steps_than_the_first(tmp_path: Path) -> None:
    def steps(receipts: int) -> int:
        store = shop(tmp_path / f"{receipts}.db")
        found = calls_of(lambda: sell(store, days=receipts // 100, receipts=receipts, seed=1))
        store.close()
        return found

    first, second = steps(500), steps(1000)
    assert second < 2.2 * first
    assert second < 1000 * CALLS_A_RECEIPT


# --- the closing by itself


def test_a_closing_shares_the_tax_of_a_rate_among_business_cases_and_loses_none() -> None:
    def line(case: str, gross: int, rate: str | None = "19.00", **changes: Any) -> Fields:
        tax = tax_in(gross, rate)
        fields = {"business_case": case, "gross_cents": gross, "tax_cents": tax, "vat_rate": rate, "cancelled": False}
        return fields | changes

    def receipt(number: int, lines: list[Fields], vat: list[Fields], **changes: Any) -> Fields:
        total = sum(item["gross_cents"] for item in lines if not item["cancelled"])
        paid = [{"tender": "Bar", "name": "Bar", "base_amount_cents": total}]
        fields = {"number": number, "kind": "Beleg", "cancelled": False, "reference": None, "payments": paid}
        return fields | {"lines": lines, "vat": vat} | changes

    def block(gross: int, tax: int) -> Fields:
        return {"vat_rate": "19.00", "gross_cents": gross, "tax_cents": tax}

    receipts = [
        # The lines bring 16 + 16 - 16, which is what was printed.
        receipt(5, [line("Umsatz", 103), line("Umsatz", 103), line("Rabatt", -103)], [block(103, 16)]),
        # The printed tax is one cent more than 16 + 2; the cent goes to the largest line.
        receipt(4, [line("Umsatz", 102), line("Pfand", 15)], [block(117, 19)]),
        # The block leaves the receivable out: it brings no tax.
        receipt(6, [line("Umsatz", 119), line("Forderungsentstehung", -119)], [block(119, 19)]),
        receipt(7, [line("Umsatz", 500)], [block(500, 80)], kind="AVTraining"),
        receipt(8, [line("Umsatz", 500)], [block(500, 80)], cancelled=True),
        receipt(9, [line("Umsatz", 900, cancelled=True), line("TrinkgeldAN", 50, None)], []),
    ]
    closing = close(receipts, register="K1", number=3, created_at="t", business_day="d")
    assert (closing["first_receipt_number"], closing["last_receipt_number"], closing["receipt_count"]) == (4, 9, 4)
    assert {
        (case["business_case"], case["vat_rate"]): (case["gross_cents"], case["tax_cents"])
        for case in closing["business_cases"]
    } == {
        ("Umsatz", "19.00"): (427, 16 + 16 + 17 + 19),
        ("Rabatt", "19.00"): (-103, -16),
        ("Pfand", "19.00"): (15, 2),
        ("Forderungsentstehung", "19.00"): (-119, 0),
        ("TrinkgeldAN", None): (50, 0),
    }
    assert closing["tenders"] == [{"tender": "Bar", "name": "Bar", "amount_cents": 103 + 117 + 0 + 50}]
