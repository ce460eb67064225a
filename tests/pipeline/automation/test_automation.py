"""Protects what starts by itself: the right job when something is new, nothing when not, and never for ever."""

import datetime as dt
import re
import sqlite3
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.automation.crons import opening_crons
from assets.instance import tags
from assets.instance.run_history import read_history
from assets.instance.runs import run_job
from cloudkasse_etl.config.sections.automation_settings import OpeningHours
from cloudkasse_etl.config.settings import Settings, parse_settings
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.monitoring.new_data import Novelty, look_for_novelty
from cloudkasse_etl.sync.run.leased_tables import hold_lease
from tests.support.programs import Program, create_run
from tests.support.receipts.coffee_receipts import closing, receipt

NEW_NAME = "UPDATE ART SET Bezeichnung = 'Anders' WHERE Artikelnummer = 'A1'"


def sync(program: Program, instance: dg.DagsterInstance, job: str = "sync_all") -> dg.DagsterRun:
    """A whole run of a job."""
    return program.run_job(instance, str(uuid.uuid4()), job)


def look(program: Program, as_of: dt.date | None = None) -> Novelty:
    return look_for_novelty(program.world.configuration(), as_of)


def tick(program: Program, instance: dg.DagsterInstance) -> Any:
    sensor = program.definitions().resolve_sensor_def("new_data")
    with dg.build_sensor_context(instance=instance, definitions=program.definitions()) as context:
        return sensor(context)


# --- what is new


def test_before_the_first_synchronisation_everything_is_new(program: Program) -> None:
    assert look(program).kind == "all"


@pytest.mark.synced
def test_after_a_synchronisation_nothing_is_until_something_moves(
    program: Program, instance: dg.DagsterInstance
) -> None:
    assert (look(program).kind, look(program).render("en")) == (None, "No new data.")
    program.world.erp(NEW_NAME)
    found = look(program)
    assert found.kind == "master-data"
    assert "selectline_articles" in found.render("en")
    program.world.server.store.deliver_receipts([receipt(1)])
    assert look(program).kind == "all"
    sync(program, instance, "sync_master_data")
    assert (look(program).kind, look(program).render("en")) == ("receipts", "New: receipts in the till.")
    sync(program, instance, "sync_receipts")
    assert look(program).kind is None


@pytest.mark.synced
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        pytest.param("DELETE FROM ARPREIS WHERE Artikelnummer = 'A1'", "master-data", id="a deletion moves no maximum"),
        pytest.param("UPDATE USDETAIL SET Steuer = 7", "master-data", id="a VAT rate"),
        pytest.param("UPDATE LAGER SET Bezeichnung = 'X'", None, id="a table of which nothing goes up"),
    ],
)
def test_what_counts_as_a_change_in_the_erp(
    program: Program, instance: dg.DagsterInstance, change: str, kind: str | None
) -> None:
    program.world.erp(change)
    found = look(program)
    assert found.kind == kind, found.render("en")


def test_a_vat_rate_that_comes_into_force_is_new_on_that_day(program: Program, instance: dg.DagsterInstance) -> None:
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)
    program.world.erp(
        "INSERT INTO USDETAIL (USDETAIL_ID, SteuerCode, GueltigAb, Steuer, TS) VALUES (9, '3', :day, 20.0, 900)",
        {"day": f"{tomorrow} 00:00:00.000000"},
    )
    sync(program, instance)
    assert look(program).kind is None
    assert look(program, tomorrow).kind == "master-data"


@pytest.mark.synced
def test_a_changed_setting_and_a_cloud_that_lost_records_are_new(
    program: Program, instance: dg.DagsterInstance
) -> None:
    program.world.settings["articles"] = {"only_shop_active": True}
    assert look(program).kind == "master-data"
    del program.world.settings["articles"]
    assert look(program).kind is None
    cloud = sqlite3.connect(program.world.folder / "cloud.db")
    deleted = cloud.execute("DELETE FROM record WHERE entity = 'articles' AND key LIKE '%A1%'")
    assert deleted.rowcount == 1
    cloud.commit()
    cloud.close()
    found = look(program)
    assert (found.kind, "4 of 5 articles" in found.render("en")) == ("master-data", True)
    assert "das Kassensystem hält 4 von 5 Artikeln" in found.render("de")


def test_with_a_direct_import_what_is_still_staged_is_something_to_do(
    program: Program, instance: dg.DagsterInstance
) -> None:
    program.world.server.store.deliver_receipts([receipt(1)])
    program.world.server.store.deliver_closings([closing(1, 1, 1)])
    sync(program, instance)
    assert look(program).kind is None
    program.world.settings["receipts"] = {"import": "direct"}
    assert "1 staged receipt to import" in look(program).render("en")


@pytest.mark.synced
def test_a_look_sends_one_request_takes_no_lease_and_writes_nothing(
    program: Program, instance: dg.DagsterInstance
) -> None:
    program.world.erp(NEW_NAME)
    configuration = program.world.configuration()
    before = dump(program)
    with hold_lease(configuration, run_id=str(uuid.uuid4()), kind="all", started_by="a run that is going on"):
        asked = len(program.world.server.requests)
        assert look_for_novelty(configuration).kind == "master-data"
    assert [(method, path) for method, path, _ in program.world.server.requests[asked:]] == [("GET", "/v1/status")]
    assert dump(program) == before


def dump(program: Program) -> list[str]:
    """All that stands in the ERP's database, in which our own tables lie too, but for the lease."""
    database = sqlite3.connect(program.world.erp_file)
    try:
        return [line for line in database.iterdump() if "cloudkasse_lease" not in line]
    finally:
        database.close()


def test_a_look_before_the_first_run_makes_no_tables(program: Program) -> None:
    look(program)
    with sqlite3.connect(program.world.erp_file) as erp:
        names = [name for (name,) in erp.execute("SELECT name FROM sqlite_master")]
    erp.close()
    assert not [name for name in names if name.startswith("cloudkasse_")]


# --- ticks of the sensor


def test_the_sensor_starts_the_right_job_once_for_the_same_state(
    program: Program, instance: dg.DagsterInstance
) -> None:
    first = tick(program, instance)
    assert first.job_name == "sync_all"
    sync(program, instance)
    assert tick(program, instance).skip_message == "No new data."
    program.world.erp(NEW_NAME)
    news, again = tick(program, instance), tick(program, instance)
    assert (news.job_name, news.run_key) == ("sync_master_data", again.run_key)
    program.world.erp("UPDATE ART SET Bezeichnung = 'Wieder anders' WHERE Artikelnummer = 'A1'")
    assert tick(program, instance).run_key != news.run_key


@pytest.mark.synced
def test_the_sensor_says_in_plain_words_what_it_cannot_reach(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.erp_file.rename(program.world.folder / "away.db")
    assert "erp.db" in tick(program, instance).skip_message
    (program.world.folder / "away.db").rename(program.world.erp_file)
    program.world.server.__exit__(None)
    message = tick(program, instance).skip_message
    assert "refused" in message
    assert "Traceback" not in message


def test_receipts_come_down_while_the_erp_is_away(
    program: Program, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    program.world.state_url = f"sqlite:///{tmp_path / 'own.db'}"
    sync(program, instance)
    program.world.erp_file.rename(program.world.folder / "away.db")
    assert "erp.db" in tick(program, instance).skip_message
    program.world.server.store.deliver_receipts([receipt(1)])
    assert tick(program, instance).job_name == "sync_receipts"


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED])
def test_nothing_starts_while_a_synchronisation_is_queued_or_running(
    program: Program, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    create_run(program, instance, {}, status=status)
    word = "queued" if status is dg.DagsterRunStatus.QUEUED else "running"
    assert f"is {word} already: sync_all" in tick(program, instance).skip_message
    for name in ("nightly", "receipts_in_opening_hours"):
        schedule = program.definitions().resolve_schedule_def(name)
        context = dg.build_schedule_context(instance, scheduled_execution_time=dt.datetime.now(dt.UTC))
        assert f"is {word} already" in str(schedule(context))


# --- schedules


def test_the_schedules_start_their_jobs_and_are_off_until_somebody_switches_them_on(
    program: Program, instance: dg.DagsterInstance
) -> None:
    definitions = program.definitions()
    expected = {"nightly": "sync_all", "receipts_in_opening_hours": "sync_receipts"}
    for name, job in expected.items():
        schedule = definitions.resolve_schedule_def(name)
        assert (schedule.job_name, schedule.execution_timezone) == (job, "Europe/Berlin")
        assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
        context = dg.build_schedule_context(instance, scheduled_execution_time=dt.datetime.now(dt.UTC))
        assert isinstance(schedule(context), dg.RunRequest)
    assert definitions.resolve_sensor_def("new_data").default_status is dg.DefaultSensorStatus.STOPPED


@pytest.mark.parametrize(
    ("hours", "crons"),
    [
        ({}, ["*/15 8-19 * * MON,TUE,WED,THU,FRI,SAT", "0 20 * * MON,TUE,WED,THU,FRI,SAT"]),
        ({"opens": "00:00", "closes": "23:59", "every_minutes": "1", "days": ["sun"]}, ["* 0-23 * * SUN"]),
        ({"opens": "08:30", "closes": "10:00", "every_minutes": "30", "days": ["mon"]},
         ["30 8 * * MON", "*/30 9 * * MON", "0 10 * * MON"]),
        ({"opens": "06:00", "closes": "20:00", "every_minutes": "420", "days": ["mon"]}, ["0 6,13,20 * * MON"]),
    ],
)  # fmt: skip
def test_receipts_are_fetched_from_opening_to_closing(hours: dict[str, Any], crons: list[str]) -> None:
    assert opening_crons(OpeningHours(**hours)) == crons


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("automation:\n  nightly: {time: 2:30}", "automation.nightly.time"),
        ("automation:\n  receipts: {opens: 20:00, closes: 08:00}", "closes must be later"),
        ("automation:\n  receipts: {days: [Monday]}", "automation.receipts.days"),
        ("automation:\n  nigthly: {}", "did you mean 'nightly'"),
        ("automation:\n  fresh_hours: {receipts: 0}", "automation.fresh_hours.receipts"),
    ],
)
def test_wrong_times_are_told_with_line_and_key(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told.replace(".", r"\.")) as error:
        parse_settings(text)
    assert "cloudkasse.yaml:2" in str(error.value)


def test_times_in_the_settings_reach_the_schedules() -> None:
    settings = parse_settings("automation:\n  nightly: {time: 23:05}\n  fresh_hours: {receipts: null}")
    assert settings.automation.nightly.time == "23:05"
    assert settings.automation.fresh_hours.receipts is None
    assert (Settings().automation.retries, Settings().automation.retry_minutes) == (3, (1, 5, 20))


def test_every_asset_but_the_report_says_how_old_it_may_get(program: Program) -> None:
    program.world.settings["automation"] = {"fresh_hours": {"master_data": 26, "receipts": 2}}
    found = {
        spec.key.to_user_string(): policy.fail_window.to_timedelta()
        for spec in program.definitions().resolve_all_asset_specs()
        if isinstance(policy := spec.freshness_policy, type(dg.FreshnessPolicy.time_window(dt.timedelta(days=1))))
    }
    assert len(found) == 15
    assert found["cloudkasse_prices"] == dt.timedelta(hours=26)
    assert found["staged_receipts"] == found["stock_movements"] == dt.timedelta(hours=2)


# --- starting again


def next_try(run: dg.DagsterRun) -> str:
    return run.tags[tags.RETRY]


def tries(program: Program, instance: dg.DagsterInstance) -> Any:
    """What the sensor starts again."""
    sensor = program.definitions().resolve_sensor_def("retries")
    with dg.build_sensor_context(instance=instance, definitions=program.definitions()) as context:
        return sensor(context)


def started(
    program: Program, instance: dg.DagsterInstance, run_tags: Mapping[str, str], **overrides: Any
) -> dg.DagsterRun:
    """A run of the master data as the sensor or the UI starts it, with these tags."""
    return run_job(
        program.definitions(**overrides),
        instance,
        "sync_master_data",
        run_id=str(uuid.uuid4()),
        run_config={},
        run_tags=run_tags,
    )


def test_a_run_that_broke_on_the_network_is_started_again_as_a_whole(
    program: Program, instance: dg.DagsterInstance
) -> None:
    program.world.settings |= {"api": {"attempts": 1}, "automation": {"retries": 2, "retry_minutes": [0, 30]}}
    program.world.server.__exit__(None)
    run = sync(program, instance, "sync_master_data")
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert run.tags["dagster/max_retries"] == "0", "Dagster itself tries nothing again, whatever dagster.yaml says"
    (past,) = read_history(instance, 1)
    assert re.search(r"\. Tried again at [0-9]{2}:[0-9]{2}\.$", past.message)
    assert run.tags["outcome"].startswith("↻ again at ")
    (wanted,) = tries(program, instance)
    assert (wanted.job_name, wanted.run_key) == ("sync_master_data", f"retry:{run.run_id}")

    again = started(program, instance, wanted.tags)
    assert dt.datetime.fromisoformat(next_try(again)) > dt.datetime.now(dt.UTC) + dt.timedelta(minutes=29)
    assert "No run" in str(tries(program, instance))
    last = started(program, instance, {tags.RETRY_NUMBER: "2"})
    assert "Not tried again by itself" in tags.message_of(last.tags)
    assert last.tags["outcome"] == "✗ failed"


@pytest.mark.synced
@pytest.mark.parametrize(
    "change",
    [
        pytest.param("DROP TABLE MITARBW", id="a table is missing"),
        pytest.param("UPDATE MANDANT SET Firma = NULL", id="all that was tried is rejected"),
    ],
)
def test_what_somebody_has_to_cure_is_not_started_again(
    program: Program, instance: dg.DagsterInstance, change: str
) -> None:
    program.world.erp(change)
    run = sync(program, instance)
    assert (run.status, next_try(run)) == (dg.DagsterRunStatus.FAILURE, tags.NEVER)
    assert "ried again" not in tags.message_of(run.tags)


def test_a_run_that_finds_the_lease_taken_or_its_tables_gone_is_judged_likewise(
    program: Program, instance: dg.DagsterInstance
) -> None:
    with hold_lease(program.world.configuration(), run_id=str(uuid.uuid4()), kind="all", started_by="somebody else"):
        assert next_try(sync(program, instance)) == tags.NEVER
    program.world.state_url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    run = sync(program, instance)
    assert dt.datetime.fromisoformat(next_try(run)) > dt.datetime.now(dt.UTC)
    assert "Tried again at" in tags.message_of(run.tags)


@pytest.mark.synced
def test_after_an_outage_the_same_state_may_start_another_run(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.erp(NEW_NAME)
    key = tick(program, instance).run_key
    for retry, same in ((tags.NEVER, True), (tags.SPENT, False), ("2026-11-27T02:36:00+00:00", False)):
        run = create_run(program, instance, {tags.RETRY: retry})
        instance.report_run_failed(run, "for the test")
        assert (tick(program, instance).run_key == key) is same


def test_a_command_is_never_started_again_behind_the_callers_back(program: Program) -> None:
    program.world.settings |= {"api": {"attempts": 1}, "automation": {"retry_minutes": [0]}}
    program.world.server.__exit__(None)
    assert program.call("sync")[0] == 20
    with program.instance() as instance:
        (run,) = instance.get_runs()
        assert "No run" in str(tries(program, instance))
    assert next_try(run) == tags.NEVER
    assert "ried again" not in tags.message_of(run.tags)


def test_a_reexecution_by_a_person_is_theirs_whoever_started_the_first(
    program: Program, instance: dg.DagsterInstance
) -> None:
    inherited = {"dagster/schedule_name": "nightly", tags.RETRY: tags.NEVER, tags.PARENT: str(uuid.uuid4())}
    program.world.server.__exit__(None)
    run = started(program, instance, inherited, started_by=None)
    assert tags.starter_of(run.tags) == "UI"
    assert tags.is_tried_again(run.run_id, run.tags), "its parent's veto is not its own"
