"""Protects what the synchronisation relies on, of each till alike: nothing is lost, and quiet is cheap."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudkasse_etl.tills.capabilities import CAPABILITIES
from tests.contract.conformance.rigs import PAGE_ITEMS, RIGS, Rig


@pytest.fixture(params=sorted(RIGS))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with RIGS[request.param](tmp_path) as made:
        yield made


def test_everything_comes_page_by_page_and_nothing_behind_the_cursor(rig: Rig) -> None:
    sold = rig.sell(1)
    with rig.till() as till:
        pages = list(till.pages("receipts", None))
    assert len(pages) > 2
    assert {receipt for page in pages for receipt in rig.ids(page)} == sold
    assert [page.has_more for page in pages] == [True] * (len(pages) - 1) + [False]
    _, cursor = rig.fetched(None)
    assert set(rig.fetched(cursor)[0]) <= sold  # a till may repeat itself, but has nothing new
    with rig.till() as till:
        assert till.status().heads["receipts"] == cursor


def test_who_stops_after_any_page_loses_nothing(rig: Rig) -> None:
    sold, found, cursor = rig.sell(1), set[str](), None
    for _ in range(100):
        with rig.till() as till:
            pages = till.pages("receipts", cursor)
            page = next(pages)
            while not page.texts and page.has_more:
                rig.memory.store(page)
                page = next(pages)
            pages.close()  # type: ignore[attr-defined]
        found |= set(rig.ids(page))
        rig.memory.store(page)
        cursor = cursor if page.next_cursor is None else page.next_cursor
        if not page.has_more:
            break
    assert found == sold


def test_what_was_sold_later_comes_after_the_cursor(rig: Rig) -> None:
    first = rig.sell(1)
    _, cursor = rig.fetched(None)
    both = rig.sell(2)
    later, _ = rig.fetched(cursor)
    assert both - first <= set(later)


def test_what_comes_again_has_the_ids_that_it_had(rig: Rig) -> None:
    sold = rig.sell(1)
    ids, cursor = rig.fetched(None)
    rig.deliver_again()
    with rig.till() as till:
        assert till.status().heads["receipts"] != cursor
    again, _ = rig.fetched(cursor)
    assert set(ids) == sold >= set(again)


def test_an_item_that_breaks_holds_up_no_other(rig: Rig) -> None:
    sold = rig.sell(1)
    rig.break_one()
    ids, cursor = rig.fetched(None)
    assert len(sold - set(ids)) <= 1
    with rig.till() as till:
        assert till.status().heads["receipts"] == cursor


def test_quiet_is_one_look(rig: Rig) -> None:
    rig.sell(1)
    _, cursor = rig.fetched(None)
    before = rig.looks()
    with rig.till() as till:
        assert till.status().heads["receipts"] == cursor
    assert rig.looks() <= before + 1


def test_a_page_is_small_whatever_the_till_holds(rig: Rig) -> None:
    rig.sell(1)
    with rig.till() as till:
        most = max(len(page.texts) for page in till.pages("receipts", None))
    peaks = []
    for seed in (None, 2, 3, 4):
        if seed is not None:
            rig.sell(seed)
        tracemalloc.start()
        with rig.till() as till:
            for page in till.pages("receipts", None):
                assert CAPABILITIES[rig.kind].closings == "with_receipts" or len(page.texts) <= PAGE_ITEMS
                assert len(page.texts) <= most * 3
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[-1] < 2 * min(peaks[:2]) + 1_000_000


def test_what_the_till_takes_is_declared_and_asked_of_nothing_else(rig: Rig) -> None:
    takes = CAPABILITIES[rig.kind].kinds
    with rig.till() as till:
        for kind in takes:
            assert isinstance(list(till.records(kind.name)), list)
        if not takes:
            with pytest.raises(AssertionError):
                till.records("articles")
