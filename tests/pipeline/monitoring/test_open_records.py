"""Protects the page of what is open: about now and all assets, money first, no event where nothing differs."""

import csv
import datetime as dt
import io
import re
import uuid
from typing import Any

import dagster as dg
import pytest

from assets.action_needed import refresh
from assets.automation.alerts import ended_runs
from assets.instance.run_history import last_run_of
from cloudkasse_etl.config.settings import Settings, news_of_the_file
from cloudkasse_etl.rejections.causes import by_cause
from cloudkasse_etl.rejections.record_names import ReceiptName
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import connect
from cloudkasse_etl.state.database.opening import place_of, tables_to_write
from cloudkasse_etl.state.stores.missing_numbers import Gap
from cloudkasse_etl.sync.monitoring.failed_runs import LastRun, to_be_told
from cloudkasse_etl.sync.monitoring.gaps import Missing
from cloudkasse_etl.sync.monitoring.open_records import OpenReport, open_records
from tests.support.programs import Program, materializations
from tests.support.receipts.coffee_receipts import receipt
from tests.support.receipts.receipt_factory import item, line

NOW = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
ASSET = dg.AssetKey("action_needed")
CHECK = dg.AssetCheckKey(ASSET, "nothing_open")
FAILED = "A run ({}) failed, and none has made up for it yet."
WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"
GOOD_NAME = "UPDATE ART SET Bezeichnung = 'Geht durch' WHERE Artikelnummer = 'A5'"
GOOD_GTIN = "UPDATE ART SET EANNummer = NULL WHERE Artikelnummer = 'A1'"


def page(instance: dg.DagsterInstance) -> dg.AssetMaterialization:
    entry = instance.get_latest_materialization_event(ASSET)
    assert entry is not None
    assert entry.asset_materialization is not None
    return entry.asset_materialization


def value(instance: dg.DagsterInstance, key: str) -> Any:
    return page(instance).metadata[key].value


def check(instance: dg.DagsterInstance) -> Any:
    record = instance.get_latest_asset_check_evaluation_record(CHECK)
    assert record is not None
    assert record.event is not None
    assert record.event.dagster_event is not None
    return record.event.dagster_event.asset_check_evaluation_data


def count_of_pages(instance: dg.DagsterInstance) -> int:
    return len(instance.fetch_materializations(ASSET, limit=100).records)


def synchronise(program: Program, instance: dg.DagsterInstance, job: str = "sync_all", **config: bool) -> str:
    return program.run_job(instance, str(uuid.uuid4()), job, **config).run_id


def test_the_page_follows_each_run_and_writes_nothing_where_nothing_differs(
    program: Program, instance: dg.DagsterInstance
) -> None:
    synchronise(program, instance)
    assert value(instance, "summary") == "No record is rejected."
    assert check(instance).passed
    assert count_of_pages(instance) == 1

    program.world.erp(WRONG_GTIN)
    program.world.erp(GOOD_NAME)
    run_id = synchronise(program, instance)
    assert "action_needed" not in materializations(instance, run_id)  # a part of no job
    assert value(instance, "summary").startswith("1 record needs a person, for 1 cause.")
    cure, wrong, count, name = value(instance, "what_to_do").split("\n\n")
    assert cure.endswith("in SelectLine (ART.EANNummer).**")
    assert "has a wrong check digit" in wrong
    assert (count, name) == ("1 record", "- A1 Artikel 1")
    found = check(instance)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.description.endswith("Correct or empty the EAN number of the article in SelectLine (ART.EANNummer).")

    pages = count_of_pages(instance)
    synchronise(program, instance)
    synchronise(program, instance, "sync_receipts")  # which never looked at articles
    assert count_of_pages(instance) == pages
    assert value(instance, "open") == 1

    program.world.erp(GOOD_GTIN)
    synchronise(program, instance)
    assert (value(instance, "open"), check(instance).passed) == (0, True)


def test_a_run_that_breaks_makes_the_page_red_and_a_good_one_heals_it(
    program: Program, instance: dg.DagsterInstance
) -> None:
    synchronise(program, instance)
    program.world.erp("ALTER TABLE ART RENAME TO GONE")
    synchronise(program, instance)
    found = check(instance)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert found.description.startswith(FAILED.format("all"))
    assert "ART" in value(instance, "last_run")
    program.world.erp("ALTER TABLE GONE RENAME TO ART")
    synchronise(program, instance)
    assert check(instance).passed


def test_a_failed_run_stays_red_until_a_run_of_its_job_or_of_all_has_made_up_for_it_at_the_prompt_too(
    program: Program, instance: dg.DagsterInstance
) -> None:
    synchronise(program, instance)
    program.world.erp("ALTER TABLE ART RENAME TO GONE")
    assert program.call("sync", "master-data")[0] == 20
    synchronise(program, instance, "sync_receipts")  # nothing new, and all is well with it
    assert not check(instance).passed
    assert value(instance, "summary") == f"{FAILED.format('master-data')} No record is rejected."
    code, out, _ = program.call("rejections")
    assert code == 0
    assert out.startswith(f"{FAILED.format('master-data')} No record is rejected.")
    assert "ART" in out
    found = program.call_json("rejections")[1]
    assert found["message"] == value(instance, "summary")
    assert found["failed_run"]["message"] == value(instance, "last_run")
    program.world.erp("ALTER TABLE GONE RENAME TO ART")
    synchronise(program, instance, "sync_master_data")
    assert check(instance).passed
    assert program.call_json("rejections")[1]["failed_run"] is None


def test_only_a_run_that_does_all_of_it_makes_up_for_a_failed_one() -> None:
    def ended(kind: str, minutes: int, outcome: str = "failed") -> LastRun:
        return LastRun(kind, NOW + dt.timedelta(minutes=minutes), outcome, "")

    failed, fine = ended("receipts", 1), ended("import", 2, "successful")
    assert to_be_told([]) is None
    assert to_be_told([failed, fine]) == failed
    assert to_be_told([failed, fine, wide := ended("all", 3, "successful")]) == wide
    assert to_be_told([failed, fine, ended("all", 0, "successful")]) == failed
    assert to_be_told([imported := ended("import", 1), wide]) == imported
    assert to_be_told([ended("assets", 1), wide]) == wide
    assert to_be_told([failed, later := ended("master-data", 2)]) == later


@pytest.mark.synced
def test_what_waits_and_what_is_stuck_are_told_with_their_sums_and_a_decision_is_seen_at_once(
    program: Program, instance: dg.DagsterInstance
) -> None:
    program.world.settings["registers"][0]["cash_account"] = "1000"
    program.world.settings["accounts"] = {"clearing": "1371", "revenue": {"19.00": "8400"}}
    by_card = item(line(gross=1190), number=8, register="K1", payments=[])
    by_card["payments"] = [
        {"tender": "Kreditkarte", "name": None, "currency": "EUR", "amount_cents": 1190, "base_amount_cents": 1190}
    ]
    program.world.server.store.deliver_receipts([by_card])
    synchronise(program, instance, "sync_receipts", import_receipts=True)
    assert "1 record needs a person, for 1 cause; 11.90 € is stuck in 1 receipt." in value(instance, "summary")
    cure, _, count, name = value(instance, "what_to_do").split("\n\n")
    assert 'Kreditkarte: "ACCOUNT" below accounts: tenders; the next import' in cure
    assert count == "1 record · 11.90 €"
    assert name.startswith("- K1-8")

    table = csv.DictReader(io.StringIO(program.call("rejections", "--csv", "-")[1].lstrip("\ufeff")), delimiter=";")
    assert [(row["Not booked, in cents"], row["Currency"]) for row in table] == [("1190", "EUR")]

    program.world.server.store.deliver_receipts([receipt(1), receipt(2)])
    synchronise(program, instance, "sync_receipts")
    assert "2 receipts wait for their import (47.60 €)." in value(instance, "summary")
    assert value(instance, "waiting") == 2
    cure, _, records = value(instance, "what_waits").split("\n\n")
    assert cure.startswith("**Import them")
    assert re.match(r"2 · since \d{4}-\d\d-\d\d \d\d:\d\d \w+: K1-1", records)
    sums = "3 receipts (59.50 €): 2 waiting for their import (47.60 €), 1 refused by the import (11.90 €)"
    assert program.call("rejections")[1].endswith(f"{sums}\n")

    receipt_id = by_card["receipt_id"] if "receipt_id" in by_card else by_card["id"]
    code, _, _ = program.call("receipts", "dismiss", receipt_id, "--reason", "paid twice")
    assert code == 0
    assert value(instance, "open") == 0


@pytest.mark.synced
def test_numbers_that_are_missing_are_open_until_they_come_or_a_person_ends_them(
    program: Program, instance: dg.DagsterInstance
) -> None:
    world = program.world
    world.settings["registers"][0]["cash_account"] = "1000"
    world.settings["accounts"] = {"clearing": "1371", "revenue": {"19.00": "8400"}}
    world.server.store.deliver_receipts([receipt(1), receipt(3), receipt(6)])
    synchronise(program, instance, "sync_receipts")
    assert "3 receipt numbers are missing" in value(instance, "summary")
    cure, _, examples = value(instance, "what_is_missing").split("\n\n")
    assert "receipts dismiss --missing K1 2 --reason TEXT" in cure
    assert examples == "K1-2; K1-4 – K1-5"
    found = check(instance)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "First: See that every register has been online" in found.description

    world.server.store.deliver_receipts([receipt(4)])
    synchronise(program, instance, "sync_receipts")
    assert program.call("receipts", "dismiss", "--missing", "K1", "2", "--reason", "register broke")[0] == 0
    assert value(instance, "what_is_missing").split("\n\n")[2] == "K1-5"
    told = program.call_json("rejections")[1]["missing"]
    assert [(one["asset"], one["count"], one["gaps"]) for one in told] == [
        ("staged_receipts", 1, [{"register": "K1", "first": 5, "last": 5}])
    ]
    assert "receipts dismiss --missing K1 5" in program.call("rejections")[1]
    assert program.call("receipts", "dismiss", "--missing", "K1", "5", "--reason", "register broke")[0] == 0
    assert (value(instance, "missing"), check(instance).passed) == (0, True)


def test_a_closing_that_is_missing_names_the_command_that_ends_it() -> None:
    missing = Missing("staged_closings", (Gap("K1", 4, 5),), "en")
    assert missing.text == "2 closings are missing."
    assert "cloudkasse-etl closings dismiss K1 4 --reason TEXT" in missing.cure
    report = OpenReport("en", missing=(missing,))
    assert (report.is_open, report.is_urgent) == (True, False)
    assert report.fingerprint != OpenReport("en").fingerprint


def test_what_is_open_for_too_long_is_an_error(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.erp(WRONG_GTIN)
    synchronise(program, instance)
    program.world.settings["checks"] = {"waiting_hours": 1}
    configuration = program.world.configuration()
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
    with tables_to_write(place_of(configuration.settings, configuration.connections)) as opened:
        state = connect(opened)
        with state.writing_without_lease() as connection:
            connection.execute(state.tables.rejection.update().values(since=long_ago))
    report = open_records(configuration, last_run=last_run_of(instance))
    assert (report.overdue, report.is_urgent) == (1, True)
    assert refresh(instance, configuration, report)
    found = check(instance)
    assert found.severity is dg.AssetCheckSeverity.ERROR
    assert "1 record has been open for more than 1 hour." in found.description


def test_a_person_may_materialise_it_and_that_is_no_run_of_ours(program: Program, instance: dg.DagsterInstance) -> None:
    program.world.erp(WRONG_GTIN)
    synchronise(program, instance)
    before = program.call_json("history")[1]["runs"]
    every = program.definitions().resolve_implicit_global_asset_job_def()
    result = every.get_subset(asset_selection={ASSET}).execute_in_process(instance=instance)
    assert result.success
    assert value(instance, "open") == 1
    assert program.call_json("history")[1]["runs"] == before
    assert [run.kind for run in ended_runs(instance, program.home.protocols, Settings().automation)] == ["all"]


def test_the_settings_that_have_changed_since_are_told_until_they_are_loaded(
    program: Program, instance: dg.DagsterInstance
) -> None:
    synchronise(program, instance)
    configuration = program.world.configuration()
    report = open_records(configuration)
    path, written = configuration.path, configuration.path.read_text()
    assert news_of_the_file(configuration) is None
    path.write_text(written + "\nlanguage: xx\n")
    broken = str(news_of_the_file(configuration))
    assert broken.startswith(f"The settings file is broken: {path.name}:")
    assert "language" in broken
    assert "Do not click Reload definitions before it is corrected" in broken
    path.write_text(written)
    changed = configuration.model_copy(update={"settings": Settings(language="de")})
    notice = str(news_of_the_file(changed))
    assert refresh(instance, configuration, report, notice=notice)
    assert "Click Reload definitions" in value(instance, "settings")
    assert not refresh(instance, configuration, report)  # a run or a command does not know it, and leaves it
    assert refresh(instance, configuration, report, notice="")
    assert "settings" not in page(instance).metadata


def test_the_command_prints_all_records_by_cause_as_text_json_and_csv(program: Program) -> None:
    program.world.erp(WRONG_GTIN)
    program.call("sync")
    code, out, _ = program.call("rejections")
    assert code == 0
    assert out.startswith("1 record needs a person, for 1 cause.")
    assert "What to do: Correct or empty the EAN number" in out
    code, found = program.call_json("rejections")
    assert (code, found["open"], len(found["causes"])) == (0, 1, 1)
    assert [(r["asset"], r["key"]) for r in found["rejections"]] == [("cloudkasse_articles", "A1")]
    code, out, _ = program.call("rejections", "--csv", "-")
    table = list(csv.reader(io.StringIO(out.lstrip("\ufeff")), delimiter=";"))
    assert len(table) == 2
    assert program.call_json("rejections", "--asset", "stock_movements")[1]["rejections"] == []
    _, out, _ = program.call("rejections", "--asset", "stock_movements")
    assert out.startswith("No record is rejected with this filter, 1 is without it. ")
    assert program.call_json("rejections", "--code", "cloud.gtin_invalid")[1]["open"] == 1
    assert program.call("rejections", "--json", "--csv", "-")[0] == 2


def test_another_company_in_the_same_tables_sees_nothing_of_it(program: Program) -> None:
    program.world.erp(WRONG_GTIN)
    program.call("sync")
    configuration = program.world.configuration()
    company = configuration.settings.company.model_copy(update={"number": "2"})
    other = configuration.model_copy(
        update={"settings": configuration.settings.model_copy(update={"company": company})}
    )
    assert open_records(configuration).count == 1
    assert open_records(other).count == 0


def test_money_comes_first_then_the_cause_of_most_records() -> None:
    def of(asset: str, key: str, code: str, cents: int | None = None) -> Rejection:
        name = None if cents is None else ReceiptName(key, "K1", 1, None, cents, "EUR")
        return Rejection(asset, key, code, {"value": code}, record=name)

    many = [of("cloudkasse_articles", f"A{number}", "cloud.gtin_invalid") for number in range(9)]
    dear = [of("revenue_postings", f"r{cents}", "account_missing", cents) for cents in (45_00, -45_00)]
    cheap = [of("staged_receipts", f"r{number}", "receipt_unreadable", 1_00) for number in (2, 3)]
    causes = by_cause([*many, *cheap, *dear], "en")
    assert [(cause.asset, cause.count) for cause in causes] == [
        ("revenue_postings", 2),
        ("staged_receipts", 2),
        ("cloudkasse_articles", 9),
    ]
    report = OpenReport("en", rejections=(*many, *cheap, *dear), causes=tuple(causes))
    money = "2.00 € (47.00 € taken, 45.00 € paid out) are stuck in 4 receipts."
    assert report.sentence == f"13 records need a person, for 3 causes; {money}"
    cheap_ones = OpenReport("en", rejections=tuple(cheap), causes=tuple(by_cause(cheap, "en")))
    assert cheap_ones.sentence == "2 records need a person, for 1 cause; 2.00 € are stuck in 2 receipts."
    failed = OpenReport("en", last_run=LastRun("all", NOW, "failed", "failed: no network"))
    assert (failed.is_open, failed.sentence) == (True, f"{FAILED.format('all')} No record is rejected.")
