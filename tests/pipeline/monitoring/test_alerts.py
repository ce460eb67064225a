"""Protects people's attention: a cause is told once, told again only when it came back, and lost by no receiver."""

import csv
import datetime as dt
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.automation.alerts import ended_runs
from assets.instance import tags
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.rejections import Rejections
from cloudkasse_etl.sync.monitoring.alerts import AlertReport, EndedRun, send_alerts
from tests.support.programs import Program, checks, materializations
from tests.support.servers.receivers import MailServer, Webhook, make_certificate
from tests.support.worlds import TOKEN, World

PASSWORD = "a-password-of-the-mail-server"
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        yield server


@pytest.fixture
def world(program: Program, mail: MailServer, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> World:
    """The program's world, which tells both receivers."""
    program.world.settings["alerts"] = {
        "email": {
            "host": "127.0.0.1",
            "port": mail.port,
            "security": "none",
            "sender": "kasse@example.org",
            "recipients": ["anna@example.org", "bert@example.org"],
        },
        "webhook": True,
    }
    program.world.more_environment["CLOUDKASSE_ALERT_WEBHOOK_URL"] = webhook.url
    monkeypatch.setenv("CLOUDKASSE_ALERT_WEBHOOK_URL", webhook.url)
    return program.world


@pytest.fixture
def instance(program: Program) -> Iterator[dg.DagsterInstance]:
    with program.instance() as opened:
        yield opened


def run(kind: str, reason: str | None, minutes: int = 0) -> EndedRun:
    return EndedRun(str(uuid.uuid4()), kind, NOON + dt.timedelta(minutes=minutes), reason)


def look(world: World, *runs: EndedRun) -> AlertReport:
    return send_alerts(world.configuration(), runs)


# --- rejections


def test_a_thousand_rejections_of_one_cause_are_one_entry_and_one_alert_and_stand_whole_in_the_protocol(
    tmp_path: Path, program: Program, instance: dg.DagsterInstance, world: World, mail: MailServer, webhook: Webhook
) -> None:
    columns = "Bezeichnung, Artikelgruppe, Erfolgskontengruppe, SSVerkauf, Mengeneinheit, Inaktiv, ShopAktiv"
    numbers = [f"X{i:04}" for i in range(1000)]
    world.erp(
        f"INSERT INTO ART (ART_ID, Artikelnummer, EANNummer, TS, {columns}) "
        f"SELECT :id, :number, '4006381333932', 0, {columns} FROM ART WHERE Artikelnummer = 'A1'",
        *({"id": 1000 + i, "number": number} for i, number in enumerate(numbers)),
    )
    world.erp(
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
    assert message["Subject"] == "CloudKasse 1: 1,000 rejected for 1 new cause"
    assert message["To"] == "anna@example.org, bert@example.org"
    body = message.get_content()
    assert "cloudkasse_articles · cloud.gtin_invalid · 1,000" in body
    assert "X0000, X0001, X0002, X0003, X0004 and 995 more" in body
    assert "What to do: Correct or empty the EAN number" in body
    assert "cloud.gtin_invalid · 1,000" in text

    for run_id in (run.run_id, quiet.run_id):
        found = materializations(instance, run_id)
        for asset in ("cloudkasse_articles", "sync_report"):
            (row,) = found[asset]["rejections"].records
            assert row.data["count"] == 1000
            assert row.data["examples"].count("X0") == 5
        check = checks(instance, run_id)["cloudkasse_articles", "all_records_accepted"]
        (cause,) = check.metadata["rejections"].records
        assert (cause.data["code"], cause.data["count"]) == ("cloud.gtin_invalid", 1000)
        assert cause.data["since"].startswith("20")
        assert cause.data["since"].endswith(("CET", "CEST"))
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
    assert len(shown.splitlines()) < 30


def test_what_is_known_is_not_told_again_and_what_came_back_is(world: World, mail: MailServer) -> None:
    world.erp(WRONG_GTIN)
    world.sync()
    assert look(world).told == {"email": 1, "webhook": 1}
    world.erp("UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A2'")
    world.sync()
    world.sync(retry_rejected=True)
    assert look(world) == look(world) == AlertReport({}, ())  # one more victim is no new cause
    world.erp("UPDATE ART SET EANNummer = NULL")
    world.sync()
    assert look(world).told == {}
    world.erp(WRONG_GTIN)
    world.sync()
    assert look(world).told == {"email": 1, "webhook": 1}
    assert len(mail.mails) == 2


def test_two_causes_are_two_entries_of_one_message_in_the_shops_language(world: World, mail: MailServer) -> None:
    world.settings["language"] = "de"
    world.erp(WRONG_GTIN)
    world.erp("UPDATE ART SET Bezeichnung = NULL WHERE Artikelnummer = 'A2'")
    world.sync()
    assert look(world).told == {"email": 2, "webhook": 2}
    (message,) = mail.mails
    assert message["Subject"] == "CloudKasse 1: 2 abgelehnt, 2 neue Ursachen"
    assert "Was zu tun ist: Berichtigen oder leeren Sie die EAN-Nummer" in message.get_content()


def test_a_receiver_that_is_down_is_told_later_and_the_other_one_not_twice(
    world: World, mail: MailServer, webhook: Webhook
) -> None:
    world.erp(WRONG_GTIN)
    world.sync()
    webhook.status = 503
    report = look(world)
    assert report.told == {"email": 1}
    (problem,) = report.problems
    assert "503" in problem
    webhook.__exit__()
    assert "cannot be reached" in look(world).problems[0]
    webhook.status = 200
    webhook.__enter__()
    assert look(world) == AlertReport({"webhook": 1}, ())
    assert look(world).told == {}
    assert (len(mail.mails), len(webhook.texts)) == (1, 1)


def test_a_record_whose_name_is_markup_calls_nobody(world: World, webhook: Webhook) -> None:
    world.erp("UPDATE ART SET Artikelnummer = '<!channel>', EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'")
    world.sync()
    look(world)
    assert "&lt;!channel&gt;" in webhook.texts[0]
    assert "<!" not in webhook.texts[0]


def test_tables_of_our_own_on_postgresql_keep_what_is_known_as_well(
    world: World, mail: MailServer, postgres_url: str
) -> None:
    world.state_url = postgres_url
    failed = run("all", "No network.")
    assert look(world, failed).told == {"email": 1, "webhook": 1}  # before any run got as far as the cloud
    world.erp(WRONG_GTIN)
    world.sync()
    assert look(world, failed).told == {"email": 1, "webhook": 1}
    assert look(world, failed).told == {}
    world.erp("UPDATE ART SET EANNummer = NULL")
    world.sync()
    assert look(world, run("all", None, 5)).told == {}
    world.erp(WRONG_GTIN)
    world.sync()
    assert look(world, run("all", "No network.", 6)).told == {"email": 2, "webhook": 2}


def refuse(world: World, key: str, setting: str) -> None:
    """A receipt that an import refuses for want of an account."""
    detail = {"setting": setting, "further": ""}
    with world.session() as session, session.store.connection.transaction() as connection:
        Rejections(session.store.connection).put(
            connection, REVENUE_POSTINGS, [Rejection(REVENUE_POSTINGS, key, "account_missing", detail)]
        )


def test_a_second_missing_account_is_told_although_the_first_one_is_known(world: World, mail: MailServer) -> None:
    refuse(world, "r1", "accounts.clearing")
    assert look(world).told == {"email": 1, "webhook": 1}
    refuse(world, "r2", "accounts.clearing")
    assert look(world).told == {}
    refuse(world, "r3", "accounts.discount")
    assert look(world).told == {"email": 1, "webhook": 1}
    assert "accounts.discount" in mail.mails[1].get_content()
    assert "accounts.clearing" not in mail.mails[1].get_content()
    assert look(world).told == {}


def test_what_an_older_release_told_of_a_code_is_not_told_again(world: World, mail: MailServer) -> None:
    refuse(world, "r1", "accounts.clearing")
    look(world)
    world.erp("UPDATE cloudkasse_alert SET code = 'account_missing'")  # it knew no better
    assert look(world).told == {}
    refuse(world, "r2", "accounts.discount")
    assert look(world).told == {"email": 1, "webhook": 1}
    assert len(mail.mails) == 2


# --- failed runs


def test_three_runs_that_fail_for_the_same_reason_are_one_alert(world: World, mail: MailServer) -> None:
    reasons = (f"The ERP answered nothing for {n} s (run {uuid.uuid4()})." for n in (3, 17, 2400))
    for minutes, reason in enumerate(reasons):
        look(world, run("all", reason, minutes))
    (message,) = mail.mails
    assert message["Subject"] == "CloudKasse 1: synchronisation failed"
    assert "A synchronisation failed: all, 2026-03-02 13:00" in message.get_content()  # in the shop's time
    look(world, run("all", "The token is wrong.", 3))
    assert len(mail.mails) == 2
    look(world, run("all", f"The ERP answered nothing for 1 s (run {uuid.uuid4()}).", 4))
    assert len(mail.mails) == 2  # another reason in between is no cure
    look(world, run("all", None, 5))
    look(world, run("all", f"The ERP answered nothing for 9 s (run {uuid.uuid4()}).", 6))
    assert len(mail.mails) == 3


def test_one_reason_of_several_kinds_of_runs_is_one_alert(world: World, mail: MailServer) -> None:
    reason = "CloudKasse cannot be reached."
    look(world, run("all", reason), run("receipts", reason))
    assert "all, receipts" in mail.mails[0].get_content()
    look(world, run("all", reason), run("receipts", reason, 1), run("master-data", reason, 2))
    assert len(mail.mails) == 1


def test_a_success_of_all_makes_up_for_its_parts_but_only_for_what_was_before(world: World, mail: MailServer) -> None:
    look(world, run("receipts", "No network.", 0))
    look(world, run("receipts", "No network.", 0), run("all", None, 5))
    assert len(mail.mails) == 1
    failed = run("receipts", "No network.", 9)
    for _ in range(3):
        look(world, failed, run("all", None, 5))
    assert len(mail.mails) == 2
    look(world)  # the history is gone: that cures nothing, and is nothing new
    look(world, run("receipts", "No network.", 10))
    assert len(mail.mails) == 2


def test_a_run_that_broke_is_told_and_one_that_was_only_rejected_is_not(
    program: Program, instance: dg.DagsterInstance, world: World, mail: MailServer
) -> None:
    world.erp(WRONG_GTIN)
    program.run_job(instance, str(uuid.uuid4()))
    rejected = program.run_job(instance, str(uuid.uuid4()), retry_rejected=True)
    assert rejected.status is dg.DagsterRunStatus.FAILURE
    (latest,) = ended_runs(instance, program.home.protocols)
    assert (latest.run_id, latest.kind, latest.reason) == (rejected.run_id, "all", None)
    world.erp("DROP TABLE MITARBW")
    broken = program.run_job(instance, str(uuid.uuid4()))
    (latest,) = ended_runs(instance, program.home.protocols)
    assert latest.run_id == broken.run_id
    assert latest.reason is not None
    assert "MITARBW" in latest.reason
    assert "failed:" not in latest.reason  # the counts of this one run are no part of the cause


def test_the_sensor_tells_once_tries_again_and_is_on_where_somebody_is_to_be_told(
    program: Program, instance: dg.DagsterInstance, world: World, mail: MailServer, webhook: Webhook
) -> None:
    world.erp(WRONG_GTIN)
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
    del world.settings["alerts"]
    assert program.definitions().resolve_sensor_def("alerts").default_status is dg.DefaultSensorStatus.STOPPED


def test_the_sensor_waits_for_a_run_that_is_going_on_and_survives_a_lost_database(
    program: Program, instance: dg.DagsterInstance, world: World, mail: MailServer
) -> None:
    world.erp(WRONG_GTIN)
    program.run_job(instance, str(uuid.uuid4()))
    job = program.definitions().resolve_job_def("sync_all")
    going_on = instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED)
    sensor = program.definitions().resolve_sensor_def("alerts")
    with dg.build_sensor_context(instance=instance) as context:
        assert "going on" in str(sensor(context))
        instance.report_run_failed(going_on, "The computer was switched off.")
        world.state_url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
        assert "127.0.0.1" in str(program.definitions().resolve_sensor_def("alerts")(context))
        world.state_url = ""
        assert "email: 2" in str(sensor(context))
    assert "The computer was switched off." in mail.mails[0].get_content()


# --- the mail server, and secrets


def with_login(world: World, mail: MailServer, folder: Path, security: str) -> Configuration:
    world.settings["alerts"]["email"].update(
        port=mail.port, security=security, user="kasse", ca_bundle=str(folder / "cert.pem")
    )
    return world.configuration()


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_mail_server_with_tls_and_a_login(tmp_path: Path, world: World, security: str) -> None:
    certificate = make_certificate(tmp_path)
    if certificate is None:
        pytest.skip("no openssl to make a certificate with")
    world.more_environment["CLOUDKASSE_SMTP_PASSWORD"] = PASSWORD
    world.erp(WRONG_GTIN)
    world.sync()
    with MailServer(certificate, implicit=security == "ssl", login=("kasse", PASSWORD)) as mail:
        with_login(world, mail, tmp_path, security)
        assert look(world) == AlertReport({"email": 1, "webhook": 1}, ())
        mail.refuse = ("bert@example.org",)
        world.erp("UPDATE ART SET Bezeichnung = NULL WHERE Artikelnummer = 'A2'")
        world.sync()
        assert look(world).problems == ()
        assert mail.recipients == [["anna@example.org", "bert@example.org"], ["anna@example.org"]]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        pytest.param("password", "refuses the login (535)", id="wrong password"),
        pytest.param("no password", "no password for the mail server's user 'kasse'", id="password not set"),
        pytest.param("certificate", "not trusted", id="certificate of nobody we know"),
        pytest.param("no tls", "does not offer", id="no STARTTLS: the password is not sent"),
        pytest.param("recipients", "none of the recipients", id="all recipients refused"),
        pytest.param("gone", "cannot be reached", id="nobody listens"),
        pytest.param("silent", "does not answer within", id="it accepts and says nothing"),
    ],
)
def test_each_trouble_of_the_mail_server_has_its_words_and_shows_no_secret(
    tmp_path: Path, world: World, trouble: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = make_certificate(tmp_path)
    if certificate is None:
        pytest.skip("no openssl to make a certificate with")
    world.more_environment["CLOUDKASSE_SMTP_PASSWORD"] = "" if trouble == "no password" else PASSWORD
    world.erp(WRONG_GTIN)
    world.sync()
    login = ("kasse", "another" if trouble == "password" else PASSWORD)
    refuse = ("anna@example.org", "bert@example.org") if trouble == "recipients" else ()
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        MailServer(None if trouble == "no tls" else certificate, login=login, refuse=refuse) as mail,
    ):
        with_login(world, mail, tmp_path, "starttls")
        if trouble == "certificate":
            del world.settings["alerts"]["email"]["ca_bundle"]
        if trouble == "silent":
            world.settings["alerts"]["email"]["port"] = silent.getsockname()[1]
            world.settings["alerts"]["timeout_seconds"] = 0.3  # the webhook too would have to answer as soon
            world.settings["alerts"]["webhook"] = False
        if trouble == "gone":
            world.settings["alerts"]["email"]["port"] = 1
        report = look(world)
    (problem,) = report.problems
    assert words in problem
    assert report.told == ({} if trouble == "silent" else {"webhook": 1})
    for secret in (PASSWORD, "a-secret-of-the-webhook", TOKEN):
        assert secret not in problem + caplog.text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("", "address is not known", id="not set"),
        pytest.param("ftp://a-secret-of-the-webhook", "holds no address", id="no web address"),
        pytest.param("http://127.0.0.1:1/a-secret-of-the-webhook", "127.0.0.1:1 cannot be reached", id="gone"),
        pytest.param("https://127.0.0.1:{port}/a-secret-of-the-webhook", "not trusted", id="no TLS there"),
        pytest.param("http://no-such-host.invalid/a-secret-of-the-webhook", "cannot be reached", id="unknown host"),
    ],
)
def test_each_trouble_of_the_webhook_has_its_words_and_shows_no_secret(
    world: World, webhook: Webhook, url: str, words: str
) -> None:
    world.erp(WRONG_GTIN)
    world.sync()
    world.more_environment["CLOUDKASSE_ALERT_WEBHOOK_URL"] = url.format(port=webhook.port)
    report = look(world)
    (problem,) = report.problems
    assert words in problem
    assert "a-secret" not in problem
    assert report.told == {"email": 1}


def test_a_redirected_webhook_is_not_followed(world: World, webhook: Webhook) -> None:
    world.erp(WRONG_GTIN)
    world.sync()
    webhook.status = 302
    assert "302" in look(world).problems[0]
    assert webhook.requests == [("POST", webhook.path)]


def test_messages_and_what_is_kept_hold_no_secret(world: World, mail: MailServer, webhook: Webhook) -> None:
    world.erp(WRONG_GTIN)
    world.sync()
    look(world, run("all", "No network.", 1))
    told = mail.mails[0].as_string() + webhook.texts[0] + world.erp_file.read_bytes().decode("latin-1")
    for secret in (PASSWORD, "a-secret-of-the-webhook", TOKEN):
        assert secret not in told


def test_check_looks_at_the_receivers_and_sends_nothing(
    program: Program, world: World, mail: MailServer, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert program.call_json("check") == (0, {"ok": True, "problems": []})
    assert (mail.mails, webhook.texts, webhook.requests) == ([], [], [("HEAD", webhook.path)])
    mail.__exit__()
    monkeypatch.delenv("CLOUDKASSE_ALERT_WEBHOOK_URL")
    code, found = program.call_json("check")
    mail.__enter__()
    assert code == 20
    assert [problem["where"] for problem in found["problems"]] == ["alerts", "alerts"]
    assert all(problem["cure"] for problem in found["problems"])
    # what keeps alerts from being sent keeps no synchronisation from running
    assert program.call("sync")[0] == 0


@pytest.mark.parametrize(
    ("email", "words"),
    [
        pytest.param({"recipients": []}, "alerts.email.recipients", id="nobody to write to"),
        pytest.param({"recipients": ["anna"]}, "alerts.email.recipients", id="no address"),
        pytest.param({"sender": "a@b\nBcc: c@d"}, "alerts.email.sender", id="a header of one's own"),
        pytest.param({"user": "kasse"}, "readable", id="password in the clear"),
        pytest.param({"securty": "ssl"}, "did you mean 'security'", id="typo"),
        pytest.param({"password": "x"}, "password", id="a password in the file"),
    ],
)
def test_wrong_alert_settings_are_named(world: World, email: dict[str, object], words: str) -> None:
    world.settings["alerts"]["email"].update(email)
    with pytest.raises(ConfigurationError, match=words):
        world.configuration()
