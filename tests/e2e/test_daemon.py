"""Protects what the UI's daemon does by itself: alerts go out, old runs go, and no secret stays in what it writes."""

import socket
import sqlite3
from contextlib import closing

import psutil

from tests.programs import Program, wait_until
from tests.receivers import MailServer, Webhook
from tests.worlds import TOKEN

WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"
PASSWORD = "a-password-of-the-mail-server"


def test_the_daemon_alerts_of_a_commands_run_and_prunes(program: Program) -> None:
    world, storage = program.world, program.home.storage
    old = program.call_json("sync")[1]["run_id"]
    world.erp(WRONG_GTIN)
    assert program.call("sync")[0] in (10, 20)
    with closing(sqlite3.connect(storage / "history" / "runs.db")) as runs, runs:
        runs.execute(
            "UPDATE runs SET create_timestamp = '2020-01-01', update_timestamp = '2020-01-01' WHERE run_id = ?", (old,)
        )
    with MailServer() as mail, Webhook() as webhook, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        world.settings["history"] = {"keep_days": 30}
        world.settings["alerts"] = {
            "email": {
                "host": "127.0.0.1", "port": mail.port, "security": "none",
                "sender": "kasse@example.org", "recipients": ["anna@example.org"],
            },
            "webhook": True,
            "ui_url": f"http://127.0.0.1:{port}",
        }  # fmt: skip
        secrets = {"CLOUDKASSE_ALERT_WEBHOOK_URL": webhook.url, "CLOUDKASSE_SMTP_PASSWORD": PASSWORD}
        process = program.start("ui", "--port", str(port), **secrets)
        try:
            wait_until(lambda: mail.mails and webhook.texts, 150, "nobody was told")
            events = storage / "history" / "runs" / f"{old}.db"
            wait_until(lambda: not events.exists(), 60, "the old run is still there")
        finally:
            family = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            out, err = process.communicate(timeout=60)
            psutil.wait_procs(family, timeout=20)
    assert "cloud.gtin_invalid · 1" in mail.mails[0].get_content()
    assert f"http://127.0.0.1:{port}/runs/" in webhook.texts[0]
    assert (len(mail.mails), len(webhook.texts)) == (1, 1)
    written = {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
    for secret in (PASSWORD, "a-secret-of-the-webhook", TOKEN):
        assert secret not in out + err
        # the sandbox knows its own token
        assert [path for path, data in written.items() if secret.encode() in data and path.name != "cloud.db"] == []
