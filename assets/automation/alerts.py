"""The sensor that sends alerts of new rejections and failed runs. What counts as new: sync/monitoring/alerts.py."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import dagster as dg

from assets.automation.going_on import companies_busy
from assets.instance import tags
from assets.instance.retries import due_at
from assets.instance.run_history import only_reads, past_run
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.sections.automation_settings import Automation
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError
from cloudkasse_etl.i18n.text import Language, joined, say
from cloudkasse_etl.sync.monitoring.alerts import AlertReport, EndedRun, is_wanted, send_alerts
from cloudkasse_etl.sync.monitoring.chain.chain_alerts import BrokenTold, send_chain_alerts
from cloudkasse_etl.sync.run.protocol import read_protocol
from cloudkasse_etl.sync.run.report import Outcome

SECONDS_BETWEEN_LOOKS = 30
JOBS = (*tags.KINDS, tags.OF_ASSETS)
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
GOING_ON = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
LOOKED_AT = 20
# A retry that has not begun by then waits for a long run, or its sensor is off: the failure is told after all.
LATE = dt.timedelta(minutes=10)
OVERLAP = dt.timedelta(minutes=2)


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
        if installation.is_chain:
            return tell_of_chain(context, installation, protocol_folder)
        latest = _latest(instance, automation)
        if latest == context.cursor:
            return dg.SkipReason(say("No run has ended since the last look.").render(language))
        if instance.get_run_records(dg.RunsFilter(statuses=GOING_ON), limit=1):
            # the rejections are being updated at this moment
            return dg.SkipReason(say("A run is going on; this waits for its end.").render(language))
        try:
            report = send_alerts(installation.configuration(), list(ended_runs(instance, protocol_folder, automation)))
        except CloudkasseError as error:
            return dg.SkipReason(error.render(language))
        if report.problems:
            return _try_again(report, language)
        context.update_cursor(latest)
        return _told(report, language)

    return alerts


@dataclass(frozen=True, slots=True)
class _Mark:
    """The cursor of the sensor in a chain.

    Attributes:
        seen: When the latest run had ended that was seen; None before the first look.
        again: The companies that have to be looked at again, whether one of their runs ends or not.
        broken: By channel, the companies whose broken settings were told: chain_alerts.py.
    """

    seen: str | None = None
    again: tuple[str, ...] = ()
    broken: BrokenTold = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> "_Mark":
        """That of a cursor; a new one where it is a single shop's."""
        try:
            found = json.loads(cursor or "{}")
            return cls(found.get("seen"), tuple(found.get("again", ())), found.get("broken", {}))
        except (ValueError, AttributeError):
            return cls()

    def written(self) -> str:
        """As a cursor."""
        return json.dumps(asdict(self), sort_keys=True)


def tell_of_chain(
    context: dg.SensorEvaluationContext, installation: Installation, protocol_folder: Path
) -> dg.SkipReason:
    """Sends alerts of a chain: of the companies of which a run has ended, one message a channel.

    Args:
        context: The sensor's.
        installation: The chain.
        protocol_folder: The folder of the runs' protocols.

    Returns:
        What was sent.
    """
    instance, language, automation = context.instance, installation.shared.language, installation.shared.automation
    mark, busy = _Mark.read(context.cursor), companies_busy(instance)
    try:
        known = installation.companies()
        ended, seen = _ended_since(instance, mark.seen)
        due = {*known} if mark.seen is None else {*known} & {*ended, *mark.again}
        pending: set[str] = set()

        def runs_of(key: str) -> list[EndedRun]:
            if _is_any_pending(instance, automation, key):
                pending.add(key)
            return list(ended_runs(instance, protocol_folder, automation, key))

        # while one has a run, its rejections are being updated
        report = send_chain_alerts(installation, sorted(due - busy), runs_of, mark.broken)
    except CloudkasseError as error:
        return dg.SkipReason(error.render(language))
    again = tuple(sorted({*(due & busy), *pending, *report.unreached, *report.undelivered}))
    context.update_cursor(_Mark(seen, again, report.broken_told or {}).written())
    return _try_again(report, language) if report.problems else _told(report, language)


def _ended_since(instance: dg.DagsterInstance, seen: str | None) -> tuple[set[str | None], str]:
    """The companies of which a run has ended since a moment, and when the latest has."""
    since = dt.datetime.fromisoformat(seen) if seen else None
    records = instance.get_run_records(
        # another machine's clock may be behind, and its run be seen later than ours
        dg.RunsFilter(statuses=ENDED, updated_after=since - OVERLAP if since else None),
        order_by="update_timestamp",
        limit=None if since else 1,
    )
    latest = records[0].update_timestamp if records else since or dt.datetime.fromtimestamp(0, dt.UTC)
    return {tags.company_of(record.dagster_run.tags) for record in records}, latest.isoformat()


def _is_any_pending(instance: dg.DagsterInstance, automation: Automation, company: str) -> bool:
    """Whether one of a company's latest runs is going to be tried again: its failure is alerted only afterwards."""
    filters = dg.RunsFilter(statuses=ENDED, tags=tags.of_company(company))
    found = instance.get_run_records(filters, limit=LOOKED_AT, order_by="update_timestamp")
    return any(_is_pending(record, automation) for record in found)


def _try_again(report: AlertReport, language: Language) -> dg.SkipReason:
    problems = joined(" ", dict.fromkeys(report.problems))
    return dg.SkipReason(say("Tried again at the next look: {problems}", problems=problems).render(language))


def _told(report: AlertReport, language: Language) -> dg.SkipReason:
    if report.told:
        told = ", ".join(f"{channel}: {count}" for channel, count in report.told.items())
        return dg.SkipReason(say("New causes told: {told}.", told=told).render(language))
    return dg.SkipReason(say("Nothing that is not known already.").render(language))


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
