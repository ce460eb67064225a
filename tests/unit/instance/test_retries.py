"""Protects when a failed run is tried again: after pauses that outlast an outage, as often as set, and never twice."""

import datetime as dt
import re
import uuid
from typing import Any

import dagster as dg
import pytest

from assets.instance import tags
from assets.instance.retries import after_a_failure, due_at, request, to_try_again
from assets.instance.runs import remote_origin
from cloudkasse_etl.config.settings import Settings, parse_settings
from cloudkasse_etl.http.peer_answers import Problem, Refusal, explain_failure
from cloudkasse_etl.i18n.text import Language, rendered

NOW = dt.datetime(2026, 11, 27, 1, 30, 20, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
FAILURE, SUCCESS, QUEUED = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.QUEUED
CANCELED = dg.DagsterRunStatus.CANCELED


def record(
    status: dg.DagsterRunStatus = FAILURE, job: str = "sync_master_data", retry: str | None = None, **more: Any
) -> dg.RunRecord:
    """A run that ended now, and whose next try, where it failed, is due now."""
    run_id = str(uuid.uuid4())
    own = {tags.RUN: run_id, tags.RETRY: NOW.isoformat() if retry is None else retry}
    run = dg.DagsterRun(
        job, run_id=run_id, status=status, run_config=more.pop("config", {}), tags={**own, **more.pop("run_tags", {})},
        asset_selection=more.pop("assets", None), remote_job_origin=remote_origin(job),
    )  # fmt: skip
    return dg.RunRecord(
        storage_id=1, dagster_run=run, create_timestamp=NOW, update_timestamp=NOW, start_time=None, end_time=None
    )


def is_tried(*newest_first: dg.RunRecord) -> bool:
    """Whether the oldest of these runs is tried again."""
    due = to_try_again(newest_first, Settings().automation, NOW)
    return newest_first[-1].dagster_run in due


def test_the_pauses_outlast_an_outage_of_five_minutes_and_then_it_ends() -> None:
    at, tries = NOW, []
    for number in range(5):
        decided = after_a_failure({tags.RETRY_NUMBER: str(number)}, Settings(), at)
        if decided[tags.RETRY] == tags.SPENT:
            break
        at = dt.datetime.fromisoformat(decided[tags.RETRY])
        tries.append((at - NOW) / MINUTE)
    assert tries == [1, 6, 26]
    assert decided[tags.NEXT_TRY].startswith("Not tried again by itself")
    assert tags.SHOWN_OUTCOME not in decided


def test_the_time_is_told_by_the_shops_clock_in_its_language() -> None:
    told = after_a_failure({}, Settings(), NOW)
    assert (told[tags.NEXT_TRY], told[tags.SHOWN_OUTCOME]) == ("Tried again at 02:31.", "↻ again at 02:31")
    assert "02:31" in after_a_failure({}, Settings(language="de"), NOW)[tags.NEXT_TRY]
    assert after_a_failure({}, Settings(language="de"), NOW)[tags.NEXT_TRY] != told[tags.NEXT_TRY]


def test_the_cure_of_an_outage_tells_nobody_to_start_what_is_tried_again_by_itself() -> None:
    refusal = Refusal(503, {}, Problem(), "GET /v1/status", "https://api.example.org", "CLOUDKASSE_API_URL")
    hint = explain_failure(refusal, "CloudKasse").hint
    assert hint is not None
    languages: tuple[Language, ...] = ("en", "de", "fr")
    for language in languages:
        assert not re.search("start|again|erneut|relancez", rendered(hint, language))


def test_the_settings_say_how_often_and_after_which_pauses() -> None:
    settings = parse_settings("automation: {retries: 3, retry_minutes: [0.5, 2]}")
    pauses = [
        (dt.datetime.fromisoformat(after_a_failure({tags.RETRY_NUMBER: number}, settings, NOW)[tags.RETRY]) - NOW)
        for number in ("0", "1", "2")
    ]
    assert pauses == [MINUTE / 2, 2 * MINUTE, 2 * MINUTE]
    never = after_a_failure({}, parse_settings("automation: {retries: 0}"), NOW)
    assert never == {tags.RETRY: tags.SPENT, tags.NEXT_TRY: ""}


def test_a_run_is_tried_again_once_its_time_has_come() -> None:
    assert is_tried(record())
    assert not is_tried(record(retry=(NOW + MINUTE).isoformat()))
    for never in (tags.NEVER, tags.SPENT):
        assert not is_tried(record(retry=never))
    assert not is_tried(record(job="plan"))
    inherited = record(run_tags={tags.RUN: "another run's"})
    assert not is_tried(inherited)
    assert not is_tried(record(run_tags={tags.RETRY: NOW.isoformat()}, status=CANCELED))


def test_a_run_whose_process_was_killed_is_tried_too() -> None:
    automation = Settings().automation
    killed = record(retry=tags.UNDECIDED)
    assert due_at(killed, automation) == NOW + MINUTE
    assert due_at(record(retry=tags.UNDECIDED, run_tags={tags.RETRY_NUMBER: "3"}), automation) is None
    assert due_at(record(status=SUCCESS, retry=tags.UNDECIDED), automation) is None


@pytest.mark.parametrize(
    ("later", "tried"),
    [
        pytest.param(record(SUCCESS), False, id="the same job has succeeded"),
        pytest.param(record(QUEUED), False, id="the same job is queued"),
        pytest.param(record(SUCCESS, "sync_all"), False, id="a wider job has succeeded"),
        pytest.param(record(SUCCESS, "sync_receipts"), True, id="another job has succeeded"),
        pytest.param(record(CANCELED), True, id="the same job was cancelled"),
        pytest.param(record(), False, id="the same job has failed, and is tried again itself"),
        pytest.param(record(retry=tags.NEVER), True, id="a command has failed, which is not tried again"),
        pytest.param(record(SUCCESS, assets=frozenset({dg.AssetKey("sync_report")})), True, id="a part of the job"),
    ],
)
def test_a_later_run_that_did_its_work_replaces_it(later: dg.RunRecord, tried: bool) -> None:
    assert is_tried(later, record()) is tried


def test_only_a_run_with_the_same_wishes_replaces_one_with_wishes() -> None:
    full, usual = {"full": True, "retry_rejected": False}, {"full": False, "retry_rejected": False}
    assert is_tried(record(SUCCESS, config=usual), record(config=full))
    assert not is_tried(record(SUCCESS, config=full), record(config=usual))
    every: dict[str, list[str]] = {"receipt_ids": []}
    chosen = {"receipt_ids": ["a"]}
    job = "import_receipts"
    assert is_tried(record(SUCCESS, job, config=chosen), record(job=job, config=every))


def test_its_own_reexecution_replaces_it_however_that_one_ended() -> None:
    run = record()
    child = record(retry=tags.NEVER, run_tags={tags.PARENT: run.dagster_run.run_id})
    assert not is_tried(child, run)


def test_the_next_try_is_a_reexecution_of_the_same_job_with_the_same_wishes() -> None:
    first = record(config={"full": True}).dagster_run
    wanted = request(first)
    assert (wanted.job_name, wanted.run_config) == ("sync_master_data", {"full": True})
    assert wanted.tags == {tags.PARENT: first.run_id, tags.ROOT: first.run_id, tags.RETRY_NUMBER: "1"}
    second = record(run_tags=dict(wanted.tags)).dagster_run
    assert request(second).tags == {tags.PARENT: second.run_id, tags.ROOT: first.run_id, tags.RETRY_NUMBER: "2"}


def test_a_run_that_got_lost_on_its_way_to_another_machine_is_tried_again_and_one_that_began_by_its_own_rule() -> None:
    automation = Settings().automation

    def due(run_tags: dict[str, str], *, sent: bool = True) -> dt.datetime | None:
        made = record(retry=tags.NEVER, run_tags=run_tags)
        run = made.dagster_run
        more = {tags.SENT: run.run_id} if sent else {}
        return due_at(made._replace(dagster_run=run.with_tags({**run.tags, **more})), automation)

    inherited = {tags.RUN: "its parent's"}
    assert due(inherited) == NOW + MINUTE
    assert due(inherited, sent=False) is None
    assert due({}) is None  # it had its lease, and said itself that it is not tried again
    assert due({**inherited, tags.RETRY_NUMBER: str(automation.retries)}) is None
