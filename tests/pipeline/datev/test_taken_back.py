"""Protects days whose postings DATEV cannot carry: taken back before they were in a file, they are in none, ever."""

import datetime as dt
import json
from typing import Any

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.state.stores.books.datev_files import DatevFiles
from cloudkasse_etl.sync.outputs.datev.datev_export import export_datev
from cloudkasse_etl.sync.outputs.datev.datev_report import DatevReport
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from tests.support.books import balances, book, closing_of_sales, decider, deliver, fetch_and_book, sale
from tests.support.datev.extf_reading import account_sums, files_in, rows_of
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True)
NOVEMBER = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
DECEMBER = dt.date(2026, 12, 1), dt.date(2026, 12, 31)
WRONG = "84A0"


@pytest.fixture(autouse=True)
def datev(world: World) -> None:
    world.settings["datev"] = {"adviser": 29098, "client": 55003}


def exported(world: World, days: tuple[dt.date, dt.date] = NOVEMBER, **options: Any) -> DatevReport:
    return export_datev(world.configuration(), world.folder / "datev", first=days[0], last=days[1], **options)


def undo(world: World, *receipts: str, reason: str = "wrong account") -> None:
    undo_import(decider(world, reason), Scope(receipts))


def on_account(world: World, account: str) -> None:
    world.settings["accounts"]["revenue"]["19.00"] = account


def written(world: World) -> dict[str, int]:
    return account_sums(files_in(world.folder / "datev"))


def booked(world: World) -> dict[str, int]:
    return {account: cents for account, cents in balances(world).items() if cents}


def booked_wrongly(world: World, *receipts: int) -> None:
    on_account(world, WRONG)
    deliver(world, *map(sale, receipts), closings=(closing_of_sales(1, 1, len(receipts)),))
    fetch_and_book(world)
    with pytest.raises(ConfigurationError, match=WRONG):
        exported(world)
    on_account(world, "8400")


@BOTH
def test_a_wrong_account_is_taken_back_and_its_day_can_be_exported(world: World) -> None:
    booked_wrongly(world, 1, 2)
    undo(world, "K1-1", "K1-2")
    book(world)
    report = exported(world)
    assert written(world) == booked(world) == {"1000": 4760, "8400": -4760}
    told = report.as_dict()
    assert told["left_out"] == {"pairs": 8, "postings_of_these_days": 16, "sum_cents": 0}
    assert report.postings == 8
    assert not [line for line in report.accounts if line.difference_cents or line.left_out_cents]
    (page,) = (world.folder / "datev").glob("*.html")
    html = page.read_text(encoding="utf-8")
    assert "8 postings were taken back before they were in a file" in html
    assert all(text in html for text in ("K1-1/S1", WRONG, "wrong account", "their sum is 0.00"))
    for again in (False, True):
        rows = [row for batch in exported(world, again=again).batches for row in rows_of(batch.body)]
        assert [row["Belegfeld 1"] for row in rows] == ["K1-Z1/2", "K1-Z1/2"] * again


@pytest.mark.parametrize("months", [(NOVEMBER, DECEMBER), (DECEMBER, NOVEMBER)])
def test_a_pair_in_two_periods_is_in_the_file_of_neither(world: World, months: Any) -> None:
    booked_wrongly(world, 1)
    world.settings["books"] = {"closed_until": "2026-11-30"}
    undo(world, "K1-1")
    book(world)
    reports = [exported(world, days) for days in months]
    assert sorted(report.postings for report in reports) == [0, 4]
    assert written(world) == booked(world) == {"1000": 2380, "8400": -2380}
    assert {report.as_dict()["left_out"]["pairs"] for report in reports} == {4}
    assert {report.as_dict()["left_out"]["sum_cents"] for report in reports} == {0}
    lines = [line for report in reports for line in report.accounts]
    assert not [line for line in lines if line.difference_cents]
    assert sorted(line.left_out_cents for line in lines if line.account == WRONG) == [-2380, 2380]


def test_what_was_in_a_file_is_taken_back_in_one(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    exported(world)
    on_account(world, "8401")
    undo(world, "K1-1")
    book(world)
    report = exported(world)
    assert (report.postings, list(report.left_out)) == (8, [])
    assert written(world) == booked(world) == {"1000": 2380, "8401": -2380}


def test_a_second_undo_cancels_out_what_the_first_one_did_not(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    exported(world)
    undo(world, "K1-1")
    on_account(world, WRONG)
    book(world)
    on_account(world, "8401")
    undo(world, "K1-1")
    book(world)
    report = exported(world)
    assert {pair.counter_document for pair in report.left_out} == {"K1-1/S2"}
    assert written(world) == booked(world) == {"1000": 2380, "8401": -2380}


def test_an_undo_between_reading_and_remembering_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    remember = DatevFiles.remember

    def after_an_undo(*arguments: Any) -> None:
        undo(world, "K1-1")
        assert not exported_elsewhere(world).batches
        remember(*arguments)

    def exported_elsewhere(world: World) -> DatevReport:
        return export_datev(world.configuration(), world.folder / "other", first=NOVEMBER[0], last=NOVEMBER[1])

    with monkeypatch.context() as patched:
        patched.setattr(DatevFiles, "remember", after_an_undo)
        exported(world)
    assert exported(world).postings == 4
    assert written(world) == booked(world) == {}


def test_a_closings_rate_whose_rows_cancel_out_has_its_line_of_tax(world: World) -> None:
    deliver(world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    fetch_and_book(world)
    exported(world)
    undo(world, "K1-1")
    book(world)
    (line,) = exported(world).as_dict()["tax"]
    assert (line["closing"], line["vat_rate"], line["gross_cents"]) == ("1", "19.00", 0)
    assert (line["printed_cents"], line["datev_cents"]) == (0, 0)


def test_a_shortened_reason_is_counted_and_named_in_full_and_so_is_a_lost_letter(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    exported(world)
    reason = "茶 " + "on the wrong account " * 12 + "indeed"
    undo(world, "K1-1", reason=reason)
    report = exported(world)
    (body,) = [batch.body for batch in report.batches]
    assert any(cell.endswith("…") for row in rows_of(body) for cell in row.values())
    assert (report.as_dict()["shortened"], report.as_dict()["replaced"]) == (2, 2)
    pages = sorted((world.folder / "datev").glob("*.html"))
    html = pages[-1].read_text(encoding="utf-8")
    assert f"taken back: {reason}" in html
    assert f"taken back: ?{reason[1:]}" in html
    assert json.dumps(report.as_dict())
