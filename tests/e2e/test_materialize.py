"""Protects that receipts.import of the settings holds whatever materialises the assets, also Dagster's own command."""

import os
import subprocess
import sys
import uuid
from typing import Any

import dagster as dg
import pytest

from tests.support.books import ACCOUNTS
from tests.support.patience import HANG_SECONDS
from tests.support.programs import Program, materializations
from tests.support.receipts.coffee_receipts import receipt


def materialize(program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What Materialize all in the UI does: a run of the assets, of no job of ours and without any run config."""
    program.world.configuration()
    return subprocess.run(
        [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "assets.definitions", *arguments],
        env={**os.environ, **program.environment},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


def latest(program: Program) -> dict[str, Any]:
    """The metadata of the latest run's materialisations."""
    with program.instance() as instance:
        (record,) = instance.get_run_records(dg.RunsFilter(), limit=1)
        return dict(materializations(instance, record.dagster_run.run_id))


def statuses(program: Program) -> list[str]:
    return [found["status"] for found in program.call_json("receipts")[1]["receipts"]]


@pytest.mark.synced
def test_direct_imports_whoever_materialises_and_manual_says_that_it_did_not(program: Program) -> None:
    program.world.settings |= {"accounts": ACCOUNTS, "receipts": {"import": "manual"}}
    program.world.settings["registers"][0]["cash_account"] = "1000"
    program.world.server.store.deliver_receipts([receipt(1)])
    done = materialize(program, "--select", "*")
    assert done.returncode == 0, done.stderr
    assert statuses(program) == ["staged"]
    for asset in ("revenue_postings", "stock_movements", "sync_report"):
        summary = latest(program)[asset]["summary"].value
        assert "1 receipt waits for its import (" in summary
        assert "Not imported: receipts.import is manual in the settings." in summary
        assert "job import_receipts" in summary
    program.world.settings["receipts"] = {"import": "direct"}
    done = materialize(program, "--select", "*")
    assert done.returncode == 0, done.stderr
    assert statuses(program) == ["imported"]
    assert "Not imported" not in latest(program)["revenue_postings"]["summary"].value


@pytest.mark.synced
@pytest.mark.parametrize(
    ("setting", "config", "status", "told"),
    [
        ("direct", {}, "imported", None),
        ("direct", {"import_receipts": False}, "staged", "Not imported: this run was asked not to import."),
        ("ask", {}, "staged", "Not imported: receipts.import is ask in the settings."),
        ("ask", {"import_receipts": True}, "imported", None),
    ],
)
def test_the_setting_decides_unless_the_run_was_told_otherwise(
    program: Program, setting: str, config: dict[str, bool], status: str, told: str | None
) -> None:
    program.world.settings |= {"accounts": ACCOUNTS, "receipts": {"import": setting}}
    program.world.settings["registers"][0]["cash_account"] = "1000"
    program.world.server.store.deliver_receipts([receipt(1)])
    with program.instance() as instance:
        run = program.run_job(instance, str(uuid.uuid4()), "sync_receipts", **config)
        summary = materializations(instance, run.run_id)["revenue_postings"]["summary"].value
    assert statuses(program) == [status]
    assert ("Not imported" in summary) is (told is not None)
    assert (told or "") in summary
