"""Spreads the companies of a chain over some time, so that five hundred do not begin in the same minute.

A company has its own minute, by a hash of its key: it is the same every day, whichever companies come and go.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from assets.automation.crons import LAST, crons_of, hour_minute
from assets.automation.going_on import companies_busy
from assets.instance import tags
from assets.run.partitions import known_companies
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import say

_DAY = 24 * 60


@dataclass(frozen=True)
class Spread:
    """Windows of the day, in each of which every company has its minute.

    Attributes:
        begins: When each window begins, in minutes since midnight.
        minutes: How long it is.
        days: The days of the week, as cron writes them.
    """

    begins: tuple[int, ...]
    minutes: int
    days: str = "*"

    @classmethod
    def of_night(cls, settings: Settings) -> "Spread":
        """The nightly window."""
        hour, minute = hour_minute(settings.automation.nightly.time)
        return cls((60 * hour + minute,), settings.automation.spread_minutes)

    @classmethod
    def of_day(cls, settings: Settings) -> "Spread":
        """The windows of the opening hours: one after another, so that each company is looked at as often as a shop."""
        day = settings.automation.receipts
        first, last = (60 * hour + minute for hour, minute in map(hour_minute, (day.opens, day.closes)))
        begins = tuple(range(first, last + 1, day.every_minutes))
        return cls(begins, day.every_minutes, ",".join(name.upper() for name in day.days))

    @property
    def crons(self) -> list[str]:
        """Cron lines that fire each minute of the windows; those of opening hours end with the day."""
        if self.days == "*":  # a night's window may pass midnight
            return crons_of(sorted({(begin + at) % _DAY for begin in self.begins for at in range(self.minutes)}))
        times = sorted({begin + at for begin in self.begins for at in range(self.minutes) if begin + at <= LAST})
        return crons_of(times, self.days)

    def begun(self, now: dt.datetime) -> dt.datetime:
        """When the window began in which a moment lies."""
        minute = 60 * now.hour + now.minute
        ago = min((minute - begin) % _DAY for begin in self.begins)
        return now.replace(second=0, microsecond=0) - dt.timedelta(minutes=ago)

    def minute_of(self, key: str) -> int:
        """A company's minute in each window, from 0."""
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % self.minutes


def due_companies(
    context: dg.ScheduleEvaluationContext, installation: Installation, spread: Spread, schedule: str
) -> dg.SkipReason | list[dg.RunRequest]:
    """The runs of the companies whose minute has come in this window, and which have had none in it yet.

    A minute that the daemon missed, or at which a company had another run, is made up for within the window.

    Args:
        context: The schedule's.
        installation: The chain.
        spread: Its windows.
        schedule: The schedule's name.

    Returns:
        The runs, or why there are none.
    """
    language = installation.shared.language
    try:
        keys = known_companies(context.instance, installation)
    except CloudkasseError as error:
        return dg.SkipReason(error.render(language))
    now = context.scheduled_execution_time.astimezone(installation.shared.zone)
    begun = spread.begun(now)
    elapsed = (now - begun).total_seconds() / 60
    due = [key for key in keys if spread.minute_of(key) <= elapsed]
    done = _begun_since(context.instance, schedule, begun) | companies_busy(context.instance)
    requests = [dg.RunRequest(partition_key=key) for key in due if key not in done]
    if not requests:
        return dg.SkipReason(
            say("{due:,} of {known:,} companies have had their turn.", due=len(due), known=len(keys)).render(language)
        )
    return requests


def _begun_since(instance: dg.DagsterInstance, schedule: str, since: dt.datetime) -> set[str | None]:
    """The companies of the runs that a schedule has started since then."""
    filters = dg.RunsFilter(tags={tags.SCHEDULE: schedule}, created_after=since)
    records: Sequence[dg.RunRecord] = instance.get_run_records(filters)
    return {tags.company_of(record.dagster_run.tags) for record in records}
