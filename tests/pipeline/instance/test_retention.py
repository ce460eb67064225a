"""Protects the disk from the history, and from its pruning what is open, shown last, or still going on."""

import os
import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.instance import retention, runs
from assets.instance.retention import prune_history
from cloudkasse_etl.sync.monitoring.runs_on_record import runs_on_record
from tests.support.books import deliver, sale
from tests.support.patience import HANG_SECONDS
from tests.support.programs import Program, checks, materializations, to_be_copied

pytestmark = pytest.mark.copied("source")

WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"


RUNS = 10
OPEN = dg.AssetKey("action_needed")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a refused article after some runs, made once: each run takes more than a second.

    Those between the first and the last only look for receipts, which takes half of it.
    """
    with to_be_copied(tmp_path_factory.mktemp("history")) as made, made.instance() as instance:
        made.world.erp(WRONG_GTIN)
        for number in range(RUNS):
            run_id = str(uuid.uuid4())
            made.run_job(instance, run_id, "sync_receipts" if 0 < number < RUNS - 1 else "sync_all")
            log = made.home.storage / run_id / "compute_logs" / "step.out"
            log.parent.mkdir(parents=True)
            log.write_text("x" * 50_000)
    return made.world.folder


def history(instance: dg.DagsterInstance, *days_ago: int) -> list[str]:
    """Makes the newest runs look that old, the oldest first, and deletes the rest; returns their ids."""
    found = [run.run_id for run in reversed(instance.get_runs())]
    for run_id in found[: -len(days_ago)]:
        instance.delete_run(run_id)
    for run_id, days in zip(found[-len(days_ago) :], days_ago, strict=True):
        age(instance, run_id, days)
    return found[-len(days_ago) :]


def age(instance: dg.DagsterInstance, run_id: str, days: int) -> None:
    """Makes a run look as if it had been that long ago."""
    files = runs.history_files(instance)
    assert files is not None
    with closing(sqlite3.connect(files.runs)) as database, database:
        database.execute(
            "UPDATE runs SET create_timestamp = datetime(create_timestamp, ?), "
            "update_timestamp = datetime(update_timestamp, ?) WHERE run_id = ?",
            (f"-{days} days", f"-{days} days", run_id),
        )


def files_of(storage: Path, run_id: str) -> list[str]:
    return sorted(str(path.relative_to(storage)) for path in storage.rglob(f"*{run_id}*"))


def size(storage: Path) -> int:
    return sum(path.stat().st_size for path in storage.rglob("*") if path.is_file())


def test_old_runs_go_and_their_space_comes_back(program: Program, instance: dg.DagsterInstance) -> None:
    *old, before_last, last = history(instance, *[40] * 8, 20, 0)
    young = [before_last, last]
    storage = program.home.storage
    assert len(files_of(storage, old[0])) >= 4
    before = size(storage)
    index = storage / "history" / "runs" / "index.db"
    index_before = index.stat().st_size
    pruned = prune_history(instance, storage, 30)
    assert (pruned.runs, pruned.is_all, pruned.note) == (8, True, "")
    assert before - size(storage) == pytest.approx(pruned.bytes, abs=200_000)
    assert size(storage) < before * 0.6
    assert index.stat().st_size < index_before
    for run_id in old:
        assert files_of(storage, run_id) == []
    # what is open is told as it changes, outside of all runs: such a check belongs to none
    for table, database, further in (("run_tags", "runs.db", set()), ("asset_check_executions", "runs/index.db", {""})):
        with closing(sqlite3.connect(storage / "history" / database)) as connection:
            found = {row[0] for row in connection.execute(f"SELECT DISTINCT run_id FROM {table}")}
        assert found == {*young, *further}
    assert prune_history(instance, storage, 30).runs == 0


def test_open_rejections_history_and_what_the_assets_show_are_as_before(
    program: Program, instance: dg.DagsterInstance
) -> None:
    *_, kept = history(instance, 40, 40, 40, 0)
    engine = sa.create_engine(program.world.erp_url)
    with engine.connect() as connection:
        before = connection.execute(sa.text("SELECT asset, record_key, code, since FROM cloudkasse_rejection")).all()
    shown = {key: event and event.run_id for key, event in latest(instance).items()}
    assert prune_history(instance, program.home.storage, 30).runs == 3
    with engine.connect() as connection:
        after = connection.execute(sa.text("SELECT asset, record_key, code, since FROM cloudkasse_rejection")).all()
    engine.dispose()
    assert before == after != []
    assert {key: event and event.run_id for key, event in latest(instance).items()} == shown
    assert [run["run_id"] for run in program.call_json("history")[1]["runs"]] == [kept]
    assert program.call_json("protocol", kept)[1]["rejections"][0]["still"] is True
    assert program.call_json("sync")[1]["outcome"] == "no_new_data"


def latest(instance: dg.DagsterInstance) -> dict[dg.AssetKey, dg.EventLogEntry | None]:
    return {key: instance.get_latest_materialization_event(key) for key in instance.get_asset_keys()}


def test_what_an_asset_shows_last_stays_however_old(program: Program, instance: dg.DagsterInstance) -> None:
    _, last = history(instance, 50, 40)
    assert prune_history(instance, program.home.storage, 30).runs == 1
    assert len(materializations(instance, last)) == 16
    assert checks(instance, last)
    assert all(event is not None for event in latest(instance).values())


def test_old_events_without_a_run_go_too_but_for_the_latest(program: Program, instance: dg.DagsterInstance) -> None:
    history(instance, 0)
    for number in range(6):
        instance.report_runless_asset_event(dg.AssetMaterialization(OPEN, tags={"number": str(number)}))
        evaluation = dg.AssetCheckEvaluation(OPEN, "nothing_open", passed=True, metadata={"number": number})
        instance.report_runless_asset_event(evaluation)
    files = runs.history_files(instance)
    assert files is not None
    for path in (files.index, files.runless):
        with closing(sqlite3.connect(path)) as database, database:
            old = "UPDATE event_logs SET timestamp = datetime(timestamp, '-40 days') WHERE run_id = ''"
            database.execute(old)
    with closing(sqlite3.connect(files.index)) as database, database:
        column = "evaluation_event_timestamp"
        database.execute(f"UPDATE asset_check_executions SET {column} = datetime({column}, '-40 days')")
    prune_history(instance, program.home.storage, 30)
    for path in (files.index, files.runless):
        with closing(sqlite3.connect(path)) as database:
            kinds = database.execute(
                "SELECT dagster_event_type FROM event_logs WHERE run_id = '' ORDER BY 1"
            ).fetchall()
        assert kinds == [("ASSET_CHECK_EVALUATION",), ("ASSET_MATERIALIZATION",)]
    found = instance.fetch_materializations(OPEN, limit=10).records
    assert [record.asset_materialization.tags for record in found if record.asset_materialization] == [{"number": "5"}]
    check = instance.get_latest_asset_check_evaluation_record(dg.AssetCheckKey(OPEN, "nothing_open"))
    assert check is not None
    assert check.event is not None
    assert check.event.dagster_event is not None
    assert check.event.dagster_event.asset_check_evaluation_data.metadata["number"].value == 5


@pytest.mark.parametrize("status", [s for s in dg.DagsterRunStatus if s not in retention.OVER])
def test_a_run_that_is_not_over_stays_and_so_does_the_one_that_it_repeats(
    program: Program, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    job = program.definitions().resolve_job_def("sync_all")
    other = instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.FAILURE)
    parent = instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.FAILURE)
    child = instance.create_run_for_job(
        job_def=job,
        status=status,
        parent_run_id=parent.run_id,
        root_run_id=parent.run_id,
        remote_job_origin=runs.remote_origin("sync_all"),
    )
    for run in (parent, child, other):
        age(instance, run.run_id, 400)
    assert prune_history(instance, program.home.storage, 30).runs == 1
    assert instance.has_run(parent.run_id)
    assert instance.has_run(child.run_id)


def test_beside_a_run_the_databases_are_left_as_large_as_they_are(
    program: Program, instance: dg.DagsterInstance
) -> None:
    history(instance, *[40] * 9, 0)
    going_on = instance.create_run_for_job(
        job_def=program.definitions().resolve_job_def("sync_all"), status=dg.DagsterRunStatus.STARTED
    )
    index = program.home.storage / "history" / "runs" / "index.db"
    before = index.stat().st_size
    pruned = prune_history(instance, program.home.storage, 30)
    assert (pruned.runs, index.stat().st_size) == (9, before)
    assert "when no run is going on" in pruned.note
    instance.report_run_failed(going_on)
    assert prune_history(instance, program.home.storage, 30).note == ""
    assert index.stat().st_size < before


def test_a_real_sync_in_another_process_goes_on_undisturbed(program: Program, instance: dg.DagsterInstance) -> None:
    history(instance, *[40] * 6, 0)
    process = program.start("sync", "--full", "--json")
    removed = 0
    while process.poll() is None:
        removed += prune_history(instance, program.home.storage, 30).runs
        time.sleep(0.2)
    out, err = process.communicate()
    assert process.returncode == 0, out + err
    assert removed == 6


def test_what_a_run_left_that_was_deleted_in_the_ui_goes_too(program: Program, instance: dg.DagsterInstance) -> None:
    deleted, _ = history(instance, 0, 0)
    instance.delete_run(deleted)
    events = program.home.storage / "history" / "runs" / f"{deleted}.db"
    assert events.exists()
    assert prune_history(instance, program.home.storage, 30).runs == 0
    assert not events.exists()


def test_pruning_that_is_stopped_goes_on_the_next_time(program: Program, instance: dg.DagsterInstance) -> None:
    history(instance, 40, 40, 40, 0)
    stopped = prune_history(instance, program.home.storage, 30, seconds=1e-9)
    assert (stopped.runs, stopped.is_all) == (0, False)
    assert prune_history(instance, program.home.storage, 30, seconds=HANG_SECONDS).runs == 3


def test_a_history_in_another_database_is_pruned_without_touching_files(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert runs.history_files(instance) is None
        assert prune_history(instance, tmp_path, 30).runs == 0


def test_the_command_prunes_by_option_or_setting_and_else_asks(program: Program, instance: dg.DagsterInstance) -> None:
    history(instance, 40, 20, 0)
    code, error = program.call_json("history", "prune")
    assert code == 2
    assert "--keep-days" in error["hint"]
    program.world.settings["history"] = {"keep_days": 30}
    code, told = program.call_json("history", "prune")
    assert (code, told["runs"], told["note"]) == (0, 1, "")
    assert told["bytes"] > 0
    code, out, _ = program.call("history", "prune", "--keep-days", "10")
    assert code == 0
    assert out.startswith("1 run removed, ")
    assert len(program.call_json("history", "--limit", "5")[1]["runs"]) == 1


def test_the_sensor_prunes_once_a_day_where_the_settings_say_so(program: Program, instance: dg.DagsterInstance) -> None:
    history(instance, 40, 0)
    off = program.definitions().resolve_sensor_def("prune_history")
    assert off.default_status is dg.DefaultSensorStatus.STOPPED
    with dg.build_sensor_context(instance=instance) as context:
        assert "keep all runs" in str(off(context))
    program.world.settings["history"] = {"keep_days": 30}
    sensor = program.definitions().resolve_sensor_def("prune_history")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    with dg.build_sensor_context(instance=instance) as context:
        assert "1 run removed" in str(sensor(context))
        assert "Done for today" in str(sensor(context))


def test_a_run_to_which_booked_rows_lead_keeps_its_entry_and_its_protocol_for_ten_years(
    program: Program, instance: dg.DagsterInstance
) -> None:
    booked, other, ancient, _ = history(instance, 40, 40, 365 * 12, 0)
    storage, kept = program.home.storage, {booked, ancient}
    entry = [run for run in program.call_json("history")[1]["runs"] if run["run_id"] == booked]
    protocol = program.call_json("protocol", booked)[1]
    (before,) = instance.get_run_records(dg.RunsFilter([booked]))
    pruned = prune_history(instance, storage, 30, on_record=kept)
    assert (pruned.runs, pruned.without_log) == (2, 1)
    assert not instance.has_run(other)
    assert not instance.has_run(ancient)
    assert [run for run in program.call_json("history")[1]["runs"] if run["run_id"] == booked] == entry
    assert program.call_json("protocol", booked)[1] == protocol
    (after,) = instance.get_run_records(dg.RunsFilter([booked]))
    assert after.update_timestamp == before.update_timestamp  # alerts ask which run ended last
    # its log is gone, which is what takes the room
    assert [name for name in files_of(storage, booked) if "protocols" not in name] == []
    assert pruned.bytes > 100_000
    again = prune_history(instance, storage, 30, on_record=kept)
    assert (again.runs, again.without_log) == (0, 0)


def test_the_protocol_of_a_run_on_record_stays_also_where_a_person_deleted_the_run_in_the_ui(
    program: Program, instance: dg.DagsterInstance
) -> None:
    deleted, _ = history(instance, 0, 0)
    instance.delete_run(deleted)
    protocols = list((program.home.storage / "protocols").glob(f"{deleted}*"))
    assert protocols
    for path in protocols:
        os.utime(path, (0, 0))
    prune_history(instance, program.home.storage, 30, on_record={deleted})
    assert all(path.is_file() for path in protocols)
    prune_history(instance, program.home.storage, 30)
    assert not any(path.is_file() for path in protocols)


def test_a_run_that_fetched_a_receipt_is_on_record_and_nothing_is_removed_while_that_cannot_be_known(
    program: Program, instance: dg.DagsterInstance
) -> None:
    before = set(runs_on_record(program.world.configuration()))
    deliver(program.world, sale(1))
    run_id = program.call_json("sync", "receipts", "--no-import")[1]["run_id"]
    assert set(runs_on_record(program.world.configuration())) - before == {run_id}
    age(instance, run_id, 40)
    program.world.settings["history"] = {"keep_days": 30}
    sensor = program.definitions().resolve_sensor_def("prune_history")
    program.world.erp("ALTER TABLE cloudkasse_posting RENAME TO gone")
    with dg.build_sensor_context(instance=instance) as context:
        assert "removed" not in str(sensor(context))
    assert program.call("history", "prune", "--keep-days", "1")[0] == 20
    program.world.erp("ALTER TABLE gone RENAME TO cloudkasse_posting")
    assert instance.has_run(run_id)
    program.call_json("sync", "receipts", "--no-import")  # so that no asset shows the run as its latest
    told = program.call_json("history", "prune", "--keep-days", "1")[1]
    assert (told["runs"], told["without_log"]) == (0, 1)
    assert instance.has_run(run_id)
