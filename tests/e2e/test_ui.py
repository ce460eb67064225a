"""Protects the UI as `cloudkasse-etl ui` opens it, over the GraphQL that the browser speaks."""

import json
import re
import socket
import subprocess

import psutil

from assets.instance.tags import UNDER_WAY
from cloudkasse_etl.sandbox.faults.cloud_faults import Fault
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.servers.ui_server import SELECTOR, Ui, sync_by_command


def test_the_graph_shows_every_asset_described(ui: Ui) -> None:
    nodes = ui.ask(
        """{ assetNodes { assetKey { path } groupName description dependencyKeys { path }
               metadataEntries { label }
               assetChecksOrError { ... on AssetChecks { checks { name description } } } } }"""
    )["assetNodes"]
    by_name = {node["assetKey"]["path"][0]: node for node in nodes}
    assert len(by_name) == 18
    assert {key["path"][0] for key in by_name["cloudkasse_articles"]["dependencyKeys"]} == {
        "selectline_articles",
        "cloudkasse_registers",
    }
    for name, node in by_name.items():
        assert node["description"], name
        labels = [entry["label"] for entry in node["metadataEntries"]]
        assert "dagster/column_schema" in labels or name in ("action_needed", "sync_report", "cloudkasse_contents")
    checks = by_name["cloudkasse_articles"]["assetChecksOrError"]["checks"]
    assert {check["name"] for check in checks} == {
        "all_records_accepted",
        "register_before_articles",
    }
    assert all(check["description"] for check in checks)


def test_a_run_of_the_command_line_stands_under_its_job_and_can_be_run_again(ui: Ui) -> None:
    report = sync_by_command(ui.program, "--full")
    run = ui.ended(report["run_id"])
    assert (run["status"], run["jobName"]) == ("SUCCESS", "sync_all")
    assert run["repositoryOrigin"] == SELECTOR
    assert ui.runs_of_job("sync_all")[0] == report["run_id"]

    child = ui.ended(ui.launch_again(report["run_id"]))
    assert (child["status"], child["parentRunId"]) == ("SUCCESS", report["run_id"])
    past = ui.past(child["runId"])
    assert (past["outcome"], past["started_by"]) == ("no_new_data", "UI")
    assert child["tags"]["outcome"] == "nothing new"
    assert not [name for name in child["tags"] if "cloudkasse" in name]
    assert ui.runs_of_job("sync_all")[:2] == [child["runId"], report["run_id"]]


def test_a_reexecution_that_waits_shows_nothing_of_its_parent(ui: Ui) -> None:
    parent = sync_by_command(ui.program)["run_id"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = ui.program.start("sync", "--full", CLOUDKASSE_API_URL=url)
        try:
            wait_until(lambda: ui.runs_of_job("sync_all")[0] != parent, "the command does not run")
            child = ui.launch_again(parent)
            queued = ui.run(child)
            assert (queued["status"], queued["tags"]["outcome"], queued["tags"]["summary"]) == ("QUEUED", "–", "–")
            assert (ui.past(child)["outcome"], ui.past(child)["counts"]["unchanged"]) == ("queued", 0)
        finally:
            process.kill()
            process.communicate()
    assert ui.ended(child)["tags"]["outcome"] == "nothing new"


def test_a_job_and_a_single_asset_start_from_the_ui(ui: Ui) -> None:
    ui.program.world.erp("UPDATE ART SET Bezeichnung = 'Im Browser' WHERE Artikelnummer = 'A4'")
    selection = {"assetSelection": [{"path": ["cloudkasse_articles"]}], "assetCheckSelection": None}
    asset = ui.ended(ui.launch("__ASSET_JOB", selection=selection))
    assert (asset["status"], ui.past(asset["runId"])["kind"]) == ("SUCCESS", "assets")
    assert ui.program.world.cloud("articles")["A4"]["name"] == "Im Browser"

    job = ui.ended(ui.launch("sync_master_data", config={"full": True}))
    assert (job["status"], ui.past(job["runId"])["kind"]) == ("SUCCESS", "master-data")
    history = json.loads(ui.program.start("history", "--json").communicate(timeout=HANG_SECONDS)[0])["runs"]
    assert [run["run_id"] for run in history[:2]] == [job["runId"], asset["runId"]]
    assert history[0]["started_by"] == "UI"


def test_a_killed_command_does_not_hold_up_the_queue(ui: Ui) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process, killed = start_a_sync_that_hangs(ui, silent)
        process.kill()
        process.communicate()
    # nobody calls a command from here on: the sensor alone has to see it
    waiting = ui.launch("sync_master_data")
    assert ui.ended(waiting)["status"] == "SUCCESS"
    assert ui.run(killed)["status"] == "FAILURE"
    assert ui.past(killed)["started_by"].startswith("command line (")
    assert "it was killed, or the computer was switched off" in ui.told(killed, "RunFailureEvent")


def test_a_killed_worker_of_the_uis_own_is_a_failed_run_with_its_reason(ui: Ui) -> None:
    control = ui.program.world.server.control
    control.set(FaultPlan({Fault.SLOW: 1.0}, slow_seconds=HANG_SECONDS))
    try:
        killed = ui.launch("sync_master_data", config={"full": True})
        # set once the run's own process holds the lease
        wait_until(lambda: ui.run(killed)["tags"].get("outcome") == UNDER_WAY, "it does not run")
        started = re.search(r"\(pid: (\d+)\)", ui.told(killed, "EngineEvent"))
        assert started is not None
        psutil.Process(int(started[1])).kill()
        assert ui.ended(killed)["status"] == "FAILURE"
    finally:
        control.set(FaultPlan())
    past = ui.past(killed)
    assert (past["outcome"], past["started_by"]) == ("failed", "UI")
    assert past["message"]
    assert ui.told(killed, "RunFailureEvent")
    assert ui.ended(ui.launch("sync_master_data"))["status"] == "SUCCESS"


def start_a_sync_that_hangs(ui: Ui, silent: socket.socket) -> "tuple[subprocess.Popen[str], str]":
    """Starts a sync whose cloud never answers; returns the process and the run's id once it is on its way."""
    before = ui.runs_of_job("sync_all")[0]
    process = ui.program.start("sync", "--full", CLOUDKASSE_API_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")

    def running() -> str | None:
        assert process.poll() is None, process.communicate()
        run_id = ui.runs_of_job("sync_all")[0]
        return run_id if run_id != before and ui.run(run_id)["status"] == "STARTED" else None

    run_id: str = wait_until(running, "the sync is not running")
    return process, run_id


def test_a_run_of_the_command_line_can_be_cancelled_in_the_ui(ui: Ui) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process, run_id = start_a_sync_that_hangs(ui, silent)
        ui.ask(
            "mutation ($id: String!) { terminateRun(runId: $id) { __typename ... on PythonError { message } } }",
            id=run_id,
        )
        out, _ = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 20
    assert "Cancelled in the UI" in out
    assert ui.ended(run_id)["status"] == "CANCELED"
