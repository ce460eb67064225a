"""Protects what a bookkeeper reads: it balances, it is written as the language has it, and no cell is a formula."""

import datetime as dt

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.outputs.exports import ExportSummary, Moved, export_books
from tests.support.books import (
    closing_of_sales,
    deliver,
    fetch_and_book,
    read_csv,
    sale,
    tables,
)
from tests.support.erp_changes import add_article
from tests.support.receipts.receipt_factory import item, line, pay
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True, page_items=10)


def cents(text: str, point: str) -> int:
    whole, _, places = text.partition(point)
    assert len(places) == 2
    assert whole.lstrip("-").isdigit()
    return int(whole + places)


@pytest.mark.parametrize(("language", "point"), [("en", "."), ("de", ",")])
@BOTH
def test_the_journal_balances_and_reads_as_the_language_writes_numbers(world: World, language: str, point: str) -> None:
    world.settings["language"] = language
    deliver(
        world,
        sale(1, gross=123_456_789),
        item(line("Umsatz", -5, article="A1"), id="R2", number=2),
        item(line("Einzahlung", 100, None), id="R3", number=3),
        closings=(closing_of_sales(12, 1, 3),),
    )
    fetch_and_book(world)
    path = world.folder / "journal.csv"
    summary = export_books(world.configuration(), "postings", path)
    (booked,) = summary.booked
    assert booked.debit_cents == booked.credit_cents
    assert summary.rows == len(tables(world)["posting"]) == 12
    titles, *rows, total = read_csv(path)
    assert len({len(row) for row in (titles, *rows, total)}) == 1
    debit, credit = (
        titles.index("Soll" if language == "de" else "Debit"),
        titles.index("Haben" if language == "de" else "Credit"),
    )
    assert all(bool(row[debit]) != bool(row[credit]) for row in rows)
    assert sum(cents(row[debit], point) for row in rows if row[debit]) == cents(total[debit], point)
    assert sum(cents(row[credit], point) for row in rows if row[credit]) == cents(total[credit], point)
    assert cents(total[debit], point) == cents(total[credit], point) == booked.debit_cents
    # without separators of thousands: a spreadsheet program would take them for text
    assert f"1234567{point}89" in {row[debit] for row in rows}
    assert rows[0][0] == ("23.11.2026" if language == "de" else "2026-11-23")
    assert {row[titles.index("Kasse" if language == "de" else "Register")] for row in rows} == {"K1"}
    assert {row[titles.index("Abschluss" if language == "de" else "Closing")] for row in rows} == {"12"}


def test_no_cell_is_a_formula(world: World) -> None:
    texts = ['=HYPERLINK("http://x")', " =1", "＝1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", 'a;b"c\nd']
    lines = [line("Umsatz", 119, article=None, text=text) for text in texts]
    deliver(world, item(*lines, id="=R1", number=1, payments=[pay("Kreditkarte", 1071, "=cmd|' /C calc'!A0")]))
    fetch_and_book(world)
    add_article(world, "=A")
    path = world.folder / "journal.csv"
    export_books(world.configuration(), "postings", path)
    found = {cell for row in read_csv(path) for cell in row}
    assert not [cell for cell in found if cell.lstrip()[:1] in ("=", "+", "@", "＝")]
    assert all(cell.lstrip("-").replace(".", "").isdigit() for cell in found if cell.startswith("-"))
    assert '\'=HYPERLINK("http://x")' in found
    assert "'=R1" in found
    assert "'=cmd|' /C calc'!A0" in found


def test_the_list_of_movements_has_its_days_and_its_totals(world: World) -> None:
    world.settings["language"] = "de"
    deliver(
        world,
        sale(1),
        item(line("Umsatz", -1190, article="A2", quantity="-0.125"), id="R2", number=2),
        sale(3, business_day="2026-11-25"),
    )
    fetch_and_book(world)
    path = world.folder / "movements.csv"
    summary = export_books(world.configuration(), "movements", path, last=dt.date(2026, 11, 24))
    assert summary == ExportSummary(rows=2, moved=(Moved("Stk", 2, 125, 2000),))
    titles, *rows, total = read_csv(path)
    assert [row[1:5] for row in rows] == [["A1", "1", "", "2,000"], ["A2", "1", "0,125", ""]]
    assert total[titles.index("Zugang")] == "0,125"
    assert total[titles.index("Abgang")] == "2,000"
    assert export_books(world.configuration(), "movements", path, first=dt.date(2026, 11, 25)).rows == 1
    assert export_books(world.configuration(), "movements", path, first=dt.date(2027, 1, 1)).rows == 0


def test_an_export_that_cannot_be_written_leaves_the_file_that_was_there(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    path = world.folder / "journal.csv"
    export_books(world.configuration(), "postings", path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError):
        export_books(world.configuration(), "postings", world.folder / "nowhere" / "journal.csv")
    assert path.read_bytes() == before
    assert sorted(found.name for found in world.folder.glob("*.part")) == []
