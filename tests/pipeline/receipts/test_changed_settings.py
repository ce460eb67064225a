"""Protects that what is not booked follows the settings: whatever they were meanwhile, the last ones decide alone."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support import small_erp
from tests.support.books import Tables, book, dismiss, fetch, statuses, stock, tables, told, with_accounts
from tests.support.programs import Program
from tests.support.receipts.coffee_receipts import changed, receipt
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

pytestmark = pytest.mark.shop(accounts=True)

Fields = dict[str, Any]


def in_kind(number: int) -> Fields:
    return receipt(number, kind="AVSachbezug", payments=[], vat=[])


def of_day(day: str, number: int, **values: Any) -> Fields:
    times = dict.fromkeys(("started_at", "ended_at"), f"{day}T10:15:40+01:00")
    return receipt(number, business_day=day, **times, **values)


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
    assert (code, "before_start" in said["error"]) == (2, True)


# --- any settings, in any order


@dataclass(frozen=True)
class Choice:
    """What a shop's settings are at some time."""

    start_date: str | None
    in_kind: bool
    has_k9: bool
    days_back: int
    has_accounts: bool = True

    def apply(self, world: World) -> None:
        world.settings = with_accounts(copy.deepcopy(small_erp.SETTINGS))
        if self.has_k9:
            world.settings["registers"].append({**world.settings["registers"][0], "number": "K9"})
        if not self.has_accounts:
            world.settings["accounts"] = {}
        more = {"start_date": self.start_date} if self.start_date else {}
        world.settings["receipts"] = {"in_kind_moves_stock": self.in_kind, "days_back": self.days_back, **more}


choices = st.builds(
    Choice,
    st.sampled_from([None, "2026-11-01", "2026-11-20", "2026-11-22", "2026-11-30"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 3, 92]),
)
RECEIPTS = [
    *(of_day(day, at) for at, day in enumerate(("2026-09-01", "2026-11-18", "2026-11-20", "2026-11-22"), 1)),
    in_kind(5),
    {**in_kind(6), "business_day": "2026-11-20"},
    of_day("2026-11-22", 7, register="K9"),
    of_day("2026-11-18", 8, register="K9"),
    changed(of_day("2026-11-22", 9), "total_cents", 1),
    of_day("2026-11-22", 10, kind="AVTraining"),
    of_day("2062-11-22", 11),
    changed(of_day("2026-11-20", 12, register="K9"), "ended_at", "yesterday"),
]


@contextmanager
def shop(folder: Path, url: str) -> Iterator[World]:
    """A shop with tables of its own, whose ERP it shares with others."""
    place = Path(mkdtemp(dir=folder))
    with SandboxServer(None, token=TOKEN, page_items=5) as server:
        yield World(place, url, server, {}, state_url=f"sqlite:///{place / 'state.db'}")


def at_the_end(world: World) -> Tables:
    found = tables(world)
    return {name: found[name] for name in ("receipt", "posting", "stock_movement", "rejection")}


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("any settings")
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url)
    return folder, url


def what_comes_of(folder: Path, url: str, last: Choice) -> Tables:
    """The tables of a shop that had the last settings from the beginning, and got everything in order."""
    with shop(folder, url) as world:
        last.apply(world)
        world.server.store.deliver_receipts(RECEIPTS)
        fetch(world)
        book(world)
        return at_the_end(world)


@given(
    before=st.lists(st.tuples(choices, st.sampled_from(["fetch", "refused import", "nothing"])), max_size=4),
    last=choices,
    order=st.permutations(range(len(RECEIPTS))),
    alone=st.booleans(),
)
@settings(max_examples=100 if LONG else 25)
def test_whatever_the_settings_were_the_last_ones_alone_decide(
    erp: tuple[Path, str],
    before: list[tuple[Choice, str]],
    last: Choice,
    order: list[int],
    alone: bool,
) -> None:
    arriving = [RECEIPTS[at] for at in order]
    with shop(*erp) as world:
        for at, (choice, then) in enumerate(before):
            choice.apply(world)
            world.server.store.deliver_receipts(arriving[at :: len(before)])
            if then != "nothing":
                fetch(world)
            if then == "refused import":  # nothing can be booked for want of accounts
                Choice(choice.start_date, choice.in_kind, choice.has_k9, choice.days_back, has_accounts=False).apply(
                    world
                )
                world.settings["receipts"]["in_kind_moves_stock"] = False
                book(world)
                choice.apply(world)
        last.apply(world)
        if not before:
            world.server.store.deliver_receipts(arriving)
        if not (alone and before and all(then != "nothing" for _, then in before)):
            fetch(world)  # else all has been fetched already, and the import judges it anew alone
        book(world)
        found = at_the_end(world)
    expected = what_comes_of(*erp, last)
    for name, rows in expected.items():
        assert found[name] == rows, name
