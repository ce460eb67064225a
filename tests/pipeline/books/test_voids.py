"""Protects that a void undoes what its original booked, whatever has changed since and whichever of them came first."""

import uuid
from typing import Any

import pytest

from cloudkasse_etl.schemas.wire_receipts import parse_receipt
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.dry_run.plan_report import ImportPlan
from cloudkasse_etl.sync.monitoring.open_records import open_records
from cloudkasse_etl.sync.receipts.decisions import (
    Decider,
    dismiss_line,
    dismiss_receipt,
    release_receipt,
    restore_receipt,
)
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts
from tests.support.books import balances, book, fetch, fetch_and_book, statuses, stock, tables, told
from tests.support.receipts.receipt_factory import Fields, as_item, item, line, pay, void_of
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True, page_items=10)


# --- what refers to a receipt


@pytest.mark.parametrize("reference", [{"receipt_id": ""}, {"receipt_id": " \t"}, {"receipt_id": None}, {}, None])
def test_a_reference_that_names_nothing_is_none(world: World, reference: dict[str, Any] | None) -> None:
    broken_off = {**item(line(article="A1"), cancelled=True), "reference": reference}
    world.server.store.deliver_receipts([broken_off])
    fetch_and_book(world)
    (row,) = tables(world)["receipt"]
    assert (row["status"], row["reference_id"], row["counts_in_closing"]) == ("no_effect", None, False)
    assert tables(world)["posting"] == []


# --- as the original was booked


def sale(receipt_id: str = "sale", number: int = 1, **fields: Any) -> Fields:
    """Three pieces of an article, sold for 35.70."""
    made = item(line(gross=3570, article="A1", quantity="3.000", unit_price_cents=1190), id=receipt_id, number=number)
    return made | fields


def void(of: Fields, receipt_id: str = "void", number: int = 2, **fields: Any) -> Fields:
    """What takes all of a receipt back."""
    return as_item(void_of(parse_receipt(of), id=receipt_id, number=number, cancelled=True)) | fields


def part(pieces: int, receipt_id: str, number: int, **fields: Any) -> Fields:
    """What takes some pieces of the sale back."""
    back = line(gross=-1190 * pieces, article="A1", quantity=f"-{pieces}.000", unit_price_cents=-1190)
    return item(back, id=receipt_id, number=number, reference="sale", **fields)


def deliver(world: World, *items: Fields) -> None:
    world.server.store.deliver_receipts(items)


def refusals(world: World) -> dict[str, str]:
    return {row["record_key"]: row["code"] for row in tables(world)["rejection"]}


def add_market(world: World) -> None:
    """A second register, with a warehouse and a cash account of its own."""
    market = {"number": "K2", "name": "Markt", "warehouse": "2", "price_group": "2", "cash_account": "1001"}
    world.settings["registers"].append(market)


def test_a_void_undoes_its_sale_whatever_has_changed_since(world: World) -> None:
    world.erp("UPDATE ART SET KontoVerkauf = '8410' WHERE Artikelnummer = 'A1'")
    deliver(world, sale())
    fetch_and_book(world)
    assert balances(world) == {"8410": -3570, "1000": 3570, "1371": 0}
    world.erp("UPDATE ART SET KontoVerkauf = '8399', Lagerartikel = 0, Mengeneinheit = 'kg' WHERE Artikelnummer = 'A1'")
    world.erp("UPDATE USDETAIL SET Steuer = 16")
    world.settings["registers"][0] |= {"cash_account": "1009"}
    world.settings["accounts"] |= {"clearing": "1372", "revenue": {"16.00": "8405"}}
    deliver(world, void(sale()))
    _, movements = fetch_and_book(world)
    assert {account: cents for account, cents in balances(world).items() if cents} == {}
    assert set(balances(world)) == {"8410", "1000", "1371"}
    assert stock(world) == {("1", "A1"): 0}
    assert told(movements) == {"new": 1}
    codes = {row["account"]: row["tax_code"] for row in tables(world)["posting"] if row["receipt_id"] == "void"}
    assert codes == {"8410": "3", "1000": None, "1371": None}
    assert {row["unit"] for row in tables(world)["stock_movement"]} == {"Stk"}


def test_goods_come_back_to_the_register_that_takes_them(world: World) -> None:
    add_market(world)
    deliver(world, sale(), void(sale(), register="K2"))
    fetch_and_book(world)
    assert stock(world) == {("1", "A1"): -3000, ("2", "A1"): 3000}
    assert {account for account, cents in balances(world).items() if cents} == set()


def test_what_was_not_kept_in_stock_when_it_was_sold_does_not_come_back_into_it(world: World) -> None:
    world.erp("UPDATE ART SET Lagerartikel = 0 WHERE Artikelnummer = 'A1'")
    deliver(world, sale())
    fetch_and_book(world)
    world.erp("UPDATE ART SET Lagerartikel = 1 WHERE Artikelnummer = 'A1'")
    deliver(world, void(sale()))
    fetch_and_book(world)
    assert (statuses(world)["void"], stock(world)) == ("imported", {})


def test_a_void_whose_quantity_is_not_turned_brings_the_goods_back(world: World) -> None:
    unturned = void(sale())
    unturned["lines"][0]["quantity"] = "3.000"
    deliver(world, sale(), unturned)
    fetch_and_book(world)
    assert stock(world) == {("1", "A1"): 0}


def test_an_exchange_takes_back_as_sold_and_sells_as_today(world: World) -> None:
    world.erp("UPDATE ART SET KontoVerkauf = '8410'")
    deliver(world, sale())
    fetch_and_book(world)
    world.erp("UPDATE ART SET KontoVerkauf = '8399'")
    back = line(gross=-1190, article="A1", quantity="-1.000", unit_price_cents=-1190)
    payments = [pay("ECKarte", 2380)]
    exchange = item(back, line(gross=3570, article="A2"), payments=payments, id="x", number=2, reference="sale")
    deliver(world, exchange)
    fetch_and_book(world)
    assert balances(world) == {"8410": -2380, "8399": -3570, "1000": 3570, "1361": 2380, "1371": 0}
    assert stock(world) == {("1", "A1"): -2000, ("1", "A2"): -1000}


def test_a_void_of_a_void_sells_again_as_the_first_sale_did(world: World) -> None:
    world.erp("UPDATE ART SET KontoVerkauf = '8410'")
    deliver(world, sale())
    fetch_and_book(world)
    world.erp("UPDATE ART SET KontoVerkauf = '8399'")
    deliver(world, void(void(sale()), "again", 3), void(sale()))
    fetch_and_book(world)
    assert balances(world) == {"8410": -3570, "1000": 3570, "1371": 0}
    assert stock(world) == {("1", "A1"): -3000}


# --- whichever came first


@BOTH
def test_within_one_import_the_original_comes_first_however_they_are_called(world: World) -> None:
    first = sale("z")
    deliver(world, void(void(first, "b"), "a", 3), void(first, "b"), first)
    postings, _ = fetch_and_book(world)
    assert told(postings) == {"new": 3}
    assert balances(world) == {"8400": -3570, "1000": 3570, "1371": 0}


def test_a_void_waits_visibly_for_its_original_and_follows_it(world: World) -> None:
    deliver(world, void(sale()))
    postings, _ = fetch_and_book(world)
    assert told(postings) == {"deferred": 1}
    (deferral,) = postings.deferrals
    assert deferral.text("en").startswith(
        "Waits for a receipt that has not come (sale), which it voids and which is not booked yet."
    )
    assert "14" in deferral.text("de")
    assert statuses(world) == {"void": "staged"}
    world.erp("UPDATE ART SET KontoVerkauf = '8410'")
    deliver(world, sale())
    fetch(world)
    postings, _ = book(world)
    assert (told(postings), postings.deferrals) == ({"new": 2}, ())
    assert balances(world) == {"8410": 0, "1000": 0, "1371": 0}


def test_a_void_waits_for_an_original_that_is_refused_and_names_it(world: World) -> None:
    deliver(world, sale() | {"total_cents": 1}, void(sale()))
    postings, _ = fetch_and_book(world)
    (deferral,) = postings.deferrals
    assert "receipt K1-1" in deferral.text("en")
    assert statuses(world) == {"sale": "rejected", "void": "staged"}


def test_a_void_that_waited_too_long_is_booked_by_its_money_and_flagged(world: World) -> None:
    unturned = void(sale())
    unturned["lines"][0]["quantity"] = "3.000"
    deliver(world, unturned)
    fetch_and_book(world)
    world.settings["receipts"] = {"void_wait_days": 0}
    postings, _ = book(world)
    assert told(postings) == {"new": 1}
    assert [w.code for w in postings.warnings] == ["void_original_unknown"]
    assert {row["flag"] for row in tables(world)["posting"] if row["account"] != "1371"} == {"review"}
    assert stock(world) == {("1", "A1"): 3000}
    deliver(world, sale())
    postings, _ = fetch_and_book(world)
    assert [w.code for w in postings.warnings] == ["original_after_void"]
    assert {row["flag"] for row in tables(world)["posting"] if row["account"] != "1371"} == {"review"}


def test_a_void_of_what_has_no_effect_has_none(world: World) -> None:
    training = sale(kind="AVTraining")
    deliver(world, training, void(sale()), void(void(sale()), "again", 3))
    postings, _ = fetch_and_book(world)
    assert statuses(world) == {"sale": "no_effect", "void": "no_effect", "again": "no_effect"}
    assert (told(postings), tables(world)["posting"], tables(world)["stock_movement"]) == ({}, [], [])


def test_a_void_of_what_was_booked_elsewhere_is_booked_by_its_own_rules(world: World) -> None:
    world.settings["receipts"] = {"start_date": "2026-11-24"}
    deliver(world, sale(), void(sale(), business_day="2026-11-24"))
    fetch_and_book(world)
    assert statuses(world) == {"sale": "before_start", "void": "imported"}
    assert balances(world) == {"8400": 3570, "1000": -3570, "1371": 0}


# --- never more than was sold


@BOTH
def test_a_second_void_of_one_receipt_is_refused_and_names_the_first(world: World) -> None:
    deliver(world, sale(), void(sale()), void(sale(), "second", 3))
    postings, _ = fetch_and_book(world)
    assert statuses(world) == {"sale": "imported", "void": "imported", "second": "rejected"}
    (rejection,) = postings.rejections
    assert rejection.text() == (
        "It takes back more than receipt K1-1 sold: 'Umsatz' came to 35.70, 35.70 of it were voided before "
        "(K1-2), and this receipt voids 35.70."
    )
    assert balances(world) == {"8400": 0, "1000": 0, "1371": 0}


def test_what_a_void_took_and_gave_back_may_be_voided_again(world: World) -> None:
    deliver(world, sale(), void(sale()), void(void(sale()), "again", 3), void(sale(), "second", 4))
    fetch_and_book(world)
    deliver(world, void(sale(), "third", 5))
    fetch_and_book(world)
    assert refusals(world) == {"third": "void_exceeds_original"}
    assert balances(world) == {"8400": 0, "1000": 0, "1371": 0}


def test_parts_may_be_taken_back_until_nothing_is_left(world: World) -> None:
    deliver(world, sale(), part(1, "p1", 2), part(2, "p2", 3), part(1, "p3", 4))
    fetch_and_book(world)
    assert refusals(world) == {"p3": "void_exceeds_original"}
    assert stock(world) == {("1", "A1"): 0}


def test_a_void_of_more_than_was_sold_is_refused(world: World) -> None:
    deliver(world, sale(), part(4, "p", 2))
    fetch_and_book(world)
    assert refusals(world) == {"p": "void_exceeds_original"}


def test_receipts_that_void_themselves_or_each_other_are_refused(world: World) -> None:
    deliver(
        world,
        part(1, "itself", 1) | {"reference": {"receipt_id": "itself"}},
        part(1, "a", 2) | {"reference": {"receipt_id": "b"}},
        part(1, "b", 3) | {"reference": {"receipt_id": "a"}},
    )
    fetch_and_book(world)
    assert refusals(world) == {"itself": "void_of_itself", "a": "void_circular", "b": "void_circular"}
    assert balances(world) == {}


# --- what people decide


def decider(world: World, reason: str) -> Decider:
    return Decider(world.configuration(), str(uuid.uuid4()), "a test", reason)


@BOTH
def test_a_void_of_a_dismissed_receipt_is_refused_until_that_is_restored(world: World) -> None:
    deliver(world, sale(), void(sale()))
    fetch(world)
    dismiss_receipt(decider(world, "booked by hand"), "sale")
    postings, _ = book(world)
    (rejection,) = postings.rejections
    assert rejection.code == "void_original_dismissed"
    assert rejection.text() == "It voids receipt K1-1, which a person dismissed: booked by hand"
    assert told(book(world)[0]) == {"still_rejected": 1}
    restore_receipt(decider(world, "it was not"), "sale")
    assert told(book(world)[0]) == {"new": 2}
    assert balances(world) == {"8400": 0, "1000": 0, "1371": 0}


def test_what_was_refused_for_its_original_waits_again_while_that_cannot_be_booked(world: World) -> None:
    del world.settings["accounts"]["clearing"]
    deliver(world, sale(), void(sale()))
    fetch(world)
    dismiss_receipt(decider(world, "booked by hand"), "sale")
    book(world)
    restore_receipt(decider(world, "it was not"), "sale")
    postings, _ = book(world)
    assert told(postings) == {"rejected": 1, "deferred": 1}
    assert statuses(world) == {"sale": "rejected", "void": "staged"}


def test_a_second_void_that_a_person_releases_is_booked_like_the_first_and_flagged(world: World) -> None:
    deliver(world, sale(), void(sale()), void(sale(), "second", 3))
    fetch_and_book(world)
    release_receipt(decider(world, "sold twice, in truth"), "second")
    assert told(book(world)[0]) == {"new": 1}
    assert balances(world) == {"8400": 3570, "1000": -3570, "1371": 0}
    flags = {row["flag"] for row in tables(world)["posting"] if row["receipt_id"] == "second"}
    assert "review" in flags


def test_a_chosen_void_waits_like_any_other_and_the_run_says_for_what(world: World) -> None:
    deliver(world, sale(), void(sale()))
    fetch(world)
    world.settings["receipts"] = {"void_wait_days": 0}
    with world.session() as session:
        import_receipts(session, ["void"])
        message = session.finish().message
    assert message.startswith(
        "nothing new; 1 waiting. Waits for receipt K1-1, which it voids and which is not booked yet."
    )
    assert told(book(world, "void", "sale")[0]) == {"new": 2}


@pytest.mark.parametrize("is_dismissed", [True, False])
def test_what_a_person_takes_out_of_the_stock_by_hand_a_person_brings_back(world: World, is_dismissed: bool) -> None:
    world.erp("UPDATE ART SET SerieCharge = 'S' WHERE Artikelnummer = 'A1'")
    deliver(world, sale())
    fetch_and_book(world)
    if is_dismissed:
        dismiss_line(decider(world, "booked"), "sale", 1)
    world.erp("UPDATE ART SET SerieCharge = 'O' WHERE Artikelnummer = 'A1'")
    deliver(world, void(sale()))
    fetch_and_book(world)
    assert refusals(world)["void|1"] == "stock_original_by_hand"
    assert stock(world) == {}


# --- the dry run


def _timeless(planned: ImportPlan) -> Fields:
    """A plan without times, and without examples: in which order receipts are looked at is no matter."""
    found = planned.as_dict("en")
    return found | {"rejections": [row | {"since": None} for row in found["rejections"]], "examples": []}


def test_a_plan_tells_what_an_import_would_do_with_voids_and_does_nothing(world: World) -> None:
    lost = part(1, "lost", 9) | {"reference": {"receipt_id": "gone"}}
    unsold = [sale("t", 6, kind="AVTraining"), void(sale("t"), "u", 7)]
    deliver(world, void(sale(), "v2", 3), void(sale()), sale(), lost, *unsold)
    deliver(world, sale("s", 11), void(void(sale("s"), "w"), "again", 13), void(sale("s"), "w", 12))
    planned = plan(world.configuration(), "all").imports
    assert planned is not None
    assert statuses(world) == {}
    fetch(world)
    again = plan(world.configuration(), "import").imports
    assert again is not None
    assert _timeless(again) == _timeless(planned)
    postings, _ = book(world)
    assert (planned.receipts, planned.waiting) == (postings.counts.new, postings.deferrals)
    assert [r.key for r in planned.rejections] == [r.key for r in postings.rejections]
    assert planned.postings == len(tables(world)["posting"])
    assert planned.movements == len(tables(world)["stock_movement"])


def test_what_waits_is_kept_with_since_when(world: World) -> None:
    deliver(world, void(sale()))
    fetch_and_book(world)
    with world.session() as session:
        (waiting,) = session.store.waiting.of("revenue_postings")
    assert (waiting.code, waiting.awaited, waiting.examples) == ("receipt_original", "sale", ("void",))
    deliver(world, sale())
    fetch_and_book(world)
    with world.session() as session:
        assert session.store.waiting.of("revenue_postings") == []


def test_what_waits_for_its_original_is_told_once_by_its_whole_name_and_not_to_be_imported(world: World) -> None:
    sales = [sale("z", 9), sale("a", 10)]
    voids = [void(of, f"void of {of['id']}", 10 + of["number"]) for of in sales]
    deliver(world, *(of | {"total_cents": 1} for of in sales), *voids, sale("paid", 30))
    fetch(world)
    (staged,) = open_records(world.configuration()).waits
    assert (staged.asset, staged.count) == ("staged_receipts", 3)
    book(world)
    report = open_records(world.configuration())
    (wait,) = report.waits
    assert (wait.asset, wait.names) == (
        "revenue_postings",
        ("K1-19 · 2026-11-23 · -35.70 €", "K1-20 · 2026-11-23 · -35.70 €"),
    )
    assert wait.why.startswith("Waits for receipt K1-9, receipt K1-10, which are voided here and not")
    assert (report.waiting, report.sums.waiting.count) == (2, 2)
    assert "for others" not in report.sentence
