"""Protects the history from commands that are killed, interrupted or started at once: nobody clears up by hand."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cloudkasse_etl.state.lease import lease
from cloudkasse_etl.sync.run.leased_tables import hold_lease
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.programs import Program
from tests.support.torture.torture_figures import LONG, Promise, record

ONLY_LONG = pytest.mark.skipif(not LONG, reason="long form")


@pytest.fixture
def silent_cloud() -> Iterator[socket.socket]:
    """A cloud that takes connections and never answers: a sync hangs there until it is killed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(HANG_SECONDS)
        yield listener


def start_and_wait(program: Program, cloud: socket.socket) -> "tuple[subprocess.Popen[str], str]":
    """Starts a sync that hangs, and waits until it is on its way; returns the process and the run's id."""
    process = program.start("sync", CLOUDKASSE_API_URL=f"http://127.0.0.1:{cloud.getsockname()[1]}")

    def running() -> Any:
        assert process.poll() is None, process.communicate()
        runs = program.call_json("history")[1]["runs"]
        return runs and runs[0]["outcome"] == "running" and runs[0]["run_id"]

    run_id: str = wait_until(running, "the sync is not running")
    cloud.accept()  # it has sent its first request, and waits
    return process, run_id


def test_a_killed_sync_is_shown_as_failed_and_the_next_one_works(program: Program, silent_cloud: socket.socket) -> None:
    process, run_id = start_and_wait(program, silent_cloud)
    process.kill()
    process.communicate()

    def failed() -> Any:
        (run,) = program.call_json("history")[1]["runs"]
        return run["outcome"] == "failed" and run

    run = wait_until(failed, "the killed run is not shown as failed")
    assert run["run_id"] == run_id
    assert "killed" in run["message"]
    code, report = program.call_json("sync")
    assert (code, report["outcome"]) == (0, "successful")


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=ONLY_LONG)])
def test_an_interrupted_sync_says_so_in_words_and_in_the_history(
    program: Program, silent_cloud: socket.socket, number: signal.Signals
) -> None:
    process, run_id = start_and_wait(program, silent_cloud)
    process.send_signal(number)
    out, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 20
    assert "Interrupted" in out
    assert "Traceback" not in out + err
    (run,) = program.call_json("history")[1]["runs"]
    assert (run["run_id"], run["outcome"]) == (run_id, "failed")
    assert "Interrupted" in run["message"]
    assert program.call_json("sync")[0] == 0  # and the lease is free at once


def test_a_sync_that_was_frozen_until_another_took_over_says_to_whom_it_lost(
    program: Program, silent_cloud: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, run_id = start_and_wait(program, silent_cloud)
    process.send_signal(signal.SIGSTOP)
    for name, seconds in (("LEASE_SECONDS", 0.5), ("BEAT_SECONDS", 0.1), ("FRESH_SECONDS", 0.2)):
        monkeypatch.setattr(lease, name, seconds)  # so that the heir need not wait for long
    time.sleep(0.3)
    with hold_lease(program.world.configuration(), run_id="heir", kind="receipts", started_by="the night shift"):
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 20
    assert f"The run {run_id[:8]} lost its lease: it stood still for too long, and another one took over at" in out
    assert "(receipts, started by the night shift)" in out
    assert "Interrupted" not in out + err
    assert "Traceback" not in out + err
    (run,) = program.call_json("history")[1]["runs"]
    assert (run["run_id"], run["outcome"]) == (run_id, "failed")
    assert "the night shift" in run["message"]


@pytest.mark.new
@pytest.mark.parametrize("count", [2, pytest.param(16, marks=ONLY_LONG)])
def test_of_some_syncs_at_the_same_moment_one_runs_and_the_history_is_whole(program: Program, count: int) -> None:
    """Nothing is there yet: they also make the tables and Dagster's history at the same moment."""
    processes = [program.start("sync", "--json") for _ in range(count)]
    answers = [process.communicate(timeout=HANG_SECONDS * count) for process in processes]
    codes = [process.returncode for process in processes]
    # one that started late finds the first one's work done, and nothing to do
    assert set(codes) == {0, 30}, answers
    told = [
        ("Another synchronisation is running" in err, code == 30) for (_, err), code in zip(answers, codes, strict=True)
    ]
    assert all(said == sent_away for said, sent_away in told), answers
    runs = program.call_json("history")[1]["runs"]
    assert len(runs) == codes.count(0)
    assert [run["outcome"] for run in reversed(runs)] == ["successful"] + ["no_new_data"] * (len(runs) - 1)
    batches = [path for path in program.world.writes() if path.endswith("/batch")]
    doubled = len(batches) - len(set(batches))
    record(Promise.ONE_AT_A_TIME, count, 0, doubled, database="SQLite")
    assert doubled == 0
