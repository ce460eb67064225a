"""Protects that a delivery can be taken back as long as SelectLine allows it, and is then made anew, once."""

import pytest

from cloudkasse_etl.errors import ConfigurationError, LeaseHeldError
from cloudkasse_etl.sync.deliveries.delivery_list import list_deliveries
from cloudkasse_etl.sync.deliveries.retraction import retract_delivery
from tests.support.books import balances, closing_of_sales, decider, deliver, fetch_and_book, sale, stock, told
from tests.support.receipts.receipt_factory import Fields
from tests.support.selectline.delivering import DeliveringShop

pytestmark = pytest.mark.shop(accounts=True)


@pytest.fixture
def delivered(shop: DeliveringShop) -> DeliveringShop:
    """A shop with one closing delivered."""
    deliver(shop.world, *(sale(number) for number in (1, 2)), closings=(closing_of_sales(1, 1, 2),))
    fetch_and_book(shop.world)
    shop.deliver()
    return shop


def retract(shop: DeliveringShop, number: int, reason: str = "falsches Lager") -> None:
    retract_delivery(decider(shop.world, reason), number)


def test_what_is_taken_back_is_made_anew_and_selectline_has_it_once(delivered: DeliveringShop) -> None:
    retract(delivered, 1)
    assert delivered.documents() == []
    assert told(delivered.deliver()) == {"new": 1}
    delivered.clerk("take-over")
    delivered.deliver()
    assert [(one.key[-1], one.status) for one in delivered.deliveries()] == [("1", "retracted"), ("2", "assumed")]
    assert delivered.moved() == {("A1", "1"): -4.0}
    assert stock(delivered.world) == {("1", "A1"): -4000}
    first, second = reversed(list_deliveries(delivered.world.configuration()))
    assert (first.reason("en"), second.reason("en")) == ("falsches Lager", "")


def test_late_receipts_and_a_retraction_end_in_what_the_books_say_once(delivered: DeliveringShop) -> None:
    deliver(delivered.world, *(late_of_closing(number) for number in (3, 4)))
    fetch_and_book(delivered.world)
    assert told(delivered.deliver()) == {"new": 1}  # one further document for both
    delivered.clerk("take-over", id=2)
    retract(delivered, 1)
    deliver(delivered.world, late_of_closing(5))
    fetch_and_book(delivered.world)
    assert told(delivered.deliver()) == {"new": 1, "changed": 1}  # what was taken back and what came since
    delivered.clerk("take-over")
    assert told(delivered.deliver()) == {"changed": 1}
    assert [(one.generation, one.status, one.amount_cents) for one in delivered.deliveries()] == [
        (1, "retracted", 4760), (2, "assumed", 4760), (3, "assumed", 7140),
    ]  # fmt: skip
    assert delivered.moved() == {("A1", "1"): -10.0}
    assert stock(delivered.world) == {("1", "A1"): -10_000}
    revenue = {row["account"]: row["amount_cents"] for row in delivered.books()["revenue"]}
    assert revenue == {"8400": -balances(delivered.world)["8400"]}


def late_of_closing(number: int) -> Fields:
    """A receipt that comes after its closing, which told of it."""
    return sale(number, closing_number=1)


def test_what_was_discarded_is_taken_back_and_stays_discarded_there(delivered: DeliveringShop) -> None:
    delivered.clerk("discard", id=1, comment="nein")
    delivered.deliver()
    retract(delivered, 1)
    assert told(delivered.deliver()) == {"new": 1}
    assert [document["StateKind"] for document in delivered.documents()] == ["Discarded", "Open"]
    assert delivered.deliver().rejections == ()


@pytest.mark.parametrize(("setting", "value"), [("salesman", "9"), ("customer", "77")])
def test_a_wrong_salesman_or_customer_is_rejected_as_it_is_taken_over_and_can_be_corrected(
    delivered: DeliveringShop, setting: str, value: str
) -> None:
    retract(delivered, 1)
    transfer = delivered.world.settings["delivery"]["transfer"]
    delivered.world.settings["delivery"]["transfer"] = {**transfer, setting: value}
    delivered.deliver()
    delivered.clerk("take-over")
    report = delivered.deliver()
    assert [one.code for one in report.rejections] == ["delivery_manual_error"]
    assert f"There is no {setting} {value}." in report.rejections[0].text("en")
    assert "delivery.transfer.salesman" in report.rejections[0].cure()
    delivered.world.settings["delivery"]["transfer"] = transfer
    with pytest.raises(ConfigurationError, match="would be there twice"):
        retract(delivered, 2)
    (wrong,) = [document["Id"] for document in delivered.documents()]
    delivered.clerk("discard", id=wrong, comment=setting)
    retract(delivered, 2)
    assert told(delivered.deliver()) == {"new": 1}
    delivered.clerk("take-over")
    assert told(delivered.deliver()) == {"changed": 1}
    assert delivered.moved() == {("A1", "1"): -4.0}


def test_what_was_taken_over_cannot_be_taken_back(delivered: DeliveringShop) -> None:
    delivered.clerk("take-over")
    for _ in range(2):  # before we know of it, and after
        with pytest.raises(ConfigurationError, match="as document 26-000001"):
            retract(delivered, 1)
        delivered.deliver()
    assert [one.status for one in delivered.deliveries()] == ["assumed"]


def test_nothing_is_taken_back_twice_without_a_reason_or_during_a_run(delivered: DeliveringShop) -> None:
    with pytest.raises(ConfigurationError, match="reason"):
        retract(delivered, 1, " ")
    with pytest.raises(ConfigurationError, match="no delivery 7"):
        retract(delivered, 7)
    with delivered.world.session(), pytest.raises(LeaseHeldError):
        retract(delivered, 1)
    retract(delivered, 1)
    with pytest.raises(ConfigurationError, match="already"):
        retract(delivered, 1)
    assert delivered.server.sessions.open == []


def test_a_death_between_deletion_and_note_is_made_up_for(delivered: DeliveringShop) -> None:
    (document,) = delivered.documents()
    with delivered.world.session() as session:
        session.selectline.delete_transfer_document(document["Id"])
    assert [one.code for one in delivered.deliver().rejections] == ["delivery_gone"]
    retract(delivered, 1)
    assert told(delivered.deliver()) == {"new": 1}
