"""Protects that the sandbox says where KORONA.cloud's API is, has it only where asked for, and takes orders there."""

from typing import Any

import pytest
from click.testing import CliRunner

from assets.cli.commands.sandbox import sandbox
from cloudkasse_etl.sandbox import server
from cloudkasse_etl.sandbox.korona.korona_endpoints import BASE


@pytest.mark.parametrize(("words", "till", "lines"), [([], "cloudkasse", 1), (["--till", "korona"], "korona", 2)])
def test_the_sandbox_says_where_koronas_api_is(
    monkeypatch: pytest.MonkeyPatch, words: list[str], till: str, lines: int
) -> None:
    served: list[str] = []

    def serve(data: object, **how: Any) -> None:
        served.append(how["till"])
        how["announce"]("http://127.0.0.1:1")

    monkeypatch.setattr(server, "serve", serve)
    found = CliRunner().invoke(sandbox, words, catch_exceptions=False)
    assert (served, len(found.output.splitlines())) == ([till], lines)
    assert ("/web/api/v3" in found.output) == (till == "korona")


def test_orders_to_the_sandbox_find_it_by_the_address_of_koronas_api() -> None:
    with server.SandboxServer(None, token="a-token", till="korona") as running:
        words = ["misbehave", "off", "--url", f"{running.url}{BASE}/", "--token", "a-token"]
        found = CliRunner().invoke(sandbox, words, catch_exceptions=False)
    assert (found.exit_code, found.output) == (0, "The sandbox behaves.\n")
