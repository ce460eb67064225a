"""Protects the way of the books into SelectLine: whole, once, followed there, and to the cent and piece the same."""

import datetime as dt

import pytest

from cloudkasse_etl.state.stores.deliveries.delivery_store import Deliveries
from cloudkasse_etl.sync.deliveries.draft_maker import undelivered
from cloudkasse_etl.sync.deliveries.drafts import drafts_of
from cloudkasse_etl.sync.outputs.day.sheet_page import chapters_of
from cloudkasse_etl.sync.outputs.day.sheet_reading import make_day_sheets
from cloudkasse_etl.sync.outputs.receipt_view import view_of
from cloudkasse_etl.sync.receipts.receipt_detail import show_receipt
from tests.support.books import (
    balances,
    book,
    change_booked,
    closing_of_sales,
    deliver,
    fetch,
    fetch_and_book,
    sale,
    stock,
    told,
)
from tests.support.selectline.delivering import TENANT, DeliveringShop, mixed_receipts

pytestmark = pytest.mark.shop(accounts=True)


def sell(shop: DeliveringShop, first: int, last: int, closing: int | None = None) -> None:
    """Sells and books; with a closing or without."""
    closings = () if closing is None else (closing_of_sales(closing, first, last),)
    deliver(shop.world, *(sale(number) for number in range(first, last + 1)), closings=closings)
    fetch_and_book(shop.world)


def test_a_closing_goes_into_selectline_once_and_is_taken_over_with_stock_and_revenue(shop: DeliveringShop) -> None:
    sell(shop, 1, 5)
    assert told(shop.deliver()) == {}
    assert shop.server.requests == []  # nothing to do there before the closing has come
    deliver(shop.world, closings=(closing_of_sales(1, 1, 5),))
    fetch(shop.world)
    assert told(shop.deliver()) == {"new": 1}
    assert [(one.status, one.amount_cents, one.line_count) for one in shop.deliveries()] == [("delivered", 11900, 2)]
    (document,) = shop.documents()
    assert document["CustomFields"]["Text1"] == "cloudkasse:1|K1|closing 1|1"
    assert document["DeliveryDocumentNumber"] == "K1-Z1"
    assert told(shop.deliver()) == {}
    shop.clerk("take-over")
    assert told(shop.deliver()) == {"changed": 1}
    (delivery,) = shop.deliveries()
    assert (delivery.status, delivery.destination) == ("assumed", "26-000001")
    assert shop.moved() == {("A1", "1"): -10.0}
    assert stock(shop.world) == {("1", "A1"): -10_000}
    assert [(row["account"], row["amount_cents"]) for row in shop.books()["revenue"]] == [("8400", 11900)]
    assert balances(shop.world)["8400"] == -11900
    asked = len(shop.server.requests)
    assert told(shop.deliver()) == {}
    assert len(shop.server.requests) == asked  # what was taken over is not looked at any more
    assert shop.writes() == ["POST /TransferDocuments"]
    assert shop.server.sessions.open == []
    (day,) = make_day_sheets(shop.world.configuration(), dt.date(2026, 11, 23), dt.date(2026, 11, 23)).sheets
    assert [(one.number, one.status, one.receipts, one.total_cents) for one in day.delivered] == [
        ("26-000001", "assumed", 5, 11900)
    ]
    sell(shop, 6, 7)
    settings = shop.world.configuration().settings
    chapter = chapters_of(make_day_sheets(shop.world.configuration(), day.day, day.day), settings)[0]
    (delivered,) = (section for section in chapter.sections if section.title == "Delivered into SelectLine")
    assert [tuple(row) for row in delivered.rows] == [
        ("Document 26-000001", "taken over", "5", "119.00"), ("Document –", "not delivered yet", "2", "47.60"),
    ]  # fmt: skip


def test_a_late_receipt_makes_a_further_document_of_its_own(shop: DeliveringShop) -> None:
    deliver(shop.world, sale(1), sale(3), closings=(closing_of_sales(1, 1, 3),))
    fetch_and_book(shop.world)
    shop.deliver()
    deliver(shop.world, sale(2))
    fetch_and_book(shop.world)
    assert told(shop.deliver()) == {"new": 1}
    assert [(one.key, one.amount_cents) for one in shop.deliveries()] == [
        ("cloudkasse:1|K1|closing 1|1", 4760),
        ("cloudkasse:1|K1|closing 1|2", 2380),
    ]


def test_a_day_is_delivered_once_it_is_over(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["grain"] = "day"
    sell(shop, 1, 3)
    shop.world.as_of = dt.date(2026, 11, 23)
    assert told(shop.deliver()) == {}
    shop.world.as_of = dt.date(2026, 11, 24)
    assert told(shop.deliver()) == {"new": 1}
    assert [(one.place, one.amount_cents) for one in shop.deliveries()] == [("day 2026-11-23", 7140)]


def test_a_receipt_is_delivered_at_once_where_each_is_a_document(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["grain"] = "receipt"
    sell(shop, 1, 3)
    assert told(shop.deliver()) == {"new": 3}
    assert {one.place for one in shop.deliveries()} == {"receipt R1", "receipt R2", "receipt R3"}


def test_receipts_before_the_first_day_are_never_delivered(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["start_date"] = "2026-11-24"
    sell(shop, 1, 3, closing=1)
    assert told(shop.deliver()) == {}
    assert shop.deliveries() == []


def test_a_receipt_waits_for_its_stock(shop: DeliveringShop) -> None:
    shop.world.settings["delivery"]["grain"] = "receipt"
    deliver(shop.world, sale(1), sale(2, "GONE"))
    fetch_and_book(shop.world)
    report = shop.deliver()
    assert told(report) == {"new": 1, "deferred": 1}
    assert [(one.code, one.examples) for one in report.deferrals] == [("delivery_stock_pending", ("K1-2",))]
    shop.world.erp(
        "INSERT INTO ART (ART_ID, Artikelnummer, Bezeichnung, SSVerkauf, Mengeneinheit, Lagerartikel, Inaktiv, TS) "
        "VALUES (99, 'GONE', 'Nachgetragen', '3', 'Stk', 1, 0, 9000)"
    )
    book(shop.world)
    assert told(shop.deliver()) == {"new": 1}


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (lambda shop: shop.world.settings["delivery"]["transfer"].pop("cash_bank"), "delivery_cash_bank_missing", "K1"),
        (lambda shop: shop.world.erp("UPDATE LAGER SET Inaktiv = 1"), "delivery_warehouse_unknown", "'1'"),
        (lambda shop: shop.world.erp("DELETE FROM USDETAIL"), "delivery_tax_code_unknown", "'3'"),
        (lambda shop: shop.world.erp("UPDATE USDETAIL SET Steuer = 21"), "delivery_tax_rate_differs", "19.00 / 21"),
    ],
)  # fmt: skip
def test_what_selectline_could_not_book_is_refused_before_anything_is_sent(
    shop: DeliveringShop, change: object, code: str, text: str
) -> None:
    sell(shop, 1, 2, closing=1)
    change(shop)  # type: ignore[operator]
    report = shop.deliver()
    assert [(one.code, text in one.text()) for one in report.rejections] == [(code, True)]
    assert told(report) == {"rejected": 1}
    assert (shop.writes(), shop.deliveries()) == ([], [])
    assert told(shop.deliver()) == {"still_rejected": 1}
    shop.world.settings["delivery"]["transfer"]["cash_bank"] = {"K1": "K1"}
    shop.world.erp("UPDATE LAGER SET Inaktiv = 0")
    shop.world.erp("DELETE FROM USDETAIL")
    shop.world.erp(
        "INSERT INTO USDETAIL (USDETAIL_ID, SteuerCode, GueltigAb, Steuer, TS) "
        "VALUES (1, '3', '2007-01-01 00:00:00', 19.0, 9001)"
    )
    assert told(shop.deliver()) == {"new": 1}
    assert shop.deliver().rejections == ()


def test_what_a_clerk_discards_is_told_with_the_clerks_word(shop: DeliveringShop) -> None:
    sell(shop, 1, 2, closing=1)
    shop.deliver()
    shop.clerk("discard", id=1, comment="Kasse falsch gezählt")
    report = shop.deliver()
    assert [(one.code, "Kasse falsch gezählt" in one.text()) for one in report.rejections] == [
        ("delivery_discarded", True)
    ]
    assert told(report) == {"rejected": 1}
    assert report.rejections[0].name() == "K1 closing 1, delivery 1"  # the number that `deliveries retract` takes
    assert [one.name("de") for one in shop.deliver().rejections] == ["K1 Abschluss 1, Lieferung 1"]
    assert [one.status for one in shop.deliveries()] == ["discarded"]
    assert told(shop.deliver()) == {"still_rejected": 1}
    assert shop.writes() == ["POST /TransferDocuments"]


def test_no_document_is_made_of_postings_that_are_not_of_the_receipt(shop: DeliveringShop) -> None:
    sell(shop, 1, 2, closing=1)
    change_booked(shop.world, "UPDATE cloudkasse_posting SET amount_cents = amount_cents - 1 WHERE account = '8400'")
    report = shop.deliver()
    assert [one.code for one in report.rejections] == ["delivery_books_differ"]
    assert shop.writes() == []


def test_what_was_sent_as_another_kind_is_found_and_followed_after_the_setting_has_changed(
    shop: DeliveringShop,
) -> None:
    sell(shop, 1, 1, closing=1)
    with shop.world.session() as session:  # it was sent, and nothing was noted of the answer
        drafts = next(iter(drafts_of(session, undelivered(session).groups)))
        Deliveries(session.store.connection).freeze(drafts.ready)
        session.selectline.create_transfer_document(drafts.ready[0].body)
    shop.world.settings["delivery"]["transfer"]["document_kind"] = "5"
    sell(shop, 2, 2, closing=2)
    assert told(shop.deliver()) == {"new": 2}
    assert shop.writes().count("POST /TransferDocuments") == 2
    shop.clerk("take-over")
    assert told(shop.deliver()) == {"changed": 2}


def test_a_document_that_is_no_longer_what_is_booked_is_told_before_it_is_taken_over(shop: DeliveringShop) -> None:
    deliver(shop.world, *mixed_receipts(1, 8), closings=(closing_of_sales(1, 1, 8),))
    fetch_and_book(shop.world)
    assert shop.deliver().warnings == ()
    change_booked(
        shop.world, "UPDATE cloudkasse_stock_movement SET quantity_milli = quantity_milli - 1 WHERE article = 'A3'"
    )
    (warning,) = shop.deliver().warnings
    assert warning.code == "delivery_not_as_booked"
    assert "A3/1: 2.002 / 2." in warning.text()
    assert "A3/1: 2,002 / 2." in warning.text("de")
    shop.clerk("take-over")
    assert shop.deliver().warnings == ()


def test_a_document_that_nobody_takes_over_is_told(shop: DeliveringShop) -> None:
    sell(shop, 1, 1, closing=1)
    shop.deliver()
    change_booked(shop.world, "UPDATE cloudkasse_delivery SET created_at = '2026-01-05 10:00:00'")
    (warning,) = shop.deliver().warnings
    assert (warning.code, "1 has waited" in warning.text(), "2026-01-05" in warning.text()) == (
        "delivery_waits_long", True, True,
    )  # fmt: skip
    shop.world.settings["checks"] = {"waiting_hours": None}
    assert shop.deliver().warnings == ()


def test_what_was_made_for_another_tenant_is_not_sent_into_this_one(shop: DeliveringShop) -> None:
    sell(shop, 1, 1, closing=1)
    with shop.world.session() as session:
        drafts = next(iter(drafts_of(session, undelivered(session).groups)))
        Deliveries(session.store.connection).freeze(drafts.ready)
    shop.world.settings["delivery"]["tenant"] = "SL_MTEST"
    sell(shop, 2, 2, closing=2)
    report = shop.deliver()
    assert told(report) == {"new": 1, "rejected": 1}
    assert [one.code for one in report.rejections] == ["delivery_other_tenant"]
    assert told(shop.deliver()) == {"still_rejected": 1}
    shop.world.settings["delivery"]["tenant"] = TENANT
    assert told(shop.deliver()) == {"new": 1}
    assert [one.status for one in shop.deliveries()] == ["delivered", "delivered"]


def test_a_receipt_says_which_document_it_is_in(shop: DeliveringShop) -> None:
    sell(shop, 1, 1, closing=1)
    configuration = shop.world.configuration()

    def in_selectline() -> str | None:
        view = view_of(show_receipt(configuration, "R1"), "en", configuration.settings.zone)
        return dict(view.facts).get("in SelectLine")

    assert in_selectline() is None
    shop.deliver()
    assert in_selectline() == "delivered: transfer document 1"
    shop.clerk("take-over")
    shop.deliver()
    assert in_selectline() == "taken over: document 26-000001"
    assert show_receipt(configuration, "R1").as_dict("en")["delivery"] == {
        "id": 1, "status": "assumed", "transfer_document": 1, "destination": "26-000001",
    }  # fmt: skip
