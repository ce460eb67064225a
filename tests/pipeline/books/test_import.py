"""Protects the books: what is staged is booked once, whole receipts at a time, and nothing that must not be booked.

On SQLite and on PostgreSQL, through the session that a run has, with receipts that came over a real socket.
"""

import copy
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.errors import ConfigurationError, StateUnavailableError
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.state.stores.books.booked_receipts import BookedReceipts
from cloudkasse_etl.state.stores.books.staged_receipts import StagedReceipts
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport
from cloudkasse_etl.sync.outputs.exports import Booked, ExportSummary, Moved, export_movements, export_postings
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts
from cloudkasse_etl.sync.receipts.receipt_list import list_receipts
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.report import Outcome, RunReport
from tests.support import databases, small_erp
from tests.support.books import (
    balances,
    book,
    closing_of_sales,
    complete,
    deliver,
    dismiss,
    fetch,
    fetch_and_book,
    read_csv,
    sale,
    statuses,
    stock,
    tables,
    told,
    with_accounts,
)
from tests.support.erp_changes import add_article, add_set
from tests.support.receipt_factory import Fields, item, line, pay
from tests.support.worlds import BOTH, TOKEN, World


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A shop on SQLite, or on both databases where it can make a difference."""
    yield from shop(tmp_path, url_of(getattr(request, "param", "sqlite"), tmp_path, request))


def url_of(database: str, folder: Path, request: pytest.FixtureRequest) -> str:
    """An empty database."""
    if database == "sqlite":
        return f"sqlite:///{folder / 'erp.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


def shop(folder: Path, url: str) -> Iterator[World]:
    small_erp.build(url)
    with SandboxServer(folder / "cloud.db", token=TOKEN, page_items=10) as server:
        yield World(folder, url, server, with_accounts(copy.deepcopy(small_erp.SETTINGS)))


def whole_run(world: World) -> RunReport:
    with world.session() as session:
        stage_receipts(session)
        stage_closings(session)
        import_receipts(session)
        return session.finish()


# --- once


@BOTH
def test_importing_twice_books_once(world: World) -> None:
    deliver(world, *(sale(number) for number in range(1, 26)), closings=(closing_of_sales(1, 1, 25),))
    report = whole_run(world)
    assert report.outcome is Outcome.SUCCESSFUL
    assert {name: told(asset) for name, asset in report.assets.items()} == {
        "staged_receipts": {"new": 25},
        "staged_closings": {"new": 1},
        "revenue_postings": {"new": 25},
        "stock_movements": {"new": 25},
    }
    assert balances(world) == {"8400": -25 * 2380, "1000": 25 * 2380, "1371": 0}
    assert stock(world) == {("1", "A1"): -50_000}
    before = tables(world)
    requests = len(world.server.requests)
    report = whole_run(world)
    assert report.outcome is Outcome.NO_NEW_DATA
    assert len(world.server.requests) == requests + 1
    assert tables(world) == before
    postings, movements = book(world, full=True, retry_rejected=True)
    assert told(postings) == told(movements) == {}
    assert tables(world) == before
    assert complete(world) == CompletenessReport()


@BOTH
def test_a_chosen_receipt_is_booked_and_no_other(world: World) -> None:
    deliver(world, sale(1), sale(2), sale(3))
    fetch(world)
    postings, movements = book(world, "R2", "R2")
    assert (told(postings), told(movements)) == ({"new": 1}, {"new": 1})
    assert statuses(world) == {"R1": "staged", "R2": "imported", "R3": "staged"}
    assert {row["receipt_id"] for row in tables(world)["posting"]} == {"R2"}
    postings, _ = book(world)
    assert told(postings) == {"new": 2}


def test_a_choice_that_cannot_be_booked_books_nothing_of_it(world: World) -> None:
    deliver(world, sale(1), sale(2), sale(3, total_cents=1))
    fetch(world)
    book(world, "R2")
    before = tables(world)
    for wrong, word in (("R2", "imported"), ("R3", "rejected"), ("R9", "not there")):
        with pytest.raises(ConfigurationError, match=word):
            book(world, "R1", wrong)
    assert tables(world) == before


@pytest.mark.parametrize("left", ["all", "movements", "postings"])
@BOTH
def test_a_second_booking_breaks_on_the_databases_own_keys_and_nothing_of_it_stays(world: World, left: str) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    deliver(world, sale(2))
    fetch(world)
    # what only a fault of ours could bring about: a booked receipt that is staged again
    world.erp("UPDATE cloudkasse_receipt SET status = 'staged' WHERE receipt_id = 'R1'")
    if left != "all":
        gone = {"movements": "posting", "postings": "stock_movement"}[left]
        world.erp(f"DELETE FROM cloudkasse_{gone}")
    before = tables(world)
    with pytest.raises(StateUnavailableError):
        book(world)
    assert tables(world) == before
    book(world, "R2")  # and it does not stand in the others' way
    assert statuses(world)["R2"] == "imported"


@BOTH
def test_the_stores_own_booking_cannot_be_called_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []
    original = BookedReceipts.book

    def noted(store: BookedReceipts, **arguments: Any) -> None:
        calls.append(arguments)
        original(store, **arguments)

    monkeypatch.setattr(BookedReceipts, "book", noted)
    deliver(world, sale(1), sale(2))
    fetch_and_book(world)
    (arguments,) = calls
    before = tables(world)
    with world.session() as session, pytest.raises(StateUnavailableError):
        session.store.books.book(**arguments)
    assert tables(world) == before


# --- what is missing in the settings


def test_an_account_of_selectline_that_cannot_be_used_refuses_its_receipt_and_no_other_account_is_taken(
    world: World,
) -> None:
    world.erp("UPDATE ART SET KontoVerkauf = :account WHERE Artikelnummer = 'A1'", {"account": "84\t0000"})
    deliver(world, item(line(article="A1"), id="R1", number=1), item(line(article="A2"), id="R2", number=2))
    fetch(world)
    postings, _ = book(world)
    assert [(r.key, r.code) for r in postings.rejections] == [("R1", "account_missing")]
    assert "ART.KontoVerkauf, KTOGRUPPENPOS.GKonto = '84 0000'" in postings.rejections[0].text("en")
    assert statuses(world) == {"R1": "rejected", "R2": "imported"}
    world.erp("UPDATE ART SET KontoVerkauf = '8401' WHERE Artikelnummer = 'A1'")
    assert told(book(world)[0]) == {"new": 1}


@pytest.mark.parametrize(
    ("lines", "payments", "section", "name", "setting"),
    [
        pytest.param([line("Pfand", 25)], [pay("Bar", 25)], "business_cases", "Pfand", "accounts.business_cases.Pfand",
                     id="business case"),
        pytest.param([line("Umsatz", 107, "7.00")], [pay("Bar", 107)], "revenue", "7.00", 'accounts.revenue."7.00"',
                     id="revenue"),
        pytest.param([line()], [pay("ECKarte", 1190)], "tenders", "ECKarte", "accounts.tenders.ECKarte", id="tender"),
        pytest.param([line()], [pay("Unbar", 1190, "Rechnung")], "tenders", "Unbar", "accounts.tenders.Unbar.Rechnung",
                     id="tender by name"),
        pytest.param([line("DifferenzSollIst", -5, None)], [pay("Bar", -5)], "business_cases", "DifferenzSollIst",
                     "accounts.business_cases.DifferenzSollIst.short", id="short"),
    ],
)  # fmt: skip
def test_an_unmapped_account_rejects_that_receipt_by_the_settings_name_until_it_is_there(
    world: World, lines: list[Fields], payments: list[Fields], section: str, name: str, setting: str
) -> None:
    removed = world.settings["accounts"][section].pop(name)
    deliver(world, sale(1), item(*lines, payments=payments, id="R2", number=2), sale(3))
    fetch(world)
    postings, _ = book(world)
    assert told(postings) == {"new": 2, "rejected": 1}
    assert [(r.key, r.code) for r in postings.rejections] == [("R2", "account_missing")]
    for language in ("de", "en"):
        assert setting in postings.rejections[0].text(language)
    assert statuses(world) == {"R1": "imported", "R2": "rejected", "R3": "imported"}
    assert {row["receipt_id"] for row in tables(world)["posting"]} == {"R1", "R3"}
    since = postings.rejections[0]

    postings, _ = book(world)
    assert told(postings) == {"still_rejected": 1}
    postings, _ = book(world, retry_rejected=True)
    assert told(postings) == {"rejected": 1}
    assert postings.rejections[0].since == since.since

    world.settings["accounts"][section][name] = removed
    postings, _ = book(world)
    assert told(postings) == {"new": 1}
    assert statuses(world)["R2"] == "imported"
    assert [row for row in tables(world)["rejection"] if row["asset"] == "revenue_postings"] == []
    assert told(book(world)[0]) == {}


def test_a_register_without_a_cash_account_is_named(world: World) -> None:
    world.settings["registers"][0].pop("cash_account")
    deliver(world, sale(1), item(line(), payments=[pay("ECKarte", 1190)], id="R2", number=2))
    postings, _ = fetch_and_book(world)
    assert told(postings) == {"new": 1, "rejected": 1}
    assert "registers.K1.cash_account" in postings.rejections[0].text("en")


def test_without_a_clearing_account_nothing_is_booked(world: World) -> None:
    del world.settings["accounts"]["clearing"]
    deliver(world, sale(1), sale(2))
    postings, movements = fetch_and_book(world)
    assert (told(postings), told(movements)) == ({"rejected": 2}, {})
    assert "accounts.clearing" in postings.rejections[0].text("en")
    assert tables(world)["posting"] == tables(world)["stock_movement"] == []


def test_a_receipt_that_was_chosen_and_refused_is_tried_again_when_the_settings_are_as_they_were_before(
    world: World,
) -> None:
    deliver(world, sale(1), sale(2))
    fetch(world)
    book(world, "R1")
    book(world)  # level with these settings
    deliver(world, sale(3))
    fetch(world)
    removed = world.settings["accounts"]["revenue"].pop("19.00")
    assert told(book(world, "R3")[0]) == {"rejected": 1}
    world.settings["accounts"]["revenue"]["19.00"] = removed
    assert told(book(world)[0]) == {"new": 1}


def test_an_import_that_broke_leaves_nothing_that_a_later_one_takes_for_settled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    deliver(world, sale(2), sale(3))
    fetch(world)
    removed = world.settings["accounts"]["revenue"].pop("19.00")
    original = BookedReceipts.book

    def dies_afterwards(store: BookedReceipts, **arguments: Any) -> None:
        original(store, **arguments)
        raise StateUnavailableError("The database went away.")

    with monkeypatch.context() as patch:
        patch.setattr("cloudkasse_etl.sync.receipts.receipt_import.BATCH", 1)
        patch.setattr(BookedReceipts, "book", dies_afterwards)
        with pytest.raises(StateUnavailableError):
            book(world)
    assert statuses(world) == {"R1": "imported", "R2": "rejected", "R3": "staged"}
    world.settings["accounts"]["revenue"]["19.00"] = removed
    assert told(book(world)[0]) == {"new": 2}


def test_a_fetch_that_broke_leaves_nothing_that_a_later_one_takes_for_settled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(world, sale(1))
    fetch(world)
    deliver(world, *(sale(number) for number in range(2, 15)))
    named = world.settings["registers"]
    world.settings["registers"] = []
    original = StagedReceipts.stage

    def dies_afterwards(store: StagedReceipts, *arguments: Any, **more: Any) -> None:
        original(store, *arguments, **more)
        raise StateUnavailableError("The database went away.")

    with monkeypatch.context() as patch:
        patch.setattr(StagedReceipts, "stage", dies_afterwards)
        with pytest.raises(StateUnavailableError):
            fetch(world)
    assert sorted(statuses(world).values()) == ["rejected"] * 11  # the first one, too, follows the settings
    world.settings["registers"] = named
    assert told(fetch(world)[0]) == {"new": 14}


# --- stock


@BOTH
def test_an_unknown_article_books_its_revenue_and_its_stock_is_made_up_for_once(world: World) -> None:
    two = [line("Umsatz", 1190, article="A1"), line("Umsatz", 2380, article="NEW", quantity="1.250")]
    deliver(world, sale(1), item(*two, id="R2", number=2), sale(3, article=None))
    fetch(world)
    postings, movements = book(world)
    assert told(postings) == {"new": 3}
    assert told(movements) == {"new": 2, "rejected": 2}
    assert {(r.key, r.code) for r in movements.rejections} == {
        ("R2|2", "stock_article_unknown"),
        ("R3|1", "stock_article_missing"),
    }
    assert balances(world)["8400"] == -2380 - 3570 - 2380
    assert stock(world) == {("1", "A1"): -3000}
    assert told(book(world)[1]) == {"still_rejected": 2}

    add_article(world, "NEW")
    before = tables(world)["posting"]
    postings, movements = book(world)
    assert told(postings) == {}
    assert told(movements) == {"new": 1, "still_rejected": 1}
    assert stock(world) == {("1", "A1"): -3000, ("1", "NEW"): -1250}
    assert tables(world)["posting"] == before
    for options in ({}, {"full": True}, {"retry_rejected": True}):
        assert "new" not in told(book(world, **options)[1])
    assert stock(world)["1", "NEW"] == -1250
    add_article(world, "OTHER")  # the ERP has changed again, but nothing for these
    assert told(book(world)[1]) == {"still_rejected": 1}
    assert stock(world)["1", "NEW"] == -1250


def test_stock_that_waits_is_made_up_for_also_under_another_address_of_the_cloud(world: World) -> None:
    deliver(world, sale(1, article="NEW"))
    fetch_and_book(world)
    add_article(world, "NEW")
    with SandboxServer(None, token=TOKEN) as other:  # the same cloud that moved
        world.server = other
        assert told(book(world)[1]) == {"new": 1}
    assert stock(world) == {("1", "NEW"): -2000}


@BOTH
def test_a_trade_set_moves_its_components(world: World) -> None:
    add_set(world, "BOX", A1=2.0, A2=0.5, A3=0.333)
    sold = item(line("Umsatz", 3570, article="BOX", quantity="3.000"), id="R1", number=1)
    back = item(line("Umsatz", -1190, article="BOX", quantity="-1.000"), id="R2", number=2)
    deliver(world, sold, back)
    _, movements = fetch_and_book(world)
    assert told(movements) == {"new": 2}
    assert stock(world) == {("1", "A1"): -4000, ("1", "A2"): -1000, ("1", "A3"): -666}
    ids = [row["movement_id"] for row in tables(world)["stock_movement"] if row["receipt_id"] == "R1"]
    assert sorted(ids) == ["R1:1:1", "R1:1:2", "R1:1:3"]


def test_a_set_with_an_unknown_component_moves_nothing_until_it_is_there_and_then_everything_once(
    world: World,
) -> None:
    add_set(world, "BOX", A1=1.0, LATER=2.0)
    deliver(world, item(line("Umsatz", 1190, article="BOX"), id="R1", number=1))
    _, movements = fetch_and_book(world)
    assert [r.code for r in movements.rejections] == ["stock_component_unknown"]
    assert stock(world) == {}
    add_article(world, "LATER")
    assert told(book(world)[1]) == {"new": 1}
    assert stock(world) == {("1", "A1"): -1000, ("1", "LATER"): -2000}
    assert told(book(world, full=True)[1]) == {}


# --- what is booked elsewhere, or never


def test_a_receipt_of_a_closed_period_is_booked_on_the_first_open_day_and_says_so(world: World) -> None:
    world.settings["books"] = {"closed_until": "2026-11-23"}
    deliver(world, sale(1), sale(2, business_day="2026-11-24"))
    fetch_and_book(world)
    found = {(r["receipt_id"], r["posting_date"], r["flag"]) for r in tables(world)["posting"]}
    assert found == {("R1", "2026-11-24", "closed_period"), ("R2", "2026-11-24", None)}
    moved = {r["receipt_id"]: r["movement_date"] for r in tables(world)["stock_movement"]}
    assert moved == {"R1": "2026-11-23", "R2": "2026-11-24"}


@BOTH
def test_what_is_too_old_without_effect_refused_or_dismissed_is_never_booked(world: World) -> None:
    world.settings["receipts"] = {"start_date": "2026-11-01"}
    deliver(
        world,
        sale(1, business_day="2026-10-31"),
        sale(2, kind="AVTraining"),
        sale(3, cancelled=True),
        sale(4, total_cents=1),
        sale(5),
        sale(6),
        item(id="R7", number=7),
    )
    fetch(world)
    dismiss(world, "R5", "booked by hand")
    expected = {
        "R1": "before_start", "R2": "no_effect", "R3": "no_effect", "R4": "rejected", "R5": "dismissed",
        "R7": "no_effect",
    }  # fmt: skip
    assert statuses(world) == {**expected, "R6": "staged"}
    for receipt_id in expected:
        with pytest.raises(ConfigurationError):
            book(world, receipt_id)
    postings, movements = book(world, full=True, retry_rejected=True)
    assert (told(postings), told(movements)) == ({"new": 1}, {"new": 1})
    assert statuses(world) == {**expected, "R6": "imported"}
    assert {row["receipt_id"] for row in tables(world)["posting"]} == {"R6"}
    assert {row["receipt_id"] for row in tables(world)["stock_movement"]} == {"R6"}


def test_a_dismissed_receipt_keeps_its_reason_and_an_imported_one_cannot_be_dismissed(world: World) -> None:
    deliver(world, sale(1), sale(2), sale(3, total_cents=1), sale(4), item(line("Pfand", 25), id="R5", number=5))
    del world.settings["accounts"]["business_cases"]["Pfand"]
    fetch(world)
    book(world, "R1")
    book(world, "R5")

    for receipt_id in ("R2", "R3", "R5"):
        dismiss(world, receipt_id, "in the till book by hand")
    for receipt_id, wrong in (("R1", "imported"), ("R2", "dismissed"), ("R9", "no receipt"), ("", "no receipt")):
        with pytest.raises(ConfigurationError, match=wrong):
            dismiss(world, receipt_id, "in the till book by hand")
    with pytest.raises(ConfigurationError, match="without a reason"):
        dismiss(world, "R4", " \n")
    listed = {row.receipt_id: row for row in list_receipts(world.configuration(), status="dismissed")}
    assert {key: row.reason("de") for key, row in listed.items()} == dict.fromkeys(
        ("R2", "R3", "R5"), "in the till book by hand"
    )
    assert tables(world)["rejection"] == []
    # delivered again or checked again, it stays what it is
    deliver(world, sale(2, closing_number=4), sale(3, total_cents=1))
    assert told(fetch(world, retry_rejected=True)[0]) == {"unchanged": 2}
    assert told(book(world, retry_rejected=True)[0]) == {"new": 1}
    assert statuses(world) == {
        "R1": "imported", "R2": "dismissed", "R3": "dismissed", "R4": "imported", "R5": "dismissed",
    }  # fmt: skip


# --- closings


@pytest.mark.parametrize("order", ["closing first", "receipts first", "closing after the import"])
@BOTH
def test_the_view_gives_the_closings_number_whichever_came_first(world: World, order: str) -> None:
    receipts, closings = [sale(1), sale(2), sale(3)], [closing_of_sales(7, 1, 2)]
    deliver(world, *(() if order == "closing first" else receipts), closings=closings if "first" in order else ())
    fetch(world)
    deliver(world, *(receipts if order == "closing first" else ()))
    fetch_and_book(world)
    if order == "closing after the import":
        deliver(world, closings=closings)
        fetch(world)
    found = {(row["receipt_id"], row["closing_number"]) for row in tables(world)["revenue_posting"]}
    assert found == {("R1", 7), ("R2", 7), ("R3", None)}


def test_the_view_shows_each_posting_once_also_where_closings_overlap(world: World) -> None:
    deliver(world, sale(1), sale(2), closings=(closing_of_sales(7, 1, 2), closing_of_sales(8, 2, 2)))
    fetch_and_book(world)
    found = tables(world)
    assert len(found["revenue_posting"]) == len(found["posting"]) == 8
    assert {row["closing_number"] for row in found["revenue_posting"]} == {7}


@BOTH
def test_a_late_receipt_of_a_day_that_is_closed_and_imported_is_booked_and_heals_the_check(world: World) -> None:
    deliver(world, sale(1), sale(3), closings=(closing_of_sales(1, 1, 3),))
    fetch_and_book(world)
    found = complete(world)
    assert [(f.register, f.numbers) for f in found.receipt_gaps] == [("K1", "2")]
    assert [(f.register, f.numbers) for f in found.closing_differences] == [("K1", "1")]
    before = tables(world)["posting"]
    deliver(world, sale(2, closing_number=1), sale(1, closing_number=1))
    receipts, _ = fetch(world)
    assert told(receipts) == {"new": 1, "unchanged": 1}
    postings, _ = book(world)
    assert told(postings) == {"new": 1}
    after = tables(world)
    assert [row for row in after["posting"] if row["receipt_id"] != "R2"] == before
    assert {row["closing_number"] for row in after["revenue_posting"]} == {1}
    assert complete(world) == CompletenessReport()


# --- where our tables lie


def place_of_tables(world: World, place: str, request: pytest.FixtureRequest) -> None:
    if place == "a schema of their own":
        world.settings["state"] = {"schema": "kasse", "prefix": "ck_"}
    elif place == "a file of their own":
        world.state_url = f"sqlite:///{world.folder / 'state' / 'ours.db'}"
    elif place == "a database of their own":
        world.state_url = request.getfixturevalue("postgres_url")


@databases.CHOOSES_ITSELF
@pytest.mark.parametrize(
    ("erp", "place"),
    [
        ("sqlite", "the ERP's database"),
        ("sqlite", "a file of their own"),
        ("sqlite", "a database of their own"),
        ("postgresql", "the ERP's database"),
        ("postgresql", "a schema of their own"),
        ("postgresql", "a file of their own"),
    ],
)
def test_the_books_are_the_same_wherever_our_tables_lie(
    tmp_path: Path, request: pytest.FixtureRequest, erp: str, place: str
) -> None:
    url = url_of(erp, tmp_path, request)
    for world in shop(tmp_path, url):
        place_of_tables(world, place, request)
        assert world.sync().outcome is Outcome.SUCCESSFUL
        assert world.sync().outcome is Outcome.NO_NEW_DATA
        add_set(world, "BOX", A1=2.0, A2=0.5)
        del world.settings["accounts"]["business_cases"]["Pfand"]
        deliver(
            world,
            sale(1),
            item(line("Umsatz", 3570, article="BOX", quantity="3.000"), line("Pfand", 25), id="R2", number=2),
            sale(3, article="NEW"),
            sale(4, total_cents=1),
            item(line("Umsatz", 3570, article="BOX"), id="R5", number=5),
            closings=(closing_of_sales(1, 1, 1),),
        )
        postings, movements = fetch_and_book(world)
        assert told(postings) == {"new": 3, "rejected": 1}
        assert told(movements) == {"new": 2, "rejected": 1}
        assert balances(world) == {"8400": -8330, "1000": 8330, "1371": 0}
        assert stock(world) == {("1", "A1"): -4000, ("1", "A2"): -500}
        assert {(r["receipt_id"], r["closing_number"]) for r in tables(world)["revenue_posting"]} == {
            ("R1", 1), ("R3", None), ("R5", None),
        }  # fmt: skip
        found = complete(world)
        assert (found.receipt_gaps, found.closing_differences, found.unbalanced) == ((), (), ())
        summary = export_postings(world.configuration(), tmp_path / "journal.csv")
        assert summary == ExportSummary(rows=12, booked=(Booked("EUR", 12, 16_660, 16_660),))
        engine = sa.create_engine(url)
        names = set(sa.inspect(engine).get_table_names())
        engine.dispose()
        ours = {"cloudkasse_posting", "ck_posting"} & names
        assert ours == ({"cloudkasse_posting"} if place == "the ERP's database" else set())


@BOTH
def test_companies_in_one_database_do_not_see_each_others_books(world: World) -> None:
    deliver(world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    fetch_and_book(world)
    with SandboxServer(None, token=TOKEN) as server:
        world.server, world.settings["company"]["number"] = server, "2"
        deliver(world, sale(1, note="of the other company"), sale(2))
        postings, _ = fetch_and_book(world)
        assert told(postings) == {"new": 2}
        summary = export_postings(world.configuration(), world.folder / "journal.csv")
        assert [total[2:] for total in summary.booked] == [(2 * 2 * 2380,) * 2]
    found = {(r["company"], r["receipt_id"], r["closing_number"]) for r in tables(world)["revenue_posting"]}
    assert found == {("1", "R1", 1), ("2", "R1", None), ("2", "R2", None)}


# --- what a bookkeeper reads


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
    summary = export_postings(world.configuration(), path)
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
    export_postings(world.configuration(), path)
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
    summary = export_movements(world.configuration(), path, last=dt.date(2026, 11, 24))
    assert summary == ExportSummary(rows=2, moved=(Moved("Stk", 2, 125, 2000),))
    titles, *rows, total = read_csv(path)
    assert [row[1:5] for row in rows] == [["A1", "1", "", "2,000"], ["A2", "1", "0,125", ""]]
    assert total[titles.index("Zugang")] == "0,125"
    assert total[titles.index("Abgang")] == "2,000"
    assert export_movements(world.configuration(), path, first=dt.date(2026, 11, 25)).rows == 1
    assert export_movements(world.configuration(), path, first=dt.date(2027, 1, 1)).rows == 0


def test_an_export_that_cannot_be_written_leaves_the_file_that_was_there(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    path = world.folder / "journal.csv"
    export_postings(world.configuration(), path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError):
        export_postings(world.configuration(), world.folder / "nowhere" / "journal.csv")
    assert path.read_bytes() == before
    assert sorted(found.name for found in world.folder.glob("*.part")) == []
