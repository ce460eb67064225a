"""Protects SelectLine's books when an import is undone: it holds what is booked in the end, and that once."""

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.deliveries.retraction import retract_delivery
from cloudkasse_etl.sync.dry_run.delivery_plan import plan_delivery
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from tests.support.books import (
    balances,
    book,
    closing_of_sales,
    decider,
    deliver,
    fetch_and_book,
    sale,
    stock,
    told,
)
from tests.support.selectline.delivering import DeliveringShop

pytestmark = pytest.mark.shop(accounts=True)

OTHER = "8409"


def sold(shop: DeliveringShop, *, closing: int = 1, first: int = 1, last: int = 4) -> None:
    receipts = (sale(number) for number in range(first, last + 1))
    deliver(shop.world, *receipts, closings=(closing_of_sales(closing, first, last),))
    fetch_and_book(shop.world)
    shop.deliver()


def undo(shop: DeliveringShop, *receipts: str) -> None:
    undo_import(decider(shop.world, "wrong account"), Scope(receipts))


def book_on_the_other_account(shop: DeliveringShop) -> None:
    shop.world.settings["accounts"]["revenue"]["19.00"] = OTHER
    book(shop.world)


def revenue(shop: DeliveringShop) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in shop.books()["revenue"]:
        sums[row["account"]] = sums.get(row["account"], 0) + row["amount_cents"]
    return {account: cents for account, cents in sums.items() if cents}


def assert_the_erp_has_what_is_booked(shop: DeliveringShop) -> None:
    booked = balances(shop.world)
    assert revenue(shop) == {account: -booked[account] for account in ("8400", OTHER) if booked.get(account)}
    assert {(article, place): round(pieces * 1000) for (article, place), pieces in shop.moved().items() if pieces} == {
        (article, place): milli for (place, article), milli in stock(shop.world).items() if milli
    }


def test_what_was_taken_over_is_taken_back_there_by_a_document_of_its_own(shop: DeliveringShop) -> None:
    sold(shop)
    shop.clerk("take-over")
    shop.deliver()
    undo(shop, "K1-2", "K1-3")
    plan = plan_delivery(shop.world.configuration())
    assert [(draft.key, draft.amount_cents) for draft in plan.documents] == [
        ("cloudkasse:1|K1|closing 1 undone|1", -2 * 2380)
    ]
    book_on_the_other_account(shop)
    assert told(shop.deliver()) == {"new": 2}
    keys = [(one.key, one.amount_cents) for one in shop.deliveries()]
    assert keys == [
        ("cloudkasse:1|K1|closing 1|1", 4 * 2380),
        ("cloudkasse:1|K1|closing 1 undone|1", -2 * 2380),
        ("cloudkasse:1|K1|closing 1|2", 2 * 2380),
    ]
    _, back, _ = shop.documents()
    assert back["DeliveryDocumentNumber"] == "K1-Z1/S1"
    assert shop.deliver().warnings == ()
    shop.clerk("take-over")
    assert told(shop.deliver()) == {"changed": 2}
    assert revenue(shop) == {"8400": 2 * 2380, OTHER: 2 * 2380}
    assert shop.moved() == {("A1", "1"): -8.0}
    assert_the_erp_has_what_is_booked(shop)
    assert told(shop.deliver()) == {}


def test_an_import_that_is_undone_twice_is_in_selectline_once(shop: DeliveringShop) -> None:
    sold(shop)
    for account in (OTHER, "8400", OTHER):
        shop.clerk("take-over")
        shop.deliver()
        undo(shop, "K1-2")
        shop.world.settings["accounts"]["revenue"]["19.00"] = account
        book(shop.world)
        shop.deliver()
    shop.clerk("take-over")
    shop.deliver()
    assert len(shop.deliveries()) == 1 + 2 * 3
    assert revenue(shop) == {"8400": 3 * 2380, OTHER: 2380}
    assert_the_erp_has_what_is_booked(shop)


def test_what_can_still_be_taken_back_there_is_taken_back_first(shop: DeliveringShop) -> None:
    sold(shop)
    with pytest.raises(ConfigurationError, match=r"delivery 1 \(delivered\)") as refused:
        undo(shop, "K1-2")
    assert "cloudkasse-etl deliveries retract 1 --reason" in str(refused.value.hint)
    assert balances(shop.world)["8400"] == -4 * 2380
    retract_delivery(decider(shop.world, "wrong account"), 1)
    undo(shop, "K1-2")
    book_on_the_other_account(shop)
    shop.deliver()
    shop.clerk("take-over")
    shop.deliver()
    assert shop.deliveries()[-1].key == "cloudkasse:1|K1|closing 1|2"
    assert_the_erp_has_what_is_booked(shop)
