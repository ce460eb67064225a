"""Schedules: the times come from the settings, and each is switched on in the UI. Runs on new data: sensors.py."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.automation.chain.spread import Spread, due_companies
from assets.automation.crons import hour_minute, opening_crons
from assets.automation.going_on import what_is_going_on
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.i18n.text import Text, joined, say, say_count

_WEEKDAYS = {
    "mon": say("Mon"), "tue": say("Tue"), "wed": say("Wed"), "thu": say("Thu"), "fri": say("Fri"), "sat": say("Sat"),
    "sun": say("Sun"),
}  # fmt: skip


def build_schedules(installation: Installation, jobs: Mapping[str, Any]) -> list[dg.ScheduleDefinition]:
    """The schedules of the settings, over the jobs by name; those of a chain spread its companies over some time."""
    settings = installation.shared
    nightly, day = settings.automation.nightly, settings.automation.receipts
    hour, minute = hour_minute(nightly.time)
    by_night = Spread.of_night(settings) if installation.is_chain else None
    by_day = Spread.of_day(settings) if installation.is_chain else None
    return [
        _schedule(
            "nightly",
            jobs["sync_all"],
            by_night.crons if by_night else [f"{minute} {hour} * * *"],
            installation,
            by_night,
            say("Synchronises everything each night at {time}, {zone}.", time=nightly.time, zone=settings.timezone),
        ),
        _schedule(
            "receipts_in_opening_hours",
            jobs["sync_receipts"],
            by_day.crons if by_day else opening_crons(day),
            installation,
            by_day,
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


def _schedule(
    name: str, job: Any, crons: Sequence[str], installation: Installation, spread: Spread | None, description: Text
) -> dg.ScheduleDefinition:
    settings = installation.shared

    @dg.schedule(
        name=name,
        job=job,
        cron_schedule=list(crons),
        execution_timezone=settings.timezone,
        description=say(
            "{what} Leaves a time out while another synchronisation is queued or running.", what=description
        ).render(settings.language),
    )
    def evaluate(context: dg.ScheduleEvaluationContext) -> dg.SkipReason | dg.RunRequest | list[dg.RunRequest]:
        if spread is not None:
            return due_companies(context, installation, spread, name)
        going_on = what_is_going_on(context.instance)
        return dg.SkipReason(going_on.render(settings.language)) if going_on else dg.RunRequest()

    return evaluate
