"""Sensors. What they do to runs is in runs.py."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import dagster as dg

from assets.action_needed import refresh
from assets.automation.chain.looking_at_all import look_at_all, request_of
from assets.automation.chain.turns import in_turn, named
from assets.automation.going_on import companies_busy, what_is_going_on
from assets.companies import GatheredStatuses
from assets.instance.retries import SENSOR, companies_of_due, latest_runs, request, to_try_again
from assets.instance.run_history import last_run_of
from assets.instance.runs import companies_at_work, repair_dead_runs
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Configuration, Settings, news_of_the_file
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Text, joined, rendered, say
from cloudkasse_etl.sync.monitoring.chain.company_status import CompanyStatus
from cloudkasse_etl.sync.monitoring.new_data import look_for_novelty
from cloudkasse_etl.sync.monitoring.open_records import open_records

SECONDS_BETWEEN_LOOKS = 10
SECONDS_BETWEEN_REPORTS = 60


def dead_run_sensor(installation: Installation) -> dg.SensorDefinition:
    """Marks runs whose process died as failed, since Dagster's own run monitoring does not see those of a command."""
    language = installation.shared.language

    @dg.sensor(
        name="dead_runs",
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=say(
            "Marks runs as failed whose process has died, so that they do not hold up the queue. "
            "It starts nothing; leave it switched on."
        ).render(language),
    )
    def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        repaired: list[str] = []
        problems: list[Text] = []
        at_work = companies_at_work(context.instance) if installation.is_chain else {None}
        for company in sorted(at_work, key=str):
            try:
                repaired += repair_dead_runs(context.instance, installation.configuration(company))
            except CloudkasseError as error:
                problems.append(named(company, error.render(language)))
        runs = ", ".join(run_id[:8] for run_id in repaired)
        texts = [say("Marked as failed: {runs}.", runs=runs)] if repaired else []
        told = [*texts, *problems] or [say("No dead run.")]
        return dg.SkipReason(joined(" ", told).render(language))

    return dead_runs


def open_records_sensor(installation: Installation) -> dg.SensorDefinition:
    """Brings asset action_needed up to now: time passes, and people decide, without a run."""
    language, gathered = installation.shared.language, GatheredStatuses()

    def failed(company: str, error: CloudkasseError) -> None:
        gathered.put(CompanyStatus(company, error=error))

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
        def look(configuration: Configuration) -> Text | str:
            company = configuration.company
            report = open_records(configuration, last_run=last_run_of(context.instance, company))
            # a company's file is read when it is needed, so no settings of a chain grow old in the UI
            notice = None if installation.is_chain else news_of_the_file(configuration)
            refresh(context.instance, configuration, report, notice=rendered(notice or "", language))
            gathered.put(CompanyStatus(company, report))
            return report.sentence

        found = in_turn(context, installation, look, failed)
        if installation.is_chain:
            with suppress(CloudkasseError):  # the folder cannot be read, which was told already
                gathered.report(context.instance, installation, companies_busy(context.instance))
        return dg.SkipReason(found)

    return what_is_open


def retry_sensor(settings: Settings, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Starts runs again that broke on network or database; when, and which not, is in retries.py.

    Args:
        settings: What holds for the whole installation.
        jobs: Those whose runs it may start.
    """
    language, automation = settings.language, settings.automation

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
        now = dt.datetime.now(dt.UTC)
        due = [
            run
            for company in sorted(companies_of_due(context.instance, automation, now), key=str)
            for run in to_try_again(latest_runs(context.instance, company), automation, now)
        ]
        if not due:
            return dg.SkipReason(say("No run is to be tried again now.").render(language))
        return [request(run) for run in due]

    return retries


def new_data_sensor(installation: Installation, jobs: Sequence[Any]) -> dg.SensorDefinition:
    """Starts the job that takes over what is new, and none where nothing is.

    Args:
        installation: The shop, or the chain, whose companies it looks at all at once.
        jobs: Those that it may start.
    """
    settings = installation.shared
    language = settings.language

    @dg.sensor(
        name="new_data",
        jobs=jobs,
        minimum_interval_seconds=settings.automation.look_seconds,
        description=say(
            "Looks whether SelectLine, the settings, the VAT rates in force or the till have moved since the "
            "last synchronisation, and starts the job that takes it over. It reads no records and writes nothing."
        ).render(language),
    )
    def new_data(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest | list[dg.RunRequest]:
        if installation.is_chain:
            return look_at_all(context, installation)
        if going_on := what_is_going_on(context.instance):
            return dg.SkipReason(going_on.render(language))
        try:
            novelty = look_for_novelty(installation.configuration())
        except CloudkasseError as error:
            return dg.SkipReason(error.render(language))
        if novelty.kind is None:
            return dg.SkipReason(novelty.render(language))
        context.log.info(novelty.render(language))
        return request_of(novelty, context.instance)

    return new_data
