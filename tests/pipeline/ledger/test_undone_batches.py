"""Protects SelectLine's ledger when an import is undone: what was processed is taken back there, once."""

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.deliveries.retraction import retract_delivery
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from tests.support.books import book, closing_of_sales, decider, deliver, fetch_and_book, sale, told
from tests.support.selectline.posting import PostingShop

pytestmark = pytest.mark.shop(accounts=True)


def test_what_was_processed_is_taken_back_by_a_batch_of_its_own(shop: PostingShop) -> None:
    deliver(shop.world, *(sale(number) for number in range(1, 4)), closings=(closing_of_sales(1, 1, 3),))
    fetch_and_book(shop.world)
    shop.post()
    shop.process_all()
    shop.post()
    undo_import(decider(shop.world, "wrong tender"), Scope(("K1-2",)))
    assert told(shop.post()) == {"new": 1}  # without an import after it, too
    with pytest.raises(ConfigurationError, match="Delivery 1 "):
        retract_delivery(decider(shop.world, "it was not"), 1)
    shop.world.settings["registers"][0]["cash_account"] = "1001"
    book(shop.world)
    assert told(shop.post()) == {"new": 1}
    shop.process_all()
    assert shop.post().warnings == ()
    assert {key: cents for key, cents in shop.ledger().items() if cents} == {
        key: cents for key, cents in shop.booked().items() if cents
    }


def test_all_that_is_in_the_way_of_an_undo_is_told_at_once(shop: PostingShop) -> None:
    delivery = shop.world.settings["delivery"]
    delivery["documents"] = "storage"
    deliver(shop.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    fetch_and_book(shop.world)
    shop.deliver()
    shop.post()
    delivery["documents"] = "none"
    with pytest.raises(ConfigurationError) as refused:
        undo_import(decider(shop.world, "wrong tender"), Scope(("K1-1",)))
    told_at_once = refused.value.render("en")
    assert "delivery 2 (delivered), which can still be taken back there" in told_at_once
    assert "delivery 1, and the settings do not deliver such any more" in told_at_once
    assert "deliveries retract 2" in told_at_once
    assert "Set delivery.documents: storage" in told_at_once
