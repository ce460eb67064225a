"""Protects that the sandbox says where KORONA.cloud's API is, and has it only where it is asked for."""

from typing import Any

import pytest
from click.testing import CliRunner

from assets.cli.commands.sandbox import sandbox
from cloudkasse_etl.sandbox import server


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
