"""Protects which closing a receipt belongs to: the one that it states; by ranges only where it states none."""

from typing import Any

import pytest

from cloudkasse_etl.state.stores.books.journal import Journal
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport
from cloudkasse_etl.sync.receipts.receipt_list import list_receipts
from tests.support.books import book, complete, fetch, tables, told
from tests.support.receipts.coffee_receipts import closing, receipt
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True)


def of_closing(number: int, stated: int | None, day: str) -> dict[str, Any]:
    times = dict.fromkeys(("started_at", "ended_at", "arrived_at"), f"{day}T10:15:40+01:00")
    return receipt(number, closing_number=stated, business_day=day, **times)


SAT, SUN = "2026-11-21", "2026-11-22"
# A table that was opened on Saturday is paid on Sunday: the ranges of both closings overlap.
RECEIPTS = [
    of_closing(2, 2, SAT), of_closing(3, 2, SAT), of_closing(5, 2, SAT), of_closing(6, 2, SAT), of_closing(4, 3, SUN),
    of_closing(7, 3, SUN), of_closing(8, 3, SUN),
]  # fmt: skip
CLOSINGS = [
    closing(2, 2, 5, business_day=SAT, last_receipt_number=6),
    closing(3, 4, 6, business_day=SUN, last_receipt_number=8),
]
EXPECTED = {("r2", 2), ("r3", 2), ("r5", 2), ("r6", 2), ("r4", 3), ("r7", 3), ("r8", 3)}


def shown(world: World) -> set[tuple[str, int | None]]:
    return {(row["receipt_id"], row["closing_number"]) for row in tables(world)["revenue_posting"]}


def exported(world: World) -> set[tuple[str, int | None]]:
    """The same as an export reads it."""
    with open_reading(world.configuration()) as store:
        rows = [row._mapping for row in Journal(store.connection).postings(None, None)]
    return {(row["receipt_id"], row["closing_number"]) for row in rows}


@BOTH
@pytest.mark.parametrize(("stated", "later"), [(7, False), (0, False), (4, False), (0, True), (2, True)])
def test_two_correct_closings_whose_ranges_overlap_compare_equal(world: World, stated: int, later: bool) -> None:
    store = world.server.store
    store.deliver_closings(CLOSINGS)
    store.deliver_receipts([*RECEIPTS[:stated], *({**r, "closing_number": None} for r in RECEIPTS[stated:])])
    fetch(world)
    book(world)
    if later:
        store.deliver_receipts(RECEIPTS)
        assert told(fetch(world)[0]) == {"unchanged": 7}
    assert complete(world) == CompletenessReport()
    assert shown(world) == EXPECTED
    assert exported(world) == EXPECTED


def test_the_stated_closing_wins_over_the_range_and_the_day(world: World) -> None:
    # two short days under one date: only what the receipt says can tell them apart
    store = world.server.store
    store.deliver_receipts([of_closing(1, 1, SAT), of_closing(2, 2, SAT), of_closing(3, 1, SAT)])
    one = closing(1, 1, 2, business_day=SAT, last_receipt_number=3)
    two = closing(2, 2, 2, business_day=SAT)
    store.deliver_closings([one, two])
    fetch(world)
    book(world)
    assert complete(world) == CompletenessReport()
    assert shown(world) == {("r1", 1), ("r2", 2), ("r3", 1)}


@pytest.mark.parametrize("when", ["staged", "imported", "on one page"])
def test_a_closing_number_that_is_filled_in_later_is_kept(world: World, when: str) -> None:
    store = world.server.store
    before, after = receipt(1), receipt(1, closing_number=7, arrived_at="2026-11-24T01:00:00+01:00")
    store.deliver_receipts([before] if when != "on one page" else [before, after, before])
    fetch(world)
    if when == "imported":
        book(world)
    store.deliver_receipts([after, before])
    assert told(fetch(world)[0])["unchanged"] == 2
    (found,) = list_receipts(world.configuration())
    assert found.closing_number == 7
    book(world)
    assert shown(world) == {("r1", 7)}


@pytest.mark.parametrize("order", [(7, 8), (8, 7)])
def test_of_two_stated_closings_the_later_holds_in_whatever_order_they_come(
    world: World, order: tuple[int, int]
) -> None:
    for number in order:
        world.server.store.deliver_receipts([receipt(1, closing_number=number)])
        fetch(world)
    assert [row.closing_number for row in list_receipts(world.configuration())] == [8]
