"""Protects that each company has its turn once a window, at a minute of its own, also where minutes were missed."""

import datetime as dt
from collections import Counter

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.automation.chain.spread import Spread, due_companies
from assets.instance import tags
from assets.run.partitions import know_company
from cloudkasse_etl.config.settings import parse_settings
from tests.support.chains.chain_program import ChainProgram

NIGHT = parse_settings('automation: {nightly: {time: "23:30"}, spread_minutes: 90}')
DAY = parse_settings('automation: {receipts: {opens: "08:10", closes: "20:00", every_minutes: 25}}')


def fires(spread: Spread, minute: int) -> bool:
    """Whether a cron line of a spread fires at a minute of the day, by the rules of cron."""
    return any(
        _matches(line.split()[0], minute % 60) and _matches(line.split()[1], minute // 60) for line in spread.crons
    )


def _matches(field: str, value: int) -> bool:
    for part in field.split(","):
        what, _, step = part.partition("/")
        first, _, last = what.partition("-")
        if what == "*" and value % int(step or 1) == 0:
            return True
        if what != "*" and int(first) <= value <= int(last or first):
            return True
    return False


@pytest.mark.parametrize(
    ("spread", "minutes"),
    [
        (Spread.of_night(NIGHT), {*range(23 * 60 + 30, 24 * 60), *range(60)}),
        (Spread.of_day(DAY), set(range(8 * 60 + 10, 8 * 60 + 10 + 29 * 25))),
    ],
)
def test_it_fires_each_minute_of_its_windows_and_at_no_other(spread: Spread, minutes: set[int]) -> None:
    assert {minute for minute in range(24 * 60) if fires(spread, minute)} == minutes


@given(st.lists(st.from_regex("[a-z][a-z0-9-]{0,9}", fullmatch=True), unique=True, max_size=40))
def test_a_companys_minute_is_the_same_whichever_others_there_are_and_lies_in_the_window(keys: list[str]) -> None:
    spread = Spread.of_night(NIGHT)
    assert [spread.minute_of(key) for key in keys] == [Spread((5,), 90).minute_of(key) for key in keys]
    assert all(0 <= spread.minute_of(key) < 90 for key in keys)


def test_five_hundred_companies_do_not_begin_in_the_same_minute() -> None:
    minutes = Counter(Spread.of_night(NIGHT).minute_of(f"shop-{number}") for number in range(500))
    assert max(minutes.values()) <= 20
    assert len(minutes) > 80


def test_each_company_has_its_turn_once_a_night_and_a_missed_minute_is_made_up_for(
    chain: ChainProgram, history: dg.DagsterInstance
) -> None:
    installation = chain.chain.installation()
    for company in installation.companies():
        know_company(history, company)
    spread = Spread((120,), 60)
    first, second = sorted(installation.companies(), key=spread.minute_of)
    begin = dt.datetime.now(dt.UTC).replace(hour=1, minute=0, second=0, microsecond=0)  # 02:00 in Berlin, in winter
    begin = begin.astimezone(installation.shared.zone).replace(hour=2)

    def asked(minute: int) -> list[str]:
        context = dg.build_schedule_context(history, scheduled_execution_time=begin + dt.timedelta(minutes=minute))
        found = due_companies(context, installation, spread, "nightly")
        return [] if isinstance(found, dg.SkipReason) else sorted(str(request.partition_key) for request in found)

    assert spread.minute_of(first) < spread.minute_of(second)
    if spread.minute_of(first):
        assert asked(spread.minute_of(first) - 1) == []
    assert asked(spread.minute_of(first)) == [first]
    assert asked(spread.minute_of(second)) == sorted([first, second])  # the daemon was down in between
    job = chain.definitions().resolve_job_def("sync_all")
    history.create_run_for_job(job, tags={tags.SCHEDULE: "nightly", tags.COMPANY: first})
    assert asked(spread.minute_of(second)) == [second]
