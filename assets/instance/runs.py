"""Runs a job in this process, and repairs dead runs, by Dagster's private API (see this package's docstring)."""

import datetime as dt
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.code_pointer import CodePointer
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import create_execution_plan, execute_run_iterator
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT, JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.controller import get_daemon_statuses
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from sqlalchemy.engine import make_url

from assets.instance import tags
from assets.instance.home import PROJECT
from assets.instance.retries import after_a_failure
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.i18n.text import say, say_as
from cloudkasse_etl.sync.inputs.own_tables import watch_lease

# As workspace.yaml names them: the UI finds the job of a run by these names.
LOCATION = "cloudkasse"
MODULE = "assets.definitions"
ATTRIBUTE = "defs"

# Between returning its lease and Dagster's last event a run lives for some milliseconds.
SECONDS_TO_END = 30.0
_ALIVE = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)

OnStep = Callable[[str, int, int], None]


def run_job(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job_name: str,
    *,
    run_id: str,
    run_config: Mapping[str, Any],
    run_tags: Mapping[str, str],
    on_step: OnStep = lambda name, number, of: None,
) -> dg.DagsterRun:
    """Runs a job in this process, as a run like those of the UI.

    `execute_in_process` would record a run without its code location: the UI would not list it under its job nor
    run it again, and run-status sensors would not see it.

    Args:
        definitions: The definitions that contain the job.
        instance: Where the run is recorded.
        job_name: The job.
        run_id: The run's id, chosen by the caller, who holds the lease under it.
        run_config: The job's run config.
        run_tags: The run's tags besides the job's.
        on_step: Called with the step that begins, its number and how many there are.

    Returns:
        The run as it ended. A failed or interrupted run raises nothing.
    """
    job, plan, run = _created(definitions, instance, job_name, run_id=run_id, run_config=run_config, run_tags=run_tags)
    begun = 0
    for event in execute_run_iterator(InMemoryJob(job), run, instance):
        if event.is_step_start and event.step_key is not None:
            begun += 1
            on_step(event.step_key, begun, len(plan.step_keys_to_execute))
    ended = instance.get_run_by_id(run_id)
    if ended is None:
        raise RuntimeError(f"The run {run_id} is gone from Dagster's history; somebody removed it while it ran.")
    return ended


def queue_job(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job_name: str,
    *,
    run_id: str,
    run_config: Mapping[str, Any],
    run_tags: Mapping[str, str],
) -> None:
    """Puts a run of a job into Dagster's queue, for the daemon to start.

    Args:
        definitions: The definitions that contain the job.
        instance: Where the run is recorded.
        job_name: The job.
        run_id: The run's id, chosen by the caller.
        run_config: The job's run config.
        run_tags: The run's tags besides the job's.
    """
    _, _, run = _created(definitions, instance, job_name, run_id=run_id, run_config=run_config, run_tags=run_tags)
    # the queue asks for no workspace, which would load the code location in a process of its own
    instance.run_coordinator.submit_run(SubmitRunContext(run, workspace=None))  # type: ignore[arg-type]


def takes_from_the_queue(instance: dg.DagsterInstance) -> bool:
    """Whether a daemon is alive that starts what waits in the queue."""
    name = QueuedRunCoordinatorDaemon.daemon_type()
    return bool(get_daemon_statuses(instance, [name])[name].healthy)


def _created(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job_name: str,
    *,
    run_id: str,
    run_config: Mapping[str, Any],
    run_tags: Mapping[str, str],
) -> tuple[dg.JobDefinition, ExecutionPlan, dg.DagsterRun]:
    """A run that is recorded, and has not begun."""
    job = definitions.resolve_job_def(job_name)
    plan = create_execution_plan(
        job, run_config=run_config, instance_ref=instance.get_ref(), tags={**job.run_tags, **run_tags}
    )
    run = instance.create_run_for_job(
        job_def=job,
        execution_plan=plan,
        run_id=run_id,
        run_config=run_config,
        tags={**job.run_tags, **run_tags},
        remote_job_origin=remote_origin(job_name),
        job_code_origin=_code_origin(job_name),
    )
    return job, plan, run


def repair_dead_runs(instance: dg.DagsterInstance, configuration: Configuration) -> list[str]:
    """Marks runs of a company as failed whose process has died, and returns their ids.

    A killed run of the command line would stay STARTED for ever and block the queue: Dagster's run monitoring
    checks only processes that Dagster launched. A run that has its own id in its tags took
    the lease under it (a command does so before the run exists), so it is alive exactly as long as that lease is.

    Raises:
        CloudkasseError: The lease cannot be read.
    """
    # Checked before and after: a run that begins in between has its lease afterwards, one that ends had it before.
    with watch_lease(configuration) as watch:
        suspects = _holding_leases(instance, configuration.company)
        if not suspects:
            return []
        living = watch.living({record.dagster_run.run_id for record in suspects})
    repaired = []
    for record in suspects:
        run_id = record.dagster_run.run_id
        if run_id in living:
            continue
        has_outcome = tags.outcome_of(record.dagster_run.tags) != tags.RUNNING
        if has_outcome and time.time() - record.update_timestamp.timestamp() < SECONDS_TO_END:
            continue
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status in _ALIVE:
            _mark_as_dead(instance, run, configuration.settings)
            repaired.append(run_id)
    return repaired


def companies_at_work(instance: dg.DagsterInstance) -> set[str | None]:
    """The companies of the runs that should be alive; None is a single shop's."""
    return {tags.company_of(record.dagster_run.tags) for record in _holding_leases(instance, None)}


def _holding_leases(instance: dg.DagsterInstance, company: str | None) -> list[dg.RunRecord]:
    """The runs that go on, and have taken a lease; those of one company, or all."""
    records = instance.get_run_records(dg.RunsFilter(statuses=list(_ALIVE), tags=tags.of_company(company)))
    return [record for record in records if tags.is_own(record.dagster_run.run_id, record.dagster_run.tags)]


def _mark_as_dead(instance: dg.DagsterInstance, run: dg.DagsterRun, settings: Settings) -> None:
    message = say(
        "failed: the process of this run ended before the run did; it was killed, or the computer was switched off. "
        "{counts}",
        counts=tags.WHAT_COUNTS,
    ).render(settings.language)
    if tags.outcome_of(run.tags) == tags.RUNNING:
        dead = tags.failed(message, settings.language, say_as("in short", "process died"))
        if tags.is_tried_again(run.run_id, run.tags):
            dead |= after_a_failure(run.tags, settings, dt.datetime.now(dt.UTC))
        instance.add_run_tags(run.run_id, dead)
    instance.report_run_failed(run, message)


@dataclass(frozen=True)
class HistoryFiles:
    """The files of Dagster's SQLite storage.

    Attributes:
        runs: The database of runs and their tags.
        index: The database of the assets' latest state.
        events: The folder that has a database of events for each run, named by the run's id.
    """

    runs: Path
    index: Path
    events: Path

    @property
    def runless(self) -> Path:
        """The database of events that belong to no run."""
        return self.events / f"{RUNLESS_RUN_ID}.db"


def history_files(instance: dg.DagsterInstance) -> HistoryFiles | None:
    """The files of the history; None where it is in another database, which manages its own files."""
    events, runs = instance.event_log_storage, instance.run_storage
    if not isinstance(events, SqliteEventLogStorage) or not isinstance(runs, SqliteRunStorage):
        return None
    database = make_url(runs._conn_string).database
    if not database:
        return None
    index = Path(events.path_for_shard(INDEX_SHARD_NAME))
    return HistoryFiles(Path(database), index, index.parent)


def remote_origin(job_name: str) -> RemoteJobOrigin:
    """The origin that a run of the UI carries: the UI finds its job by the names of location and repository."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        loadable_target_origin=LoadableTargetOrigin(
            executable_path=sys.executable, module_name=MODULE, working_directory=str(PROJECT)
        ),
        location_name=LOCATION,
    )
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job_name)


def _code_origin(job_name: str) -> JobPythonOrigin:
    repository = RepositoryPythonOrigin(
        executable_path=sys.executable,
        code_pointer=CodePointer.from_module(MODULE, ATTRIBUTE, str(PROJECT)),
        entry_point=DEFAULT_DAGSTER_ENTRY_POINT,
    )
    return JobPythonOrigin(job_name, repository)
