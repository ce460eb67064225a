"""Protects the stock that an import moves: what cannot be moved refuses its line alone, and is made up for once."""

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support.books import (
    balances,
    book,
    deliver,
    fetch,
    fetch_and_book,
    sale,
    stock,
    tables,
    told,
)
from tests.support.erp_changes import add_article, add_set
from tests.support.receipts.receipt_factory import item, line
from tests.support.worlds import BOTH, TOKEN, World

pytestmark = pytest.mark.shop(accounts=True, page_items=10)


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
