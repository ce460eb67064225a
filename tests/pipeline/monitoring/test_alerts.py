"""Protects people's attention: a cause is told once, told again only when it came back, and lost by no receiver."""

import csv
import datetime as dt
import re
import uuid
from pathlib import Path

import dagster as dg
import pytest

from assets.automation import alerts
from assets.automation.alerts import ended_runs
from assets.instance import tags
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.rejections import Rejections
from cloudkasse_etl.sync.monitoring.alerts import AlertReport
from tests.support.alerts import look, run
from tests.support.books import deliver, fetch, sale
from tests.support.programs import Program, checks, materializations
from tests.support.servers.receivers import MailServer, Webhook
from tests.support.worlds import World

WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"


# --- rejections


def test_a_thousand_rejections_of_one_cause_are_one_entry_and_one_alert_and_stand_whole_in_the_protocol(
    tmp_path: Path, program: Program, instance: dg.DagsterInstance, shop: World, mail: MailServer, webhook: Webhook
) -> None:
    columns = "Bezeichnung, Artikelgruppe, Erfolgskontengruppe, SSVerkauf, Mengeneinheit, Inaktiv, ShopAktiv"
    numbers = [f"X{i:04}" for i in range(1000)]
    shop.erp(
        f"INSERT INTO ART (ART_ID, Artikelnummer, EANNummer, TS, {columns}) "
        f"SELECT :id, :number, '4006381333932', 0, {columns} FROM ART WHERE Artikelnummer = 'A1'",
        *({"id": 1000 + i, "number": number} for i, number in enumerate(numbers)),
    )
    shop.erp(
        "INSERT INTO ARPREIS (ARPREIS_ID, Artikelnummer, PreisTyp, TypNummer, Menge, Preis, TS) "
        "VALUES (:id, :number, 'G', '1', 0, 10, 0)",
        *({"id": 1000 + i, "number": number} for i, number in enumerate(numbers)),
    )
    run = program.run_job(instance, str(uuid.uuid4()))
    assert (run.tags[tags.OUTCOME], tags.counts_of(run.tags)["rejected"]) == ("partially_successful", 1000)
    sensor = program.definitions().resolve_sensor_def("alerts")
    with dg.build_sensor_context(instance=instance) as context:
        assert "email: 1, webhook: 1" in str(sensor(context))
        quiet = program.run_job(instance, str(uuid.uuid4()))
        assert (quiet.tags[tags.OUTCOME], tags.counts_of(quiet.tags)["still_rejected"]) == ("no_new_data", 1000)
        assert "Nothing that is not known already." in str(sensor(context))
    (message,), (text,) = mail.mails, webhook.texts
    assert message["Subject"] == "Till synchronisation 1: 1,000 rejected for 1 new cause"
    assert message["To"] == "anna@example.org, bert@example.org"
    body = message.get_content()
    assert "cloudkasse_articles · cloud.gtin_invalid · 1,000" in body
    called = [f"X000{at} Artikel 1" for at in range(5)]
    assert f"{'; '.join(called)} and 995 more" in body
    assert "What to do: Correct or empty the EAN number" in body
    assert "cloud.gtin_invalid · 1,000" in text

    for run_id in (run.run_id, quiet.run_id):
        found = materializations(instance, run_id)
        for asset in ("cloudkasse_articles", "sync_report"):
            told = found[asset]["rejections"].value.splitlines()
            assert "1,000 records" in told
            assert [line.split(":")[0] for line in told if line.startswith("- ")] == [
                *(f"- {c}" for c in called),
                "- and 995 more",
            ]
        check = checks(instance, run_id)["cloudkasse_articles", "all_records_accepted"]
        *_, facts = check.metadata["rejections_1"].value.split("\n")
        assert re.match(r"1,000 records · since 20\d\d-\S+ \S+ CES?T · cloud\.gtin_invalid: ", facts)
        description = check.description
        assert description.startswith("1,000 × ")
        assert "Correct or empty the EAN number" in description
        assert len(description) < 400
        code, protocol = program.call_json("protocol", run_id)
        told = sorted((r["key"], r["code"]) for r in protocol["rejections"])  # oldest first, and then by batches
        assert (code, told) == (0, [(number, "cloud.gtin_invalid") for number in numbers])
        csv_file = tmp_path / f"{run_id}.csv"
        assert program.call("protocol", run_id, "--csv", str(csv_file))[0] == 0
        rows = list(csv.DictReader(csv_file.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
        assert sorted(row["Record"] for row in rows) == numbers
    shown = program.call("protocol", run.run_id)[1]
    assert all(number in shown for number in numbers)
    assert "What to do: Correct or empty the EAN number" in shown


def test_what_is_known_is_not_told_again_and_what_came_back_is(shop: World, mail: MailServer) -> None:
    shop.erp(WRONG_GTIN)
    shop.sync()
    assert look(shop).told == {"email": 1, "webhook": 1}
    shop.erp("UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A2'")
    shop.sync()
    shop.sync(retry_rejected=True)
    assert look(shop) == look(shop) == AlertReport({}, ())  # one more victim is no new cause
    shop.erp("UPDATE ART SET EANNummer = NULL")
    shop.sync()
    assert look(shop).told == {}
    shop.erp(WRONG_GTIN)
    shop.sync()
    assert look(shop).told == {"email": 1, "webhook": 1}
    assert len(mail.mails) == 2


def test_two_causes_are_two_entries_of_one_message_in_the_shops_language(shop: World, mail: MailServer) -> None:
    shop.settings["language"] = "de"
    shop.erp(WRONG_GTIN)
    shop.erp("UPDATE ART SET Bezeichnung = NULL WHERE Artikelnummer = 'A2'")
    shop.sync()
    assert look(shop).told == {"email": 2, "webhook": 2}
    (message,) = mail.mails
    assert message["Subject"] == "Kassenabgleich 1: 2 abgelehnt, 2 neue Ursachen"
    assert "Was zu tun ist: Berichtigen oder leeren Sie die EAN-Nummer" in message.get_content()


def test_a_receiver_that_is_down_is_told_later_and_the_other_one_not_twice(
    shop: World, mail: MailServer, webhook: Webhook
) -> None:
    shop.erp(WRONG_GTIN)
    shop.sync()
    webhook.status = 503
    report = look(shop)
    assert report.told == {"email": 1}
    (problem,) = report.problems
    assert "503" in problem
    webhook.__exit__()
    assert "cannot be reached" in look(shop).problems[0]
    webhook.status = 200
    webhook.__enter__()
    assert look(shop) == AlertReport({"webhook": 1}, ())
    assert look(shop).told == {}
    assert (len(mail.mails), len(webhook.texts)) == (1, 1)


def test_a_record_whose_name_is_markup_calls_nobody(shop: World, webhook: Webhook) -> None:
    shop.erp("UPDATE ART SET Artikelnummer = '<!channel>', EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'")
    shop.sync()
    look(shop)
    assert "&lt;!channel&gt;" in webhook.texts[0]
    assert "<!" not in webhook.texts[0]


def test_tables_of_our_own_on_postgresql_keep_what_is_known_as_well(
    shop: World, mail: MailServer, postgres_url: str
) -> None:
    shop.state_url = postgres_url
    failed = run("all", "No network.")
    assert look(shop, failed).told == {"email": 1, "webhook": 1}  # before any run got as far as the cloud
    shop.erp(WRONG_GTIN)
    shop.sync()
    assert look(shop, failed).told == {"email": 1, "webhook": 1}
    assert look(shop, failed).told == {}
    shop.erp("UPDATE ART SET EANNummer = NULL")
    shop.sync()
    assert look(shop, run("all", None, 5)).told == {}
    shop.erp(WRONG_GTIN)
    shop.sync()
    assert look(shop, run("all", "No network.", 6)).told == {"email": 2, "webhook": 2}


def refuse(shop: World, key: str, setting: str) -> None:
    """A receipt that an import refuses for want of an account."""
    detail = {"setting": setting, "further": ""}
    with shop.session() as session, session.store.connection.transaction() as connection:
        Rejections(session.store.connection).put(
            connection, REVENUE_POSTINGS, [Rejection(REVENUE_POSTINGS, key, "account_missing", detail)]
        )


def test_a_second_missing_account_is_told_although_the_first_one_is_known(shop: World, mail: MailServer) -> None:
    refuse(shop, "r1", "accounts.clearing")
    assert look(shop).told == {"email": 1, "webhook": 1}
    refuse(shop, "r2", "accounts.clearing")
    assert look(shop).told == {}
    refuse(shop, "r3", "accounts.discount")
    assert look(shop).told == {"email": 1, "webhook": 1}
    assert "accounts.discount" in mail.mails[1].get_content()
    assert "accounts.clearing" not in mail.mails[1].get_content()
    assert look(shop).told == {}


def test_a_receipt_that_lacks_two_settings_tells_only_the_one_that_was_not_told_before(
    shop: World, mail: MailServer
) -> None:
    refuse(shop, "r1", "accounts.clearing")
    look(shop)
    refuse(shop, "r2", "accounts.clearing, accounts.discount")
    assert look(shop).told == {"email": 1, "webhook": 1}
    assert "accounts.clearing" not in mail.mails[-1].get_content()
    refuse(shop, "r3", "accounts.discount, accounts.clearing")
    refuse(shop, "r4", "accounts.discount")
    assert look(shop).told == {}
    refuse(shop, "r1", "accounts.discount")  # what else lacked the clearing account is still there
    assert look(shop).told == {}


def test_the_money_that_is_not_booked_is_told(shop: World, mail: MailServer) -> None:
    shop.sync()
    deliver(shop, sale(1) | {"id": "r1"}, sale(2, gross=4760) | {"id": "r2"})
    fetch(shop)
    for key, setting in (("r1", "accounts.clearing"), ("r2", "accounts.discount")):
        refuse(shop, key, setting)
    look(shop)
    told = re.findall(r"^revenue_postings · .*$", mail.mails[-1].get_content().replace("\r", ""), flags=re.MULTILINE)
    assert told == [
        "revenue_postings · account_missing · 1 · 47.60 €",
        "revenue_postings · account_missing · 1 · 23.80 €",
    ]


def test_what_an_older_release_told_of_a_code_is_not_told_again(shop: World, mail: MailServer) -> None:
    refuse(shop, "r1", "accounts.clearing")
    look(shop)
    shop.erp("UPDATE cloudkasse_alert SET code = 'account_missing'")  # it knew no better
    assert look(shop).told == {}
    refuse(shop, "r2", "accounts.discount")
    assert look(shop).told == {"email": 1, "webhook": 1}
    assert len(mail.mails) == 2


# --- failed runs


def test_three_runs_that_fail_for_the_same_reason_are_one_alert(shop: World, mail: MailServer) -> None:
    reasons = (f"The ERP answered nothing for {n} s (run {uuid.uuid4()})." for n in (3, 17, 2400))
    for minutes, reason in enumerate(reasons):
        look(shop, run("all", reason, minutes))
    (message,) = mail.mails
    assert message["Subject"] == "Till synchronisation 1: synchronisation failed"
    assert "A synchronisation failed: all, 2026-03-02 13:00" in message.get_content()  # in the shop's time
    look(shop, run("all", "The token is wrong.", 3))
    assert len(mail.mails) == 2
    look(shop, run("all", f"The ERP answered nothing for 1 s (run {uuid.uuid4()}).", 4))
    assert len(mail.mails) == 2  # another reason in between is no cure
    look(shop, run("all", None, 5))
    look(shop, run("all", f"The ERP answered nothing for 9 s (run {uuid.uuid4()}).", 6))
    assert len(mail.mails) == 3


def test_one_reason_of_several_kinds_of_runs_is_one_alert(shop: World, mail: MailServer) -> None:
    reason = "CloudKasse cannot be reached."
    look(shop, run("all", reason), run("receipts", reason))
    assert "all, receipts" in mail.mails[0].get_content()
    look(shop, run("all", reason), run("receipts", reason, 1), run("master-data", reason, 2))
    assert len(mail.mails) == 1


def test_a_success_of_all_makes_up_for_its_parts_but_only_for_what_was_before(shop: World, mail: MailServer) -> None:
    look(shop, run("receipts", "No network.", 0))
    look(shop, run("receipts", "No network.", 0), run("all", None, 5))
    assert len(mail.mails) == 1
    failed = run("receipts", "No network.", 9)
    for _ in range(3):
        look(shop, failed, run("all", None, 5))
    assert len(mail.mails) == 2
    look(shop)  # the history is gone: that cures nothing, and is nothing new
    look(shop, run("receipts", "No network.", 10))
    assert len(mail.mails) == 2


def test_a_run_that_broke_is_told_and_one_that_was_only_rejected_is_not(
    program: Program, instance: dg.DagsterInstance, shop: World, mail: MailServer
) -> None:
    shop.erp(WRONG_GTIN)
    program.run_job(instance, str(uuid.uuid4()))
    rejected = program.run_job(instance, str(uuid.uuid4()), retry_rejected=True)
    assert rejected.status is dg.DagsterRunStatus.FAILURE
    (latest,) = ended_runs(instance, program.home.protocols, Settings().automation)
    assert (latest.run_id, latest.kind, latest.reason) == (rejected.run_id, "all", None)
    shop.erp("DROP TABLE MITARBW")
    broken = program.run_job(instance, str(uuid.uuid4()))
    (latest,) = ended_runs(instance, program.home.protocols, Settings().automation)
    assert latest.run_id == broken.run_id
    assert latest.reason is not None
    assert "MITARBW" in latest.reason
    assert "failed:" not in latest.reason  # the counts of this one run are no part of the cause


def test_the_sensor_tells_once_tries_again_and_is_on_where_somebody_is_to_be_told(
    program: Program, instance: dg.DagsterInstance, shop: World, mail: MailServer, webhook: Webhook
) -> None:
    shop.erp(WRONG_GTIN)
    program.run_job(instance, str(uuid.uuid4()))
    sensor = program.definitions().resolve_sensor_def("alerts")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    mail.broken = True
    with dg.build_sensor_context(instance=instance) as context:
        assert "Tried again" in str(sensor(context))
        mail.broken = False
        assert "email: 1" in str(sensor(context))
        assert "No run has ended" in str(sensor(context))
        program.run_job(instance, str(uuid.uuid4()))
        assert "Nothing that is not known" in str(sensor(context))
    with dg.build_sensor_context(instance=instance) as context:  # its cursor was lost
        assert "Nothing that is not known" in str(sensor(context))
    assert (len(mail.mails), len(webhook.texts)) == (1, 1)
    del shop.settings["alerts"]
    assert program.definitions().resolve_sensor_def("alerts").default_status is dg.DefaultSensorStatus.STOPPED


def test_the_sensor_waits_for_a_run_that_is_going_on_and_survives_a_lost_database(
    program: Program, instance: dg.DagsterInstance, shop: World, mail: MailServer
) -> None:
    shop.erp(WRONG_GTIN)
    program.run_job(instance, str(uuid.uuid4()))
    job = program.definitions().resolve_job_def("sync_all")
    going_on = instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED)
    sensor = program.definitions().resolve_sensor_def("alerts")
    with dg.build_sensor_context(instance=instance) as context:
        assert "going on" in str(sensor(context))
        instance.report_run_failed(going_on, "The computer was switched off.")
        shop.state_url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
        assert "127.0.0.1" in str(program.definitions().resolve_sensor_def("alerts")(context))
        shop.state_url = ""
        assert "email: 2" in str(sensor(context))
    assert "The computer was switched off." in mail.mails[0].get_content()


def test_a_failure_that_is_tried_again_is_told_only_when_that_does_not_come(
    program: Program, instance: dg.DagsterInstance, shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.settings |= {"api": {"attempts": 1}, "automation": {"retry_minutes": [5]}}
    shop.server.__exit__(None)
    failed = program.run_job(instance, str(uuid.uuid4()))
    automation = shop.configuration().settings.automation
    assert list(ended_runs(instance, program.home.protocols, automation)) == []
    monkeypatch.setattr(alerts, "LATE", -dt.timedelta(minutes=6))
    (told,) = ended_runs(instance, program.home.protocols, automation)
    assert told.run_id == failed.run_id
    assert told.reason is not None
    assert "ried again" not in told.reason  # the time differs; three such runs are one cause
