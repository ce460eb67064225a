"""Protects the stock: what leaves and comes back, from which warehouse, to the thousandth; a doubt refuses one line."""

from typing import Any

import pandas as pd
import pytest

from cloudkasse_etl.schemas.postings import StockMovement
from cloudkasse_etl.schemas.wire_receipts import BUSINESS_CASES, KINDS, Receipt
from cloudkasse_etl.transform.booking import book
from cloudkasse_etl.transform.books.ledger import Ledger
from cloudkasse_etl.transform.receipt_frames import flatten
from cloudkasse_etl.transform.stock.movements import move
from tests.support.receipts.movements import moved, refused, sets, sold
from tests.support.receipts.receipt_factory import accounts, ledger, line, pay, receipt, void_of


def test_a_movement_says_where_it_comes_from() -> None:
    movements, _ = move(
        flatten([receipt(line(gross=1), line(article="A19", quantity="2.500"), register="K2")]), ledger()
    )
    assert movements.astype(object).where(movements.notna(), None).to_dict("records") == [
        {
            "movement_id": "R1:2:0", "receipt_id": "R1", "line_number": 2, "register": "K2",
            "movement_date": "2026-11-23", "article": "A19", "warehouse": "2", "quantity_milli": -2500, "unit": "Stk",
            "serial": None,
        }
    ]  # fmt: skip
    StockMovement.validate(movements, lazy=True)


@pytest.mark.parametrize(
    ("quantity", "expected", "why"),
    [
        ("1.000", [("A19", -1000)], "a sale goes out"),
        ("0.001", [("A19", -1)], "to the thousandth"),
        ("-1.000", [("A19", 1000)], "a return comes in"),
        ("0.000", [], "nothing is nothing"),
        ("999999999999.999", [("A19", -999_999_999_999_999)], "the largest quantity there is"),
    ],
)
def test_a_sale_moves_its_quantity(quantity: str, expected: list[tuple[str, int]], why: str) -> None:
    assert moved(sold(quantity)) == expected, why


@pytest.mark.parametrize(
    "case", [case for case in BUSINESS_CASES if case not in ("Umsatz", "Pfand", "PfandRueckzahlung")]
)
def test_other_business_cases_move_nothing(case: str) -> None:
    assert moved(sold(case=case)) == []
    assert moved(sold(case=case, article=None)) == []


@pytest.mark.parametrize(
    ("case", "quantity", "gross", "expected", "why"),
    [
        ("Pfand", "2.000", 50, -2000, "a deposit goes out with the bottle"),
        ("Pfand", "-2.000", -50, 2000, "and in where it is voided"),
        ("PfandRueckzahlung", "-2.000", -50, 2000, "an empty comes in"),
        ("PfandRueckzahlung", "2.000", -50, 2000, "whichever sign the register writes"),
        ("PfandRueckzahlung", "2.000", 50, -2000, "and out again where that is voided"),
        ("PfandRueckzahlung", "-2.000", 0, 2000, "also where it is worth nothing"),
    ],
)
def test_deposits_move_their_own_article(case: str, quantity: str, gross: int, expected: int, why: str) -> None:
    assert moved(receipt(line(case, gross, article="A19", quantity=quantity))) == [("A19", expected)], why


@pytest.mark.parametrize("article", [None, "gone", "SERVICE"])
def test_a_deposit_without_an_article_of_its_own_moves_nothing(article: str | None) -> None:
    assert moved(sold(case="Pfand", article=article), sold("-1.000", article, "PfandRueckzahlung")) == []


@pytest.mark.parametrize("fields", [{"stock_item": False}, {"service_item": True}])
def test_what_is_not_kept_in_stock_is_not_moved(fields: dict[str, Any]) -> None:
    assert moved(sold(article="X"), by=ledger({"X": fields | {"serial": True}})) == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Beleg"])
def test_other_kinds_move_nothing_but_goods_taken_in_kind_if_set_so(kind: str) -> None:
    found = receipt(line(article="A19"), kind=kind)
    assert moved(found) == []
    by = ledger(in_kind_moves_stock=True)
    assert moved(found, by=by) == ([("A19", -1000)] if kind == "AVSachbezug" else [])
    result = book(flatten([found]), by)
    assert result.postings.empty
    assert len(result.movements) == (kind == "AVSachbezug")


def test_a_cancelled_line_or_a_receipt_broken_off_moves_nothing() -> None:
    assert moved(receipt(line(article="A19"), line(article="A7", cancelled=True))) == [("A19", -1000)]
    assert moved(receipt(line(article="A19"), cancelled=True)) == []


def test_a_void_brings_back_to_the_register_that_takes_it() -> None:
    void = void_of(sold("2.000", "SET"), id="V", register="K2", cancelled=True)
    movements, _ = move(flatten([void]), ledger())
    assert list(zip(movements["article"], movements["quantity_milli"], movements["warehouse"], strict=True)) == [
        ("A19", 4000, "2"),
        ("A7", 1000, "2"),
    ]
    assert movements["movement_id"].tolist() == ["V:1:1", "V:1:2"]


# --- units


def in_kg(quantity: str, unit: str | None, of_article: str | None = "kg") -> list[tuple[str, int]]:
    return moved(sold(quantity, "KG1", unit=unit), by=ledger({"KG1": {"unit": of_article}}))


def test_250_grams_of_an_article_kept_in_kilograms_move_a_quarter_of_a_kilogram() -> None:
    movements, _ = move(flatten([sold("250.000", "KG1", unit="g")]), ledger({"KG1": {"unit": "kg"}}))
    assert movements[["quantity_milli", "unit"]].to_dict("records") == [{"quantity_milli": -250, "unit": "kg"}]


@pytest.mark.parametrize(
    ("quantity", "unit", "of_article", "expected", "why"),
    [
        ("-250.000", "g", "kg", 250, "a return brings back what the sale took"),
        ("0.250", "kg", "kg", -250, "the same unit"),
        ("0.250", None, "kg", -250, "a line without a unit is in the article's own"),
        ("0.250", " ", "kg", -250, "nor is a blank one"),
        ("0.250", "kg", None, -250, "an article without a unit is in the line's"),
        ("0.250", "kg", "g", -250_000, "the article's unit was changed before the receipt came"),
        ("0.250", "KG.", "Kg", -250, "however it is spelled"),
        ("2.000", "Stück", "Stk", -2000, "a piece by any name"),
        ("75.000", "cl", "l", -750, "volume"),
        ("150.000", "cm", "m", -1500, "length"),
        ("2.500", "m²", "qm", -2500, "area"),
        ("90.000", "min", "Std", -1500, "time"),
        ("0.500", "g", "kg", -1, "finer than a thousandth: half away from zero"),
        ("-0.500", "g", "kg", 1, "and back alike"),
        ("1.400", "g", "kg", -1, "rounded, but not to nothing"),
    ],
)
def test_a_lines_quantity_is_told_in_the_articles_unit(
    quantity: str, unit: str | None, of_article: str | None, expected: int, why: str
) -> None:
    assert in_kg(quantity, unit, of_article) == [("KG1", expected)], why


@pytest.mark.parametrize(
    ("unit", "of_article"),
    [("Stk", "kg"), ("g", "Stk"), ("Karton", "Stk"), ("T", "kg"), ("ml", "g"), ("m", "m²"), ("Kiste", "Karton")],
)
def test_a_unit_that_cannot_be_compared_with_the_articles_refuses_the_line_by_name(unit: str, of_article: str) -> None:
    ((key, code, text),) = refused(sold("250.000", "KG1", unit=unit), by=ledger({"KG1": {"unit": of_article}}))
    assert (key, code) == ("R1|1", "stock_unit_unknown")
    assert all(f"'{name}'" in text for name in ("KG1", unit, of_article))
    # once the article's unit fits, it is moved as any other
    assert in_kg("250.000", unit, unit) == [("KG1", -250_000)]


def test_what_a_conversion_would_round_to_nothing_is_refused_and_never_dropped() -> None:
    by = ledger({"KG1": {"unit": "kg"}})
    assert refused(sold("0.499", "KG1", unit="g"), by=by)[0][1] == "stock_quantity_too_small"
    assert refused(sold("0.001", "KG1", unit="mg"), by=by)[0][1] == "stock_quantity_too_small"


def test_what_moves_nothing_has_any_unit() -> None:
    by = ledger({"SERVICE": {"service_item": True, "unit": "Std"}})
    assert moved(sold("1.000", "SERVICE", unit="Stk"), by=by) == []
    assert moved(sold("1.000", "S", unit="Stk"), by=sets(("S", "SERVICE", 1, 1.0))) == []


@pytest.mark.parametrize(
    ("rows", "unit", "expected", "why"),
    [
        ([("S", "KG1", 1, 250.0, "g")], "Stk", [("KG1", -500)], "250 g of what is kept in kg"),
        ([("S", "KG1", 1, 0.25, None)], "Stk", [("KG1", -500)], "without a unit it is the component's own"),
        ([("S", "KG1", 1, 0.25, "kg")], "Stk", [("KG1", -500)], "the component's own"),
        ([("S", "KG1", 1, 0.25, "kg")], "Pcs", [("KG1", -500)], "a set is counted in its own unit"),
        ([("S", "T", 1, 1.0, "Stk"), ("T", "KG1", 1, 250.0, "g")], "Stk", [("KG1", -500)], "a set in a set"),
        ([("S", "KG1", 1, 2.0, "Stk")], "Stk", [("KG1", -4000)],
         "ARTSET.Menge is in the component's own unit: one of another kind beside it says nothing"),
    ],
)  # fmt: skip
def test_a_sets_component_is_moved_in_its_own_unit(
    rows: list[tuple[Any, ...]], unit: str, expected: list[tuple[str, int]], why: str
) -> None:
    assert moved(sold("2.000", "S", unit=unit), by=sets(*rows, KG1={"unit": "kg"})) == expected, why


def test_a_set_sold_in_a_strange_unit_or_rounded_to_nothing_by_a_conversion_is_refused() -> None:
    assert refused(sold("1.000", "S", unit="kg"), by=sets(("S", "A19", 1, 1.0)))[0][1] == "stock_unit_unknown"
    tiny = sets(("S", "KG1", 1, 0.4, "g"), KG1={"unit": "kg"})
    assert refused(sold("1.000", "S"), by=tiny)[0][1] == "stock_quantity_too_small"


# --- serial and batch numbers


def serials(*receipts: Receipt, by: Ledger | None = None) -> list[tuple[str, str | None]]:
    movements, rejections = move(flatten(receipts), by or ledger())
    assert rejections == []
    StockMovement.validate(movements, lazy=True)
    found = movements["serial"].astype(object)
    return list(zip(movements["article"], found.where(found.notna(), None), strict=True))


@pytest.mark.parametrize(
    ("keyed_in", "kept"),
    [
        ("LOT-2026-11", "LOT-2026-11"),
        (" LOT 1\x1d2 ", "LOT 1 2"),
        ("SN-1, SN-2", "SN-1, SN-2"),
        ("x" * 80, "x" * 80),
    ],
)
def test_a_number_that_was_keyed_in_stays_on_the_movement(keyed_in: str, kept: str) -> None:
    assert serials(sold(article="SERIAL", serial=keyed_in)) == [("SERIAL", kept)]
    # also where the article is not kept by number: somebody keyed it in for a reason
    assert serials(sold(article="A19", serial=keyed_in)) == [("A19", kept)]


def test_a_number_is_kept_whole_or_its_line_refused() -> None:
    assert serials(sold(article="A19", serial="x" * 300)) == [("A19", "x" * 300)]
    assert refused(sold(article="SERIAL", serial="x" * 81))[0][:2] == ("R1|1", "stock_serial_too_long")


def test_a_sets_number_belongs_to_the_one_article_that_is_kept_by_number() -> None:
    by = sets(("S", "A19", 1, 1.0), ("S", "SERIAL", 2, 1.0))
    assert serials(sold(article="S", serial="N1"), by=by) == [("A19", None), ("SERIAL", "N1")]
    twice = sets(("S", "SERIAL", 1, 1.0), ("S", "SERIAL", 2, 1.0))
    assert serials(sold(article="S", serial="N1"), by=twice) == [("SERIAL", "N1"), ("SERIAL", "N1")]
    none = sets(("S", "A19", 1, 1.0), ("S", "A7", 2, 1.0))
    assert serials(sold(article="S", serial="N1"), by=none) == [("A19", "N1"), ("A7", "N1")]


def test_one_number_for_several_articles_kept_by_number_refuses_the_line_by_their_names() -> None:
    by = sets(("S", "SERIAL", 1, 1.0), ("S", "BATCH", 2, 1.0), BATCH={"serial": True})
    ((_, code, text),) = refused(sold(article="S", serial="N1"), by=by)
    assert code == "stock_serial_ambiguous"
    assert "(SERIAL, BATCH)" in text
    assert refused(sold(article="S"), by=by)[0][1] == "stock_serial_missing"


# --- what is refused


@pytest.mark.parametrize(
    ("article", "code"),
    [
        ("gone", "stock_article_unknown"),
        (None, "stock_article_missing"),
        ("", "stock_article_missing"),
        (" ", "stock_article_missing"),
    ],
)
def test_an_unknown_or_empty_article_refuses_the_stock_line_but_not_the_revenue(article: str | None, code: str) -> None:
    found = receipt(line(article=article), line(article="A7", rate="7.00"))
    result = book(flatten([found]), ledger())
    assert result.rejections == []
    assert [(r.key, r.code) for r in result.stock_rejections] == [("R1|1", code)]
    assert len(result.postings) == 6
    assert result.movements["article"].tolist() == ["A7"]


def test_a_refused_line_is_made_up_for_once_the_article_exists() -> None:
    found = flatten([receipt(line(article="new"), line(article="A19"))])
    before, refusals = move(found, ledger())
    after, none = move(found, ledger({"new": {}}))
    assert ([r.key for r in refusals], none) == (["R1|1"], [])
    assert set(after["movement_id"]) - set(before["movement_id"]) == {"R1:1:0"}
    pd.testing.assert_frame_equal(after[after["movement_id"] == "R1:2:0"].reset_index(drop=True), before)


def test_an_article_kept_by_serial_number_needs_one() -> None:
    assert moved(sold(article="SERIAL", serial="SN-1")) == [("SERIAL", -1000)]
    for serial in (None, "", " "):
        assert refused(sold(article="SERIAL", serial=serial))[0][:2] == ("R1|1", "stock_serial_missing")
    assert refused(sold(article="S"), by=sets(("S", "SERIAL", 1, 1.0)))[0][1] == "stock_serial_missing"


def test_a_register_that_is_no_longer_in_the_settings_has_no_warehouse() -> None:
    found = receipt(line(article="A19"), line(article="SERVICE"), register="Kasse 9", payments=[pay("ECKarte", 2380)])
    assert refused(found) == [
        ("R1|1", "stock_warehouse_missing", 'No warehouse is set: registers."Kasse 9".warehouse.')
    ]
    assert len(book(flatten([found]), ledger()).postings) == 6


def test_a_receipt_that_is_not_booked_moves_nothing() -> None:
    result = book(flatten([receipt(line(article="A19"), line(article="gone"))]), ledger(accounts=accounts(revenue={})))
    assert (len(result.movements), result.stock_rejections) == (0, [])


@pytest.mark.parametrize(
    ("of_article", "of_line", "expected"),
    [
        ("kg", "KG", "kg"),
        (None, "Stk", "Stk"),
        ("k\x00g", "k g", "k g"),
        ("Kilogramm" * 9, "Kilogramm" * 9, "KilogrammK"),
        ("kg", None, "kg"),
        ("\t\x00", "Stk", "Stk"),
        (None, "Kilogramm und mehr", "Kilogramm "),
        (None, "", None),
        (None, None, None),
    ],
)
def test_the_unit_is_selectlines(of_article: str | None, of_line: str | None, expected: str | None) -> None:
    movements, _ = move(flatten([sold(article="X", unit=of_line)]), ledger({"X": {"unit": of_article}}))
    assert movements["unit"].astype(object).where(movements["unit"].notna(), None).tolist() == [expected]


def test_line_numbers_that_stand_twice_move_nothing() -> None:
    lines = [line(article="A19", number=7), line(article="A19", number=7)]
    movements, rejections = move(flatten([receipt(*lines)]), ledger())
    assert (len(movements), rejections) == (0, [])
