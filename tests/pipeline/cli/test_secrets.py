"""Protects token and passwords: whatever is written, shown, sent or kept, by whatever goes well or wrong, has none."""

import base64
import copy
import html
import json
import logging
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import closing as closed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
import pytest
import sqlalchemy as sa

from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support import small_erp
from tests.support.pages.ui_answers import ui_answers
from tests.support.programs import Program, program_in
from tests.support.receipts.coffee_receipts import changed, closing, receipt
from tests.support.servers.receivers import MailServer, Webhook, make_certificate
from tests.support.servers.scripted_server import Reply, Request, ScriptedServer, problem, result, status
from tests.support.worlds import World

# Words that stand nowhere else, between characters that are written otherwise in a URL, a page, JSON or Python. A word
# is looked for: whichever way a secret was written, cut or escaped, one of its words is still whole.
TOKEN = "Nachtigall7@Zaunkoenig8/Rohrdommel9%Wendehals3&Kleiber4"
ERP = "Eisvogel5@Wiedehopf6/Seidenschwanz2%Pirol8'Girlitz9"
STATE = "Neuntoeter4@Steinschmaetzer5/Gimpel7%Bluthaenfling6"
SMTP = "Wintergoldhaehnchen3@Sumpfmeise8/Goldammer9%Bergfink2"
WEBHOOK = "Kernbeisser6/Heckenbraunelle7%40Zilpzalp5"
WORDS = sorted(word for secret in (TOKEN, ERP, STATE, SMTP, WEBHOOK) for word in re.findall(r"[A-Z][a-z]+\d", secret))
ACCOUNTS = {"clearing": "1371", "revenue": {"19.00": "8400"}}


def forms(word: str) -> list[bytes]:
    """A word in lower case, and in the three ways in which base64 writes it, by its place in the whole."""
    found = [word.lower().encode()]
    for offset in range(3):
        written = base64.b64encode(b"." * offset + word.encode() + b"." * (-(offset + len(word)) % 3))
        end = len(written) - (-(offset + len(word)) % 3 and 2)
        found.append(written[(0, 2, 3)[offset] : end])
    return found


FORMS = {word: forms(word) for word in WORDS}


def secrets_in(data: bytes) -> list[str]:
    small = data.lower()
    return [word for word, (plain, *others) in FORMS.items() if plain in small or any(form in data for form in others)]


@pytest.mark.parametrize("secret", [TOKEN, ERP, STATE, SMTP, WEBHOOK])
def test_the_search_finds_a_secret_however_it_is_written(secret: str) -> None:
    written = [secret, secret.lower(), secret[8:], repr(secret), json.dumps(secret), html.escape(secret)]
    written += [quote(secret), quote(secret, safe="")]
    written += [base64.b64encode(f"{'x' * n}{secret}".encode()).decode() for n in range(3)]
    for text in written:
        assert secrets_in(f"before {text} after".encode()), text


@dataclass
class Listener:
    """Everything that came out of the program.

    Attributes:
        heard: What it was, and its bytes.
    """

    program: Program
    heard: dict[str, bytes] = field(default_factory=dict)

    def hear(self, what: str, told: Any) -> None:
        self.heard[f"{len(self.heard)}: {what}"] = told if isinstance(told, bytes) else str(told).encode()

    def call(self, *arguments: str, code: int) -> Any:
        """A command, as a person and as a program reads it; the latter's object."""
        found, out, err = self.program.call(*arguments)
        self.hear(f"{' '.join(arguments)} -> {found}", out + err)
        assert found == code, out + err
        return out

    def call_json(self, *arguments: str, code: int) -> Any:
        return json.loads(self.call(*arguments, "--json", code=code))

    def search_folder(self, folder: Path) -> None:
        """All files; a database's texts are compressed, or lie across its pages, so that its rows are searched too."""
        for path in (path for path in folder.rglob("*") if path.is_file()):
            data = path.read_bytes()
            self.hear(str(path), data)
            if data.startswith(b"SQLite format 3"):
                with closed(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                    for (table,) in tables:
                        rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
                        self.hear(f"{path}: {table}", b"\n".join(map(_unpacked, rows)))

    def search_database(self, url: str) -> None:
        """All rows of all tables."""
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            for schema, table in connection.exec_driver_sql(
                "SELECT schemaname, tablename FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).all():
                rows = connection.exec_driver_sql(f'SELECT * FROM "{schema}"."{table}"').all()
                self.hear(f"{engine.url.database}: {table}", b"\n".join(map(_unpacked, rows)))
        engine.dispose()


def _unpacked(row: Any) -> bytes:
    """A row's values; what Dagster has compressed is unpacked."""
    values = []
    for value in row:
        data = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        try:
            values.append(zlib.decompress(data))
        except zlib.error:
            values.append(data)
    return b" ".join(values)


def nasty_cloud(request: Request) -> Reply:
    """A server that is there, takes nothing, and repeats the token in each text of its own."""
    token = request.headers["authorization"]
    texts = f"{token} {quote(token)} {quote(token, safe='')} {html.escape(token)}"
    if request.method == "GET":
        return status()
    if request.path == "/v1/companies/batch":
        return problem(400, f"no {token}", texts, WWW_Authenticate=token, Location=f"/?{quote(token)}")
    entity = request.path.split("/")[2]
    error = {"code": f"no {token}", "field": token, "message": texts}
    results = [result(entity, index, item) for index, item in enumerate(request.items)]
    return Reply(body={"results": [{**told, "status": "rejected", "error": error} for told in results]})


def stern_cloud(request: Request) -> Reply:
    """A server that does not know the token, and says which one it got."""
    token = request.headers["authorization"]
    return problem(401, token, token, WWW_Authenticate=token, Location=f"/?{quote(token)}")


def moved_cloud(request: Request) -> Reply:
    """A server that sends one elsewhere, with the token in the address."""
    token = request.headers["authorization"]
    return Reply(302, token.encode(), {"Location": f"/login?{quote(token)}", "Retry-After": quote(token)})


@pytest.fixture
def listener(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Listener]:
    """A shop on PostgreSQL, our tables in another database there, and a password for each."""
    small_erp.build(postgres_url)
    place = sa.make_url(postgres_url)
    engine = sa.create_engine(place, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {place.database}_own")
    engine.dispose()
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN) as server:
        urls = (place.set(password=ERP), place.set(password=STATE, database=f"{place.database}_own"))
        erp_url, state_url = (url.render_as_string(hide_password=False) for url in urls)
        world = World(tmp_path, erp_url, server, copy.deepcopy(small_erp.SETTINGS), state_url)
        world.settings |= {"api": {"attempts": 1}, "accounts": ACCOUNTS}
        world.settings["registers"][0]["cash_account"] = "1000"
        world.more_environment = {"CLOUDKASSE_API_TOKEN": TOKEN, "CLOUDKASSE_SMTP_PASSWORD": SMTP}
        with program_in(world, monkeypatch) as program:
            program.capture = capsys
            yield Listener(program)


def test_nothing_that_anyone_can_read_holds_a_secret(
    listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    program, world = listener.program, listener.program.world
    world.erp("""UPDATE "ART" SET "EANNummer" = '4006381333932' WHERE "Artikelnummer" = 'A1'""")
    refused = [changed(receipt(2), "total_cents", 1), changed(receipt(3), "payments.0.tender", "ECKarte")]
    world.server.store.deliver_receipts([receipt(1), *refused])
    world.server.store.deliver_closings([closing(1, 1, 3)])

    everything_works(listener, tmp_path)
    everything_fails(listener, monkeypatch)
    with program.instance() as instance:
        run_as_in_the_ui(listener, instance)
        alerts_are_sent(listener, instance, tmp_path, monkeypatch)
        answers = ui_answers(instance)
    runs = answers["runs"]["runsOrError"]["results"]
    assert sorted(run["status"] for run in runs) == ["FAILURE"] * 3 + ["SUCCESS"] * 3
    assert "does not accept the token (401)" in str(answers)
    assert "cloud.no Bearer" in str(answers)
    for page, told in answers.items():
        listener.hear(f"UI: {page}", json.dumps(told, ensure_ascii=False))
    listener.hear("the sandbox's requests", world.server.requests)
    listener.hear("log", caplog.text)
    listener.search_folder(world.folder)
    listener.search_database(world.erp_url)
    listener.search_database(world.state_url)
    assert {what: found for what, data in listener.heard.items() if (found := secrets_in(data))} == {}


def everything_works(listener: Listener, folder: Path) -> None:
    """All commands, on a shop in order."""
    listener.call("plan", code=0)
    run_id = listener.call_json("sync", "--import", code=10)["run_id"]
    for command in ("check", "history", "receipts"):
        listener.call(command, code=0)
        listener.call_json(command, code=0)
    listener.call("check", "--cloud", code=0)
    listener.call("protocol", run_id, "--csv", str(folder / "protocol.csv"), code=0)
    listener.call_json("protocol", run_id, code=0)
    listener.call("report", "--last", "--html", str(folder / "page.html"), code=0)
    for what in ("postings", "movements"):
        day = ("--from", "2026-11-01", "--to", "2026-11-30")
        listener.call("export", what, *day, "--csv", str(folder / f"{what}.csv"), code=0)
    assert {"protocol.csv", "page.html", "postings.csv", "movements.csv"} <= {path.name for path in folder.iterdir()}


def everything_fails(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cloud, ERP and our own tables, each wrong or away in turn."""
    world = listener.program.world

    def with_variable(name: str, value: str, *commands: tuple[str, ...], code: int) -> None:
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            for command in commands:
                listener.call(*command, code=code)

    with ScriptedServer(nasty_cloud) as server:
        with_variable("CLOUDKASSE_API_URL", server.url, ("sync", "master-data"), code=20)
    for cloud in (stern_cloud, moved_cloud):
        with ScriptedServer(cloud) as server:
            with_variable("CLOUDKASSE_API_URL", server.url, ("check",), ("plan", "--json"), code=20)
    with_variable("CLOUDKASSE_API_URL", f"https://user:{quote(TOKEN, safe='')}@127.0.0.1:1", ("check",), code=2)
    for name, url, password in (
        ("CLOUDKASSE_ERP_URL", sa.make_url(world.erp_url), ERP),
        ("CLOUDKASSE_STATE_URL", sa.make_url(world.state_url), STATE),
    ):
        away = url.set(query={}, host="127.0.0.1", port=1).render_as_string(hide_password=False)
        with_variable(name, away, ("sync", "master-data"), ("plan",), ("check",), code=20)
        for other in (url.set(username="nobody"), url.set(database="nowhere")):
            with_variable(name, other.render_as_string(hide_password=False), ("check",), code=20)
        written = quote(password, safe="")
        for wrong in (
            f"postgresql+psycopg://user:{written}@127.0.0.1:port/db",
            f"postgresql+psycopg://user:{written}@[::1/db",
            f"postgresql+psycopg://user:{written}@127.0.0.1:1/db?colour={written}",
            f"postgresql+nothing://user:{written}@127.0.0.1/db",
            f"postgresql+psycopg://user:{password}@127.0.0.1:1/db",
            f"mysql://user:{written}@127.0.0.1/db",
        ):
            with monkeypatch.context() as patch:
                patch.setenv(name, wrong)
                code, out, err = listener.program.call("check")
                listener.hear(f"check with {name} {wrong}", out + err)
                assert code in (2, 20), wrong


def run_as_in_the_ui(listener: Listener, instance: dg.DagsterInstance) -> None:
    """Runs with all that their logs say; at last the token is wrong."""
    program = listener.program
    for job, cloud in (("plan", None), ("compare_with_cloud", None), ("sync_all", stern_cloud)):
        with ExitStack() as opened:
            if cloud is not None:
                program.world.more_environment["CLOUDKASSE_API_URL"] = opened.enter_context(ScriptedServer(cloud)).url
            job_def = program.definitions().resolve_job_def(job)
            ended = job_def.execute_in_process(instance=instance, raise_on_error=False)
            assert ended.success is (cloud is None)
            log = str(instance.all_logs(ended.run_id))
            assert cloud is None or "STEP_FAILURE" in log
            listener.hear(f"log of {job}", log)
    del program.world.more_environment["CLOUDKASSE_API_URL"]
    assert program.capture is not None
    told = program.capture.readouterr()
    assert "dagster" not in told.err, "a run's lines belong in its log"
    listener.hear("console of runs", told.out + told.err)


def alerts_are_sent(
    listener: Listener, instance: dg.DagsterInstance, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail and webhook, refused first by servers that repeat what they were sent, and then taken."""
    certificate = make_certificate(folder)
    if certificate is None:
        pytest.skip("no openssl to make a certificate with")
    program = listener.program
    with MailServer(certificate, login=("kasse", "other")) as mail, Webhook(path=f"/{WEBHOOK}", status=302) as webhook:
        monkeypatch.setenv("CLOUDKASSE_ALERT_WEBHOOK_URL", webhook.url)
        program.world.more_environment["CLOUDKASSE_ALERT_WEBHOOK_URL"] = webhook.url
        program.world.settings["alerts"] = {
            "email": {
                "host": "127.0.0.1", "port": mail.port, "security": "starttls", "user": "kasse",
                "ca_bundle": str(folder / "cert.pem"), "sender": "kasse@example.org", "recipients": ["a@example.org"],
            },
            "webhook": True,
        }  # fmt: skip
        sensor = program.definitions().resolve_sensor_def("alerts")
        listener.call("check", code=20)
        with dg.build_sensor_context(instance=instance) as context:
            told = str(sensor(context))
            assert "535" in told
            assert "302" in told
            listener.hear("tick", told)
            mail.login, webhook.status = ("kasse", SMTP), 200
            listener.hear("tick", sensor(context))
            listener.call("check", code=0)
        (message,), (text,) = mail.mails, webhook.texts
        listener.hear("mail", message.as_string() + message.get_content())
        listener.hear("webhook", text)
