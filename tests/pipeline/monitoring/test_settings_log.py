"""Protects the record of the settings: each run's, each change once with what it changed, shown wherever one looks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import LeaseHeldError
from cloudkasse_etl.state.stores.settings_log import SettingsChange, SettingsLog
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.run.leased_tables import hold_store, leased
from cloudkasse_etl.sync.run.settings_history import settings_history
from cloudkasse_etl.sync.run.settings_record import record_settings
from tests.support.pages.html_page import Page
from tests.support.programs import Program, materializations
from tests.support.worlds import World


@contextmanager
def log_of(configuration: Configuration) -> Iterator[SettingsLog]:
    with open_reading(configuration) as store:
        yield SettingsLog(store.connection)


def changes(world: World) -> list[SettingsChange]:
    with log_of(world.configuration()) as log:
        return log.changes()


def run(world: World) -> str:
    """A run that does nothing; its id."""
    with world.session() as session:
        return session.run_id


def told(change: SettingsChange) -> dict[str, tuple[Any, Any]]:
    return dict(change.differences)


def test_each_run_notes_its_settings_and_each_change_is_a_row_once(world: World) -> None:
    first, second = run(world), run(world)
    world.settings["safety"] = {"retire_percent": 30}
    third = run(world)
    fourth = run(world)
    del world.settings["safety"]
    fifth = run(world)
    found = changes(world)
    assert [(one.number, one.run_id, told(one)) for one in found] == [
        (1, first, {}),
        (2, third, {"safety.retire_percent": (20, 30)}),
        (3, fifth, {"safety.retire_percent": (30, 20)}),
    ]
    assert found[0].settings_hash == found[2].settings_hash != found[1].settings_hash
    assert found[1].values["safety.retire_percent"] == 30
    with log_of(world.configuration()) as log:
        assert log.of_runs([first, second, third, fourth, fifth, "older"]) == {
            first: [1], second: [1], third: [2], fourth: [2], fifth: [3],
        }  # fmt: skip


def test_what_looks_only_records_nothing_and_tells_what_the_next_run_will(world: World) -> None:
    assert settings_history(world.configuration()).pending is None
    run(world)
    world.settings["safety"] = {"retire_percent": 30}
    plan(world.configuration(), "all")
    found = settings_history(world.configuration())
    assert len(found.changes) == 1
    assert found.pending == {"safety.retire_percent": (20, 30)}
    assert found.hash_now != found.changes[0].settings_hash


def test_a_run_that_dies_and_goes_on_under_the_same_id_records_it_once(
    world: World,
) -> None:
    run(world)
    world.settings["safety"] = {"retire_percent": 30}
    configuration = world.configuration()

    class Died(BaseException):
        pass

    def die(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO cloudkasse_run_settings"):
            raise Died  # the change is written, the run is not: one transaction holds both

    with leased(configuration, run_id="r", kind="all", started_by="a test") as state:
        sa.event.listen(state._engine, "before_cursor_execute", die)
        with pytest.raises(Died):
            record_settings(state, configuration.settings)
    assert len(changes(world)) == 1
    for _ in range(2):
        with leased(configuration, run_id="r", kind="all", started_by="a test") as state:
            record_settings(state, configuration.settings)
            record_settings(state, configuration.settings)
    assert [(one.number, one.run_id) for one in changes(world)][1:] == [(2, "r")]
    with log_of(configuration) as log:
        assert log.of_runs(["r"]) == {"r": [2]}


def test_two_at_once_and_two_companies_keep_apart(world: World) -> None:
    with world.session():
        other = world.configuration()
        with pytest.raises(LeaseHeldError), hold_store(other, run_id="x", kind="decision", started_by="a test"):
            pass
    world.settings["company"] = {**world.settings.get("company", {}), "number": "2"}
    second = world.configuration()
    with hold_store(second, run_id="d", kind="decision", started_by="a person"):
        pass  # a person's decision books under settings too
    (mine,) = changes(world)
    assert (mine.number, mine.run_id) == (1, "d")
    world.settings["company"]["number"] = "1"
    assert [one.number for one in changes(world)] == [1]


@pytest.mark.synced
def test_a_change_is_told_by_list_history_protocol_page_and_assets(program: Program, tmp_path: Path) -> None:
    world = program.world
    world.settings["safety"] = {"retire_percent": 30}
    world.settings["accounts"] = {**world.settings.get("accounts", {}), "clearing": "1399"}
    code, out, _ = program.call("settings", "log")
    assert code == 0
    assert "The file has been changed since the last run" in out
    code, done = program.call_json("sync", "master-data")
    assert code == 0
    code, listed = program.call_json("settings", "log")
    assert (code, listed["pending"]) == (0, [])
    latest = listed["changes"][0]
    assert (latest["run_id"], latest["hash"]) == (done["run_id"], listed["hash"])
    rows = {one["key"]: (one["before"], one["after"]) for one in latest["changes"]}
    assert rows["safety.retire_percent"] == (20, 30)
    # what held from the beginning, and by the changes what held since
    assert [("values" in one) for one in listed["changes"]] == [False] * (len(listed["changes"]) - 1) + [True]
    first = listed["changes"][-1]["values"]
    assert first["safety.retire_percent"] == 20
    assert first["registers.K1.name"]
    assert not [value for value in first.values() if "://" in str(value)]
    code, out, _ = program.call("settings", "log")
    assert "safety.retire_percent: 20 → 30" in out
    code, history = program.call_json("history")
    assert history["runs"][0]["settings"] == listed["hash"]
    assert set(history["runs"][0]["settings_changed"]) == set(rows)
    assert "settings had changed: accounts.clearing" in program.call("history")[1]
    code, protocol = program.call_json("protocol", done["run_id"])
    assert protocol["settings"]["hash"] == listed["hash"]
    program.call("report", "--last", "--html", str(tmp_path / "page.html"))
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert ["safety.retire_percent", "20", "30"] in page.rows
    with program.instance() as instance:
        made = materializations(instance, done["run_id"])
        for asset in ("selectline_articles", "sync_report"):
            table = made[asset]["settings_changed"].value
            assert {"safety.retire_percent", "20", "30"} in [set(one.data.values()) for one in table.records]
    # the next run is under the same ones: nothing has changed for it
    code, done = program.call_json("sync", "master-data")
    code, protocol = program.call_json("protocol", done["run_id"])
    assert (protocol["settings"]["number"], protocol["settings"]["changes"]) == (latest["number"], [])
    world.settings["language"] = "de"
    assert "Die Datei" in program.call("settings", "log")[1]
    assert world.server is not None
    assert "secret" not in json.dumps(listed)
