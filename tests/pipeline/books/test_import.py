"""Protects the books: what is staged is booked once, whole receipts at a time, and nothing that must not be booked.

On SQLite and on PostgreSQL, through the session that a run has, with receipts that came over a real socket.
"""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.errors import ConfigurationError, StateUnavailableError
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.state.stores.books.booked_receipts import BookedReceipts
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport
from cloudkasse_etl.sync.outputs.exports import Booked, ExportSummary, export_books
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts
from cloudkasse_etl.sync.receipts.receipt_list import list_receipts
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.report import Outcome, RunReport
from tests.support import databases, small_erp
from tests.support.books import (
    balances,
    book,
    change_booked,
    closing_of_sales,
    complete,
    deliver,
    dismiss,
    fetch,
    fetch_and_book,
    sale,
    statuses,
    stock,
    tables,
    told,
    with_accounts,
)
from tests.support.erp_changes import add_set
from tests.support.receipts.receipt_factory import item, line
from tests.support.worlds import BOTH, TOKEN, World, small_world

pytestmark = pytest.mark.shop(accounts=True, page_items=10)


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
    for wrong, word in (("R2", "imported"), ("R3", "rejected"), ("R9", "There is no receipt 'R9'")):
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
    change_booked(world, "UPDATE cloudkasse_receipt SET status = 'staged' WHERE receipt_id = 'R1'")
    if left != "all":
        gone = {"movements": "posting", "postings": "stock_movement"}[left]
        change_booked(world, f"DELETE FROM cloudkasse_{gone}")
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
    url = request.getfixturevalue("postgres_url") if erp == "postgresql" else f"sqlite:///{tmp_path / 'erp.db'}"
    with small_world(tmp_path, url, settings=with_accounts(small_erp.SETTINGS), page_items=10) as world:
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
        summary = export_books(world.configuration(), "postings", tmp_path / "journal.csv")
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
        summary = export_books(world.configuration(), "postings", world.folder / "journal.csv")
        assert [total[2:] for total in summary.booked] == [(2 * 2 * 2380,) * 2]
    found = {(r["company"], r["receipt_id"], r["closing_number"]) for r in tables(world)["revenue_posting"]}
    assert found == {("1", "R1", 1), ("2", "R1", None), ("2", "R2", None)}
