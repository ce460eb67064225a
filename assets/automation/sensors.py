"""Sensors. What they do to runs is in runs.py."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.action_needed import refresh
from assets.automation.schedules import what_is_going_on
from assets.instance import tags
from assets.instance.retries import SENSOR, request, to_try_again
from assets.instance.run_history import last_run_of
from assets.instance.runs import repair_dead_runs
from cloudkasse_etl.config.settings import Configuration, news_of_the_file
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import rendered, say
from cloudkasse_etl.sync.monitoring.new_data import look_for_novelty
from cloudkasse_etl.sync.monitoring.open_records import open_records

SECONDS_BETWEEN_LOOKS = 10
SECONDS_BETWEEN_REPORTS = 60
LOOKED_AT = 50
"""Runs that the sensor `retries` reads; more are never made within the pauses."""


def dead_run_sensor(configuration: Configuration) -> dg.SensorDefinition:
    """Marks runs whose process died as failed, since Dagster's own run monitoring does not see those of a command."""

    @dg.sensor(
        name="dead_runs",
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=say(
            "Marks runs as failed whose process has died, so that they do not hold up the queue. "
            "It starts nothing; leave it switched on."
        ).render(configuration.settings.language),
    )
    def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        try:
            repaired = repair_dead_runs(context.instance, configuration)
        except CloudkasseError as error:
            return dg.SkipReason(error.render(configuration.settings.language))
        if repaired:
            return dg.SkipReason(
                say("Marked as failed: {runs}.", runs=", ".join(run_id[:8] for run_id in repaired)).render(
                    configuration.settings.language
                )
            )
        return dg.SkipReason(say("No dead run.").render(configuration.settings.language))

    return dead_runs


def open_records_sensor(configuration: Configuration) -> dg.SensorDefinition:
    """Brings asset action_needed up to now: time passes, and people decide, without a run."""
    language = configuration.settings.language

    @dg.sensor(
        name="what_is_open",
        minimum_interval_seconds=SECONDS_BETWEEN_REPORTS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=say(
            "Looks each minute what is open, for asset action_needed, and whether the settings file has changed since "
            "it was loaded. It starts nothing, and records nothing unless something differs; leave it switched on."
        ).render(language),
    )
    def what_is_open(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if going_on := what_is_going_on(context.instance):
            return dg.SkipReason(going_on.render(language))
        try:
            report = open_records(configuration, last_run=last_run_of(context.instance))
        except CloudkasseError as error:
            return dg.SkipReason(error.render(language))
        refresh(
            context.instance, configuration, report, notice=rendered(news_of_the_file(configuration) or "", language)
        )
        return dg.SkipReason(report.sentence)

    return what_is_open


def retry_sensor(configuration: Configuration, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Starts runs again that broke on network or database; when, and which not, is in retries.py.

    Args:
        configuration: Settings and connections.
        jobs: Those whose runs it may start.
    """
    language, automation = configuration.settings.language, configuration.settings.automation

    @dg.sensor(
        name=SENSOR,
        jobs=jobs,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=say(
            "Starts runs again that broke on network or database, after the pauses of the settings "
            "(automation.retry_minutes), unless a later run has made up for them. Leave it switched on."
        ).render(language),
    )
    def retries(context: dg.SensorEvaluationContext) -> dg.SkipReason | list[dg.RunRequest]:
        records = context.instance.get_run_records(limit=LOOKED_AT)
        due = to_try_again(records, automation, dt.datetime.now(dt.UTC))
        if not due:
            return dg.SkipReason(say("No run is to be tried again now.").render(language))
        return [request(run) for run in due]

    return retries


def new_data_sensor(configuration: Configuration, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Starts the job that takes over what is new, and none where nothing is.

    Args:
        configuration: Settings and connections.
        jobs: Those that it may start.
    """

    @dg.sensor(
        name="new_data",
        jobs=jobs,
        minimum_interval_seconds=configuration.settings.automation.look_seconds,
        description=say(
            "Looks whether SelectLine, the settings, the VAT rates in force or the till have moved since the "
            "last synchronisation, and starts the job that takes it over. It reads no records and writes nothing."
        ).render(configuration.settings.language),
    )
    def new_data(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        language = configuration.settings.language
        if going_on := what_is_going_on(context.instance):
            return dg.SkipReason(going_on.render(language))
        try:
            novelty = look_for_novelty(configuration)
        except CloudkasseError as error:
            return dg.SkipReason(error.render(language))
        if novelty.kind is None:
            return dg.SkipReason(novelty.render(language))
        context.log.info(novelty.render(language))
        return dg.RunRequest(
            run_key=f"{novelty.kind}:{novelty.key}{_after_an_outage(context.instance)}",
            job_name=tags.job_of(novelty.kind),
        )

    return new_data


def _after_an_outage(instance: dg.DagsterInstance) -> str:
    """Part of a run's key: after a run that broke on network or database, the same state may start another.

    By then the check has reached both again. After any other failure a person has to change something first.
    """
    records = instance.get_run_records(dg.RunsFilter(), limit=1)
    run = records[0].dagster_run if records else None
    broke = run is not None and run.status is dg.DagsterRunStatus.FAILURE and tags.may_pass_by_itself(run.tags)
    return f":{run.run_id}" if run is not None and broke else ""
