"""Protects that a receipt is found by its printed number or the beginning of its id, and never another one."""

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.receipts.receipt_search import find_receipt, short_id
from tests.support.books import book, deliver, fetch, sale, statuses
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True)

FIRST, OTHER = "07fcb84b-8f45-4c1e-9d3a-111111111111", "07fcb84b-0000-4c1e-9d3a-222222222222"
NUMBERED = "1a2b3c4d-348"  # what an id begins with can look like register and number


@pytest.fixture
def shop(world: World) -> World:
    """Receipts whose names resemble one another."""
    world.sync()  # the currency of the names is the company's
    deliver(
        world,
        sale(348) | {"id": FIRST},
        sale(349) | {"id": OTHER},
        sale(350) | {"id": "K1-348 too"},
        sale(12) | {"id": "twice-a"},
        sale(12) | {"id": "twice-b"},
        sale(7) | {"id": "100%_sure"},
        sale(8) | {"id": f"{NUMBERED}-4c1e"},
    )
    fetch(world)
    return world


def found(world: World, text: str) -> str:
    with open_reading(world.configuration()) as store:
        return find_receipt(store, text)


NAMED = {
    FIRST: (FIRST, "a whole id"),
    "K1-348": (FIRST, "register and number come before ids that begin so"),
    "K1/348": (FIRST, "as some registers print it"),
    " K1-348 ": (FIRST, "as it is pasted"),
    "K1-348 · 2026-11-23 · 23.80 €": (FIRST, "as a table shows it"),
    "k1-348": (FIRST, "in small letters"),
    "K1 348": (FIRST, "with a blank"),
    "k1 / 0348": (FIRST, "with blanks, too"),
    "K1-0348": (FIRST, "with zeros before it"),
    "07fcb84b-8": (FIRST, "the beginning of one id"),
    "07fcb84b-0": (OTHER, "of another"),
    "K1-348 t": ("K1-348 too", "an id that resembles a number"),
    NUMBERED: (f"{NUMBERED}-4c1e", "no register is called so"),
    "100%": ("100%_sure", "a mark of the database's own"),
}
UNKNOWN = ("", " ", "nobody", "K1-999", "K2-348", "k1-348x", "%", "_", "K1-99999999999999999999", "a\x00b", "!")


def test_a_receipt_is_found_by_what_a_person_calls_it_and_an_unknown_one_is_told(shop: World) -> None:
    assert {text: found(shop, text) for text in NAMED} == {text: receipt_id for text, (receipt_id, _) in NAMED.items()}
    for text in UNKNOWN:
        with pytest.raises(ConfigurationError, match="There is no receipt") as error:
            found(shop, text)
        assert "cloudkasse-etl receipts" in str(error.value.hint), text


def test_of_several_receipts_each_is_told_by_its_name_and_an_id_that_finds_it(shop: World) -> None:
    with pytest.raises(ConfigurationError) as error:
        found(shop, "07fcb84b")
    message = str(error.value)
    assert "'07fcb84b' may be several receipts: " in message
    for name, receipt_id in (("K1-348 · 2026-11-23 · 23.80 €", FIRST), ("K1-349 · 2026-11-23 · 23.80 €", OTHER)):
        assert f"{name}, staged (id {receipt_id})" in message
    with pytest.raises(ConfigurationError) as error:
        found(shop, "K1-12")
    assert "(id twice-a); " in str(error.value)
    assert "(id twice-b)." in str(error.value)
    assert found(shop, "twice-b") == "twice-b"


def test_of_one_number_on_several_days_the_whole_name_tells_which_is_meant(world: World) -> None:
    world.sync()  # the currency of the names is the company's
    begun_anew = sale(12) | {"id": "begun anew", "business_day": "2026-11-24"}
    deliver(world, sale(12) | {"id": "first"}, begun_anew)
    fetch(world)
    assert found(world, "K1-12 · 2026-11-23 · 23.80 €") == "first"
    assert found(world, " K1-12 · 2026-11-24 · 23.80 € ") == "begun anew"
    for unclear in ("K1-12", "K1-12 · 2026-11-25 · 23.80 €"):
        with pytest.raises(ConfigurationError, match="may be several receipts"):
            found(world, unclear)


def test_the_short_id_of_a_table_finds_the_content_that_it_was_shown_for(world: World) -> None:
    first = sale(1) | {"id": FIRST}
    deliver(world, first)
    fetch(world)
    deliver(world, sale(1, gross=4760) | {"id": FIRST})
    fetch(world)
    ids = sorted(statuses(world))
    assert len(ids) == 2
    assert [found(world, short_id(receipt_id)) for receipt_id in ids] == ids


def test_an_import_takes_the_names_too_and_a_receipt_that_is_named_twice_once(shop: World) -> None:
    postings, _ = book(shop, "K1-348", FIRST[:9] + "8", "K1/349")
    assert postings.counts.new == 2
    assert {key for key, status in statuses(shop).items() if status == "imported"} == {FIRST, OTHER}
    with pytest.raises(ConfigurationError, match=r"K1-348 · 2026-11-23 · 23\.80 € cannot be imported; its status"):
        book(shop, "K1-348")
