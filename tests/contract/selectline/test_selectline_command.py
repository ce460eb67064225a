"""Protects that the command runs SelectLine's Web API over the shop that is named, and says where it is."""

from typing import Any

import pytest
from click.testing import CliRunner

from assets.cli.commands.sandbox import sandbox
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.selectline import selectline_server


def test_the_command_serves_the_shop_that_is_named_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, int, int, str]] = []

    def serve(erp_url: str, *, port: int, licences: int, faults: str, language: str, announce: Any) -> None:
        served.append((erp_url, port, licences, faults))
        announce("http://127.0.0.1:1", "http://127.0.0.1:1/slmobileApi")

    monkeypatch.setattr(selectline_server, "serve_selectline", serve)
    words = ["--selectline", "--erp", "sqlite:///shop.db", "--licences", "3", "--faults", "slow:1"]
    found = CliRunner().invoke(sandbox, words, catch_exceptions=False)
    assert served == [("sqlite:///shop.db", 8860, 3, "slow:1")]
    assert ["/slmobileApi" in line for line in found.output.splitlines()] == [True, False]


def test_without_a_shop_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDKASSE_ERP_URL", raising=False)
    with pytest.raises(ConfigurationError, match="needs a shop"):
        CliRunner().invoke(sandbox, ["--selectline"], catch_exceptions=False)


@pytest.mark.parametrize(
    "words", [["--selectline", "--till", "korona"], ["--selectline", "--token", "t"], ["--licences", "2"]]
)
def test_an_option_that_would_do_nothing_is_refused(words: list[str]) -> None:
    found = CliRunner().invoke(sandbox, words)
    assert (found.exit_code, "--selectline" in found.output) == (2, True)


def test_a_database_that_is_none_of_selectlines_is_an_error() -> None:
    with (
        pytest.raises(ConfigurationError, match="cannot be opened"),
        selectline_server.SelectlineServer("sqlite:///:memory:"),
    ):
        pass
