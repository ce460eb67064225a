"""The sensor that sends alerts of new rejections and failed runs. What counts as new: sync/monitoring/alerts.py."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.instance import tags
from assets.instance.retries import due_at
from assets.instance.run_history import only_reads, past_run
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.sections.automation_settings import Automation
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError
from cloudkasse_etl.i18n.text import joined, say
from cloudkasse_etl.sync.monitoring.alerts import EndedRun, is_wanted, send_alerts
from cloudkasse_etl.sync.run.protocol import read_protocol
from cloudkasse_etl.sync.run.report import Outcome

SECONDS_BETWEEN_LOOKS = 30
JOBS = (*tags.KINDS, tags.OF_ASSETS)
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
GOING_ON = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
LOOKED_AT = 20
# A retry that has not begun by then waits for a long run, or its sensor is off: the failure is told after all.
LATE = dt.timedelta(minutes=10)


def alert_sensor(installation: Installation, *, protocol_folder: Path) -> dg.SensorDefinition:
    """Sends alerts of new rejections and failed runs, whoever started the run.

    It looks at the runs that have ended rather than being called for each by Dagster, as a `run_status_sensor` would
    be: that one is not called again for an alert that could not be delivered, and may be called twice, or never, for
    a run that ends while the daemon restarts.

    Args:
        installation: The shop, or the chain; without a receiver in its settings the sensor is off.
        protocol_folder: The folder of the runs' protocols.
    """
    settings = installation.shared
    wanted, language, automation = is_wanted(settings), settings.language, settings.automation

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING if wanted else dg.DefaultSensorStatus.STOPPED,
        description=say(
            "Tells the receivers that the settings name (alerts) of new rejections and failed runs, once a "
            "cause; what could not be delivered is tried again. It starts nothing."
        ).render(language),
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not wanted:
            return dg.SkipReason(say("The settings name nobody to be told (alerts).").render(language))
        instance = context.instance
        latest = _latest(instance, automation)
        if latest == context.cursor:
            return dg.SkipReason(say("No run has ended since the last look.").render(language))
        if instance.get_run_records(dg.RunsFilter(statuses=GOING_ON), limit=1):
            # the rejections are being updated at this moment
            return dg.SkipReason(say("A run is going on; this waits for its end.").render(language))
        try:
            reports = [
                send_alerts(
                    configuration, list(ended_runs(instance, protocol_folder, automation, configuration.company))
                )
                for configuration in installation.configurations()
            ]
        except CloudkasseError as error:
            return dg.SkipReason(error.render(language))
        if problems := dict.fromkeys(problem for report in reports for problem in report.problems):
            return dg.SkipReason(
                say("Tried again at the next look: {problems}", problems=joined(" ", problems)).render(language)
            )
        context.update_cursor(latest)
        counts: Counter[str] = sum((Counter(report.told) for report in reports), Counter())
        if counts:
            told = ", ".join(f"{channel}: {count}" for channel, count in counts.items())
            return dg.SkipReason(say("New causes told: {told}.", told=told).render(language))
        return dg.SkipReason(say("Nothing that is not known already.").render(language))

    return alerts


def ended_runs(
    instance: dg.DagsterInstance, protocol_folder: Path, automation: Automation, company: str | None = None
) -> Iterator[EndedRun]:
    """The latest ended run of each kind, except runs that a person cancelled and those that are tried again.

    An outage that passes by itself alerts nobody: only the last try is told.

    Args:
        instance: Dagster's history.
        protocol_folder: The folder of the runs' protocols.
        automation: How often runs are tried again, and after which pauses.
        company: The company's key in a chain.

    Returns:
        The runs, by job, as alerts tell of them.
    """
    own = tags.of_company(company)
    for job in JOBS:
        found = instance.get_run_records(
            dg.RunsFilter(job_name=job, statuses=ENDED, tags=own), limit=LOOKED_AT, order_by="update_timestamp"
        )
        for record in found:
            if not _is_pending(record, automation) and not only_reads(record.dagster_run):
                yield EndedRun(
                    record.dagster_run.run_id,
                    tags.kind_of(job),
                    record.update_timestamp,
                    _reason(instance, record, protocol_folder),
                )
                break


def _is_pending(record: dg.RunRecord, automation: Automation) -> bool:
    due = due_at(record, automation)
    return due is not None and dt.datetime.now(dt.UTC) < due + LATE


def _latest(instance: dg.DagsterInstance, automation: Automation) -> str:
    """A cursor that changes whenever a run ends, and when a retry that was waited for does not come."""
    found = instance.get_run_records(dg.RunsFilter(statuses=ENDED), limit=LOOKED_AT, order_by="update_timestamp")
    pending = " retry" * any(_is_pending(record, automation) for record in found)
    return f"{found[0].dagster_run.run_id} {found[0].update_timestamp.isoformat()}{pending}" if found else ""


def _reason(instance: dg.DagsterInstance, record: dg.RunRecord, protocol_folder: Path) -> str | None:
    """Why a run could not do its work; None where it could, even if everything that it tried was rejected."""
    past, run_tags = past_run(instance, record), record.dagster_run.tags
    if past.outcome != Outcome.FAILED:
        return None
    # without the time of the next try: three runs that fail for the same reason are one alert
    result = (tags.is_own(past.run_id, run_tags) and tags.result_of(run_tags)) or past.message
    try:
        protocol = read_protocol(protocol_folder, past.run_id)
    except (ConfigurationError, OSError, ValueError):
        return result
    if protocol["message"][: tags.MAX_MESSAGE] != result:
        return result  # it was killed after it had written its protocol, and that was said later
    reason: str | None = protocol.get("error")
    return reason
