"""Protects password and AppKey of SelectLine's Web API: nothing printed or kept has them, whatever it answers."""

import base64
import json
from pathlib import Path

import pytest

from tests.support.books import closing_of_sales, deliver, fetch_and_book, sale, with_accounts
from tests.support.programs import Program
from tests.support.selectline.delivering import DELIVERY
from tests.support.servers.scripted_server import Reply, Request, ScriptedServer

pytestmark = pytest.mark.synced

PASSWORD, APPKEY = "Wasseramsel3@Zaunammer4/Bachstelze5%", "Blaukehlchen6-Feldschwirl7"
WORDS = ("Wasseramsel", "Zaunammer", "Bachstelze", "Blaukehlchen", "Feldschwirl")


def echo(request: Request) -> Reply:
    """Lets the user in, and quotes all secrets in each further answer."""
    if request.path == "/api/Login":
        return Reply(body={"AccessToken": "token", "TokenType": "LoginId"})
    if request.path in ("/api/Users/Current", "/api/Logout"):
        return Reply(204, b"") if request.method != "GET" else Reply(body={"TenantDatabaseName": "SL_MSHOP"})
    message = f"{PASSWORD} {APPKEY}"
    if request.method == "GET":
        return Reply(body=[]) if request.path == "/api/TransferDocuments" else Reply(500, {"Message": message})
    return Reply(400, {"StatusCode": "BadRequest", "ResponseCode": "42-1", "Message": message})


def found_in(data: bytes) -> list[str]:
    return [word for word in WORDS if word.encode() in data or base64.b64encode(word.encode())[:-4] in data]


@pytest.mark.parametrize("lets_in", [True, False])
def test_no_secret_is_printed_or_kept(program: Program, monkeypatch: pytest.MonkeyPatch, lets_in: bool) -> None:
    world = program.world
    world.settings = with_accounts(world.settings)
    world.settings["delivery"] = dict(DELIVERY)
    script = echo if lets_in else lambda request: Reply(403, {"ResponseCode": "1", "Message": f"{PASSWORD} {APPKEY}"})
    with ScriptedServer(script) as server:
        for name, value in {
            "URL": f"{server.url}/api", "USER": "KASSE", "PASSWORD": PASSWORD, "APPKEY": APPKEY,
        }.items():  # fmt: skip
            world.more_environment[f"SELECTLINE_API_{name}"] = value
            monkeypatch.setenv(f"SELECTLINE_API_{name}", value)
        deliver(world, sale(1), closings=(closing_of_sales(1, 1, 1),))
        fetch_and_book(world)
        heard = [program.call(*words) for words in (("deliver", "--json"), ("check",), ("deliveries",), ("history",))]
        assert [code for code, *_ in heard] == [20, 20, 0, 0]
        logins = [json.loads(request.body) for request in server.requests if request.path == "/api/Login"]
        assert {(login["Password"], login["AppKey"]) for login in logins} == {(PASSWORD, APPKEY)}
    assert found_in("".join(out + err for _, out, err in heard).encode()) == []
    files = [path for path in Path(world.folder).rglob("*") if path.is_file()]
    assert {str(path): words for path in files if (words := found_in(path.read_bytes()))} == {}
    assert len(files) > 5
