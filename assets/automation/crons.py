"""Cron lines of the settings' times, written as they read best in the UI."""

from collections.abc import Sequence

from cloudkasse_etl.config.sections.automation_settings import OpeningHours

LAST = 24 * 60 - 1


def opening_crons(hours: OpeningHours) -> list[str]:
    """Cron lines that fire from opening to closing time, both included."""
    first, last = (60 * hour + minute for hour, minute in map(hour_minute, (hours.opens, hours.closes)))
    return crons_of(range(first, last + 1, hours.every_minutes), ",".join(day.upper() for day in hours.days))


def crons_of(times: Sequence[int], days: str = "*") -> list[str]:
    """Cron lines that fire at some minutes of the day, as few as possible.

    Args:
        times: The minutes since midnight.
        days: The days of the week, as cron writes them.
    """
    by_hour: dict[int, list[int]] = {}
    for at in times:
        by_hour.setdefault(at // 60, []).append(at % 60)
    by_minutes: dict[tuple[int, ...], list[int]] = {}
    for hour, minutes in by_hour.items():
        by_minutes.setdefault(tuple(minutes), []).append(hour)
    return [f"{_minutes(minutes)} {_ranges(when)} * * {days}" for minutes, when in by_minutes.items()]


def hour_minute(time: str) -> tuple[int, int]:
    """Hour and minute of a time of the settings."""
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
