"""Protects the command: exit codes, the JSON of the list, the history, and that an import is followed by a delivery."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from tests.support.books import ACCOUNTS, CASH_ACCOUNTS, closing_of_sales, deliver, sale
from tests.support.programs import Program
from tests.support.selectline.delivering import DeliveringShop, delivering

pytestmark = pytest.mark.synced


@pytest.fixture
def shop(program: Program, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeliveringShop]:
    settings = program.world.settings
    settings["accounts"] = ACCOUNTS
    settings["registers"] = [{**row, "cash_account": CASH_ACCOUNTS[row["number"]]} for row in settings["registers"]]
    with delivering(program.world) as made:
        for name, value in program.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def call(program: Program, *arguments: str) -> tuple[int, str, str]:
    """Runs a command under the settings of now."""
    program.world.configuration()
    return program.call(*arguments)


def listed(program: Program, *more: str) -> list[dict[str, Any]]:
    code, out, _ = call(program, "deliveries", "--json", *more)
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)["deliveries"]
    return found


def test_one_delivers_lists_and_takes_back_by_commands(program: Program, shop: DeliveringShop) -> None:
    deliver(program.world, sale(1), sale(2), closings=(closing_of_sales(1, 1, 2),))
    assert call(program, "sync", "receipts", "--import")[0] == 0
    assert listed(program) == []  # when: manual
    code, out, _ = call(program, "deliver", "--json")
    report = json.loads(out)
    assert (code, report["outcome"], report["kind"]) == (0, "successful", "deliver")
    assert report["assets"]["selectline_documents"]["new"] == 1
    assert report["message"] == "successful: 1 document delivered"
    (one,) = listed(program, "--status", "delivered")
    assert {name: one[name] for name in ("id", "target", "grain", "key", "register", "day", "closing")} == {
        "id": 1, "target": "transfer", "grain": "closing", "key": "cloudkasse:1|K1|closing 1|1", "register": "K1",
        "day": "2026-11-23", "closing": 1,
    }  # fmt: skip
    assert (one["status"], one["destination"], one["amount_cents"], one["reason"]) == ("delivered", None, 4760, None)
    code, out, _ = call(program, "deliver", "--json", "--register", "K1", "--day", "2026-11-23")
    assert (code, json.loads(out)["outcome"]) == (0, "no_new_data")
    assert call(program, "deliver", "--register", "K9")[0] == 2
    assert call(program, "deliveries", "retract", "1", "--reason", "falsch")[0] == 0
    assert [(row["status"], row["reason"]) for row in listed(program)] == [("retracted", "falsch")]
    code, out, _ = call(program, "deliveries")
    assert code == 0
    assert "falsch" in out
    code, out, _ = call(program, "history", "--json")
    assert [run["kind"] for run in json.loads(out)["runs"]][:2] == ["deliver", "deliver"]


def test_what_is_refused_and_what_cannot_be_reached_has_its_exit_code(
    program: Program, shop: DeliveringShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(program.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    call(program, "sync", "receipts", "--import")
    program.world.settings["delivery"]["transfer"].pop("cash_bank")
    code, out, _ = call(program, "deliver", "--json")
    assert (code, json.loads(out)["rejections"][0]["code"]) == (20, "delivery_cash_bank_missing")
    assert json.loads(out)["rejections"][0]["name"] == "K1 closing 1"
    program.world.settings["delivery"]["transfer"]["cash_bank"] = {"K1": "K1"}
    monkeypatch.setenv("SELECTLINE_API_PASSWORD", "wrong-password")
    code, out, err = call(program, "deliver", "--json")
    assert code == 20
    assert "SELECTLINE_API_PASSWORD" in json.loads(out)["message"]
    assert "wrong-password" not in out + err
    program.world.settings["delivery"] = {"documents": "none"}
    code, out, err = call(program, "deliver")
    assert (code, "delivery.documents is none" in err) == (2, True)


def test_with_direct_each_import_is_followed_by_a_delivery(program: Program, shop: DeliveringShop) -> None:
    program.world.settings["delivery"]["when"] = "direct"
    deliver(program.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    code, out, _ = call(program, "sync", "all", "--import", "--json")
    assert code == 0
    assert json.loads(out)["assets"]["selectline_documents"]["new"] == 1
    deliver(program.world, sale(2), closings=(closing_of_sales(2, 2, 2),))
    call(program, "sync", "receipts", "--no-import")
    code, out, _ = call(program, "import", "--json")
    assert json.loads(out)["assets"]["selectline_documents"]["new"] == 1
    assert len(listed(program)) == 2


def test_the_sensor_starts_a_run_once_something_has_become_of_a_document(
    program: Program, shop: DeliveringShop
) -> None:
    def tick() -> dg.RunRequest | dg.SkipReason:
        configuration = program.world.configuration()
        sensor = next(s for s in program.definitions().sensors or () if s.name == "delivered_documents")
        with program.instance() as instance, dg.build_sensor_context(instance=instance) as context:
            found = sensor(context)
        assert configuration.settings.delivery.is_on
        assert isinstance(found, dg.RunRequest | dg.SkipReason)
        return found

    assert isinstance(tick(), dg.SkipReason)
    assert shop.server.requests == []  # nothing waits there
    deliver(program.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    call(program, "sync", "receipts", "--import")
    call(program, "deliver")
    assert isinstance(tick(), dg.SkipReason)
    shop.clerk("take-over")
    first, second = tick(), tick()
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key == second.run_key is not None  # Dagster starts one run for it
    call(program, "deliver")
    assert isinstance(tick(), dg.SkipReason)
    assert [row["status"] for row in listed(program)] == ["assumed"]
    assert shop.server.sessions.open == []
