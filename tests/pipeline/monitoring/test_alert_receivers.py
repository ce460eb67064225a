"""Protects the way to whoever is told: each trouble of a receiver has its words, and nothing of it shows a secret."""

import socket
from pathlib import Path

import pytest

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.monitoring.alerts import AlertReport
from tests.support.alerts import look, run
from tests.support.programs import Program
from tests.support.servers.receivers import MailServer, Webhook, make_certificate
from tests.support.worlds import TOKEN, World

PASSWORD = "a-password-of-the-mail-server"
WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"


def with_login(shop: World, mail: MailServer, folder: Path, security: str) -> Configuration:
    shop.settings["alerts"]["email"].update(
        port=mail.port, security=security, user="kasse", ca_bundle=str(folder / "cert.pem")
    )
    return shop.configuration()


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_mail_server_with_tls_and_a_login(tmp_path: Path, shop: World, security: str) -> None:
    certificate = make_certificate(tmp_path)
    if certificate is None:
        pytest.skip("no openssl to make a certificate with")
    shop.more_environment["CLOUDKASSE_SMTP_PASSWORD"] = PASSWORD
    shop.erp(WRONG_GTIN)
    shop.sync()
    with MailServer(certificate, implicit=security == "ssl", login=("kasse", PASSWORD)) as mail:
        with_login(shop, mail, tmp_path, security)
        assert look(shop) == AlertReport({"email": 1, "webhook": 1}, ())
        mail.refuse = ("bert@example.org",)
        shop.erp("UPDATE ART SET Bezeichnung = NULL WHERE Artikelnummer = 'A2'")
        shop.sync()
        assert look(shop).problems == ()
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
    tmp_path: Path, shop: World, trouble: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = make_certificate(tmp_path)
    if certificate is None:
        pytest.skip("no openssl to make a certificate with")
    shop.more_environment["CLOUDKASSE_SMTP_PASSWORD"] = "" if trouble == "no password" else PASSWORD
    shop.erp(WRONG_GTIN)
    shop.sync()
    login = ("kasse", "another" if trouble == "password" else PASSWORD)
    refuse = ("anna@example.org", "bert@example.org") if trouble == "recipients" else ()
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        MailServer(None if trouble == "no tls" else certificate, login=login, refuse=refuse) as mail,
    ):
        with_login(shop, mail, tmp_path, "starttls")
        if trouble == "certificate":
            del shop.settings["alerts"]["email"]["ca_bundle"]
        if trouble == "silent":
            shop.settings["alerts"]["email"]["port"] = silent.getsockname()[1]
            shop.settings["alerts"]["timeout_seconds"] = 0.3  # the webhook too would have to answer as soon
            shop.settings["alerts"]["webhook"] = False
        if trouble == "gone":
            shop.settings["alerts"]["email"]["port"] = 1
        report = look(shop)
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
    shop: World, webhook: Webhook, url: str, words: str
) -> None:
    shop.erp(WRONG_GTIN)
    shop.sync()
    shop.more_environment["CLOUDKASSE_ALERT_WEBHOOK_URL"] = url.format(port=webhook.port)
    report = look(shop)
    (problem,) = report.problems
    assert words in problem
    assert "a-secret" not in problem
    assert report.told == {"email": 1}


def test_a_redirected_webhook_is_not_followed(shop: World, webhook: Webhook) -> None:
    shop.erp(WRONG_GTIN)
    shop.sync()
    webhook.status = 302
    assert "302" in look(shop).problems[0]
    assert webhook.requests == [("POST", webhook.path)]


def test_messages_and_what_is_kept_hold_no_secret(shop: World, mail: MailServer, webhook: Webhook) -> None:
    shop.erp(WRONG_GTIN)
    shop.sync()
    look(shop, run("all", "No network.", 1))
    told = mail.mails[0].as_string() + webhook.texts[0] + shop.erp_file.read_bytes().decode("latin-1")
    for secret in (PASSWORD, "a-secret-of-the-webhook", TOKEN):
        assert secret not in told


def test_check_looks_at_the_receivers_and_sends_nothing(
    program: Program, shop: World, mail: MailServer, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
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
def test_wrong_alert_settings_are_named(shop: World, email: dict[str, object], words: str) -> None:
    shop.settings["alerts"]["email"].update(email)
    with pytest.raises(ConfigurationError, match=words):
        shop.configuration()
