"""Protects the way of the books into the ledger: whole, once, to the cent, and nothing of it that documents carry."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, Deliveries
from cloudkasse_etl.sync.deliveries.draft_maker import undelivered
from cloudkasse_etl.sync.deliveries.ledger.batch_drafts import batch_drafts
from cloudkasse_etl.sync.outputs.receipt_view import view_of
from cloudkasse_etl.sync.receipts.receipt_detail import show_receipt
from tests.support.books import change_booked, closing_of_sales, deliver, fetch, fetch_and_book, sale, told
from tests.support.receipts.receipt_factory import Fields, item, line, pay
from tests.support.selectline.delivering import TENANT, mixed_receipts
from tests.support.selectline.posting import CLEARING, YEAR, PostingShop

pytestmark = pytest.mark.shop(accounts=True)

BATCHES = "POST /Accounting/BatchPostings"


def sell(shop: PostingShop, first: int, last: int, closing: int | None = None) -> None:
    """Sells and books; with a closing or without."""
    closings = () if closing is None else (closing_of_sales(closing, first, last),)
    deliver(shop.world, *(sale(number) for number in range(first, last + 1)), closings=closings)
    fetch_and_book(shop.world)


def voucher(number: int) -> Fields:
    """A receipt of a sale and a voucher, paid together."""
    lines = (line(gross=2380, article="A1", quantity="2.000"), line("MehrzweckgutscheinKauf", 5000, None, article=None))
    return item(*lines, payments=[pay("Bar", 7380)], id=f"R{number}", number=number)


def test_a_closing_goes_into_the_ledger_once_and_is_processed_there(shop: PostingShop) -> None:
    sell(shop, 1, 5)
    assert told(shop.post()) == {}
    assert shop.server.requests == []  # nothing to do there before the closing has come
    deliver(shop.world, closings=(closing_of_sales(1, 1, 5),))
    fetch(shop.world)
    assert told(shop.post()) == {"new": 1}
    (batch,) = shop.batches()
    assert (batch.status, batch.amount_cents, batch.line_count, batch.remote_id) == ("delivered", 23800, 4, 1)
    ((key, postings),) = shop.posted().items()
    assert key == "cloudkasse:1|K1|closing 1|1"
    assert [(one["PostingDocument"], one["PostDate"][:10]) for one in postings] == [
        ("K1-Z1-1", "2026-11-23"), ("K1-Z1-2", "2026-11-23"),
    ]  # fmt: skip
    lines = [(one["Account"], one["Amount"], one.get("TaxValue")) for each in postings for one in each["Positions"]]
    assert lines == [("1000", 119.0, None), (CLEARING, -119.0, None), (CLEARING, 119.0, None), ("8400", -119.0, -19.0)]
    assert told(shop.post()) == {}
    shop.process(1)
    assert told(shop.post()) == {"changed": 1}
    assert [one.status for one in shop.batches()] == ["assumed"]
    assert shop.ledger() == shop.booked() == {"1000": 11900, "8400": -11900}
    asked = len(shop.server.requests)
    assert told(shop.post()) == {}
    assert len(shop.server.requests) == asked  # what was processed is not looked at any more
    assert shop.writes() == [BATCHES, f"{BATCHES}/1/Postings", f"{BATCHES}/1/Postings"]
    assert shop.server.sessions.open == []


def test_what_documents_carry_is_left_on_clearing_and_posted_once(shop: PostingShop) -> None:
    shop.world.settings["delivery"]["documents"] = "transfer"
    shop.world.settings["accounts"]["business_cases"]["MehrzweckgutscheinKauf"] = "1795"
    deliver(shop.world, sale(1), voucher(2), closings=(closing_of_sales(1, 1, 2),))
    fetch_and_book(shop.world)
    assert told(shop.deliver()) == {"new": 1}
    assert told(shop.post()) == {"new": 1}
    shop.process_all()
    shop.clerk("take-over")
    assert shop.ledger() == {"1000": 9760, "1795": -5000, CLEARING: -4760}
    assert {row["account"]: row["amount_cents"] for row in shop.books()["revenue"]} == {"8400": 4760}
    assert shop.deliveries()[0].amount_cents == 4760  # what is on clearing is the documents' gross
    assert shop.booked() == {"1000": 9760, "1795": -5000, "8400": -4760}


def test_a_receipt_is_a_posting_of_its_own_in_the_batch_of_its_closing(shop: PostingShop) -> None:
    shop.world.settings["delivery"]["grain"] = "receipt"
    deliver(shop.world, *mixed_receipts(1, 4), closings=(closing_of_sales(1, 1, 4),))
    fetch_and_book(shop.world)
    assert told(shop.post()) == {"new": 1}
    (postings,) = shop.posted().values()
    assert [one["PostingDocument"] for one in postings] == ["K1-1", "K1-2", "K1-3", "K1-4"]
    assert {one["Account"] for each in postings for one in each["Positions"]} == {"1000", "8400"}  # no clearing
    shop.process(1)
    assert shop.ledger() == shop.booked()


def test_a_day_is_posted_once_it_is_over(shop: PostingShop) -> None:
    shop.world.settings["delivery"]["grain"] = "day"
    sell(shop, 1, 3)
    shop.world.as_of = dt.date(2026, 11, 23)
    assert told(shop.post()) == {}
    shop.world.as_of = dt.date(2026, 11, 24)
    assert told(shop.post()) == {"new": 1}
    assert [(one.place, one.closing_number) for one in shop.batches()] == [("day 2026-11-23", None)]


def test_a_late_receipt_makes_a_further_batch_of_its_own(shop: PostingShop) -> None:
    deliver(shop.world, sale(1), sale(3), closings=(closing_of_sales(1, 1, 3),))
    fetch_and_book(shop.world)
    shop.post()
    deliver(shop.world, sale(2))
    fetch_and_book(shop.world)
    assert told(shop.post()) == {"new": 1}
    assert [(one.key, one.amount_cents) for one in shop.batches()] == [
        ("cloudkasse:1|K1|closing 1|1", 9520),
        ("cloudkasse:1|K1|closing 1|2", 4760),
    ]
    shop.process_all()
    assert shop.ledger() == shop.booked()


def test_a_receipt_does_not_wait_for_its_stock(shop: PostingShop) -> None:
    deliver(shop.world, sale(1, "GONE"), closings=(closing_of_sales(1, 1, 1),))
    fetch_and_book(shop.world)
    assert told(shop.post()) == {"new": 1}


def test_another_fiscal_year_is_refused_with_a_cure_and_the_former_one_followed_all_the_same(shop: PostingShop) -> None:
    sell(shop, 1, 2, closing=1)
    shop.post()
    shop.world.settings["delivery"]["batch"]["year"] = f"{TENANT}F-2025"
    sell(shop, 3, 4, closing=2)
    report = shop.post()
    assert [one.code for one in report.rejections] == ["ledger_other_year"]
    assert f"delivery.batch.year: {YEAR}" in report.rejections[0].cure()
    assert shop.writes().count(BATCHES) == 1
    shop.process(1)
    report = shop.post()
    assert (told(report), [one.status for one in shop.batches()]) == ({"changed": 1, "still_rejected": 1}, ["assumed"])
    shop.world.settings["delivery"]["batch"]["year"] = YEAR
    assert told(shop.post()) == {"new": 1}
    assert shop.post().rejections == ()


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (lambda shop: shop.world.erp("DELETE FROM USDETAIL"), "ledger_tax_code_unknown", "'3'"),
        (lambda shop: shop.world.erp("UPDATE USDETAIL SET Steuer = 21"), "ledger_tax_rate_differs", "19.00 / 21"),
        (
            lambda shop: change_booked(
                shop.world, "UPDATE cloudkasse_posting SET account = '4711' WHERE account = '8400'"
            ),
            "ledger_account_unknown",
            "4711",
        ),
        (
            lambda shop: change_booked(
                shop.world, "UPDATE cloudkasse_posting SET account = '1599' WHERE account = '8400'"
            ),
            "ledger_account_barred",
            "1599",
        ),
        (
            lambda shop: change_booked(shop.world, "UPDATE cloudkasse_posting SET tax_code = NULL"),
            "ledger_tax_code_missing",
            "8400",
        ),
        (
            lambda shop: change_booked(
                shop.world, "UPDATE cloudkasse_posting SET amount_cents = 1 WHERE account = '8400'"
            ),
            "ledger_books_differ",
            "R1",
        ),
    ],
)
def test_what_the_ledger_would_refuse_is_told_before_anything_is_sent(
    shop: PostingShop, change: Callable[[PostingShop], Any], code: str, text: str
) -> None:
    sell(shop, 1, 2, closing=1)
    change(shop)
    report = shop.post()
    assert [(one.code, text in one.text()) for one in report.rejections] == [(code, True)]
    assert (shop.writes(), shop.batches()) == ([], [])
    assert told(shop.post()) == {"still_rejected": 1}


def test_sales_that_the_ledger_has_are_in_no_document_when_those_are_switched_on(shop: PostingShop) -> None:
    sell(shop, 1, 2, closing=1)
    shop.post()
    shop.world.settings["delivery"]["documents"] = "transfer"
    assert told(shop.deliver()) == {}
    sell(shop, 3, 3, closing=2)
    assert (told(shop.deliver()), told(shop.post())) == ({"new": 1}, {"new": 1})
    shop.world.settings["delivery"]["documents"] = "none"  # and the other way round
    deliver(shop.world, sale(4), closings=(closing_of_sales(3, 4, 4),))
    fetch_and_book(shop.world)
    assert told(shop.post()) == {"new": 1}
    shop.process_all()
    shop.clerk("take-over")
    documents = {row["account"]: row["amount_cents"] for row in shop.books()["revenue"]}
    assert (documents, shop.ledger()["8400"]) == ({"8400": 2380}, -3 * 2380)
    assert shop.ledger()[CLEARING] == -2380


def test_a_batch_that_is_no_longer_what_is_booked_is_told_before_it_is_processed(shop: PostingShop) -> None:
    deliver(shop.world, *mixed_receipts(1, 8), closings=(closing_of_sales(1, 1, 8),))
    fetch_and_book(shop.world)
    assert shop.post().warnings == ()
    change_booked(
        shop.world, "UPDATE cloudkasse_posting SET tax_cents = tax_cents - 1 WHERE tender IS NULL AND tax_cents < -300"
    )
    (warning,) = shop.post().warnings
    assert warning.code == "ledger_not_as_booked"
    assert "2026-11-23/3: " in warning.text()
    shop.process(1)
    assert shop.post().warnings == ()


def test_a_batch_that_nobody_processes_is_told(shop: PostingShop) -> None:
    sell(shop, 1, 1, closing=1)
    shop.post()
    change_booked(shop.world, "UPDATE cloudkasse_delivery SET created_at = '2026-01-05 10:00:00'")
    (warning,) = shop.post().warnings
    assert (warning.code, "2026-01-05" in warning.text()) == ("ledger_waits_long", True)


def test_what_was_made_for_another_tenant_is_not_sent_into_this_one(shop: PostingShop) -> None:
    sell(shop, 1, 1, closing=1)
    with shop.world.session() as session:
        drafts = next(iter(batch_drafts(session, undelivered(session, BATCH).groups)))
        Deliveries(session.store.connection, BATCH).freeze(drafts.ready)
    shop.world.settings["delivery"]["batch"] = {"tenant": "SL_MTEST", "year": "SL_MTESTF-2026"}
    report = shop.post()
    assert [one.code for one in report.rejections] == ["delivery_other_tenant"]
    assert "delivery.batch.tenant" in report.rejections[0].cure()
    shop.world.settings["delivery"]["batch"] = {"year": YEAR}
    assert told(shop.post()) == {"new": 1}


def test_a_receipt_says_which_batch_it_is_in(shop: PostingShop) -> None:
    sell(shop, 1, 1, closing=1)
    shop.post()
    configuration = shop.world.configuration()

    def in_ledger() -> str | None:
        view = view_of(show_receipt(configuration, "R1"), "en", configuration.settings.zone)
        return dict(view.facts).get("in SelectLine's ledger")

    assert in_ledger() == "delivered: batch 1"
    assert show_receipt(configuration, "R1").as_dict("en")["batch"] == {"id": 1, "status": "delivered", "number": 1}
    shop.process(1)
    shop.post()
    assert in_ledger() == "processed: batch 1"


def test_sales_whose_stock_went_alone_are_posted_also_once_documents_are_delivered(shop: PostingShop) -> None:
    delivery = shop.world.settings["delivery"]
    delivery["documents"] = "storage"
    sell(shop, 1, 3, closing=1)
    assert told(shop.deliver()) == {"new": 1}
    delivery["documents"] = "transfer"
    deliver(shop.world, *(sale(number, closing_number=1) for number in (4, 5)))
    fetch_and_book(shop.world)
    assert told(shop.deliver()) == {"new": 1}
    report = shop.post()
    assert (told(report), report.warnings) == ({"new": 2}, ())  # those of the document, and the others with their sales
    shop.process_all()
    shop.clerk("take-over")
    (of_documents,) = shop.books()["revenue"]
    assert of_documents["amount_cents"] == 2 * 2380
    assert shop.ledger() == {"8400": -3 * 2380, "1000": 5 * 2380, CLEARING: -2 * 2380}
