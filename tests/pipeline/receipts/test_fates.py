"""Protects the page's promise that no receipt is left out: each stands once by what became of it, and sums add up."""

import random
from dataclasses import replace

import pytest

from cloudkasse_etl.state.stores.books.sales import COUNTED
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.page.render import write_page
from cloudkasse_etl.sync.outputs.turnover import Turnover, sum_up_sales
from cloudkasse_etl.sync.receipts.receipt_list import list_receipts
from cloudkasse_etl.sync.run.receipt_sums import receipt_sums
from tests.support.books import book, dismiss, fetch
from tests.support.pages.html_page import Page, facts
from tests.support.receipts.coffee_receipts import changed, receipt
from tests.support.worlds import World

CASH = {"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1", "cash_account": "1000"}


@pytest.fixture(autouse=True)
def _books_cash_sales(world: World) -> None:
    world.settings |= {
        "registers": [CASH],
        "accounts": {"clearing": "1371", "revenue": {"19.00": "8400"}},
        "receipts": {"start_date": "2026-11-01"},
    }


def turnover(world: World) -> Turnover:
    configuration = world.configuration()
    with open_reading(configuration) as store:
        return sum_up_sales(store, configuration.settings.zone)


def test_every_receipt_stands_once_by_what_became_of_it_and_the_sums_add_up(world: World) -> None:
    chance = random.Random(10)
    sold, seen = 0, set[str]()
    for rounds in range(26):
        first = 10 * rounds
        items = [
            receipt(first + 1),
            receipt(first + 2),
            changed(receipt(first + 3), "payments.0.tender", "ECKarte"),
            receipt(first + 4, business_day="2026-10-31"),
            receipt(first + 5, kind="AVTraining"),
            changed(receipt(first + 6), "total_cents", 1),
            receipt(first + 7),
        ]
        chosen = chance.sample(items, chance.randint(1, len(items)))
        world.server.store.deliver_receipts(chosen)
        fetch(world)
        booked = chance.random() < 0.4
        if booked:
            book(world)
        waiting = [r.receipt_id for r in list_receipts(world.configuration()) if r.status in ("staged", "rejected")]
        for receipt_id in chance.sample(waiting, min(1, len(waiting))):
            dismiss(world, receipt_id, "by hand")
        sold += len(chosen)
        found = turnover(world)
        by_name = {fate.name: fate for fate in found.fates}
        listed = list_receipts(world.configuration())
        assert sum(fate.receipts for fate in found.fates) == len(listed) == sold
        for status in ("imported", "staged", "dismissed", "before_start", "no_effect"):
            here = by_name[status].receipts if status in by_name else 0
            assert here == sum(r.status == status for r in listed), status
        with open_reading(world.configuration()) as store:
            everywhere = receipt_sums(store)
        for name, fate in by_name.items():
            assert fate.total_cents == everywhere.of(name).cents.get("EUR", 0), name
        if idle := by_name.get("no_effect"):
            assert idle.reasons == {"training": idle.receipts}
        refused = sum(by_name[name].receipts for name in ("refused_by_import", "rejected") if name in by_name)
        assert refused == sum(r.status == "rejected" for r in listed)
        assert found.gross_cents == sum(by_name[name].gross_cents or 0 for name in COUNTED if name in by_name)
        day = "2026-10-31"
        earlier = by_name["before_start"].gross_cents if "before_start" in by_name else 0
        assert earlier == sum(
            r.total_cents or 0 for r in listed if r.status == "before_start" and str(r.business_day) == day
        )
        seen |= by_name.keys()
    assert seen == {
        "imported", "staged", "refused_by_import", "dismissed", "before_start", "no_effect", "rejected",
    }  # fmt: skip


@pytest.mark.parametrize(("language", "words"), [("en", ("before the start date", "All")), ("de", ("vor dem", "Alle"))])
def test_the_page_has_a_row_for_what_is_dismissed_and_before_the_start_date(
    world: World, language: str, words: tuple[str, str]
) -> None:
    world.settings["language"] = language
    world.server.store.deliver_receipts([receipt(1, business_day="2026-10-31")])
    fetch(world)
    for more, expected in ((), 1), ((receipt(2),), 2):
        world.server.store.deliver_receipts(list(more))
        fetch(world)
        path = world.folder / "page.html"
        write_page(world.configuration(), replace(facts(), seconds=None), path)  # all there is by now
        rows = Page(path.read_text(encoding="utf-8")).rows
        (row,) = [row for row in rows if row and row[0].startswith(words[0])]
        assert row[1] == "1"
        assert [words[1], str(expected)] in [row[:2] for row in rows if row]
    world.server.store.deliver_receipts([receipt(3, kind="AVTraining")])
    fetch(world)
    write_page(world.configuration(), replace(facts(), seconds=None), path)
    assert any(
        row[0].endswith(": training (1)" if language == "en" else ": Training (1)")
        for row in Page(path.read_text(encoding="utf-8")).rows
        if row
    )
