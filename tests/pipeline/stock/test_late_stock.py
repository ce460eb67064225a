"""Protects stock that an import could not move: a line is moved once, or open with its present reason, or a person's.

On SQLite and on PostgreSQL, through the session that a run has, with receipts that came over a real socket.
"""

from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_tables import METADATA
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.receipts.receipt_staging import stage_receipts
from tests.support.books import book, deliver, fetch, fetch_and_book, sale, stock, tables, told
from tests.support.erp_changes import add_article, add_set
from tests.support.receipts.receipt_factory import item, line
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True, page_items=10)


def open_lines(world: World) -> dict[str, Rejection]:
    """The refused stock lines that are open, by key."""
    with world.session() as session:
        return {rejection.key: rejection for rejection in session.store.rejections.of("stock_movements")}


def codes(world: World) -> dict[str, str]:
    return {key: rejection.code for key, rejection in open_lines(world).items()}


def article(world: World, number: str, **values: Any) -> None:
    """Changes an article in the ERP."""
    change(world, METADATA.tables["ART"].update().where(METADATA.tables["ART"].c.Artikelnummer == number), **values)


def change(world: World, statement: sa.Update, **values: Any) -> None:
    """Changes something in the ERP, in the words of its database."""
    engine = sa.create_engine(world.erp_url)
    with engine.begin() as connection:
        # whatever the database, the row's version moves
        last = connection.execute(sa.select(sa.func.max(statement.table.c.TS))).scalar_one()
        connection.execute(statement.values(TS=last + 1, **values))
    engine.dispose()


# --- what a person was asked to do


@BOTH
def test_a_line_that_a_person_was_told_to_book_is_never_moved_by_the_program(world: World) -> None:
    article(world, "A2", SerieCharge="S")
    add_set(world, "BOX", A1=1_000_000.0)
    huge = item(line("Umsatz", 2380, article="BOX", quantity="999999999999.000"), id="R2", number=2)
    deliver(world, sale(1, "A2"), huge, sale(3, article=None))
    _, movements = fetch_and_book(world)
    by_hand = {"R1|1": "stock_serial_missing", "R2|1": "stock_quantity_too_large", "R3|1": "stock_article_missing"}
    assert {rejection.key: rejection.code for rejection in movements.rejections} == by_hand
    for language in ("en", "de"):
        cures = [rejection.cure(language) for rejection in movements.rejections]
        assert all("receipts dismiss" in cure for cure in cures)
    # each of them could be moved now, and was told to a person
    article(world, "A2", SerieCharge="O")
    change(world, METADATA.tables["ARTSET"].update(), Menge=1.0)
    for options in ({}, {"full": True}, {"retry_rejected": True}):
        assert told(book(world, **options)[1]) == {"still_rejected": 3}
    assert stock(world) == {}
    assert codes(world) == by_hand
    # what is sold from now on moves
    deliver(world, sale(4, "A2"))
    assert told(fetch_and_book(world)[1]) == {"new": 1, "still_rejected": 3}
    assert stock(world) == {("1", "A2"): -2000}


def test_a_line_that_waited_for_the_program_and_comes_to_need_a_hand_is_by_hand_from_then_on(world: World) -> None:
    deliver(world, sale(1, "NEW"))
    fetch_and_book(world)
    add_article(world, "NEW", SerieCharge="S")
    assert told(book(world)[1]) == {"rejected": 1}
    (rejection,) = open_lines(world).values()
    assert rejection.code == "stock_serial_missing"
    assert "by hand" in rejection.cure()
    article(world, "NEW", SerieCharge="O")
    assert told(book(world)[1]) == {"still_rejected": 1}
    assert (stock(world), codes(world)) == ({}, {"R1|1": "stock_serial_missing"})


# --- reasons


@BOTH
def test_the_reason_of_a_refused_line_is_the_present_one_and_keeps_its_first_time(world: World) -> None:
    deliver(world, sale(1, "NEW"), sale(2, "OTHER"))
    fetch_and_book(world)
    first = open_lines(world)
    assert set(codes(world).values()) == {"stock_article_unknown"}
    add_article(world, "NEW", Stueckliste="H")
    assert told(book(world)[1]) == {"rejected": 1, "still_rejected": 1}
    found = open_lines(world)
    assert codes(world) == {"R1|1": "stock_set_empty", "R2|1": "stock_article_unknown"}
    assert {key: rejection.since for key, rejection in found.items()} == {
        key: rejection.since for key, rejection in first.items()
    }
    assert [rejection.first_run for rejection in found.values()] == [first[key].first_run for key in found]
    assert "ARTSET" in found["R1|1"].cure()
    assert told(book(world, full=True)[1]) == {"still_rejected": 2}
    article(world, "NEW", Stueckliste=None)
    assert told(book(world)[1]) == {"new": 1, "still_rejected": 1}
    assert stock(world) == {("1", "NEW"): -2000}


def test_the_reason_follows_the_settings_too(world: World) -> None:
    second = {**world.settings["registers"][0], "number": "K2", "name": "Markt", "cash_account": "1001"}
    world.settings["registers"].append(second)
    sold = item(line("Umsatz", 1190, article="NEW"), id="R1", number=1, register="K2")
    sold["payments"][0]["tender"] = "ECKarte"  # whose account is no register's
    deliver(world, sold)
    fetch_and_book(world)
    add_article(world, "NEW")
    world.settings["registers"].pop()
    assert told(book(world)[1]) == {"rejected": 1}
    assert codes(world) == {"R1|1": "stock_warehouse_missing"}
    world.settings["registers"].append(second)
    assert told(book(world)[1]) == {"new": 1}
    assert stock(world) == {("1", "NEW"): -1000}


def test_the_reason_of_a_refused_receipt_is_the_present_one_and_keeps_its_first_time(world: World) -> None:
    missing = world.settings["accounts"]["revenue"].pop("19.00")
    deliver(world, sale(1))
    _, _ = fetch_and_book(world)
    with world.session() as session:
        (before,) = session.store.rejections.of("revenue_postings")
    world.settings["accounts"]["revenue"]["19.00"] = missing
    clearing = world.settings["accounts"].pop("clearing")
    postings, _ = book(world)
    assert told(postings) == {"rejected": 1}
    (rejection,) = postings.rejections
    assert "accounts.clearing" in rejection.text()
    assert "accounts.revenue" not in rejection.text()
    assert rejection.since == before.since
    assert told(book(world, full=True)[0]) == {"still_rejected": 1}
    world.settings["accounts"]["clearing"] = clearing
    assert told(book(world)[0]) == {"new": 1}


# --- counts


def test_a_line_that_ends_without_a_movement_is_not_counted_as_moved(world: World) -> None:
    deliver(world, sale(1, "NEW"), sale(2, "NEW2"))
    fetch_and_book(world)
    add_article(world, "NEW", Lagerartikel=False)
    planned = plan(world.configuration(), "import").imports
    assert planned is not None
    assert planned.movements == 0
    assert told(book(world)[1]) == {"still_rejected": 1}
    assert (stock(world), codes(world)) == ({}, {"R2|1": "stock_article_unknown"})


def test_a_trade_set_is_one_line_however_many_articles_it_moves(world: World) -> None:
    deliver(world, sale(1, "BOX"))
    fetch_and_book(world)
    add_set(world, "BOX", A1=2.0, A2=0.5)
    assert told(book(world)[1]) == {"new": 1}
    assert len(tables(world)["stock_movement"]) == 2


# --- the dry run


def test_a_plan_tells_the_present_reasons_and_leaves_the_stored_ones(world: World) -> None:
    deliver(world, sale(1, "NEW"), sale(2, "LATER"))
    fetch_and_book(world)
    add_article(world, "NEW", SerieCharge="C")
    add_article(world, "LATER")
    before = tables(world)
    planned = plan(world.configuration(), "import").imports
    assert planned is not None
    assert tables(world) == before
    assert planned.movements == 1
    assert [(r.key, r.code, r.still) for r in planned.rejections] == [("R1|1", "stock_serial_missing", False)]
    _, movements = book(world)
    assert [(r.key, r.code, r.still) for r in movements.rejections] == [("R1|1", "stock_serial_missing", False)]


def test_lines_of_the_same_run_are_counted_once(world: World) -> None:
    deliver(world, sale(1, "NEW"), sale(2, "A1"))
    with world.session() as session:
        stage_receipts(session)
    assert told(book(world)[1]) == {"new": 1, "rejected": 1}
    fetch(world)
    assert codes(world) == {"R1|1": "stock_article_unknown"}
