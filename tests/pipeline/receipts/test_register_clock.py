"""Protects the books from a register's wrong clock (held for a person, and named), and from times that are none."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cloudkasse_etl.entities import STAGED_RECEIPTS
from tests.support.books import book, complete, decider, fetch, statuses, tables, told
from tests.support.programs import Program
from tests.support.receipts.coffee_receipts import closing, receipt
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True)

ARRIVED = "2026-11-23T10:15:44+01:00"


def of_day(day: str, number: int = 1, arrived_at: str | None = ARRIVED, **values: Any) -> dict[str, Any]:
    times = dict.fromkeys(("started_at", "ended_at"), f"{day}T10:15:40+01:00")
    return receipt(number, business_day=day, arrived_at=arrived_at, **(times | values))


def codes(world: World) -> set[str]:
    with world.session() as session:
        return {rejection.code for rejection in session.store.rejections.of(STAGED_RECEIPTS)}


@pytest.mark.parametrize(
    ("day", "held"),
    [
        ("2062-11-23", True),
        ("2026-11-25", True),
        ("2026-11-24", False),
        ("2026-11-23", False),
        ("2026-08-23", False),  # a tablet that was offline for a quarter
        ("2026-08-22", True),
        ("1970-01-01", True),
        ("9999-12-31", True),
        ("1753-01-01", True),
    ],
)
def test_a_receipt_far_from_when_it_arrived_is_held_and_not_booked(world: World, day: str, held: bool) -> None:
    world.server.store.deliver_receipts([of_day(day)])
    fetch(world)
    book(world)
    assert statuses(world) == {"r1": "rejected" if held else "imported"}
    assert codes(world) == ({"business_day_implausible"} if held else set())


@pytest.mark.parametrize(
    ("arrived_at", "held"),
    [
        ("2026-11-22T22:59:00Z", True),  # still the 22nd in Berlin
        ("2026-11-22T23:00:00Z", False),
        ("2026-11-23T23:30:00-12:00", False),
        (None, False),  # measured against the day of fetching
    ],
)
def test_the_day_of_arrival_is_the_shops(world: World, arrived_at: str | None, held: bool) -> None:
    world.settings["receipts"] = {"days_ahead": 0, "days_back": 36600}
    world.server.store.deliver_receipts([of_day("2026-11-23", arrived_at=arrived_at)])
    fetch(world)
    assert statuses(world) == {"r1": "rejected" if held else "staged"}


@pytest.mark.parametrize(("days", "held"), [(40_000, True), (2, True), (1, False), (0, False)])
def test_a_time_of_arrival_in_the_future_does_not_let_a_business_day_in_the_future_through(
    world: World, days: int, held: bool
) -> None:
    day = dt.datetime.now(ZoneInfo("Europe/Berlin")).date() + dt.timedelta(days)
    world.server.store.deliver_receipts([of_day(f"{day}", arrived_at=f"{day}T23:00:00+01:00")])
    fetch(world)
    book(world)
    assert statuses(world) == {"r1": "rejected" if held else "imported"}


def test_a_wrong_time_of_arrival_does_not_hold_a_sale_of_today(world: World) -> None:
    today = dt.datetime.now(ZoneInfo("Europe/Berlin")).date()
    world.server.store.deliver_receipts([of_day(f"{today}", arrived_at="2062-11-23T10:15:44+01:00")])
    fetch(world)
    assert statuses(world) == {"r1": "staged"}


def test_what_books_nothing_is_not_held_but_a_sale_before_the_start_is(world: World) -> None:
    world.settings["receipts"] = {"start_date": "2026-01-01"}
    world.server.store.deliver_receipts([of_day("1970-01-01", 1, kind="AVTraining"), of_day("1970-01-01", 2)])
    fetch(world)
    assert statuses(world) == {"r1": "before_start", "r2": "rejected"}


def test_a_released_receipt_is_booked_on_its_own_day_and_flagged(world: World) -> None:
    from cloudkasse_etl.sync.receipts.decisions import release_receipt, restore_receipt

    world.server.store.deliver_receipts([of_day("2026-01-05"), receipt(2)])
    fetch(world)
    assert release_receipt(decider(world, "the tablet lay in a drawer"), "r1").status == "staged"
    assert told(fetch(world, retry_rejected=True)[0]) == {}  # and is not held again
    assert restore_receipt(decider(world, "not so sure"), "r1").status == "rejected"
    assert release_receipt(decider(world, "sure"), "r1").status == "staged"
    assert told(book(world)[0]) == {"new": 2}
    found = {(row["receipt_id"], row["posting_date"], row["flag"]) for row in tables(world)["posting"]}
    # of the two postings of an entry only that on its account is looked at
    assert found == {
        ("r1", "2026-01-05", "review"), ("r1", "2026-01-05", None), ("r2", "2026-11-23", None),
    }  # fmt: skip


def test_wider_bounds_free_what_is_held_and_narrower_ones_hold_what_is_staged(world: World) -> None:
    world.server.store.deliver_receipts([of_day("2026-01-05")])
    fetch(world)
    world.settings["receipts"] = {"days_back": 400}
    assert told(fetch(world)[0]) == {"new": 1}
    world.settings["receipts"] = {"days_back": 10}
    assert told(fetch(world)[0]) == {"rejected": 1}
    world.settings["receipts"] = {"days_back": 400}
    assert told(book(world)[0]) == {"new": 1}  # an import alone judges anew, too


def test_the_check_names_register_and_number(world: World) -> None:
    world.server.store.deliver_receipts([of_day("2062-11-23", 7), of_day("2026-11-23", 8)])
    fetch(world)
    (finding,) = complete(world).implausible_days
    assert (finding.register, finding.numbers) == ("K1", "7")
    assert "2062-11-23" in finding.text
    assert "2026-11-23" in finding.text


@pytest.mark.synced
def test_a_held_receipt_is_released_by_a_command_that_says_what_came_of_it(program: Program) -> None:
    program.world.settings["registers"][0]["cash_account"] = "1000"
    program.world.settings["accounts"] = {"clearing": "1371", "revenue": {"19.00": "8400"}}
    program.world.server.store.deliver_receipts([of_day("2026-01-05"), of_day("2026-01-06", 2, total_cents=1)])
    _, report = program.call_json("sync", "receipts")
    assert {r["key"] for r in report["rejections"] if r["code"] == "business_day_implausible"} == {"r1", "r2"}
    assert "receipts release ID" in report["rejections"][0]["cure"]
    code, out, _ = program.call("receipts", "release", "r1", "--reason", "it was offline")
    assert (code, out.strip()) == (0, "The receipt K1-1 · 2026-01-05 · 23.80 € is released; its status: staged.")
    code, out, _ = program.call("receipts", "release", "r2", "--reason", "that one too")
    assert (code, "its status: rejected" in out, "The lines come to" in out) == (0, True, True)
    program.world.settings["language"] = "de"
    code, out, _ = program.call("receipts", "release", "r1", "--reason", "noch einmal")
    assert code == 2
    assert program.call_json("import")[1]["assets"]["revenue_postings"]["new"] == 1


NO_TIMES = (
    "yesterday", "2026-11-23T10:15:40", "2026-11-23", "20261123T101540+0100", "2026-W48-1T10:15:40+01:00",
    "2026-11-31T10:15:40+01:00", "2026-11-23T25:15:40+01:00", "2026-11-23T10:15:40+1:00", "2026-11-23T10:15+01:00",
    "", "２026-11-23T10:15:40+01:00", "2026-11-23T10:15:40+01:00\n", "2026-11-23T10:15:40+24:00",
)  # fmt: skip


@pytest.mark.parametrize("field", ["started_at", "ended_at", "arrived_at"])
def test_a_time_that_is_none_or_has_no_offset_is_refused_naming_its_field(world: World, field: str) -> None:
    world.server.store.deliver_receipts(
        [receipt(number, **{field: text}) for number, text in enumerate(NO_TIMES, 1)] + [receipt(99)]
    )
    fetch(world)
    with world.session() as session:
        rejections = session.store.rejections.of(STAGED_RECEIPTS)
    assert len(rejections) == len(NO_TIMES)
    assert {r.code for r in rejections} == {"receipt_malformed"}
    assert all(f"$.{field}" in r.text("en") for r in rejections)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T10:15:40Z",
        "2026-11-23t10:15:40.123456789z",
        "2026-11-23 10:15:60-00:00",
        "2026-11-23T10:15:40+23:59",
    ],
)
def test_any_time_of_the_contract_is_taken(world: World, text: str) -> None:
    world.server.store.deliver_receipts([receipt(1, started_at=text, ended_at=text, arrived_at=text)])
    world.server.store.deliver_closings([closing(1, 1, 1, created_at=text)])
    receipts, closings = fetch(world)
    assert (told(receipts), told(closings)) == ({"new": 1}, {"new": 1})
    assert told(book(world)[0]) == {"new": 1}


def test_a_closings_time_that_is_none_is_refused_naming_its_field(world: World) -> None:
    world.server.store.deliver_closings([closing(1, 1, 1, created_at="yesterday")])
    _, closings = fetch(world)
    assert [r.code for r in closings.rejections] == ["closing_malformed"]
    assert "$.created_at" in closings.rejections[0].text("en")


def test_times_that_an_earlier_release_took_break_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def takes_any(found: Any) -> None:
        """As the earlier release did."""

    old = [receipt(1, ended_at="yesterday"), receipt(2, arrived_at="never"), receipt(3, ended_at="now")]
    world.server.store.deliver_receipts(old)
    world.server.store.deliver_closings([closing(1, 1, 3, created_at="in the evening")])
    with monkeypatch.context() as earlier:
        earlier.setattr("cloudkasse_etl.sync.receipts.validation.receipt_reading.check_times", takes_any)
        earlier.setattr("cloudkasse_etl.sync.receipts.validation.receipt_validation.CHECKS_VERSION", 0)
        earlier.setattr("cloudkasse_etl.sync.receipts.closing_arrivals.check_closing_time", takes_any)
        fetch(world)
        book(world, "r1")
    complete(world)  # the booked one is compared with its closing as it is
    book(world)
    assert statuses(world) == {"r1": "imported", "r2": "rejected", "r3": "rejected"}
    assert codes(world) == {"receipt_malformed"}
    complete(world)
