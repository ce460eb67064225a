"""Protects the command: exit codes, the JSON of the list, the history, and that an import is followed by a delivery."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.instance.home import find_home, open_instance
from tests.support.books import closing_of_sales, deliver, sale, with_accounts
from tests.support.programs import Program
from tests.support.selectline.delivering import DeliveringShop, delivering

pytestmark = pytest.mark.synced


@pytest.fixture
def shop(program: Program, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeliveringShop]:
    program.world.settings = with_accounts(program.world.settings)
    with delivering(program.world) as made:
        for name, value in program.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def listed(program: Program, *more: str) -> list[dict[str, Any]]:
    code, out, _ = program.call("deliveries", "--json", *more)
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)["deliveries"]
    return found


def test_one_delivers_lists_and_takes_back_by_commands(program: Program, shop: DeliveringShop) -> None:
    deliver(program.world, sale(1), sale(2), closings=(closing_of_sales(1, 1, 2),))
    assert program.call("sync", "receipts", "--import")[0] == 0
    assert listed(program) == []  # when: manual
    code, out, _ = program.call("deliver", "--json")
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
    code, out, _ = program.call("deliver", "--json", "--register", "K1", "--day", "2026-11-23")
    assert (code, json.loads(out)["outcome"]) == (0, "no_new_data")
    assert program.call("deliver", "--register", "K9")[0] == 2
    assert program.call("deliveries", "retract", "1", "--reason", "falsch")[0] == 0
    assert [(row["status"], row["reason"]) for row in listed(program)] == [("retracted", "falsch")]
    code, out, _ = program.call("deliveries")
    assert code == 0
    assert "falsch" in out
    code, out, _ = program.call("history", "--json")
    assert [run["kind"] for run in json.loads(out)["runs"]][:2] == ["deliver", "deliver"]


def test_each_receipt_tells_the_document_in_selectline_that_it_is_in(
    program: Program, shop: DeliveringShop, tmp_path: Path
) -> None:
    deliver(program.world, sale(1), sale(2), closings=(closing_of_sales(1, 1, 2),))
    deliver(program.world, sale(3))
    assert program.call("sync", "receipts", "--import")[0] == 0
    assert "in SelectLine" not in program.call("receipts")[1]
    assert program.call("deliver")[0] == 0

    def documents() -> dict[str, Any]:
        found = json.loads(program.call("receipts", "--json")[1])["receipts"]
        return {receipt["name"][:4]: receipt["delivery"] for receipt in found}

    waits = {"id": 1, "status": "delivered", "transfer_document": 1, "destination": None}
    assert documents() == {"K1-1": waits, "K1-2": waits, "K1-3": None}
    shop.clerk("take-over")
    assert program.call("deliver")[0] == 0
    taken = {**waits, "status": "assumed", "destination": "26-000001"}
    assert documents() == {"K1-1": taken, "K1-2": taken, "K1-3": None}
    lines = program.call("receipts")[1].splitlines()
    assert sum("taken over: document 26-000001" in line for line in lines) == 2
    detail = json.loads(program.call("receipts", "show", "K1-1", "--json")[1])
    assert detail["delivery"] == taken

    page = tmp_path / "page.html"
    assert program.call("report", "--last", "--html", str(page))[0] == 0
    rows = re.findall(r"<tr>.*?</tr>", page.read_text(encoding="utf-8"), re.DOTALL)
    (row,) = [row for row in rows if "26-000001" in row]
    told = " ".join(re.sub(r"<[^>]+>", " ", row).split())
    assert told == "26-000001 Register K1, closing 1 2026-11-23 2 47.60 € taken over"
    with open_instance(find_home()) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("selectline_documents"))
        assert event is not None
        assert event.asset_materialization is not None
        table: Any = event.asset_materialization.metadata["documents"].value
    (record,) = table.records
    assert "taken over: document 26-000001" in record.data.values()


def test_what_is_refused_and_what_cannot_be_reached_has_its_exit_code(
    program: Program, shop: DeliveringShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(program.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    program.call("sync", "receipts", "--import")
    program.world.settings["delivery"]["transfer"].pop("cash_bank")
    code, out, _ = program.call("deliver", "--json")
    assert (code, json.loads(out)["rejections"][0]["code"]) == (20, "delivery_cash_bank_missing")
    assert json.loads(out)["rejections"][0]["name"] == "K1 closing 1"
    program.world.settings["delivery"]["transfer"]["cash_bank"] = {"K1": "K1"}
    monkeypatch.setenv("SELECTLINE_API_PASSWORD", "wrong-password")
    code, out, err = program.call("deliver", "--json")
    assert code == 20
    assert "SELECTLINE_API_PASSWORD" in json.loads(out)["message"]
    assert "wrong-password" not in out + err
    program.world.settings["delivery"] = {"documents": "none"}
    code, out, err = program.call("deliver")
    assert (code, "delivery.documents and delivery.ledger are none" in err) == (2, True)


def test_with_direct_each_import_is_followed_by_a_delivery(program: Program, shop: DeliveringShop) -> None:
    program.world.settings["delivery"]["when"] = "direct"
    deliver(program.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    code, out, _ = program.call("sync", "all", "--import", "--json")
    assert code == 0
    assert json.loads(out)["assets"]["selectline_documents"]["new"] == 1
    deliver(program.world, sale(2), closings=(closing_of_sales(2, 2, 2),))
    program.call("sync", "receipts", "--no-import")
    code, out, _ = program.call("import", "--json")
    assert json.loads(out)["assets"]["selectline_documents"]["new"] == 1
    deliver(program.world, sale(3), closings=(closing_of_sales(3, 3, 3),))
    code, out, _ = program.call("sync", "receipts", "--import", "--json")
    assert json.loads(out)["assets"]["selectline_documents"]["new"] == 1
    assert len(listed(program)) == 3


def test_the_sensor_starts_a_run_once_something_has_become_of_a_document(
    program: Program, shop: DeliveringShop
) -> None:
    def tick() -> dg.RunRequest | dg.SkipReason:
        configuration = program.world.configuration()
        sensor = next(s for s in program.definitions().sensors or () if s.name == "delivered_documents")
        with program.instance() as instance, dg.build_sensor_context(instance=instance) as context:
            found: Any = sensor(context)
        assert configuration.settings.delivery.is_on
        if isinstance(found, dg.SkipReason):
            return found
        (request,) = found
        assert isinstance(request, dg.RunRequest)
        return request

    assert isinstance(tick(), dg.SkipReason)
    assert shop.server.requests == []  # nothing waits there
    deliver(program.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    program.call("sync", "receipts", "--import")
    program.call("deliver")
    assert isinstance(tick(), dg.SkipReason)
    shop.clerk("take-over")
    first, second = tick(), tick()
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key == second.run_key is not None  # Dagster starts one run for it
    program.call("deliver")
    assert isinstance(tick(), dg.SkipReason)
    assert [row["status"] for row in listed(program)] == ["assumed"]
    assert shop.server.sessions.open == []


def test_stock_alone_is_planned_and_listed_by_commands(program: Program, shop: DeliveringShop) -> None:
    shop.world.settings["delivery"] |= {"documents": "storage", "storage": {"employee": "7"}}
    deliver(program.world, sale(1), sale(2), closings=(closing_of_sales(1, 1, 2),))
    assert program.call("sync", "receipts", "--import")[0] == 0
    code, out, _ = program.call("plan", "deliver")
    assert (code, out.split("\n")[1:3]) == (0, ["K1 closing 1", "  -4 · Stk · A1 · 1"])
    assert program.call("deliver")[0] == 0
    (one,) = listed(program)
    assert {name: one[name] for name in ("target", "status", "destination", "transfer_document", "batch", "lines")} == {
        "target": "storage", "status": "delivered", "destination": "CK00000001", "transfer_document": None,
        "batch": None, "lines": 1,
    }  # fmt: skip
    code, out, _ = program.call("deliveries")
    assert (code, out.split("\n")[1].split()[1:]) == (
        0, ["manual", "storage", "K1", "2026-11-23", "1", "delivered", "CK00000001"]
    )  # fmt: skip
