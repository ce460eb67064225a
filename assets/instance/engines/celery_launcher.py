"""Sends whole runs to Celery's workers; named in deploy/celery/dagster.yaml. Dagster's own launcher, but for faults."""

import time
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from kombu.exceptions import OperationalError

from assets.instance import tags
from assets.instance.engines.celery_app import NO_RESULTS, SETTINGS

# A run takes its lease within seconds of its start; only one that has none is asked for at the workers.
SECONDS_TO_LEASE = 60.0
SECONDS_TO_ANSWER = 3.0


class CeleryLauncher(CeleryRunLauncher):
    """Dagster's launcher for Celery, by which no run is lost with the broker or a worker.

    Dagster's own drops every waiting run while the broker is away, takes a living run for dead once the broker has
    forgotten it, and never notices a worker that died.
    """

    def __init__(self, **config: Any) -> None:
        more = config.pop("config_source", None) or {}
        super().__init__(**{**config, "backend": NO_RESULTS, "config_source": {**SETTINGS, **more}})

    @property
    def supports_resume_run(self) -> bool:
        """Never: a run that died begins again as a new one, under a lease of its own."""
        return False

    def launch_run(self, context: LaunchRunContext) -> None:
        """Sends a run to the broker; while that is away, the run goes back into Dagster's queue."""
        run_id = context.dagster_run.run_id
        # beforehand: of a run that is lost on the way, nothing else says that it may be tried again
        self._instance.add_run_tags(run_id, {tags.SENT: run_id})
        try:
            super().launch_run(context)
        except (OperationalError, OSError) as error:
            # the one fault after which Dagster's daemon puts a run back instead of failing it
            raise DagsterUserCodeUnreachableError(f"The broker cannot be reached: {error}") from error

    def terminate(self, run_id: str) -> bool:
        """Interrupts a run, wherever it goes on, so that it can say so; Celery's usual signal kills it outright."""
        run = self._instance.get_run_by_id(run_id)
        task = run and run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if run is None or not task:
            return False
        self._instance.report_run_canceling(run)
        self.celery.control.revoke(task, terminate=True, signal="SIGINT")
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether a run is alive that has no lease; of all others sensor `dead_runs` says it.

        A worker that died can tell nobody: a run without a lease is dead once workers answer and none knows it.
        """
        task = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task is None or tags.is_own(run.run_id, run.tags) or self._has_just_begun(run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        try:
            answers = self.celery.control.inspect(timeout=SECONDS_TO_ANSWER).query_task(task) or {}
        except (OperationalError, OSError):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if not answers or any(answers.values()):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "No Celery worker knows this run any more: its worker ended.")

    def get_run_worker_debug_info(self, run: dg.DagsterRun, include_container_logs: bool | None = True) -> str | None:
        """Nothing: Dagster's own asks for results, of which there are none."""
        return None

    def _has_just_begun(self, run_id: str) -> bool:
        record = self._instance.get_run_record_by_id(run_id)
        begun = record.start_time if record else None
        return begun is None or time.time() - begun < SECONDS_TO_LEASE
