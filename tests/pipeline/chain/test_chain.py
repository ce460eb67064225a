"""Protects that companies of a chain do not know each other: books, runs, checks and pages are each one's own."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from assets.instance.run_history import read_history
from assets.run.partitions import NAME
from tests.support.chains.chain_program import ChainProgram
from tests.support.receipts.coffee_receipts import receipt


def test_each_company_has_its_own_runs_and_records_and_a_broken_one_stops_no_other(chain: ChainProgram) -> None:
    worlds = chain.chain.worlds
    worlds["hamburg"].erp("UPDATE ART SET Bezeichnung = 'Nur in Hamburg' WHERE Artikelnummer = 'A1'")
    code, found = chain.call_json("sync", "--all-companies", "--here")
    assert code == 0
    assert [found["companies"][key]["outcome"] for key in ("berlin", "hamburg")] == ["successful"] * 2
    held = {key: {one["number"]: one for one in worlds[key].server.store.records("articles")} for key in worlds}
    assert [held[key]["A1"]["name"] == "Nur in Hamburg" for key in ("berlin", "hamburg")] == [False, True]
    assert {world.server.store.records("companies")[0]["number"] for world in worlds.values()} == {"berlin", "hamburg"}
    worlds["berlin"].settings["timezone"] = "nowhere"
    code, found = chain.call_json("sync", "--all-companies", "--here")
    assert code == 2
    assert found["companies"]["hamburg"]["outcome"] == "no_new_data"
    assert "berlin.yaml:" in found["companies"]["berlin"]["error"]
    code, listed = chain.call_json("history", "--all-companies")
    runs = {key: [run["outcome"] for run in found["runs"]] for key, found in listed["companies"].items()}
    assert runs == {"berlin": ["successful"], "hamburg": ["no_new_data", "successful"]}


def test_a_run_is_in_its_partition_and_so_are_its_checks(chain: ChainProgram, history: dg.DagsterInstance) -> None:
    chain.chain.worlds["berlin"].server.store.deliver_receipts([receipt(1)])
    assert chain.call("sync", "--company", "berlin")[0] in (0, 10)
    (run,) = read_history(history, 10)
    assert run.company == "berlin"
    assert history.get_dynamic_partitions(NAME) == ["berlin"]
    for asset in ("staged_receipts", "sync_report", "action_needed"):
        assert history.get_materialized_partitions(dg.AssetKey(asset)) == {"berlin"}, asset
    events = history.event_log_storage.get_event_records(
        dg.EventRecordsFilter(dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    )
    partitions = {
        event.event_log_entry.dagster_event.event_specific_data.partition  # type: ignore[union-attr]
        for event in events
    }
    assert partitions == {"berlin"}
    _, found = chain.call_json("receipts", "--all-companies")
    counts = {key: len(listed["receipts"]) for key, listed in found["companies"].items()}
    assert counts == {"berlin": 1, "hamburg": 0}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "none was named"),
        (("--company", "berln"), "did you mean 'berlin'"),
        (("--company", "berlin", "--company", "x"), "There is no company 'x'"),
    ],
)
def test_a_company_that_is_not_chosen_well_is_told(chain: ChainProgram, arguments: tuple[str, ...], told: str) -> None:
    code, _, said = chain.call("receipts", *arguments)
    assert code == 2
    assert told in said
    assert "berlin, hamburg" in said


def test_commands_are_told_with_the_company(chain: ChainProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cloudkasse-etl history --company berlin" in chain.call("sync", "--company", "berlin")[1]
    monkeypatch.setenv("CLOUDKASSE_COMPANY", "hamburg")
    assert "cloudkasse-etl history --company hamburg" in chain.call("sync")[1]


def test_sensor_companies_keeps_the_partitions_and_names_what_is_broken(
    chain: ChainProgram, history: dg.DagsterInstance
) -> None:
    told = str(chain.tick(history, "companies").skip_reason)
    assert "New: berlin, hamburg." in told
    assert sorted(history.get_dynamic_partitions(NAME)) == ["berlin", "hamburg"]
    chain.chain.worlds["berlin"].settings["timezone"] = "nowhere"
    for _ in range(2):
        assert "berlin: berlin.yaml:" in str(chain.tick(history, "companies").skip_reason)
    page = history.fetch_materializations(
        dg.AssetRecordsFilter(dg.AssetKey("action_needed"), asset_partitions=["berlin"]), limit=5
    ).records
    assert len(page) == 1
    chain.chain.worlds["berlin"].settings["timezone"] = "Europe/Berlin"
    chain.tick(history, "what_is_open")
    chain.chain.write()
    (chain.chain.companies / "hamburg.yaml").unlink()
    del chain.chain.worlds["hamburg"]
    assert "Gone: hamburg." in str(chain.tick(history, "companies").skip_reason)
    assert history.get_dynamic_partitions(NAME) == ["berlin"]


def test_new_data_starts_runs_of_the_companies_that_have_some(chain: ChainProgram, history: dg.DagsterInstance) -> None:
    chain.tick(history, "companies")
    first = chain.tick(history, "new_data").run_requests or []
    assert sorted((str(asked.partition_key), asked.job_name) for asked in first) == [
        ("berlin", "sync_all"),
        ("hamburg", "sync_all"),
    ]
    assert chain.call("sync", "--all-companies", "--here")[0] == 0
    quiet = chain.tick(history, "new_data")
    assert "2 of 2 companies looked at: 2 level, 0 started, 0 unreachable" in str(quiet.skip_reason)
    chain.chain.worlds["hamburg"].server.store.deliver_receipts([receipt(1)])
    chain.chain.worlds["berlin"].server.__exit__(None)
    (asked,) = chain.tick(history, "new_data").run_requests or []
    assert (asked.partition_key, asked.job_name) == ("hamburg", "sync_receipts")


def test_old_runs_of_one_company_go_and_what_others_show_or_need_stays(
    chain: ChainProgram, history: dg.DagsterInstance
) -> None:
    hamburg = chain.chain.worlds["hamburg"].server.store
    hamburg.deliver_receipts([receipt(1)])
    for _ in range(3):
        assert chain.call("sync", "--all-companies", "--here")[0] in (0, 10)
        hamburg.deliver_receipts([])
    runs = {key: [run.run_id for run in read_history(history, 10, key)] for key in ("berlin", "hamburg")}
    assert [len(found) for found in runs.values()] == [3, 3]
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assets.instance.retention.dt", _clock_at(later))
        code, found = chain.call_json("history", "prune", "--keep-days", "30", "--company", "berlin")
    assert code == 0
    # the last one is what berlin's pages show, and the first noted the settings: of that only the log goes
    assert (found["runs"], found["without_log"]) == (1, 1)
    left = {key: [run.run_id for run in read_history(history, 10, key)] for key in ("berlin", "hamburg")}
    assert left == {"berlin": runs["berlin"][::2], "hamburg": runs["hamburg"]}
    for asset in ("sync_report", "staged_receipts"):
        assert history.get_materialized_partitions(dg.AssetKey(asset)) == {"berlin", "hamburg"}


def _clock_at(now: dt.datetime) -> Any:
    class Later(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return now

    return SimpleNamespace(datetime=Later, timedelta=dt.timedelta, UTC=dt.UTC)
