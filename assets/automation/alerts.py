"""The sensor that sends alerts of new rejections and failed runs. What counts as new: sync/monitoring/alerts.py."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.instance import tags
from assets.instance.run_history import only_reads, past_run
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError
from cloudkasse_etl.i18n.text import joined, say
from cloudkasse_etl.sync.monitoring.alerts import EndedRun, is_wanted, send_alerts
from cloudkasse_etl.sync.run.protocol import read_protocol
from cloudkasse_etl.sync.run.report import Outcome

SECONDS_BETWEEN_LOOKS = 30
# Runs of single assets in the UI have no job of ours.
JOBS = (*tags.KINDS, "__ASSET_JOB")
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
GOING_ON = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
# Dagster's tag on a failed run that it restarts automatically: only the last try is reported.
WILL_RETRY = "dagster/will_retry"
LOOKED_AT = 20


def alert_sensor(configuration: Configuration, *, protocol_folder: Path) -> dg.SensorDefinition:
    """Sends alerts of new rejections and failed runs, whoever started the run.

    It looks at the runs that have ended rather than being called for each by Dagster, as a `run_status_sensor` would
    be: that one is not called again for an alert that could not be delivered, and may be called twice, or never, for
    a run that ends while the daemon restarts.

    Args:
        configuration: Settings and connections; without a receiver in them the sensor is off.
        protocol_folder: The folder of the runs' protocols.
    """
    wanted, language = is_wanted(configuration.settings), configuration.settings.language

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING if wanted else dg.DefaultSensorStatus.STOPPED,
        description=say(
            "Tells the receivers that the settings name (alerts) of new rejections and failed runs, once a "
            "cause; what could not be delivered is tried again. It starts nothing."
        ).told(language),
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not wanted:
            return dg.SkipReason(say("The settings name nobody to be told (alerts).").told(language))
        latest = _latest(context.instance)
        if latest == context.cursor:
            return dg.SkipReason(say("No run has ended since the last look.").told(language))
        if context.instance.get_run_records(dg.RunsFilter(statuses=GOING_ON), limit=1):
            # the rejections are being updated at this moment
            return dg.SkipReason(say("A run is going on; this waits for its end.").told(language))
        try:
            report = send_alerts(configuration, list(ended_runs(context.instance, protocol_folder)))
        except CloudkasseError as error:
            return dg.SkipReason(error.told(language))
        if report.problems:
            return dg.SkipReason(
                say("Tried again at the next look: {problems}", problems=joined(" ", report.problems)).told(language)
            )
        context.update_cursor(latest)
        if report.told:
            told = ", ".join(f"{channel}: {count}" for channel, count in report.told.items())
            return dg.SkipReason(say("New causes told: {told}.", told=told).told(language))
        return dg.SkipReason(say("Nothing that is not known already.").told(language))

    return alerts


def ended_runs(instance: dg.DagsterInstance, protocol_folder: Path) -> Iterator[EndedRun]:
    """The latest ended run of each kind, except runs that a person cancelled and those that are tried again."""
    for job in JOBS:
        found = instance.get_run_records(
            dg.RunsFilter(job_name=job, statuses=ENDED), limit=LOOKED_AT, order_by="update_timestamp"
        )
        for record in found:
            if record.dagster_run.tags.get(WILL_RETRY) != "true" and not only_reads(record.dagster_run):
                yield EndedRun(
                    record.dagster_run.run_id,
                    tags.kind_of(job),
                    record.update_timestamp,
                    _reason(instance, record, protocol_folder),
                )
                break


def _latest(instance: dg.DagsterInstance) -> str:
    """A cursor that changes whenever a run ends."""
    found = instance.get_run_records(dg.RunsFilter(statuses=ENDED), limit=1, order_by="update_timestamp")
    return f"{found[0].dagster_run.run_id} {found[0].update_timestamp.isoformat()}" if found else ""


def _reason(instance: dg.DagsterInstance, record: dg.RunRecord, protocol_folder: Path) -> str | None:
    """Why a run could not do its work; None where it could, even if everything that it tried was rejected."""
    past = past_run(instance, record)
    if past.outcome != Outcome.FAILED:
        return None
    try:
        protocol = read_protocol(protocol_folder, past.run_id)
    except (ConfigurationError, OSError, ValueError):
        return past.message
    if protocol["message"][: tags.MAX_MESSAGE] != past.message:
        return past.message  # it was killed after it had written its protocol, and that was said later
    reason: str | None = protocol.get("error")
    return reason
