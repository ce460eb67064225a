"""Schedules: the times come from the settings, and each is switched on in the UI. Runs on new data: sensors.py."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from cloudkasse_etl.config.automation_settings import OpeningHours
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.text import Text, joined, say, say_count

_WEEKDAYS = {
    "mon": say("Mon"), "tue": say("Tue"), "wed": say("Wed"), "thu": say("Thu"), "fri": say("Fri"), "sat": say("Sat"),
    "sun": say("Sun"),
}  # fmt: skip
_GOING_ON = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def build_schedules(settings: Settings, jobs: Mapping[str, Any]) -> list[dg.ScheduleDefinition]:
    """The schedules of the settings, over the jobs by name."""
    nightly, day = settings.automation.nightly, settings.automation.receipts
    hour, minute = _hour_minute(nightly.time)
    return [
        _schedule(
            "nightly",
            jobs["sync_all"],
            [f"{minute} {hour} * * *"],
            settings,
            say("Synchronises everything each night at {time}, {zone}.", time=nightly.time, zone=settings.timezone),
        ),
        _schedule(
            "receipts_in_opening_hours",
            jobs["sync_receipts"],
            opening_crons(day),
            settings,
            say_count(
                "Fetches receipts every minute from {opens} to {closes}, {days}, {zone}.",
                "Fetches receipts every {count} minutes from {opens} to {closes}, {days}, {zone}.",
                count=day.every_minutes,
                opens=day.opens,
                closes=day.closes,
                days=joined(", ", [_WEEKDAYS[name] for name in day.days]),
                zone=settings.timezone,
            ),
        ),
    ]


def what_is_going_on(instance: dg.DagsterInstance) -> Text | None:
    """A text about the run that is queued or running; None if there is none.

    A second run would only wait for it and then find nothing left to do.
    """
    records = instance.get_run_records(dg.RunsFilter(statuses=list(_GOING_ON)), limit=1)
    if not records:
        return None
    run = records[0].dagster_run
    name = say("single assets") if run.job_name.startswith("__") else run.job_name
    is_queued = run.status in (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)
    if is_queued:
        return say("A synchronisation is queued already: {job}, run {run}.", job=name, run=run.run_id[:8])
    return say("A synchronisation is running already: {job}, run {run}.", job=name, run=run.run_id[:8])


def opening_crons(hours: OpeningHours) -> list[str]:
    """Cron lines that fire from opening to closing time, both included."""
    first, last = (60 * hour + minute for hour, minute in map(_hour_minute, (hours.opens, hours.closes)))
    by_hour: dict[int, list[int]] = {}
    for at in range(first, last + 1, hours.every_minutes):
        by_hour.setdefault(at // 60, []).append(at % 60)
    by_minutes: dict[tuple[int, ...], list[int]] = {}
    for hour, minutes in by_hour.items():
        by_minutes.setdefault(tuple(minutes), []).append(hour)
    days = ",".join(day.upper() for day in hours.days)
    return [f"{_minutes(minutes)} {_ranges(when)} * * {days}" for minutes, when in by_minutes.items()]


def _schedule(
    name: str, job: Any, crons: Sequence[str], settings: Settings, description: Text
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=list(crons),
        execution_timezone=settings.timezone,
        description=say(
            "{what} Leaves a time out while another synchronisation is queued or running.", what=description
        ).render(settings.language),
    )
    def evaluate(context: dg.ScheduleEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        going_on = what_is_going_on(context.instance)
        return dg.SkipReason(going_on.render(settings.language)) if going_on else dg.RunRequest()

    return evaluate


def _hour_minute(time: str) -> tuple[int, int]:
    hour, minute = time.split(":")
    return int(hour), int(minute)


def _minutes(minutes: tuple[int, ...]) -> str:
    """`*/15` reads better in the UI than `0,15,30,45`."""
    step = minutes[1] - minutes[0] if len(minutes) > 1 else 60
    if len(minutes) > 1 and minutes == tuple(range(0, 60, step)):
        return "*" if step == 1 else f"*/{step}"
    return ",".join(map(str, minutes))


def _ranges(hours: Sequence[int]) -> str:
    return f"{hours[0]}-{hours[-1]}" if len(hours) == hours[-1] - hours[0] + 1 > 1 else ",".join(map(str, hours))
