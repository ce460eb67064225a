"""Protects what a run leaves in Dagster: outcome and counts, failures with their cure, and never a run that hangs."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from assets.instance import runs, tags
from assets.instance.home import Home, open_instance
from assets.instance.retries import request
from assets.instance.run_history import read_history
from assets.instance.run_queue import RunQueue
from assets.instance.runs import repair_dead_runs
from assets.ui.columns import DRAWN_FROM, lineage
from cloudkasse_etl.sync.run.leased_tables import hold_lease
from tests.support.patience import HANG_SECONDS
from tests.support.programs import Program, checks, create_run, materializations, names_of, new_id

WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"
COUNTS = ["new", "changed", "deactivated", "unchanged", "rejected", "still_rejected", "deferred"]


def shown_tags(run: dg.DagsterRun) -> dict[str, str]:
    """The tags that the list of runs shows: none of Dagster's own, none of the hidden ones."""
    return {name: value for name, value in run.tags.items() if not name.startswith(("dagster/", ".dagster/"))}


def description(failure: dg.DagsterEvent) -> str:
    """What a step that failed says of it."""
    said = failure.step_failure_data.user_failure_data
    assert said is not None
    return said.description or ""


def first(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """The run that a synced shop starts with."""
    (run,) = instance.get_runs()
    return run


@pytest.mark.synced
def test_a_run_says_in_its_tags_what_it_came_to(program: Program, instance: dg.DagsterInstance) -> None:
    run = first(instance)
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert shown_tags(run) == {"outcome": "successful", "summary": "14 new"}
    (past,) = read_history(instance, 1)
    assert (past.kind, past.outcome, past.started_by) == ("all", "successful", "a test")
    assert (past.message, past.counts) == ("successful: 14 new", {**dict.fromkeys(COUNTS, 0), "new": 14})
    again = program.run_job(instance, new_id(), "sync_master_data")
    assert shown_tags(again) == {"outcome": "nothing new", "summary": "14 as before"}
    (past,) = read_history(instance, 1)
    assert (past.kind, past.outcome, past.counts["unchanged"]) == ("master-data", "no_new_data", 14)


def test_the_list_of_runs_shows_two_short_tags_and_that_a_run_succeeded_in_part(
    program: Program, instance: dg.DagsterInstance
) -> None:
    program.world.erp(WRONG_GTIN)
    run = program.run_job(instance, new_id())
    assert shown_tags(run) == {"outcome": "⚠ partly successful", "summary": "1 rejected, 12 new"}
    program.world.settings["language"] = "de"
    assert shown_tags(program.run_job(instance, new_id())) == {
        "outcome": "nichts Neues",
        "summary": "1 abgelehnt",  # what waits has no room
    }
    program.run_job(instance, new_id(), retry_rejected=True)
    failed = program.run_job(instance, new_id(), retry_rejected=True)
    assert shown_tags(failed) == {"outcome": "✗ fehlgeschlagen", "summary": "1 abgelehnt"}
    program.world.settings["api"] = {"attempts": 1}
    program.world.server.__exit__(None)
    broken = program.run_job(instance, new_id(), "sync_master_data", full=True)
    assert re.fullmatch("↻ wieder um [0-9]{2}:[0-9]{2}", shown_tags(broken)["outcome"])
    assert shown_tags(broken)["summary"] == "Kasse aus, 1 offen"
    assert broken.tags[tags.MESSAGE].endswith(" 1 Datensatz ist insgesamt offen.")


@pytest.mark.synced
def test_the_history_reads_runs_of_earlier_versions_and_their_reexecutions(
    program: Program, instance: dg.DagsterInstance
) -> None:
    run_id = new_id()
    former = {
        tags.RUN: run_id,
        "cloudkasse/kind": "all",
        "cloudkasse/message": "partially successful: 3 new, 1 rejected",
        "cloudkasse/new": "3",
        "cloudkasse/rejected": "1",
        "cloudkasse/outcome": "partially_successful",
        "cloudkasse/started_by": "schedule nightly",
    }
    create_run(program, instance, former, run_id=run_id, status=dg.DagsterRunStatus.SUCCESS)
    (past,) = read_history(instance, 1)
    assert (past.outcome, past.started_by) == ("partially_successful", "schedule nightly")
    assert past.message == "partially successful: 3 new, 1 rejected"
    assert past.counts == {**dict.fromkeys(COUNTS, 0), "new": 3, "rejected": 1}
    child = runs.run_job(program.definitions(), instance, "sync_all", run_id=new_id(), run_config={}, run_tags=former)
    (past,) = read_history(instance, 1)
    assert (past.run_id, past.outcome, past.message) == (child.run_id, "no_new_data", "nothing new")
    assert (past.started_by, past.counts["new"], past.counts["rejected"]) == ("a test", 0, 0)
    assert not [value for name, value in child.tags.items() if name.startswith(tags.FORMER_PREFIX) and value]


@pytest.mark.synced
def test_every_asset_carries_the_same_numbers(instance: dg.DagsterInstance) -> None:
    run = first(instance)
    found = materializations(instance, run.run_id)
    assert len(found) == 16
    for asset, metadata in found.items():
        for name in [*COUNTS, "seconds"]:
            assert isinstance(metadata[name].value, int | float), (asset, name)
        assert metadata["summary"].value
        assert Path(metadata["protocol"].value).is_file()
    assert found["cloudkasse_articles"]["new"].value == 5
    assert found["sync_report"]["new"].value == 14
    for asset in DRAWN_FROM.keys() & found.keys():  # the others are another till's
        assert found[asset]["dagster/column_lineage"].value == lineage(asset)["dagster/column_lineage"]


@pytest.mark.synced
def test_no_asset_leaves_data_in_dagsters_storage(program: Program) -> None:
    assert set(names_of(program.home.storage)) <= {"history", "schedules", "protocols", "opening.lock"}


def test_the_report_is_last_of_some_assets_too(program: Program, instance: dg.DagsterInstance) -> None:
    chosen = {"selectline_company", "sync_report", "cloudkasse_company"}  # no end of the graph is among them
    every = program.definitions().resolve_implicit_global_asset_job_def()
    some = every.get_subset(asset_selection={dg.AssetKey(name) for name in chosen})
    result = some.execute_in_process(instance=instance)
    steps = [event.step_key for event in result.get_step_success_events()]
    assert chosen <= set(steps)
    assert steps[-1] == "sync_report"


def test_a_bad_record_fails_no_step_and_shows_with_its_cure(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.erp(WRONG_GTIN)
    run = program.run_job(instance, new_id())
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert run.tags[tags.OUTCOME] == "partially_successful"
    told = materializations(instance, run.run_id)["cloudkasse_articles"]
    cure, wrong, count, name = told["rejections"].value.split("\n\n")
    assert "ART.EANNummer" in cure
    assert "4006381333932" in wrong
    assert (count, name) == ("1 record", "- A1 Artikel 1")
    assert "all_records" not in told  # which would say the same
    found = checks(instance, run.run_id)
    assert not found["cloudkasse_articles", "all_records_accepted"].passed
    assert found["cloudkasse_articles", "all_records_accepted"].severity is dg.AssetCheckSeverity.WARN
    assert found["cloudkasse_employees", "all_records_accepted"].passed


def test_without_a_register_articles_wait_and_a_check_says_so(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.settings["registers"] = []
    run = program.run_job(instance, new_id())
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert tags.counts_of(run.tags)["deferred"] == 10  # five articles and their prices
    found = checks(instance, run.run_id)
    assert not found["cloudkasse_articles", "register_before_articles"].passed
    assert "register" in found["cloudkasse_articles", "register_before_articles"].description


def test_articles_that_one_register_cannot_sell_are_a_warning(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.settings["registers"].append(
        {"number": "K2", "name": "Markt", "warehouse": "1", "price_group": "2", "cash_account": "1001"}
    )
    run = program.run_job(instance, new_id())
    assert run.tags[tags.OUTCOME] == "successful"
    check = checks(instance, run.run_id)["gross_prices", "prices_for_every_register"]
    assert (check.passed, check.description) == (False, "K2: 5 articles without a price")


def test_a_run_in_which_everything_was_rejected_turns_red_at_its_end(
    program: Program, instance: dg.DagsterInstance
) -> None:
    program.world.erp(WRONG_GTIN)
    program.run_job(instance, new_id())
    run = program.run_job(instance, new_id(), retry_rejected=True)
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert run.tags[tags.OUTCOME] == "failed"
    # the report's metadata is there although its step failed, and so is all the rest
    assert len(materializations(instance, run.run_id)) == 16
    (failed,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    assert failed.dagster_event is not None
    assert failed.dagster_event.step_key == "sync_report"
    assert description(failed.dagster_event) == run.tags[tags.MESSAGE] == "failed: 1 rejected, 1 waiting"


def test_an_unreadable_table_stops_only_what_needs_it(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.erp("DROP TABLE MITARBW")
    run = program.run_job(instance, new_id())
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert run.tags[tags.OUTCOME] == "failed"
    assert "MITARBW" in run.tags[tags.MESSAGE]
    assert tags.counts_of(run.tags)["new"] == 12  # all but the two employees
    assert set(program.world.cloud("prices")) == {f"A{i}|1|0.000|" for i in range(1, 6)}


def test_an_error_that_a_person_can_cure_is_told_in_plain_words(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.settings["api"] = {"attempts": 1}
    program.world.server.__exit__(None)
    run = program.run_job(instance, new_id(), "sync_master_data")
    failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    (failed,) = (entry.dagster_event for entry in failures if entry.dagster_event)
    assert failed.step_key == "cloudkasse_company"
    assert "refused" in description(failed)
    assert failed.step_failure_data.error is not None
    assert failed.step_failure_data.error.cause is None  # no second traceback underneath
    assert run.tags[tags.OUTCOME] == "failed"


def test_a_run_that_cannot_take_the_lease_fails_and_says_who_has_it(
    program: Program, instance: dg.DagsterInstance
) -> None:
    with hold_lease(program.world.configuration(), run_id=new_id(), kind="all", started_by="somebody else"):
        run = program.run_job(instance, new_id())
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert "somebody else" in run.tags[tags.MESSAGE]
    assert read_history(instance, 1)[0].outcome == "failed"


@pytest.mark.synced
def test_a_reexecution_forgets_what_its_parent_came_to(program: Program, instance: dg.DagsterInstance) -> None:
    parent = first(instance)
    child = runs.run_job(
        program.definitions(), instance, "sync_all", run_id=new_id(), run_config={}, run_tags=parent.tags
    )
    assert child.tags[tags.OUTCOME] == "no_new_data"
    assert tags.counts_of(child.tags)["new"] == 0
    assert child.tags[tags.MESSAGE] == "nothing new"


@pytest.mark.synced
def test_a_run_that_only_inherited_an_outcome_has_none(program: Program, instance: dg.DagsterInstance) -> None:
    parent = first(instance)
    child = create_run(program, instance, dict(parent.tags), status=dg.DagsterRunStatus.QUEUED)
    assert read_history(instance, 1)[0].outcome == "queued"
    instance.report_run_failed(child, "The code location was gone.")
    (past,) = read_history(instance, 1)
    assert (past.outcome, past.message, past.counts["new"]) == ("failed", "The code location was gone.", 0)


@dataclass(frozen=True)
class Submitted:
    """What Dagster gives the queue."""

    dagster_run: dg.DagsterRun
    workspace: None = None


@pytest.mark.synced
@pytest.mark.parametrize("starter", [{}, {"dagster/sensor_name": "retries"}, {"dagster/schedule_name": "nightly"}])
def test_a_queued_run_shows_nothing_of_its_parent_whoever_queued_it(
    program: Program, instance: dg.DagsterInstance, starter: dict[str, str]
) -> None:
    parent = first(instance)
    inherited = {**parent.tags, **starter, "cloudkasse/outcome": "failed"}
    child = create_run(program, instance, inherited, status=dg.DagsterRunStatus.NOT_STARTED)
    assert isinstance(instance.run_coordinator, RunQueue)
    queued = instance.run_coordinator.submit_run(Submitted(child))  # type: ignore[arg-type]
    assert (queued.status, shown_tags(queued)) == (
        dg.DagsterRunStatus.QUEUED, {"outcome": "–", "summary": "–", "cloudkasse/outcome": "–"},
    )  # fmt: skip
    assert read_history(instance, 1)[0].outcome == "queued"
    instance.report_run_canceled(queued)
    never = instance.get_run_by_id(child.run_id)
    assert never is not None
    assert shown_tags(never)["outcome"] == "–"
    fresh = create_run(program, instance, starter, status=dg.DagsterRunStatus.NOT_STARTED)
    assert shown_tags(instance.run_coordinator.submit_run(Submitted(fresh))) == {}  # type: ignore[arg-type]


@pytest.mark.synced
def test_a_run_that_a_sensor_tries_again_stands_with_the_first_one(
    program: Program, instance: dg.DagsterInstance
) -> None:
    parent = first(instance)
    wanted = request(parent)
    child = create_run(program, instance, dict(wanted.tags), status=dg.DagsterRunStatus.NOT_STARTED)
    assert isinstance(instance.run_coordinator, RunQueue)
    assert read_history(instance, 1)[0].started_by == "automatic retry"  # before it has said so itself
    queued = instance.run_coordinator.submit_run(Submitted(child))  # type: ignore[arg-type]
    assert (queued.parent_run_id, queued.root_run_id) == (parent.run_id, parent.run_id)
    for one in (parent, child):
        group = instance.get_run_group(one.run_id)
        assert group is not None
        assert {run.run_id for run in group[1]} == {parent.run_id, child.run_id}


@pytest.mark.synced
def test_dagsters_own_queue_of_an_older_dagster_yaml_does_as_well(
    program: Program, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    ours = (program.home.folder / "dagster.yaml").read_text(encoding="utf-8")
    older = ours.replace("assets.instance.run_queue", "dagster.core.run_coordinator")
    older = older.replace("class: RunQueue", "class: QueuedRunCoordinator")
    assert older != ours
    (tmp_path / "dagster.yaml").write_text(older, encoding="utf-8")
    with open_instance(Home(tmp_path, program.home.storage)) as opened:
        assert type(opened.run_coordinator) is dg.QueuedRunCoordinator
        run = program.run_job(opened, new_id())
    assert shown_tags(run)["outcome"] == "nothing new"


def test_a_run_whose_process_died_is_marked_as_failed(program: Program, instance: dg.DagsterInstance) -> None:
    run_id = new_id()
    create_run(program, instance, tags.starting(run_id, "a test"), run_id=run_id)
    assert repair_dead_runs(instance, program.world.configuration()) == [run_id]
    (past,) = read_history(instance, 1)
    assert past.outcome == "failed"
    assert "killed" in past.message
    assert repair_dead_runs(instance, program.world.configuration()) == []


def test_a_run_that_holds_its_lease_is_left_alone(program: Program, instance: dg.DagsterInstance) -> None:
    run_id, configuration = new_id(), program.world.configuration()
    with hold_lease(configuration, run_id=run_id, kind="all", started_by="a test"):
        # a command holds the lease before its run exists, and until after it has ended
        assert repair_dead_runs(instance, configuration) == []
        create_run(program, instance, tags.starting(run_id, "a test"), run_id=run_id)
        assert repair_dead_runs(instance, configuration) == []


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(dg.DagsterRunStatus.QUEUED, id="it waits its turn"),
        pytest.param(dg.DagsterRunStatus.STARTING, id="its worker is being started"),
        pytest.param(dg.DagsterRunStatus.STARTED, id="it has not taken its lease yet"),
    ],
)
def test_a_reexecution_in_the_ui_is_not_taken_for_its_dead_parent(
    program: Program, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    create_run(program, instance, tags.starting(new_id(), "a test"), status=status)
    assert repair_dead_runs(instance, program.world.configuration()) == []


def test_a_run_that_is_just_ending_is_left_time_to(
    program: Program, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = new_id()
    ending = {**tags.starting(run_id, "a test"), tags.OUTCOME: "successful"}
    create_run(program, instance, ending, run_id=run_id)
    monkeypatch.setattr(runs, "SECONDS_TO_END", HANG_SECONDS)
    assert repair_dead_runs(instance, program.world.configuration()) == []
    monkeypatch.setattr(runs, "SECONDS_TO_END", 0.0)
    time.sleep(0.01)
    assert repair_dead_runs(instance, program.world.configuration()) == [run_id]


def test_the_sensor_repairs_and_is_on_from_the_start(program: Program, instance: dg.DagsterInstance) -> None:
    run_id = new_id()
    create_run(program, instance, tags.starting(run_id, "a test"), run_id=run_id)
    sensor = program.definitions().resolve_sensor_def("dead_runs")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    with dg.build_sensor_context(instance=instance) as context:
        assert run_id[:8] in str(sensor(context))
        assert "No dead run" in str(sensor(context))


def test_a_sensor_that_cannot_look_says_why_and_does_not_fail(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.state_url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    sensor = program.definitions().resolve_sensor_def("dead_runs")
    with dg.build_sensor_context(instance=instance) as context:
        assert "127.0.0.1" in str(sensor(context))


@pytest.mark.synced
def test_one_asset_alone_reads_what_it_needs_afresh(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.erp("UPDATE ART SET Bezeichnung = 'Anders' WHERE Artikelnummer = 'A1'")
    alone = program.definitions().resolve_implicit_global_asset_job_def()
    result = alone.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("cloudkasse_articles")])
    assert result.success
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert (read_history(instance, 1)[0].kind, tags.counts_of(run.tags)["changed"]) == ("assets", 1)
    assert program.world.cloud("articles")["A1"]["name"] == "Anders"


def test_each_repeated_request_is_a_line_of_the_runs_log_and_the_text_of_the_bar(
    program: Program, instance: dg.DagsterInstance
) -> None:
    program.world.settings |= {"api": {"attempts": 2}, "language": "de"}
    program.world.server.__exit__(None)
    told: list[str] = []
    run = runs.run_job(
        program.definitions(on_retry=told.append), instance, "sync_master_data",
        run_id=new_id(), run_config={}, run_tags={},
    )  # fmt: skip
    assert told
    assert all(": Versuch 2 von 2 in 1 s." in text for text in told)
    log = [entry.user_message for entry in instance.all_logs(run.run_id) if entry.user_message in told]
    assert log == told
    assert program.capture is not None
    out, err = program.capture.readouterr()
    assert (out, err) == ("", ""), "a run's lines belong in its log"
