"""Protects what only looks: the check that compares with the till and the job `plan` change and hold up nothing."""

import sqlite3
import uuid
from pathlib import Path

import dagster as dg
import pytest

from assets.checks.cloud_equals_erp import NAMES, keys_of
from assets.instance.run_history import last_run, read_history
from cloudkasse_etl.sync.run.leased_tables import hold_lease
from tests.support.programs import Program, checks
from tests.support.worlds import behind_our_back


def look(program: Program, instance: dg.DagsterInstance, job: str) -> dg.DagsterRun:
    result = program.definitions().resolve_job_def(job).execute_in_process(instance=instance)
    assert result.success
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    return run


def latest(instance: dg.DagsterInstance, asset: str) -> dg.AssetCheckEvaluation | None:
    key = dg.AssetCheckKey(dg.AssetKey("cloudkasse_contents"), NAMES[asset])
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    event = record.event.dagster_event if record and record.event else None
    return event.asset_check_evaluation_data if event else None


def dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.mark.synced
def test_the_job_compares_under_a_held_lease_and_is_no_synchronisation(
    program: Program, instance: dg.DagsterInstance
) -> None:
    behind_our_back(program.world, "articles", "A1", name="Kaffe")
    before = dump(program.world.erp_file), len(program.world.writes())
    with hold_lease(program.world.configuration(), run_id="somebody", kind="all", started_by="somebody else"):
        run = look(program, instance, "compare_with_cloud")
    found = checks(instance, run.run_id)
    assert set(found) == {("cloudkasse_contents", key.name) for key in keys_of("cloudkasse")}
    articles = found["cloudkasse_contents", "articles_same_as_selectline"]
    assert (articles.passed, articles.severity) == (False, dg.AssetCheckSeverity.WARN)
    (row,) = articles.metadata["differences"].records
    assert (row.data["record"], row.data["SelectLine"], row.data["till"]) == (
        "A1 Artikel 1",
        "Artikel 1",
        "Kaffe",
    )
    assert found["cloudkasse_contents", "prices_same_as_selectline"].passed
    after = [line for line in dump(program.world.erp_file) if "cloudkasse_lease" not in line]
    assert after == [line for line in before[0] if "cloudkasse_lease" not in line]
    assert len(program.world.writes()) == before[1]
    assert [past.kind for past in read_history(instance, 5)] == ["all"]
    assert last_run(instance).kind == "all"


@pytest.mark.synced
def test_a_quiet_run_compares_nothing_and_a_full_one_tells(program: Program, instance: dg.DagsterInstance) -> None:
    asked = len(program.world.server.requests)
    program.run_job(instance, str(uuid.uuid4()), "sync_master_data")
    assert [path for _, path, _ in program.world.server.requests[asked:]] == ["/v1/status"]
    assert latest(instance, "cloudkasse_articles") is None
    behind_our_back(program.world, "articles", "A1", name="Kaffe")
    program.run_job(instance, str(uuid.uuid4()), "sync_master_data", full=True)
    told = latest(instance, "cloudkasse_articles")
    assert told is not None
    assert told.passed
    assert told.description == "The till holds all 5 articles as SelectLine wants them."
    assert program.world.cloud("articles")["A1"]["name"] == "Artikel 1"


@pytest.mark.synced
def test_the_job_plan_shows_the_plan_and_does_nothing(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.erp("UPDATE ART SET Bezeichnung = 'Kaffee | fein' WHERE Artikelnummer = 'A1'")
    before = dump(program.world.erp_file), len(program.world.writes())
    with hold_lease(program.world.configuration(), run_id="somebody", kind="all", started_by="somebody else"):
        run = look(program, instance, "plan")
    (output,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_OUTPUT)
    assert output.dagster_event is not None
    metadata = output.dagster_event.step_output_data.metadata
    assert "| ~ | A1 Kaffee \\| fein | name | Artikel 1 | Kaffee \\| fein |" in str(metadata["plan"].value)
    assert metadata["changed"].value == 1
    after = [line for line in dump(program.world.erp_file) if "cloudkasse_lease" not in line]
    assert after == [line for line in before[0] if "cloudkasse_lease" not in line]
    assert len(program.world.writes()) == before[1]
    assert [past.kind for past in read_history(instance, 5)] == ["all"]


@pytest.mark.synced
def test_check_cloud_says_it_on_the_command_line(program: Program) -> None:
    code, out, _ = program.call("check", "--cloud")
    assert (code, out.splitlines()[0]) == (0, "The till holds the company as SelectLine wants it.")
    behind_our_back(program.world, "articles", "A1", name="[red]")
    code, out, _ = program.call("check", "--cloud")
    assert code == 20
    assert "A1" in out
    assert "[red]" in out
    code, found = program.call_json("check", "--cloud")
    assert (code, found["ok"], found["cloud"]["articles"]["different"]) == (20, False, 1)
