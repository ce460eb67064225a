"""Protects that what is not booked follows the settings: whatever they were meanwhile, the last ones decide alone.

Here one setting after the other; any of them together: test_any_settings_change.py.
"""

import copy
from typing import Any

import pytest

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support.books import book, dismiss, fetch, statuses, stock, tables, told
from tests.support.programs import Program
from tests.support.receipts.coffee_receipts import in_kind, of_day, receipt
from tests.support.worlds import TOKEN, World

pytestmark = pytest.mark.shop(accounts=True)

Fields = dict[str, Any]


# --- one setting after the other


def test_a_start_date_that_is_set_or_moved_later_keeps_what_lies_staged_out_of_the_books(world: World) -> None:
    world.server.store.deliver_receipts([of_day("2026-11-20", 1), of_day("2026-11-22", 2)])
    fetch(world)
    world.settings["receipts"] = {"start_date": "2026-11-22"}
    assert told(book(world)[0]) == {"new": 1}  # the import alone, without fetching
    assert statuses(world) == {"r1": "before_start", "r2": "imported"}
    world.settings["receipts"] = {"start_date": "2026-12-01"}
    fetch(world)
    assert statuses(world) == {"r1": "before_start", "r2": "imported"}  # what is booked stays booked


def test_a_start_date_that_is_moved_earlier_frees_what_was_before_it(world: World) -> None:
    world.settings["receipts"] = {"start_date": "2026-11-22"}
    world.server.store.deliver_receipts([of_day("2026-11-20", 1), of_day("2026-11-22", 2)])
    fetch(world)
    world.settings["receipts"] = {"start_date": "2026-11-01"}
    report, _ = fetch(world)
    assert told(report) == {"changed": 1}
    assert statuses(world) == {"r1": "staged", "r2": "staged"}


def test_what_an_import_refused_follows_the_start_date_too(world: World) -> None:
    accounts = world.settings["accounts"]
    world.settings["accounts"] = {}
    world.server.store.deliver_receipts([of_day("2026-11-20", 1)])
    fetch(world)
    book(world)
    assert statuses(world) == {"r1": "rejected"}
    world.settings |= {"accounts": accounts, "receipts": {"start_date": "2026-11-22"}}
    book(world)
    assert statuses(world) == {"r1": "before_start"}
    assert tables(world)["rejection"] == []
    world.settings["receipts"] = {}
    assert told(book(world)[0]) == {"new": 1}


def test_withdrawals_in_kind_follow_their_setting_in_both_directions(world: World) -> None:
    world.server.store.deliver_receipts([in_kind(1), in_kind(2)])
    fetch(world)
    assert set(statuses(world).values()) == {"no_effect"}
    world.settings["receipts"] = {"in_kind_moves_stock": True}
    fetch(world)
    assert set(statuses(world).values()) == {"staged"}
    book(world, "r1")
    world.settings["receipts"] = {"in_kind_moves_stock": False}
    fetch(world)
    assert statuses(world) == {"r1": "imported", "r2": "no_effect"}
    assert stock(world) == {("1", "A1"): -2000}


def test_a_register_that_is_no_longer_named_and_never_was_synchronised_takes_its_receipts_back(world: World) -> None:
    named = copy.deepcopy(world.settings["registers"])
    world.settings["registers"].append({**named[0], "number": "K9"})
    world.server.store.deliver_receipts([receipt(1, register="K9")])
    fetch(world)
    assert statuses(world) == {"r1": "staged"}
    world.settings["registers"] = named
    book(world)
    assert statuses(world) == {"r1": "rejected"}


def test_a_dismissed_receipt_stays_dismissed_whatever_the_settings_say(world: World) -> None:
    world.server.store.deliver_receipts([of_day("2026-11-20", 1)])
    fetch(world)
    dismiss(world, "r1", "by hand")
    for start in ("2026-11-22", "2026-11-01"):
        world.settings["receipts"] = {"start_date": start}
        fetch(world)
        book(world)
    assert statuses(world) == {"r1": "dismissed"}


def test_a_register_that_was_synchronised_under_any_address_of_the_cloud_is_known(world: World) -> None:
    world.sync()
    with SandboxServer(None, token=TOKEN) as moved:
        world.server = moved
        world.settings["registers"] = []
        world.server.store.deliver_receipts([receipt(1)])
        fetch(world)
        assert statuses(world) == {"r1": "staged"}


def test_an_import_of_chosen_receipts_judges_anew_and_says_what_it_found(world: World) -> None:
    world.settings["receipts"] = {"start_date": "2026-11-22"}
    world.server.store.deliver_receipts([of_day("2026-11-20", 1), of_day("2026-11-20", 2)])
    fetch(world)
    world.settings["receipts"] = {}
    with world.session() as session:
        from cloudkasse_etl.sync.receipts.receipt_import import import_receipts, require_bookable

        require_bookable(session.configuration, ["r1"])
        postings, _ = import_receipts(session, ["r1"])
        assert told(postings) == {"new": 1}
        assert told(session.reports[STAGED_RECEIPTS]) == {"changed": 2}
    assert statuses(world) == {"r1": "imported", "r2": "staged"}


@pytest.mark.synced
def test_commands_tell_what_changed_settings_make_of_receipts_and_a_plan_writes_nothing(program: Program) -> None:
    program.world.settings["registers"][0]["cash_account"] = "1000"
    program.world.settings["accounts"] = {"clearing": "1371", "revenue": {"19.00": "8400"}}
    program.world.server.store.deliver_receipts([of_day("2026-11-20", 1), of_day("2026-11-22", 2)])
    program.call("sync", "receipts")
    program.world.settings["receipts"] = {"start_date": "2026-11-22"}
    for what in ("all", "receipts"):
        _, found = program.call_json("plan", what)
        assert found["receipts"]["receipts"] == {"before_start": 1}
    _, found = program.call_json("plan", "import")
    assert (found["import"]["receipts"], found["import"]["judged_anew"]) == (1, {"before_start": 1})
    assert "before the start date" in program.call("plan", "import")[1]
    assert statuses(program.world) == {"r1": "staged", "r2": "staged"}
    _, report = program.call_json("import", "--receipt", "r2")
    assert report["message"] == "successful: 1 changed, 1 receipt imported, 1 stock line moved"
    assert statuses(program.world) == {"r1": "before_start", "r2": "imported"}
    code, said = program.call_json("import", "--receipt", "r1")
    assert (code, "before the start date" in said["error"]) == (2, True)
