"""Protects what others read of the stock: a unit with each quantity, the number that was keyed in, sums of one unit."""

from typing import Any

from cloudkasse_etl.sync.exports import export_movements
from tests.books import fetch_and_book, stock, tables, told
from tests.pipeline.test_import import BOTH, add_article, add_set, deliver, read_csv, sale, world
from tests.receipt_factory import Fields, item, line
from tests.worlds import World

__all__ = ["world"]  # a fixture


def sold(number: int, article: str, quantity: str, unit: str | None = "Stk", **fields: Any) -> Fields:
    return item(line(article=article, quantity=quantity, unit=unit, **fields), id=f"R{number}", number=number)


@BOTH
def test_a_number_keyed_in_at_the_register_is_in_the_table_and_in_the_export(world: World) -> None:
    add_article(world, "CH1", SerieCharge="C")
    add_set(world, "BOX", A1=1.0, CH1=1.0)
    deliver(
        world,
        sold(1, "CH1", "1.000", serial="LOT-2026-11"),
        sold(2, "BOX", "1.000", serial="=2+3"),
        sale(3),
    )
    assert told(fetch_and_book(world)[1]) == {"new": 3}
    found = {(row["movement_id"], row["serial"]) for row in tables(world)["stock_movement"]}
    assert found == {("R1:1:0", "LOT-2026-11"), ("R2:1:1", None), ("R2:1:2", "=2+3"), ("R3:1:0", None)}
    for language, title in (("en", "Serial or batch"), ("de", "Serie oder Charge")):
        world.settings["language"] = language
        path = world.folder / f"{language}.csv"
        export_movements(world.configuration(), path)
        titles, *rows = read_csv(path)
        assert titles[-1] == title
        assert [row[-1] for row in rows[:4]] == ["LOT-2026-11", "", "'=2+3", ""]


@BOTH
def test_a_sale_in_grams_moves_kilograms_in_the_books_and_in_the_export(world: World) -> None:
    add_article(world, "KG1", Mengeneinheit="kg")
    deliver(world, sold(1, "KG1", "250.000", "g"), sold(2, "KG1", "1.000", "Stk"), sold(3, "KG1", "0.125", None))
    _, movements = fetch_and_book(world)
    assert told(movements) == {"new": 2, "rejected": 1}
    assert [(r.key, r.code) for r in movements.rejections] == [("R2|1", "stock_unit_unknown")]
    assert stock(world) == {("1", "KG1"): -375}
    assert {row["unit"] for row in tables(world)["stock_movement"]} == {"kg"}
