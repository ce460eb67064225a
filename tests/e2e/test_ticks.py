"""Protects what starts by itself in a real daemon: ticks of schedule and sensor, a restart, and stale data shown."""

import socket
import time
from typing import Any

from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support.patience import wait_until
from tests.support.servers.ui_server import Ui, state, switch
from tests.support.worlds import TOKEN


def tick(ui: Ui, name: str, since: float, status: str) -> Any:
    """The first tick since then that came to this."""

    def found() -> Any:
        ticks = [tick for tick in state(ui, name)["ticks"] if tick["timestamp"] >= since]
        assert not [tick for tick in ticks if tick["status"] == "FAILURE"], ticks
        return next((tick for tick in reversed(ticks) if tick["status"] == status), None)

    return wait_until(found, f"{name}: no tick came to {status}")


def test_the_sensor_starts_a_run_when_something_is_new_and_says_so_when_not(ui: Ui) -> None:
    switch(ui, "Sensor", "new_data", on=True)
    try:
        quiet = tick(ui, "new_data", time.time() - 1, "SKIPPED")
        assert quiet["skipReason"] == "No new data."
        ui.program.world.erp("UPDATE ART SET Bezeichnung = 'Vom Sensor' WHERE Artikelnummer = 'A2'")
        changed_at = time.time()
        (run_id,) = tick(ui, "new_data", changed_at - 1, "SUCCESS")["runIds"]
        run = ui.ended(run_id)
        assert (run["status"], run["jobName"]) == ("SUCCESS", "sync_master_data")
        past = ui.past(run_id)
        assert (past["started_by"], past["counts"]["changed"]) == ("sensor new_data", 1)
        assert ui.program.world.cloud("articles")["A2"]["name"] == "Vom Sensor"
        assert tick(ui, "new_data", time.time(), "SKIPPED")["skipReason"] == "No new data."
    finally:
        switch(ui, "Sensor", "new_data", on=False)


def test_the_schedule_starts_a_run_and_leaves_a_time_out_while_one_is_going_on(ui: Ui) -> None:
    switch(ui, "Schedule", "receipts_in_opening_hours", on=True)
    try:
        (run_id,) = tick(ui, "receipts_in_opening_hours", time.time() - 1, "SUCCESS")["runIds"]
        run = ui.ended(run_id)
        assert (run["status"], run["jobName"]) == ("SUCCESS", "sync_receipts")
        past = ui.past(run_id)
        assert (past["started_by"], past["outcome"]) == ("schedule receipts_in_opening_hours", "no_new_data")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            process = ui.program.start("sync", "--full", CLOUDKASSE_API_URL=url)
            try:
                skipped = tick(ui, "receipts_in_opening_hours", time.time(), "SKIPPED")
            finally:
                process.kill()
                process.communicate()
        assert "is running already: sync_all" in skipped["skipReason"]
    finally:
        switch(ui, "Schedule", "receipts_in_opening_hours", on=False)


def test_a_run_that_broke_on_the_network_is_started_again_and_not_for_ever(ui: Ui) -> None:
    world = ui.program.world

    def next_try(run_id: str) -> str:
        """The run's re-execution; none of the ticks may fail."""
        states = state(ui, "retries")["ticks"]
        assert not [found for found in states if found["status"] == "FAILURE"], states
        return next((child for child in ui.runs_of_job("sync_master_data") if parent(child) == run_id), "")

    def parent(run_id: str) -> str:
        return str(ui.run(run_id)["parentRunId"])

    port, database = int(world.server.url.rsplit(":", 1)[1]), world.folder / "cloud.db"
    world.server.__exit__(None)
    try:
        first = ui.ended(ui.launch("sync_master_data"))
        assert (first["status"], first["tags"]["outcome"][:8]) == ("FAILURE", "↻ again ")
        assert "Tried again at" in ui.past(first["runId"])["message"]
        again = wait_until(lambda: next_try(first["runId"]), "it is not tried again")
        second = ui.ended(again)
        assert second["tags"]["dagster/root_run_id"] == first["runId"], "the UI groups them by it"
        assert (second["status"], second["tags"]["outcome"]) == ("FAILURE", "✗ failed")
        last = ui.past(again)
        assert last["started_by"] == "automatic retry"
        assert "Not tried again by itself" in last["message"]
    finally:
        world.server = SandboxServer(database, port=port, token=TOKEN).__enter__()
    assert ui.ended(ui.launch("sync_master_data"))["status"] == "SUCCESS"
    quiet = tick(ui, "retries", time.time(), "SKIPPED")
    assert quiet["skipReason"] == "No run is to be tried again now."
    assert not next_try(again)


def test_the_daemon_judges_how_fresh_the_data_is_and_the_ui_shows_it(ui: Ui) -> None:
    def judged() -> Any:
        nodes = ui.ask(
            """{ assetNodes { assetKey { path } internalFreshnessPolicy {
                   ... on TimeWindowFreshnessPolicy { failWindowSeconds } }
                 freshnessStatusInfo { freshnessStatus } } }"""
        )["assetNodes"]
        found = {node["assetKey"]["path"][0]: node for node in nodes}
        shown = found["cloudkasse_prices"]["freshnessStatusInfo"]
        return shown and shown["freshnessStatus"] == "HEALTHY" and found

    found = wait_until(judged, "the daemon has not judged how fresh the data is")
    assert found["staged_receipts"]["internalFreshnessPolicy"]["failWindowSeconds"] == 26 * 3600
    assert found["sync_report"]["internalFreshnessPolicy"] is None
