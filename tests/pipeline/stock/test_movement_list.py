"""Protects what others read of the stock: a unit with each quantity, the number that was keyed in, sums of one unit."""

import datetime as dt
import os

import pytest
from click.testing import CliRunner

from assets.cli.commands.books.export import export
from cloudkasse_etl.sync.outputs.exports import Booked, Moved, export_books, sum_up
from tests.support.books import change_booked, deliver, fetch_and_book, read_csv, sale, sold, stock, tables, told
from tests.support.erp_changes import add_article, add_set
from tests.support.receipts.receipt_factory import item, line
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True, page_items=10)


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
        export_books(world.configuration(), "movements", path)
        titles, *rows = read_csv(path)
        at = titles.index(title)
        assert [row[at] for row in rows[:4]] == ["LOT-2026-11", "", "'=2+3", ""]
        assert [row[10] for row in rows[:4]] == ["K1-1", "K1-2", "K1-2", "K1-3"]  # the document, as postings have it


@BOTH
def test_a_sale_in_grams_moves_kilograms_in_the_books_and_in_the_export(world: World) -> None:
    add_article(world, "KG1", Mengeneinheit="kg")
    deliver(world, sold(1, "KG1", "250.000", "g"), sold(2, "KG1", "1.000", "Stk"), sold(3, "KG1", "0.125", None))
    _, movements = fetch_and_book(world)
    assert told(movements) == {"new": 2, "rejected": 1}
    assert [(r.key, r.code) for r in movements.rejections] == [("R2|1", "stock_unit_unknown")]
    assert stock(world) == {("1", "KG1"): -375}
    assert {row["unit"] for row in tables(world)["stock_movement"]} == {"kg"}


def test_a_list_of_movements_has_a_total_of_each_unit_and_never_adds_kilograms_to_pieces(world: World) -> None:
    add_article(world, "KG1", Mengeneinheit="kg")
    add_article(world, "LOOSE", Mengeneinheit=None)
    deliver(
        world,
        sold(1, "KG1", "1.250", "kg"), sold(2, "KG1", "250.000", "g"), sold(3, "A1", "3.000"),
        item(line(gross=-1190, article="A1", quantity="-1.000"), id="R4", number=4), sold(5, "LOOSE", "7.000", None),
        sold(6, "A2", "1.000"),
    )  # fmt: skip
    fetch_and_book(world)
    path = world.folder / "movements.csv"
    summary = export_books(world.configuration(), "movements", path)
    assert summary.rows == 6
    assert summary.moved == (Moved("Stk", 3, 1000, 4000), Moved("kg", 2, 0, 1500), Moved("", 1, 0, 7000))
    totals = [row for row in read_csv(path) if row[0] == "Total"]
    assert [row[3:6] for row in totals] == [["1.000", "4.000", "Stk"], ["0.000", "1.500", "kg"], ["0.000", "7.000", ""]]
    assert export_books(world.configuration(), "movements", path, first=dt.date(2030, 1, 1)).moved == ()
    assert read_csv(path)[1][:5] == ["Total", "", "", "0.000", "0.000"]


def test_a_journal_has_a_total_of_each_currency_and_never_adds_two(world: World) -> None:
    deliver(world, sale(1), sale(2))
    fetch_and_book(world)
    # as it is in the year in which a country takes the euro
    change_booked(world, "UPDATE cloudkasse_posting SET currency = 'HRK' WHERE receipt_id = 'R1'")
    path = world.folder / "journal.csv"
    summary = export_books(world.configuration(), "postings", path)
    assert summary.booked == (Booked("EUR", 4, 4760, 4760), Booked("HRK", 4, 4760, 4760))
    assert [row[5:8] for row in read_csv(path)[-2:]] == [["47.60", "47.60", "EUR"], ["47.60", "47.60", "HRK"]]
    in_all = sum_up(world.configuration()).booked
    assert [(sums.currency, sums.receipts, sums.debit_cents, sums.turnover_cents) for sums in in_all] == [
        ("EUR", 1, 4760, 2380), ("HRK", 1, 4760, 2380),
    ]  # fmt: skip


def test_the_command_tells_each_unit_and_each_currency_by_itself(world: World) -> None:
    add_article(world, "KG1", Mengeneinheit="kg")
    deliver(world, sold(1, "KG1", "1.250", "kg"), sold(2, "A1", "3.000"))
    fetch_and_book(world)
    world.settings["language"] = "de"
    world.configuration()
    runner = CliRunner(env={**os.environ, **world.environment})

    def told_by(what: str) -> str:
        result = runner.invoke(export, [what, "--csv", str(world.folder / "x.csv")], standalone_mode=False)
        assert result.exception is None
        return result.output.split("geschrieben", 1)[1].strip()

    assert told_by("movements") == ": Zugang 0,000 Stk, Abgang 3,000 Stk; Zugang 0,000 kg, Abgang 1,250 kg."
    assert told_by("postings") == ": Soll 47,60 EUR, Haben 47,60 EUR."
