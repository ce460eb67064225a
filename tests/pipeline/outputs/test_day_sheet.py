"""Protects the day's sheet: nothing of a day is missing on it, and what is booked is compared with the receipts."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from assets.cli.commands.books.day import day as day_command
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.datev.datev_export import export_datev
from cloudkasse_etl.sync.outputs.day.day_sheet import DayReport, DaySheet
from cloudkasse_etl.sync.outputs.day.sheet_json import report_dict
from cloudkasse_etl.sync.outputs.day.sheet_page import chapters_of, sheets_page
from cloudkasse_etl.sync.outputs.day.sheet_reading import make_day_sheets
from cloudkasse_etl.sync.receipts.decisions import dismiss_closing, dismiss_numbers
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from cloudkasse_etl.transform.day_sheet.day_sums import Corrected
from tests.support.books import book, closing_of_sales, decider, deliver, dismiss, fetch, fetch_and_book, sale
from tests.support.pages.html_page import Page
from tests.support.receipts.receipt_factory import as_item, item, line, pay, receipt, void_of
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True)
DAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def any_day(world: World) -> None:
    world.settings["receipts"] = {"days_back": 36000, "days_ahead": 3660}


def sheets(world: World, first: dt.date = DAY, last: dt.date | None = None, **options: Any) -> DayReport:
    return make_day_sheets(world.configuration(), first, last or first, **options)


def sheet(world: World, day: dt.date = DAY) -> DaySheet:
    (found,) = sheets(world, day).sheets
    return found


def opening(number: int, cents: int = 20_000, **head: Any) -> dict[str, Any]:
    return item(line("Anfangsbestand", cents, None), id=f"O{number}", number=number, **head)


def mixed_day() -> list[dict[str, Any]]:
    """A day of everything; number 9 is missing, 12 cannot be relied on."""
    sold = receipt(line("Umsatz", 2380, article="A1", quantity="2.000"), id="R2", number=2)
    return [
        opening(1),
        as_item(sold),
        as_item(void_of(sold, id="R3", number=3)),
        item(
            line("Umsatz", 1070, "7.00", article="A2"), line("Umsatz", 500, "0.00"), line("Rabatt", -119),
            line("Umsatz", 444, cancelled=True), payments=[pay("ECKarte", 1000, "girocard"), pay("Bar", 451)],
            id="R4", number=4,
        ),
        item(line("Umsatz", -595, article="A1"), id="R5", number=5),
        item(line("Umsatz", 700, cancelled=True), cancelled=True, id="R6", number=6),
        item(line("Umsatz", 900), kind="AVTraining", id="R7", number=7),
        item(line("Geldtransit", -5000, None), id="R8", number=8),
        item(line("DifferenzSollIst", -7, None), id="R10", number=10, tse={"error": "no answer"}),
        sale(11, ended_at="2026-11-24T00:40:00+01:00"),
        item(line("Umsatz", 1190), total_cents=1, id="R12", number=12),
    ]  # fmt: skip


@BOTH
def test_all_of_a_day_stands_on_its_sheet_and_the_postings_are_compared_with_it(world: World, tmp_path: Path) -> None:
    deliver(world, *mixed_day())
    fetch_and_book(world)
    found = sheet(world)
    (money,) = found.money
    sums = money.sums
    assert (money.currency, sums.receipts, sums.turnover_cents) == ("EUR", 8, 1451 - 595 + 2380)
    assert money.is_sound
    assert {(pair.what, pair.vat_rate) for pair in money.booked} >= {
        ("turnover", "7.00"),
        ("tax", "19.00"),
        ("Bar", None),
    }
    assert {fate: one.count for fate, one in money.fates.items()} == {"imported": 8}
    assert (sums.voids, sums.returns, sums.cancelled_lines) == (
        Corrected(1, -2380), Corrected(1, -595), Corrected(1, 444),
    )  # fmt: skip
    assert [(one.reason, one.count, one.keyed_cents) for one in found.apart] == [
        ("training", 1, 900), ("broken_off", 1, 700),
    ]  # fmt: skip
    assert [(one.number, one.is_void, one.cents) for one in found.corrections] == [(3, True, -2380), (6, False, 700)]
    assert (found.corrections[0].original or "").startswith("K1-2 ")
    assert (money.opening_cents, money.difference_cents) == (20_000, -7)
    assert money.expected_cents == 20_000 + 451 - 595 - 5000 - 7 + 2380
    assert [(one.number, one.total_cents) for one in found.uncounted] == [(12, 1)]
    numbers = found.numbers
    assert (numbers.first, numbers.last, numbers.count) == (1, 12, 11)
    assert [(one.gap.first, one.gap.last, one.is_after) for one in numbers.gaps] == [(9, 9, False)]
    assert found.unsigned == (10,)
    assert found.state == "open"
    assert [(one.begins, one.receipts) for one in sums.hours][-1] == (dt.datetime(2026, 11, 24), 1)  # noqa: DTZ001

    told = report_dict(sheets(world), "en")
    assert json.loads(json.dumps(told))["sheets"][0]["currencies"][0]["cash"]["expected_cents"] == money.expected_cents
    assert told["sheets"][0]["not_counted"][0]["codes"]
    page = sheets_page(sheets(world), world.configuration())
    text = Page(page).text
    for shown in ("What is booked is what the receipts say.", "1 receipt number is missing", "K1-12", "TSE",
                  "broken off", "takes back K1-2", "training"):  # fmt: skip
        assert shown in text, shown
    assert "http" not in page.replace("http-equiv", "")


def test_a_closing_is_compared_with_its_receipts_and_the_cash_is_told_at_each(world: World) -> None:
    deliver(world, opening(1), sale(2), closings=(closing_of_sales(12, 1, 2) | {"tenders": []},))
    fetch(world)
    found = sheet(world)
    (closing,) = found.closings
    assert (closing.number, closing.compared is not None and closing.compared.is_equal) == (12, False)
    assert found.state == "closed"
    deliver(world, sale(3), sale(4))
    fetch(world)
    (money,) = sheet(world).money
    assert [part.closing for part in money.drawer] == [12, None]
    assert money.left == [20_000 + 2380, 20_000 + 3 * 2380]
    assert sheet(world).state == "open"

    deliver(world, closings=(closing_of_sales(13, 3, 4),))
    fetch_and_book(world)
    found = sheet(world)
    assert [one.compared and one.compared.is_equal for one in found.closings] == [False, True]
    assert (found.state, found.is_booked) == ("closed", True)
    dismiss_closing(decider(world, "the drawer was counted"), "K1|12")
    found = sheet(world)
    assert (found.closings[0].ended, found.state) == ("the drawer was counted", "booked")
    deliver(world, sale(5), closings=(closing_of_sales(16, 5, 5),))
    fetch_and_book(world)
    found = sheet(world)
    assert ([gap.numbers for gap in found.missing_closings], found.state) == (["14–15"], "closed")


def test_a_day_that_is_as_it_should_be_is_booked_and_nothing_is_to_be_looked_at(world: World) -> None:
    deliver(world, sale(1), sale(2), closings=(closing_of_sales(12, 1, 2),))
    fetch(world)
    assert sheet(world).state == "complete"
    book(world)
    found = sheet(world)
    assert found.state == "booked"
    assert [(one.number, one.runs, bool(one.settings_hash)) for one in found.settings] == [(1, 1, True)]
    (chapter,) = chapters_of(sheets(world), world.configuration().settings)
    assert chapter.notes == []
    assert chapter.proof


def test_without_a_stated_opening_the_cash_of_the_day_before_goes_on(world: World) -> None:
    deliver(
        world,
        opening(1, business_day="2026-11-20"),
        sale(2, business_day="2026-11-20"),
        sale(3, business_day="2026-11-21"),
        sale(4),
        sale(5, business_day="2026-11-24"),
    )
    fetch(world)
    assert [money.expected_cents for one in sheets(world, dt.date(2026, 11, 1), dt.date(2026, 11, 30)).sheets
            for money in one.money] == [20_000 + 2380 * count for count in (1, 2, 3, 4)]  # fmt: skip
    (money,) = sheet(world).money
    assert (money.before.cents, money.before.since, money.before.is_stated) == (
        20_000 + 2 * 2380, dt.date(2026, 11, 20), True,
    )  # fmt: skip
    assert money.opening_cents == money.before.cents


def test_what_waits_for_its_import_or_was_booked_on_another_day_is_told(world: World, tmp_path: Path) -> None:
    deliver(world, sale(1), sale(2))
    world.settings["books"] = {"closed_until": "2026-11-30"}
    fetch(world)
    (money,) = sheet(world).money
    assert money.unbooked == Corrected(2, 4760)
    assert money.booked == ()
    book(world, "R1")
    (money,) = sheet(world).money
    assert money.unbooked == Corrected(1, 2380)
    assert [(one.posting_date, one.turnover_cents) for one in money.late] == [(dt.date(2026, 12, 1), 2380)]
    assert money.is_sound

    assert [(one.file, one.postings) for one in sheet(world).exported] == [(None, 4)]
    world.settings["datev"] = {"adviser": 29098, "client": 55003}
    export_datev(world.configuration(), tmp_path / "datev", first=dt.date(2026, 12, 1), last=dt.date(2026, 12, 31))
    book(world)
    exported = sheet(world).exported
    assert [one.postings for one in exported] == [4, 4]
    assert exported[0].file is None
    assert (exported[1].file or "").startswith("EXTF_")


def test_an_import_that_was_taken_back_is_told_with_its_reason_and_what_is_left_is_compared(world: World) -> None:
    deliver(world, sale(1), sale(2))
    fetch_and_book(world)
    undo_import(decider(world, "wrong account"), Scope(("K1-2",)))
    (money,) = sheet(world).money
    assert money.is_sound
    assert money.unbooked == Corrected(1, 2380)
    assert [(one.posting_date, one.reason, one.turnover_cents) for one in money.undone] == [
        (DAY, "wrong account", 2380)
    ]
    world.settings["accounts"] |= {
        "clearing": "1399",
        "revenue": world.settings["accounts"]["revenue"] | {"19.00": "8409"},
    }
    book(world)
    found = sheets(world)
    (money,) = found.sheets[0].money
    assert (money.is_sound, money.unbooked.count) == (True, 0)
    (chapter,) = chapters_of(found, world.configuration().settings)
    back = (
        "The import of 1 receipt was taken back, counter-entries 4 dated 2026-11-23, debit 47.60 €, turnover 23.80 €: "
    )
    assert f"{back}wrong account" in chapter.notes
    again = "1 receipt was booked again on 2026-11-23, postings 4, debit 47.60 €, turnover 23.80 €."
    assert again in chapter.notes


def test_of_a_closed_day_both_sides_of_an_undo_are_told(world: World) -> None:
    deliver(world, sale(1), item(line("Geldtransit", -5000, None), id="R2", number=2), sale(3))
    fetch_and_book(world)
    world.settings["books"] = {"closed_until": "2026-11-30"}
    undo_import(decider(world, "wrong account"), Scope(("R1", "R2")))
    book(world)
    found = sheets(world)
    (money,) = found.sheets[0].money
    assert (money.is_sound, money.late) == (True, ())
    first = dt.date(2026, 12, 1)
    assert [(one.posting_date, one.reason) for one in money.undone] == [(first, "wrong account")]
    assert [(one.posting_date, one.reason) for one in money.again] == [(first, None)]
    for one in (*money.undone, *money.again):
        assert (one.receipts, one.postings, one.debit_cents, one.turnover_cents) == (2, 8, 14_760, 2380)
    (chapter,) = chapters_of(found, world.configuration().settings)
    facts = "debit 147.60 €, turnover 23.80 €"
    told = f"The imports of 2 receipts were taken back, counter-entries 8 dated 2026-12-01, {facts}: wrong account"
    assert told in chapter.notes
    assert f"2 receipts were booked again on 2026-12-01, postings 8, {facts}." in chapter.notes
    (sums,) = report_dict(found, "en")["sheets"][0]["currencies"]
    entry = {"posting_date": "2026-12-01", "receipts": 2, "postings": 8, "debit_cents": 14_760, "turnover_cents": 2380}
    assert sums["booked_on_other_days"] == []
    assert sums["taken_back"] == [entry | {"reason": "wrong account"}]
    assert sums["booked_again"] == [entry]


def test_postings_that_differ_from_their_receipts_are_found(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    assert sheet(world).money[0].is_sound
    with open_reading(world.configuration()) as store, store.connection.writing_without_lease() as connection:
        table = store.connection.tables.posting
        sold = connection.execute(sa.select(table).where(table.c.vat_rate.is_not(None))).mappings().one()
        connection.execute(table.insert().values({**sold, "posting_id": "R1:one-more", "amount_cents": -1}))
    found = sheets(world)
    assert not found.sheets[0].money[0].is_sound
    (chapter,) = chapters_of(found, world.configuration().settings)
    assert chapter.proof == ""
    assert any("contradict" in note for note in chapter.notes)


def test_the_settings_clearing_account_of_today_says_nothing_about_what_was_booked(world: World) -> None:
    deliver(world, *mixed_day())
    fetch_and_book(world)
    world.settings["accounts"]["clearing"] = "1399"
    assert sheet(world).money[0].is_sound


def test_numbers_that_a_person_ended_are_told_with_the_reason_and_dismissed_receipts_still_count(world: World) -> None:
    deliver(world, sale(1), sale(4), sale(9, business_day="2026-11-24"))
    fetch(world)
    assert [(one.gap.numbers, one.is_after) for one in sheet(world).numbers.gaps] == [("2–3", False), ("5–8", True)]
    assert sheet(world).numbers.missing == 2
    assert sheet(world, dt.date(2026, 11, 24)).numbers.missing == 4
    dismiss_numbers(decider(world, "a printer's test"), "K1", "2-3")
    dismiss(world, "R4", "written by hand")
    numbers = sheet(world).numbers
    assert (numbers.missing, [decision.reason for _, decision in numbers.dismissed]) == (0, ["a printer's test"])
    (money,) = sheet(world).money
    assert {fate: one.count for fate, one in money.fates.items()} == {"staged": 1, "dismissed": 1}
    assert [one.number for one in sheet(world).unbooked] == [4]
    voided = void_of(receipt(line("Umsatz", 2380, article="A1"), id="R1"), id="R1:void", number=1, cancelled=True)
    deliver(world, as_item(voided), item(line("Umsatz", 2380, article="A1"), id="R9b", number=9))
    fetch(world)
    assert sheet(world).numbers.doubled == ()  # a till that only says that a receipt was voided
    deliver(world, item(line("Umsatz", 2380, article="A1"), id="R1b", number=1))
    fetch(world)
    assert sheet(world).numbers.doubled == (1,)


def test_each_currency_and_each_company_has_its_own_sums(world: World) -> None:
    francs = item(line("Umsatz", 1000), payments=[pay("Bar", 1000, currency="CHF")], currency="CHF", id="C2", number=2)
    deliver(world, sale(1), francs)
    fetch(world)
    found = sheet(world)
    assert [(one.currency, one.sums.receipts) for one in found.money] == [("EUR", 1)]
    assert [one.receipt_id for one in found.uncounted] == ["C2"]  # the books are in euros
    dismiss(world, "C2", "a guest's francs")
    found = sheet(world)
    assert [(one.currency, one.sums.turnover_cents, one.expected_cents) for one in found.money] == [
        ("CHF", 1000, 1000), ("EUR", 2380, 2380),
    ]  # fmt: skip
    titles = [section.title for section in chapters_of(sheets(world), world.configuration().settings)[0].sections]
    assert {"By VAT rate (CHF)", "By VAT rate (EUR)"} <= set(titles)
    world.settings["company"]["number"] = "2"
    assert sheets(world).sheets == ()


def test_several_days_and_registers_stand_in_one_table_with_totals(world: World) -> None:
    deliver(world, sale(1), sale(2, business_day="2026-11-24"), sale(3, business_day="2026-11-26"))
    fetch(world)
    report = sheets(world, DAY, dt.date(2026, 11, 30))
    (chapter,) = chapters_of(report, world.configuration().settings)
    days, rates = chapter.sections
    assert [row[0] for row in days.rows] == ["2026-11-23", "2026-11-24", "2026-11-26", "Total EUR"]
    assert [row[3:5] for row in days.rows[-1:]] == [("3", "71.40")]
    assert rates.total[1:] == ("71.40", "60.00", "11.40", "71.40")


def test_a_day_without_receipts_is_told_in_words_and_a_register_that_is_none_is_wrong_use(world: World) -> None:
    with pytest.raises(ConfigurationError, match="no register K9"):
        sheets(world, register="K9")
    deliver(world, sale(1))
    fetch(world)
    settings = world.configuration().settings
    for wanted, told in ((dt.date(2026, 11, 22), "2026-11-23"), (dt.date(2190, 1, 1), "has not come yet")):
        (chapter,) = chapters_of(sheets(world, wanted), settings)
        assert told in " ".join(chapter.notes)
    deliver(world, {"id": "broken", "lines": 7})
    fetch(world)
    (chapter,) = chapters_of(sheets(world), settings)
    assert "1 receipt is on no sheet" in chapter.notes[0]


def test_the_command_prints_writes_and_tells_the_same(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(world, *mixed_day())
    fetch(world)
    world.configuration()
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke
    told = run(day_command, ["23.11.2026", "--register", "K1"], catch_exceptions=False, standalone_mode=False).output
    assert "32.36 €" in told
    as_json = json.loads(run(day_command, ["2026-11-23", "--json"], standalone_mode=False).output)
    assert as_json["sheets"][0]["currencies"][0]["turnover_cents"] == 3236
    file = tmp_path / "day.html"
    assert "written to" in run(day_command, ["2026-11-23", "--html", str(file)], standalone_mode=False).output
    assert "32.36 €" in Page(file.read_text(encoding="utf-8")).text
    span = run(day_command, ["2026-11-01", "--to", "2026-11-30"], standalone_mode=False).output
    assert "Total EUR" in span
    wrong = run(day_command, ["2026-11-02", "--to", "2026-11-01"], standalone_mode=False)
    assert isinstance(wrong.exception, ConfigurationError)
