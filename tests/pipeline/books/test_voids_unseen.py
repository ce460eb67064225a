"""Protects that no receipt takes back unseen what was not sold, or was taken back already, however it refers to it."""

from typing import Any

import pytest

from cloudkasse_etl.schemas.wire_receipts import parse_receipt
from cloudkasse_etl.sync.receipts.decisions import dismiss_receipt, release_receipt
from tests.support.books import balances, book, decider, fetch, fetch_and_book, statuses, stock, tables
from tests.support.receipts.receipt_factory import Fields, as_item, item, line, void_of
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True)


def sale(pieces: int = 1, **fields: Any) -> Fields:
    """Some pieces of an article at 11.90."""
    sold = line(gross=1190 * pieces, article="A1", quantity=f"{pieces}.000", unit_price_cents=1190)
    return item(sold, id="sale", number=1) | fields


def back(receipt_id: str, number: int, *, of: str = "sale", article: str | None = "A1", rate: str = "19.00") -> Fields:
    """A piece that comes back."""
    returned = line(gross=-1190, rate=rate, article=article, unit_price_cents=-1190)
    return item(returned, id=receipt_id, number=number, reference=of)


def turned(of: Fields, receipt_id: str, number: int, *, flagged: bool = False, **fields: Any) -> Fields:
    """What takes all of a receipt back."""
    return as_item(void_of(parse_receipt(of), id=receipt_id, number=number, cancelled=flagged)) | fields


def fetched_and_booked(world: World, *items: Fields) -> None:
    for one in items:
        world.server.store.deliver_receipts([one])
        fetch_and_book(world)


def refusals(world: World) -> dict[str, str]:
    return {row["record_key"]: row["code"] for row in tables(world)["rejection"]}


def flagged(world: World) -> set[str]:
    return {row["receipt_id"] for row in tables(world)["posting"] if row["flag"] == "review"}


@pytest.mark.parametrize(
    "other", [{"article": "A2"}, {"rate": "7.00"}, {"article": None}], ids=["article", "rate", "no article"]
)
@pytest.mark.parametrize("is_flagged", [True, False])
def test_what_takes_back_something_that_was_not_sold_is_booked_and_flagged(
    world: World, other: dict[str, Any], is_flagged: bool
) -> None:
    world.server.store.deliver_receipts([sale(), back("v1", 2), back("v2", 3, **other) | {"cancelled": is_flagged}])
    fetch(world)
    postings, _ = book(world)
    assert [(warning.key, warning.code) for warning in postings.warnings if warning.code == "void_of_unsold"] == [
        ("v2|1", "void_of_unsold")
    ]
    assert (set(statuses(world).values()), flagged(world)) == ({"imported"}, {"v2"})


def test_an_exchange_of_what_was_sold_is_not_flagged(world: World) -> None:
    exchange = item(line(gross=-1190, article="A1"), line(gross=2000, article="A2"), id="x", number=2, reference="sale")
    fetched_and_booked(world, sale(), exchange)
    assert flagged(world) == set()


def test_what_was_sold_before_the_start_is_taken_back_once_at_most(world: World) -> None:
    world.settings["receipts"] = {"start_date": "2026-11-23"}
    times = dict.fromkeys(("started_at", "ended_at", "arrived_at"), "2026-11-20T10:15:40+01:00")
    old = sale(business_day="2026-11-20") | times
    world.server.store.deliver_receipts([old, back("v1", 2), back("v2", 3)])
    fetch_and_book(world)
    assert statuses(world) == {"sale": "before_start", "v1": "imported", "v2": "rejected"}
    assert refusals(world) == {"v2": "void_exceeds_original"}
    fetched_and_booked(world, back("v3", 4))
    assert refusals(world) == {"v2": "void_exceeds_original", "v3": "void_exceeds_original"}


@pytest.mark.parametrize("is_flagged", [True, False])
def test_a_void_of_a_void_needs_no_flag_and_happens_once(world: World, is_flagged: bool) -> None:
    void = turned(sale(), "v", 2)
    fetched_and_booked(world, sale(), void)
    world.erp("UPDATE ART SET KontoVerkauf = '8399'")
    fetched_and_booked(world, *(turned(void, f"w{n}", n, flagged=is_flagged) for n in (3, 4)))
    assert refusals(world) == {"w4": "void_exceeds_original"}
    assert balances(world) == {"8400": -1190, "1000": 1190, "1371": 0}
    assert stock(world) == {("1", "A1"): -1000}


def test_a_return_without_a_reference_is_taken_back_as_it_was_booked_and_once(world: World) -> None:
    returned = back("r", 1) | {"reference": None}
    fetched_and_booked(world, returned)
    world.erp("UPDATE ART SET KontoVerkauf = '8399'")
    fetched_and_booked(world, turned(returned, "w2", 2), turned(returned, "w3", 3))
    assert refusals(world) == {"w3": "void_exceeds_original"}
    assert (balances(world), stock(world)) == ({"8400": 0, "1000": 0, "1371": 0}, {("1", "A1"): 0})


def test_what_a_void_of_part_of_a_void_gave_back_may_be_taken_back_again(world: World) -> None:
    void = turned(sale(2), "v", 2)
    again = item(line(article="A1", unit_price_cents=1190), id="w", number=3, reference="v")
    fetched_and_booked(world, sale(2), void, again, back("v4", 4), back("v5", 5))
    assert refusals(world) == {"v5": "void_exceeds_original"}
    assert stock(world) == {("1", "A1"): 0}


def test_an_exchange_of_an_exchange_does_not_free_what_the_first_one_took_back(world: World) -> None:
    first = item(line(gross=-1190, article="A1"), line(article="A2"), id="x", number=2, reference="sale")
    second = item(line(gross=-1190, article="A2"), line(article="A3"), id="y", number=3, reference="x")
    fetched_and_booked(world, sale(), first, second, back("v", 4))
    assert refusals(world) == {"v": "void_exceeds_original"}
    assert stock(world) == {("1", "A1"): 0, ("1", "A2"): 0, ("1", "A3"): -1000}


def test_a_serial_number_comes_back_as_itself_and_once(world: World) -> None:
    world.erp("UPDATE ART SET SerieCharge = 'S' WHERE Artikelnummer = 'A1'")
    sold = item(*(line(article="A1", serial=serial) for serial in ("S1", "S2")), id="sale", number=1)

    def returned(receipt_id: str, number: int, serial: str) -> Fields:
        return item(line(gross=-1190, article="A1", serial=serial), id=receipt_id, number=number, reference="sale")

    fetched_and_booked(world, sold, returned("v2", 2, "S2"), returned("v3", 3, "S2"), returned("v4", 4, "S9"))
    assert refusals(world) == {"v3": "void_exceeds_original"}
    assert flagged(world) == {"v4"}
    moved = [(row["serial"], row["quantity_milli"]) for row in tables(world)["stock_movement"]]
    assert sorted(moved) == [("S1", -1000), ("S2", -1000), ("S2", 1000), ("S9", 1000)]


def test_a_void_of_what_nobody_can_read_is_booked_once_it_is_released(world: World) -> None:
    world.server.store.deliver_receipts([sale(business_day="yesterday"), back("v", 2), sale(id="other", number=3)])
    fetch_and_book(world)
    dismiss_receipt(decider(world, "booked by hand"), "sale")
    fetch_and_book(world)
    assert refusals(world) == {"v": "void_original_dismissed"}
    assert release_receipt(decider(world, "by hand, too"), "v").status == "staged"
    fetch_and_book(world)
    assert statuses(world) == {"sale": "dismissed", "v": "imported", "other": "imported"}
    assert refusals(world) == {}
