"""Protects that a batch can be taken back until it is processed, and is then posted anew, once."""

from collections.abc import Callable

import pytest

from cloudkasse_etl.erp.selectline_api.ledger_api import LedgerApi
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.deliveries.delivery_list import list_deliveries
from cloudkasse_etl.sync.deliveries.retraction import retract_delivery
from cloudkasse_etl.sync.deliveries.state_watch import changes_in_selectline
from tests.support.books import change_booked, closing_of_sales, decider, deliver, fetch_and_book, sale, told
from tests.support.selectline.delivering import TENANT
from tests.support.selectline.posting import YEAR, PostingShop

pytestmark = pytest.mark.shop(accounts=True)


@pytest.fixture
def posted(shop: PostingShop) -> PostingShop:
    """A shop with one closing posted."""
    deliver(shop.world, *(sale(number) for number in (1, 2)), closings=(closing_of_sales(1, 1, 2),))
    fetch_and_book(shop.world)
    shop.post()
    return shop


def retract(shop: PostingShop, number: int = 1) -> None:
    retract_delivery(decider(shop.world, "falsches Konto"), number)


def delete(shop: PostingShop) -> None:
    """As a bookkeeper does in SelectLine."""
    with shop.world.session() as session:
        session.selectline.work_in(TENANT, YEAR)
        session.selectline.ledger.delete_batch(1)


def test_what_is_taken_back_is_posted_anew_and_the_ledger_has_it_once(posted: PostingShop) -> None:
    posted.world.settings["delivery"]["batch"]["year"] = f"{TENANT}F-2025"  # it is taken out of the year that it is in
    retract(posted)
    posted.world.settings["delivery"]["batch"]["year"] = YEAR
    assert posted.posted() == {}
    assert told(posted.post()) == {"new": 1}
    assert [(one.key[-1], one.status) for one in posted.batches()] == [("1", "retracted"), ("2", "delivered")]
    posted.process_all()
    assert posted.ledger() == posted.booked()
    second, first = list_deliveries(posted.world.configuration())
    assert (first.reason("en"), second.reason("en")) == ("falsches Konto", "")
    assert (first.as_dict("en")["target"], second.as_dict("en")["batch"]) == ("batch", 1)  # a number that is free again


def test_what_was_deleted_there_is_taken_back_and_posted_anew(posted: PostingShop) -> None:
    delete(posted)
    posted.post()
    assert [one.status for one in posted.batches()] == ["assumed"]  # it might have been processed
    retract(posted)
    assert told(posted.post()) == {"new": 1}
    posted.process(1)
    posted.post()
    assert [one.status for one in posted.batches()] == ["retracted", "assumed"]


def test_nothing_is_taken_back_that_is_known_to_be_processed(
    posted: PostingShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = LedgerApi.batches
    monkeypatch.setattr(
        LedgerApi, "batches", lambda self: ({**head, "NumberOfProcessings": 1} for head in batches(self))
    )
    for _ in range(2):  # before we know of it, and after
        with pytest.raises(ConfigurationError, match="as batch 1, so it cannot be taken back"):
            retract(posted)
        posted.post()
    assert [(one.status, one.destination) for one in posted.batches()] == [("assumed", "1")]


@pytest.mark.parametrize("change", [lambda shop: shop.process(1), delete])
def test_the_sensor_sees_that_something_has_become_of_a_batch(
    posted: PostingShop, change: Callable[[PostingShop], None]
) -> None:
    assert changes_in_selectline(posted.world.configuration()) is None
    change(posted)
    first, second = (changes_in_selectline(posted.world.configuration()) for _ in range(2))
    assert first == second is not None
    posted.post()
    asked = len(posted.server.requests)
    assert changes_in_selectline(posted.world.configuration()) is None
    assert len(posted.server.requests) == asked


def test_a_batch_that_is_gone_before_it_was_known_to_be_whole_is_for_a_person(posted: PostingShop) -> None:
    delete(posted)
    change_booked(posted.world, "UPDATE cloudkasse_delivery SET status = 'intended'")
    report = posted.post()
    assert [one.code for one in report.rejections] == ["ledger_gone"]
    assert told(posted.post()) == {"still_rejected": 1}
    retract(posted)
    assert told(posted.post()) == {"new": 1}
    assert posted.post().rejections == ()
