"""Protects what a manual storage carries, how it is found equal, and which of its lines wait for stock."""

import datetime as dt

import orjson

from cloudkasse_etl.transform.deliveries.storage_form import (
    StockLine,
    StorageHead,
    head_of,
    is_same,
    is_same_head,
    lines_in,
    number_of,
    numbered,
    part_of,
    short_lines,
    stock_lines,
    storage_body,
    without,
)

DAY = dt.date(2026, 11, 23)
HEAD = StorageHead("storage:1|K1|closing 1|1", DAY, "7", "Kasse K1, Abschluss 1")


def line(article: str, milli: int, warehouse: str = "1", unit: str = "Stk") -> StockLine:
    return StockLine(warehouse, article, unit, "", milli)


def test_movements_of_one_stock_are_summed_and_what_comes_to_nothing_is_left_out() -> None:
    moved = [line("B", -1000), line("A", -500), line("B", -2000), line("C", 3000), line("C", -3000)]
    assert stock_lines(moved) == [line("A", -500), line("B", -3000)]
    assert stock_lines(reversed(moved)) == stock_lines(moved)


def test_it_is_sent_as_it_was_frozen_and_says_less_than_that() -> None:
    body = numbered(storage_body([line("A", -1500), line("B", 250, warehouse="0")], HEAD), "CK00000001")
    assert number_of(body) == "CK00000001"
    assert orjson.loads(head_of(body)) == {
        "Number": "CK00000001", "Date": "2026-11-23T00:00:00", "WarehouseNumber": "0", "EmployeeNumber": "7",
    }  # fmt: skip
    assert lines_in(body) == [line("A", -1500), line("B", 250, warehouse="0")]
    assert part_of(body) is None


def test_it_is_equal_by_what_moves_and_by_what_the_head_tells() -> None:
    body = numbered(storage_body([line("A", -1500)], HEAD), "CK00000001")
    found = {"ArticleNumber": "A", "Quantity": -1.5, "WarehouseId": "1"}
    assert is_same(body, [found])
    for other in ([], [found, found], [{**found, "Quantity": -1.501}], [{**found, "WarehouseId": "2"}]):
        assert not is_same(body, other)
    head = {"Number": "CK00000001", "Date": "2026-11-23T00:00:00"}
    assert is_same_head(body, head)  # what it does not tell is no difference
    assert not is_same_head(body, {**head, "EmployeeNumber": "8"})
    assert not is_same_head(body, {**head, "Date": "2026-11-24T00:00:00"})


def test_lines_that_would_take_out_more_than_there_is_wait() -> None:
    lines = [line("A", -3000), line("A", -1000, unit="Pkg"), line("B", -1000), line("C", 500)]
    assert short_lines(lines, {("1", "A"): 3500, ("1", "B"): 1000}) == lines[:2]
    assert short_lines(lines, {("1", "A"): 4000, ("1", "B"): 1000}) == []
    assert short_lines([line("A", -1000), line("A", 2000, unit="Pkg")], {}) == []  # more comes in than goes out


def test_what_is_taken_out_and_what_is_left_are_together_what_there_was() -> None:
    lines = [line("A", -3000), line("B", -1000)]
    body = numbered(storage_body(lines, HEAD), "CK00000001")
    left, taken = without(body, lines[:1], HEAD._replace(key="storage:1|K1|closing 1|2", part_of=HEAD.key))
    assert (lines_in(left), lines_in(taken)) == (lines[1:], lines[:1])
    assert (number_of(left), part_of(left), part_of(taken)) == ("CK00000001", None, HEAD.key)
