"""Protects what our launcher for Celery does about faults: no run is dropped, and none that lives is taken for dead."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from assets.instance import tags
from assets.instance.runs import remote_origin

pytest.importorskip("dagster_celery", reason="the extra celery is not installed")
celery_app = pytest.importorskip("assets.instance.engines.celery_app")
celery_launcher = pytest.importorskip("assets.instance.engines.celery_launcher")

TASK = "dagster-celery/task_id"
STARTED = dg.DagsterRunStatus.STARTED


@pytest.fixture
def away(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance whose broker is away."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "run_launcher": {
            "module": "assets.instance.engines.celery_launcher",
            "class": "CeleryLauncher",
            "config": {"broker": f"redis://127.0.0.1:{port}/0"},
        },
        "telemetry": {"enabled": False},
    }
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        yield opened


def created(away: dg.DagsterInstance, **own: str) -> dg.DagsterRun:
    @dg.job
    def nothing() -> None:
        """Does nothing."""

    return away.create_run_for_job(
        job_def=nothing, status=STARTED, tags=own, remote_job_origin=remote_origin("nothing")
    )


def health(away: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    return str(away.run_launcher.check_run_worker_health(run).status.value)


def answering(away: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, answers: Any) -> None:
    """Lets the workers answer when they are asked for a task."""

    class Inspect:
        def query_task(self, task: str) -> Any:
            return answers

    launcher: Any = away.run_launcher
    monkeypatch.setattr(launcher.celery.control, "inspect", lambda **_: Inspect())
    monkeypatch.setattr(launcher, "_has_just_begun", lambda run_id: False)


def test_a_command_knows_nothing_of_celery_and_a_run_that_holds_its_lease_is_alive_whatever_workers_say(
    away: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(away, monkeypatch, {"a@here": {}})
    assert health(away, created(away)) == "RUNNING"
    run = created(away, **{TASK: "1"})
    away.add_run_tags(run.run_id, {tags.RUN: run.run_id})
    found = away.get_run_by_id(run.run_id)
    assert found is not None
    assert health(away, found) == "RUNNING"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (None, "RUNNING"),  # nobody answers: the broker may be away
        ({"a@here": {}, "b@there": {"1": ["active", {}]}}, "RUNNING"),
        ({"a@here": {}, "b@there": {}}, "FAILED"),
    ],
)
def test_a_run_without_a_lease_is_dead_once_workers_answer_and_none_knows_it(
    away: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, answers: Any, expected: str
) -> None:
    answering(away, monkeypatch, answers)
    assert health(away, created(away, **{TASK: "1"})) == expected


def test_a_run_that_has_just_begun_is_asked_for_nowhere(away: dg.DagsterInstance) -> None:
    assert health(away, created(away, **{TASK: "1"})) == "RUNNING"  # the broker is away: asking would fail


def test_a_run_that_celery_does_not_know_is_not_terminated_by_it(away: dg.DagsterInstance) -> None:
    run = created(away)
    assert not away.run_launcher.terminate(run.run_id)
    assert not away.run_launcher.terminate("gone")


def test_no_run_goes_on_where_another_one_stopped(away: dg.DagsterInstance) -> None:
    assert not away.run_launcher.supports_resume_run
    assert away.run_launcher.get_run_worker_debug_info(created(away)) is None


def test_a_worker_runs_each_run_in_a_process_of_its_own_and_takes_none_beforehand() -> None:
    settings = celery_app.app.conf
    assert settings.worker_max_tasks_per_child == 1
    assert settings.worker_disable_prefetch
    assert not settings.task_acks_late
    assert settings.result_backend == celery_app.NO_RESULTS
