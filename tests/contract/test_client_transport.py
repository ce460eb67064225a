"""Protects what surrounds each single request to CloudKasse: login, error table, retries, time limits, secrets.

Every failure is told apart, ends within its bounds, and shows neither token nor password nor body.
"""

import gzip
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.sections.program_settings import Api
from cloudkasse_etl.errors import (
    AuthorizationError,
    CloudkasseError,
    ConfigurationError,
    ContractError,
    NetworkError,
    StoppedError,
)
from cloudkasse_etl.http import transport
from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.tills.cloudkasse.client import CloudClient
from tests.support.servers.scripted_server import (
    API,
    TOKEN,
    Journal,
    Reply,
    Request,
    ScriptedServer,
    articles,
    batches_by,
    client,
    cloud,
    in_turn,
    problem,
    status,
)

HTML = Reply(body=b"<html>Please log in</html>", headers={"Content-Type": "text/html"})


def test_netrc_does_not_replace_the_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with cloud(in_turn(status())) as (opened, server, _):
        opened.status()
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ScriptedServer(in_turn(status())) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with client("http://cloud.example.org") as opened:
            assert opened.status().api_version == "1.0"
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        with client(proxy.url) as opened:
            assert opened.status().api_version == "1.0"


@pytest.mark.parametrize(
    ("reply", "error", "words", "requests"),
    [
        pytest.param(problem(401), AuthorizationError, "CLOUDKASSE_API_TOKEN", 1, id="wrong token"),
        pytest.param(problem(403), AuthorizationError, "may not do this.*/v1/status", 1, id="not allowed"),
        pytest.param(problem(404), ContractError, "CLOUDKASSE_API_URL may be wrong", 1, id="wrong address"),
        pytest.param(problem(405), ContractError, "refuses GET /v1/status", 1, id="another unexpected 4xx"),
        pytest.param(problem(407), ContractError, "proxy .* wants a login", 1, id="proxy login"),
        pytest.param(
            Reply(302, headers={"Location": "https://user:pw@other.example/x?ticket=1"}),
            ContractError,
            r"redirects to other\.example \(302\)",
            1,
            id="a redirect would carry the token elsewhere",
        ),
        pytest.param(Reply(302, headers={"Location": "http://[x"}), ContractError, "to nowhere", 1, id="bad redirect"),
        pytest.param(problem(429), NetworkError, r"answers 429 .*3 attempts", 3, id="too many"),
        pytest.param(problem(500), NetworkError, "answers 500", 3, id="server error"),
        pytest.param(Reply(503, b"<html>", missing=9), NetworkError, "answers 503", 3, id="proxy's 503, cut"),
        pytest.param(HTML, ContractError, "is not CloudKasse's JSON", 3, id="a login page"),
        pytest.param(Reply(body=[1]), ContractError, "is not CloudKasse's JSON", 3, id="JSON, but no object"),
        pytest.param(Reply(204, b""), ContractError, "is not CloudKasse's JSON", 3, id="no content"),
        pytest.param(Reply(body={}, missing=5), NetworkError, "broke off", 3, id="cut short"),
        pytest.param(Reply(drop=True), NetworkError, "broke off", 3, id="closed without an answer"),
        pytest.param(Reply(is_silent=True), NetworkError, "timed out", 3, id="silence"),
        pytest.param(
            Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
            NetworkError,
            "cannot be decompressed",
            3,
            id="wrong encoding",
        ),
        pytest.param(status(api_version="2.0"), ContractError, "version 2.0", 3, id="another API"),
        pytest.param(status(limits={"batch_items": "5"}), ContractError, "'batch_items'", 3, id="ill-typed limit"),
        pytest.param(status(time="2026-11-23T10:00:00"), ContractError, "'time'", 3, id="time without an offset"),
    ],
)
def test_each_answer_ends_in_its_own_error(
    reply: Reply, error: type[CloudkasseError], words: str, requests: int
) -> None:
    api = API.model_copy(update={"read_seconds": 0.05}) if reply.is_silent else API
    with cloud(in_turn(reply), api=api) as (opened, server, _):
        with pytest.raises(error, match=words):
            opened.status()
        assert len(server.requests) == requests


@pytest.mark.parametrize(
    "reply",
    [
        problem(429, Retry_After="0"),
        problem(503),
        problem(502),
        problem(408),
        HTML,
        Reply(body={"a": 1}, missing=3),
        Reply(drop=True),
    ],
    ids=["429", "503", "502", "408", "html", "cut", "closed"],
)
def test_a_passing_failure_is_retried(reply: Reply) -> None:
    with cloud(in_turn(reply, status())) as (opened, server, _):
        opened.status()
        assert len(server.requests) == 2


def test_connections_are_kept_and_compressed_answers_read() -> None:
    ports = set()

    def script(request: Request) -> Reply:
        ports.add(threading.current_thread().name)  # the server has a thread a connection
        body = b'{"items": [], "next_cursor": null}' if "articles" in request.path else None
        return status() if body is None else Reply(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})

    with cloud(script) as (opened, _, _):
        for _ in range(3):
            assert list(opened.records("articles")) == [[]]
    assert len(ports) == 1


# --- bounds and interruptions


@pytest.mark.parametrize("dated", [False, True], ids=["seconds", "date by the server's own clock"])
def test_the_server_is_left_alone_for_as_long_as_it_asks(dated: bool) -> None:
    headers = {"Retry_After": "1"}
    if dated:  # its clock is years behind: taken by ours, the date would be long past
        headers = {"Retry_After": "Sun, 01 Mar 2020 10:00:01 GMT", "Date": "Sun, 01 Mar 2020 10:00:00 GMT"}
    with cloud(in_turn(problem(429, **headers), status())) as (opened, _, _):
        began = time.monotonic()
        opened.status()
        assert time.monotonic() - began >= 1.0


@pytest.mark.parametrize("value", ["3600", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_retry_after_beyond_the_bound_ends_at_once_and_says_when(value: str) -> None:
    with cloud(in_turn(problem(503, Retry_After=value))) as (opened, server, _):
        with pytest.raises(NetworkError, match=r"asked again at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"):
            opened.status()
        assert len(server.requests) == 1


def test_each_retry_is_told_before_its_pause_with_a_whole_number_of_seconds() -> None:
    heard: list[Text] = []
    with (
        ScriptedServer(in_turn(problem(503), problem(503, Retry_After="1"), status())) as server,
        client(server.url, on_retry=heard.append) as opened,
    ):
        opened.status()
    host = server.url.removeprefix("http://")
    assert [text.render("en") for text in heard] == [
        f"CloudKasse ({host}) answers 503 to GET /v1/status: try 2 of {API.attempts} in 1 s.",
        f"CloudKasse ({host}) answers 503 to GET /v1/status: try 3 of {API.attempts} in 2 s.",
    ]
    assert f"Versuch 2 von {API.attempts} in 1 s" in heard[0].render("de")


def test_retries_end_in_time_although_each_try_is_slow() -> None:
    api = Api(connections=1, connect_seconds=120, read_seconds=0.4, attempts=20, retry_seconds=0.6)
    with cloud(in_turn(Reply(is_silent=True)), api=api) as (opened, server, _):
        with pytest.raises(NetworkError, match="timed out"):
            opened.status()
        assert len(server.requests) <= 4  # of 20 attempts, those that begin within the time


def test_an_answer_that_trickles_in_is_given_up() -> None:
    # five times the silence that is allowed is all that an answer gets; to its end this one takes half an hour
    api = Api(connections=1, connect_seconds=120, read_seconds=0.1, attempts=1)
    with (
        cloud(in_turn(Reply(body="x" * 100_000, trickle_seconds=0.02)), api=api) as (opened, _, _),
        pytest.raises(NetworkError, match="timed out"),
    ):
        opened.status()


def test_an_endless_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 2 * 1024 * 1024)
    packed = Reply(body=gzip.compress(b" " * 3 * 1024 * 1024), headers={"Content-Encoding": "gzip"})
    with (
        cloud(in_turn(packed)) as (opened, _, _),
        pytest.raises(ContractError, match="larger than 2 MiB"),
    ):
        opened.status()


def in_each_pause(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> list[bool]:
    """Lets something happen once a pause has begun; whether it ended the pause, for each pause that is over."""
    found: list[bool] = []

    def pause(self: transport.Transport, seconds: float, cancel: threading.Event | None) -> None:
        happens()
        try:
            original(self, seconds, cancel)
        except StoppedError:
            found.append(True)
            raise
        found.append(False)

    original = transport.Transport._pause
    monkeypatch.setattr(transport.Transport, "_pause", pause)
    return found


@pytest.fixture
def _ctrl_c() -> Iterator[None]:
    """Ctrl-C as in a terminal: a shell that starts the tests in the background has them ignore it."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.usefixtures("_ctrl_c")
def test_ctrl_c_during_a_long_pause_returns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cut_short = in_each_pause(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGINT))
    with cloud(batches_by(in_turn(problem(429, Retry_After="300")))) as (opened, _, journal):
        with pytest.raises(KeyboardInterrupt):
            journal.store(opened.send("articles", articles(1)))
        assert len(journal.attempts) == 1
    assert cut_short == [True]


def test_a_lost_lease_ends_a_long_pause_and_sends_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    cut_short = in_each_pause(monkeypatch, stop.set)
    with cloud(in_turn(problem(503, Retry_After="300")), stop=stop) as (opened, server, _):
        with pytest.raises(StoppedError):
            opened.status()
        with pytest.raises(StoppedError):
            opened.status()
        assert len(server.requests) == 1
    assert cut_short == [True]


# --- why CloudKasse is not reached, and that no secret shows


def unresolvable(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_name_that_cannot_be_resolved_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unresolvable)
    with (
        client("https://cloud.example.org") as opened,
        pytest.raises(NetworkError, match=r"cloud\.example\.org .*reso"),
    ):
        opened.status()


def test_a_refused_connection_is_told_without_the_urls_password() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        client(f"http://user:hunter2@127.0.0.1:{port}") as opened,
        pytest.raises(NetworkError, match="refused") as told,
    ):
        opened.status()
    text = "".join(traceback.format_exception(told.value))
    assert "hunter2" not in text
    assert TOKEN not in text


@pytest.mark.parametrize("url", ["http://user:hunter2@", "http://user:hunter2@a..b/", "http://[user:hunter2@x"])
def test_an_unusable_address_is_told_without_its_password(url: str) -> None:
    with pytest.raises(CloudkasseError) as told, client(url) as opened:
        opened.status()
    assert "hunter2" not in "".join(traceback.format_exception(told.value))


def test_an_unusable_token_is_not_shown() -> None:
    connections = Connections(
        erp_url=SecretStr(""), state_url=SecretStr(""), api_url="http://x", api_token=SecretStr("to\nken")
    )
    with pytest.raises(ConfigurationError, match="CLOUDKASSE_API_TOKEN") as told:
        CloudClient(connections, API, Journal())
    assert "to\nken" not in str(told.value)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 500, 503, 302, 200])
def test_no_error_shows_the_token_or_the_body(code: int) -> None:
    echo = Reply(code, f"<b>Bearer {TOKEN} of Frau Meier</b>".encode(), {"Location": f"/?token={TOKEN}"})
    with cloud(in_turn(echo)) as (opened, _, _), pytest.raises(CloudkasseError) as told:
        opened.status()
    text = "".join(traceback.format_exception(told.value))
    assert TOKEN not in text
    assert "Meier" not in text


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
def test_a_certificate_is_trusted_only_where_the_settings_name_it(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    names = "subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*command.split(), "-addext", names, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    (tmp_path / "both.pem").write_text(key.read_text() + certificate.read_text())
    with cloud(in_turn(status()), certificate=tmp_path / "both.pem") as (opened, server, _):
        with pytest.raises(NetworkError, match=r"not trusted: self.signed.*api\.ca_bundle"):
            opened.status()
        with client(server.url, api=API.model_copy(update={"ca_bundle": certificate})) as trusting:
            assert trusting.status().api_version == "1.0"
    with pytest.raises(ConfigurationError, match=r"api\.ca_bundle"):
        client("https://x", api=API.model_copy(update={"ca_bundle": tmp_path / "missing.pem"}))


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_nowhere_and_the_token_stays_in_its_header(code: int) -> None:
    with ScriptedServer(in_turn(status())) as elsewhere:
        moved = Reply(code, headers={"Location": f"{elsewhere.url}/v1/status"})
        with cloud(in_turn(moved)) as (opened, server, _), pytest.raises(ContractError):
            opened.status()
        assert elsewhere.requests == []
    for request in server.requests:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in f"{request.path}{request.query}{request.body!r}"
