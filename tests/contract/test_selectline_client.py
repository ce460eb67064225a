"""Protects the session with SelectLine's Web API: in the right tenant, always ended, and no write is ever repeated."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient
from cloudkasse_etl.erp.selectline_api.selectline_session import UnclearError
from cloudkasse_etl.errors import (
    AuthorizationError,
    CloudkasseError,
    ContractError,
    LicenceTakenError,
    NetworkError,
    StoppedError,
)
from cloudkasse_etl.http.peer_answers import RefusedError
from tests.support.servers.scripted_server import API, Reply, Request, Script, ScriptedServer

PASSWORD, APPKEY = "pass/wörd <of the shop>", "app-key-of-the-shop"
TENANT = "SL_MSHOP"
SETTINGS = Settings.model_validate(
    {
        "delivery": {
            "documents": "transfer", "start_date": "2026-01-01", "tenant": TENANT,
            "transfer": {"document_kind": "8", "salesman": "1"},
        },
        "api": API.model_dump(),
    }
)  # fmt: skip


class Memory:
    """Remembers as our own tables do."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        self.kept: list[str] = []

    def left(self) -> SecretStr | None:
        return SecretStr(self.token) if self.token else None

    def keep(self, token: SecretStr) -> None:
        self.token = token.get_secret_value()
        self.kept.append(self.token)

    def forget(self) -> None:
        self.token = None


class Api:
    """The sessions of an API that keeps its rules; `first` may answer a request otherwise."""

    def __init__(self, first: Callable[[Request], Reply | None] = lambda request: None) -> None:
        self.first = first
        self.open: dict[str, str] = {}
        self.logins = 0
        self.documents: dict[int, dict[str, Any]] = {}

    def __call__(self, request: Request) -> Reply:
        if (reply := self.first(request)) is not None:
            return reply
        if request.path == "/api/Login":
            self.logins += 1
            self.open[f"token-{self.logins}"] = "SL_MOTHER"
            return Reply(body={"AccessToken": f"token-{self.logins}", "TokenType": "LoginId"})
        token = request.headers.get("authorization", "").removeprefix("LoginId ")
        if token not in self.open:
            return refused(403, "70-002")
        if request.path == "/api/Logout":
            del self.open[token]
            return Reply(204, b"")
        if request.path == "/api/Users/Current":
            if request.method == "PUT":
                self.open[token] = json.loads(request.body)["TenantDatabaseName"]
                return Reply(204, b"")
            return Reply(body={"TenantDatabaseName": self.open[token], "AllowedTenantList": [TENANT, "SL_MOTHER"]})
        return self.document(request)

    def document(self, request: Request) -> Reply:
        _, _, number = request.path.removeprefix("/api/TransferDocuments").partition("/")
        if request.method == "POST":
            self.documents[len(self.documents) + 1] = json.loads(request.body)
            return Reply(201, {"TransferDocumentId": len(self.documents)})
        if request.method == "DELETE":
            del self.documents[int(number)]
            return Reply(204, b"")
        if not number:
            at, items = (int(request.query[f"listFilter.{name}"]) for name in ("page", "items"))
            rows = [{"Id": id_, **document} for id_, document in self.documents.items()]
            return Reply(body=rows[at * items :][:items])
        found = self.documents.get(int(number))
        return refused(404, "10-001") if found is None else Reply(body={"Id": int(number), **found})


def refused(status: int, code: str, message: str = "no") -> Reply:
    return Reply(status, {"StatusCode": "BadRequest", "ResponseCode": code, "Message": message})


@contextmanager
def session(
    api: Script, memory: Memory | None = None, *, stop: threading.Event | None = None
) -> Iterator[tuple[SelectLineClient, ScriptedServer]]:
    with ScriptedServer(api) as server, client(f"{server.url}/api", memory, stop=stop) as opened:
        yield opened, server


def client(url: str, memory: Memory | None = None, *, stop: threading.Event | None = None) -> SelectLineClient:
    connections = Connections(
        erp_url=SecretStr("sqlite://"), state_url=SecretStr("sqlite://"), selectline_url=url, selectline_user="KASSE",
        selectline_password=SecretStr(PASSWORD), selectline_appkey=SecretStr(APPKEY),
    )  # fmt: skip
    configuration = Configuration(settings=SETTINGS, connections=connections, path=Path("cloudkasse.yaml"))
    return SelectLineClient(configuration, memory or Memory(), stop=stop, backoff_seconds=0.002)


def asked(server: ScriptedServer) -> list[str]:
    return [f"{request.method} {request.path.removeprefix('/api')}" for request in server.requests]


def on(path: str, *replies: Reply | None, method: str | None = None) -> Callable[[Request], Reply | None]:
    """Answers the first requests for a path by these; None lets one through."""
    left = list(replies)

    def first(request: Request) -> Reply | None:
        if request.path != f"/api{path}" or method not in (None, request.method) or not left:
            return None
        return left.pop(0)

    return first


def test_a_session_is_in_the_tenant_of_the_settings_and_is_ended() -> None:
    api, memory = Api(), Memory()
    with session(api, memory) as (opened, server):
        assert opened.user().tenant == TENANT
        assert memory.token == "token-1"
    assert api.open == {}
    assert memory.token is None
    assert asked(server) == [
        "POST /Login", "PUT /Users/Current", "GET /Users/Current", "GET /Users/Current", "POST /Logout",
    ]  # fmt: skip
    assert json.loads(server.requests[0].body) == {"UserName": "KASSE", "Password": PASSWORD, "AppKey": APPKEY}


def test_a_session_is_ended_after_an_error_and_after_an_interrupt() -> None:
    for error in (RuntimeError(), KeyboardInterrupt(), SystemExit()):
        api = Api()
        with pytest.raises(type(error)), session(api):
            raise error
        assert api.open == {}


def test_a_run_that_is_stopped_ends_its_session_all_the_same() -> None:
    api, stop = Api(), threading.Event()
    with session(api, stop=stop) as (opened, _):
        stop.set()
        with pytest.raises(StoppedError):
            opened.user()
    assert api.open == {}


def test_a_session_that_a_killed_run_left_is_ended_before_a_new_one_begins() -> None:
    api = Api()
    api.open["of-the-dead"] = TENANT
    with session(api, Memory("of-the-dead")) as (_, server):
        assert list(api.open) == ["token-1"]
    assert asked(server)[:2] == ["POST /Logout", "POST /Login"]


def test_one_that_is_over_already_is_forgotten() -> None:
    with session(Api(), memory := Memory("over")):
        assert memory.kept == ["token-1"]


def test_a_token_is_kept_as_long_as_the_logout_has_no_clear_answer() -> None:
    memory = Memory()
    with session(Api(on("/Logout", Reply(500), Reply(drop=True))), memory):
        pass
    assert memory.token == "token-1"


def test_a_switch_of_the_tenant_that_is_ignored_is_tried_in_a_new_session() -> None:
    api = Api(on("/Users/Current", Reply(204, b""), method="PUT"))
    with session(api) as (opened, server):
        assert opened.user().tenant == TENANT
        assert asked(server).count("POST /Login") == 2
        assert list(api.open) == ["token-2"]


def test_nothing_is_sent_where_it_is_ignored_again() -> None:
    api = Api(on("/Users/Current", *[Reply(204, b"")] * 2, method="PUT"))
    with (
        pytest.raises(AuthorizationError, match=r"tenant 'SL_MOTHER'.*delivery\.tenant.*SL_MSHOP, SL_MOTHER"),
        session(api),
    ):
        pass
    assert api.open == {}


@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        (refused(400, "1", PASSWORD), AuthorizationError, "SELECTLINE_API_PASSWORD"),
        (Reply(403, b""), AuthorizationError, "user 'KASSE'"),
        (Reply(404, b""), AuthorizationError, "SELECTLINE_API_URL.*slmobileApi"),
        (Reply(402, b""), LicenceTakenError, "no free licence"),
        (Reply(503, b""), NetworkError, "3 attempts"),
        (Reply(200, b"<html>proxy</html>"), ContractError, "SELECTLINE_API_URL"),
    ],
)
def test_a_login_that_fails_says_what_to_do(reply: Reply, error: type[CloudkasseError], text: str) -> None:
    memory = Memory()
    with pytest.raises(error, match=text) as found, session(lambda request: reply, memory):
        pass
    assert PASSWORD not in str(found.value)
    assert APPKEY not in str(found.value)
    assert memory.kept == []


def test_a_read_in_a_session_that_is_gone_begins_another() -> None:
    api = Api()
    with session(api) as (opened, server):
        api.open.clear()
        assert list(opened.transfer_documents("8")) == []
        assert asked(server)[-4:] == [
            "POST /Login", "PUT /Users/Current", "GET /Users/Current", "GET /TransferDocuments",
        ]  # fmt: skip


def test_a_right_that_is_missing_ends_it() -> None:
    api = Api(on("/DocumentKinds", *[refused(403, "20-001")] * 2))
    with session(api) as (opened, _), pytest.raises(AuthorizationError, match="GET /DocumentKinds"):
        opened.document_kinds()


def test_a_read_is_repeated_and_a_write_never() -> None:
    api = Api(on("/TransferDocuments", Reply(500, b""), Reply(502, b"<html>"), None, None, Reply(500, b"")))
    with session(api) as (opened, server):
        assert list(opened.transfer_documents("8")) == []
        assert asked(server).count("GET /TransferDocuments") == 3
        assert opened.create_transfer_document(b"{}") == 1
        with pytest.raises(UnclearError):
            opened.create_transfer_document(b"{}")
        assert asked(server).count("POST /TransferDocuments") == 2


@pytest.mark.parametrize(
    ("reply", "may_repeat"),
    [
        (Reply(500, b""), False),
        (Reply(500, {"Message": "timeout"}), False),
        (Reply(504, b"<html>"), False),
        (Reply(429, b""), False),
        (Reply(drop=True), False),
        (Reply(201, {"TransferDocumentId": 1}, missing=10), False),
        (Reply(200, b"<html>a login page</html>"), False),
        (Reply(201, {"TransferDocumentId": "one"}), False),
        (refused(403, "70-002"), True),
    ],
)
def test_a_write_without_a_clear_answer_is_said_to_be_unclear(reply: Reply, may_repeat: bool) -> None:
    api = Api(on("/TransferDocuments", reply, method="POST"))
    with session(api) as (opened, server):
        with pytest.raises(UnclearError) as found:
            opened.create_transfer_document(b"{}")
        assert found.value.may_repeat is may_repeat
        assert asked(server).count("POST /TransferDocuments") == 1


def test_a_clear_refusal_has_the_codes_and_no_secret() -> None:
    api = Api(on("/TransferDocuments", refused(400, "42-032", f"{PASSWORD} {APPKEY} token-1"), method="POST"))
    with session(api) as (opened, _), pytest.raises(RefusedError) as found:
        opened.create_transfer_document(b"{}")
    assert (found.value.status, found.value.code, found.value.detail) == (400, "42-032", "… … …")


def test_documents_are_read_to_the_end_however_many_a_page_has() -> None:
    for most in (2, 500):
        api = Api()
        api.documents = {number: {"Note": number} for number in range(1, 6)}

        def short(request: Request, api: Api = api, most: int = most) -> Reply:
            """Gives out less than it is asked for."""
            if request.path == "/api/TransferDocuments":
                return api(
                    Request(
                        request.method,
                        request.path,
                        {**request.query, "listFilter.items": str(most)},
                        request.headers,
                        b"",
                    )
                )
            return api(request)

        with session(short) as (opened, _):
            assert [document["Id"] for document in opened.transfer_documents("8")] == [1, 2, 3, 4, 5]


def test_a_document_comes_with_its_positions_also_where_these_are_a_list_of_their_own() -> None:
    api = Api(on("/TransferDocuments/1/Positions", Reply(body=[{"Quantity": 1.0}])))
    api.documents = {1: {"StateKind": "Open"}}
    with session(api) as (opened, _):
        assert opened.transfer_document(1) == {"Id": 1, "StateKind": "Open", "Positions": [{"Quantity": 1.0}]}
        assert opened.transfer_document(2) is None


def test_a_list_that_cannot_be_read_is_no_empty_one() -> None:
    with session(Api(on("/DocumentKinds", *[Reply(404, b"<html>")] * 3))) as (opened, _), pytest.raises(RefusedError):
        opened.document_kinds()
    with session(Api(on("/DocumentKinds", refused(404, "10-001")))) as (opened, _):
        assert opened.document_kinds() == {}
