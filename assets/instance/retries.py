"""Whether and when a failed run is tried again: the rules, and the tags that say so. Sensor `retries` starts the runs.

Dagster's own retries start at once, and three of them are spent before a router has started again.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.instance import tags
from cloudkasse_etl.config.sections.automation_settings import Automation
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sync.monitoring.failed_runs import does_work_of

SENSOR = "retries"
LOOKED_AT = 50
# A daemon that was down for longer finds the data anew by schedules and sensors.
_LATE = dt.timedelta(days=7)
_ALIVE = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def after_a_failure(run_tags: Mapping[str, str], settings: Settings, now: dt.datetime) -> dict[str, str]:
    """The tags of a run that broke on network or database: when it is tried again, or that it is not any more.

    Args:
        run_tags: The run's tags.
        settings: How often, after which pauses, in which language and time zone.
        now: When it ended.

    Returns:
        The tags to set.
    """
    language, automation = settings.language, settings.automation
    at = _next(run_tags, automation, now)
    if at is None:
        last = say("Not tried again by itself: that was the last try that automation.retries of the settings allows.")
        return {tags.RETRY: tags.SPENT, tags.NEXT_TRY: last.render(language) if automation.retries else ""}
    time = f"{at.astimezone(settings.zone):%H:%M}"
    return {
        tags.RETRY: at.isoformat(timespec="seconds"),
        tags.NEXT_TRY: say("Tried again at {time}.", time=time).render(language),
        tags.SHOWN_OUTCOME: say("↻ again at {time}", time=time).render(language),
    }


def due_at(record: dg.RunRecord, automation: Automation) -> dt.datetime | None:
    """When a failed run is to be tried again; None where it is not.

    A run whose process was killed had no time to decide it: it may well have been the computer that was switched off.
    Nor had one that got lost on its way to another machine.
    """
    run = record.dagster_run
    told = run.tags.get(tags.RETRY)
    if run.status is dg.DagsterRunStatus.FAILURE and tags.was_lost(run.run_id, run.tags):
        return _next(run.tags, automation, record.update_timestamp.astimezone())
    if run.status is not dg.DagsterRunStatus.FAILURE or told is None or not tags.is_own(run.run_id, run.tags):
        return None
    if told in (tags.NEVER, tags.SPENT):
        return None
    if told == tags.UNDECIDED:
        return _next(run.tags, automation, record.update_timestamp.astimezone())
    return dt.datetime.fromisoformat(told)


def to_try_again(records: Sequence[dg.RunRecord], automation: Automation, now: dt.datetime) -> list[dg.DagsterRun]:
    """The runs whose time has come, without those that a later run has made up for or is making up for.

    Args:
        records: The latest runs, newest first.
        automation: How often, and after which pauses.
        now: The present time.

    Returns:
        The runs to start again.
    """
    found: list[dg.DagsterRun] = []
    for at, record in enumerate(records):
        run, due = record.dagster_run, due_at(record, automation)
        later = [newer.dagster_run for newer in records[:at]]
        if due is not None and due <= now and run.job_name in tags.KINDS and not _is_replaced(run, later):
            found.append(run)
    return found


def companies_of_due(instance: dg.DagsterInstance, automation: Automation, now: dt.datetime) -> set[str | None]:
    """The companies that have a run whose time has come; None is a single shop's.

    Args:
        instance: Dagster's history.
        automation: How often, and after which pauses.
        now: The present time.

    Returns:
        Their keys.
    """
    since = now - dt.timedelta(minutes=max(automation.retry_minutes)) - _LATE
    failed = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since))
    return {
        tags.company_of(record.dagster_run.tags)
        for record in failed
        if (due := due_at(record, automation)) is not None and due <= now
    }


def latest_runs(instance: dg.DagsterInstance, company: str | None) -> Sequence[dg.RunRecord]:
    """The latest runs of a company, newest first: as many as can be made within the pauses."""
    return instance.get_run_records(dg.RunsFilter(tags=tags.of_company(company)), limit=LOOKED_AT)


def request(run: dg.DagsterRun) -> dg.RunRequest:
    """The request of a run's next try: the same job with the same wishes, as a re-execution of the run."""
    return dg.RunRequest(
        run_key=f"retry:{run.run_id}",
        job_name=run.job_name,
        run_config=run.run_config,
        partition_key=tags.company_of(run.tags),
        asset_selection=sorted(run.asset_selection) if run.asset_selection else None,
        tags={
            tags.PARENT: run.run_id,
            tags.ROOT: run.tags.get(tags.ROOT, run.run_id),
            tags.RETRY_NUMBER: str(_number(run.tags) + 1),
        },
    )


def _number(run_tags: Mapping[str, str]) -> int:
    """Which retry a run is; 0: none. Dagster copies this tag to no re-execution."""
    return int(run_tags.get(tags.RETRY_NUMBER) or 0)


def _next(run_tags: Mapping[str, str], automation: Automation, ended_at: dt.datetime) -> dt.datetime | None:
    number, pauses = _number(run_tags), automation.retry_minutes
    if number >= automation.retries:
        return None
    return ended_at + dt.timedelta(minutes=pauses[min(number, len(pauses) - 1)])


def _is_replaced(run: dg.DagsterRun, later: Iterable[dg.DagsterRun]) -> bool:
    """Whether a later run is its re-execution, or does what it should have done."""
    for other in later:
        if other.tags.get(tags.PARENT) == run.run_id:
            return True
        # one that broke in turn is tried again in the place of this one, unless it is not tried again at all
        goes_on = other.status is dg.DagsterRunStatus.FAILURE and tags.is_tried_again(other.run_id, other.tags)
        counts = goes_on or other.status is dg.DagsterRunStatus.SUCCESS or other.status in _ALIVE
        if counts and _does_all_of(other, run):
            return True
    return False


def _does_all_of(other: dg.DagsterRun, run: dg.DagsterRun) -> bool:
    if not does_work_of(tags.kind_of(other.job_name), tags.kind_of(run.job_name)):
        return False
    if other.asset_selection and other.asset_selection != run.asset_selection:
        return False
    ids, wished, theirs = "receipt_ids", _options(run.run_config), _options(other.run_config)
    return _wishes(wished) <= _wishes(theirs) and wished.get(ids) == theirs.get(ids)


def _options(run_config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of a run: the whole config of a single shop's, a part of it in a chain."""
    found: Mapping[str, Any] = run_config.get("resources", {}).get("options", {}).get("config", run_config)
    return found


def _wishes(options: Mapping[str, Any]) -> set[str]:
    return {name for name, value in options.items() if value}
