"""Protects the ledger in commands and runs: counts, the history's words, the list, the plan, and the page of a run."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from tests.support.books import closing_of_sales, deliver, sale, with_accounts
from tests.support.programs import Program
from tests.support.selectline.posting import YEAR, PostingShop, posting

pytestmark = pytest.mark.synced


@pytest.fixture
def shop(program: Program, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostingShop]:
    program.world.settings = with_accounts(program.world.settings)
    with posting(program.world, documents="transfer", when="direct") as made:
        for name, value in program.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def listed(program: Program) -> list[dict[str, Any]]:
    code, out, _ = program.call("deliveries", "--json")
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)["deliveries"]
    return found


def test_an_import_is_followed_by_documents_and_batches_in_one_run_and_one_session(
    program: Program, shop: PostingShop
) -> None:
    deliver(program.world, sale(1), sale(2), closings=(closing_of_sales(1, 1, 2),))
    assert program.call("sync", "receipts", "--no-import")[0] == 0
    program.world.settings["delivery"]["when"] = "manual"
    assert program.call("import")[0] == 0
    code, out, _ = program.call("plan", "deliver")
    assert code == 0
    assert "1 batch to post." in out
    assert "1 document to deliver." in out
    assert "On clearing, until the documents are posted: -47.60" in out
    program.world.settings["delivery"]["when"] = "direct"
    code, out, _ = program.call("import", "--json")
    report = json.loads(out)
    assert (code, report["message"]) == (0, "successful: 1 document delivered, 1 batch posted")
    assert [report["assets"][name]["new"] for name in ("selectline_documents", "selectline_ledger")] == [1, 1]
    assert sum(path.endswith("/Login") for _, path, _ in shop.server.requests) == 1
    assert [(row["target"], row["status"], row["clearing_cents"]) for row in sorted(listed(program), key=_target)] == [
        ("batch", "delivered", -4760), ("transfer", "delivered", None),
    ]  # fmt: skip
    shop.process_all()
    shop.clerk("take-over")
    code, out, _ = program.call("deliver", "--json")
    assert json.loads(out)["message"] == "successful: 1 taken over there, 1 processed there"
    program.world.settings["language"] = "de"
    code, out, _ = program.call("deliveries")
    assert "Stapel" in out
    assert program.call("receipts", "show", "R1")[0] == 0


def _target(row: dict[str, Any]) -> str:
    return str(row["target"])


def test_what_the_ledger_refuses_is_told_everywhere(program: Program, shop: PostingShop) -> None:
    program.world.settings["delivery"] |= {"documents": "none", "batch": {"year": YEAR.replace("2026", "2025")}}
    deliver(program.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    program.call("sync", "receipts", "--import")
    _, out, _ = program.call("deliver", "--json")
    rejections = json.loads(out)["rejections"]
    assert [(one["asset"], one["code"], one["name"]) for one in rejections] == [
        ("selectline_ledger", "ledger_other_year", "K1 closing 1")
    ]
    assert f"delivery.batch.year: {YEAR}" in rejections[0]["cure"]
    _, out, _ = program.call("rejections", "--json")
    assert "ledger_other_year" in out
    assert program.call("check")[0] == 20


def test_the_asset_has_its_checks_and_the_table_of_its_batches(program: Program, shop: PostingShop) -> None:
    deliver(program.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    assert program.call("sync", "all", "--import")[0] == 0
    with program.instance() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("selectline_ledger"))
        assert event is not None
        assert event.asset_materialization is not None
        table = event.asset_materialization.metadata["batches"].value
        keys = [
            dg.AssetCheckKey(dg.AssetKey("selectline_ledger"), name)
            for name in ("all_records_accepted", "delivered_equals_booked", "batches_are_processed")
        ]
        checks = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    assert "-23.80" in str(table)
    assert [checks[key].status.value for key in keys] == ["SUCCEEDED"] * 3
