"""Protects the demo with KORONA.cloud: it ends well only where statements equal the books, and goes on with --demo."""

import re
from pathlib import Path

import pytest
import yaml

from assets.cli.demo.demo_shop import FOLDER, KORONA_PATH, Demo, create_demo, find_demo
from assets.cli.demo.demo_tour import TRY_NEXT
from assets.cli.demo.korona_tour import equals_the_books
from assets.cli.group import run
from assets.cli.output import console
from cloudkasse_etl.sandbox.korona.account_names import account_settings, account_yaml
from cloudkasse_etl.sandbox.korona.korona_endpoints import BASE
from tests.docs.pages import PROJECT, Page
from tests.support.demos import demo_in


def are_equal(demo: Demo) -> bool:
    with demo.running() as (configuration, _):
        return equals_the_books(configuration, console())


def test_it_is_told_over_another_tills_demo_and_each_command_works_on_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with demo_in(tmp_path):
        create_demo(FOLDER, "dsfinvk")
        assert run(["demo", "--till", "korona"]) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert "korona_tender_unknown" in told
        assert re.search(r"what was refused is checked again\. successful: \d+ receipts staged", told)
        assert ": equal." in told
        offered = {command for _, command in TRY_NEXT if command.removeprefix("cloudkasse-etl ") in told}
        assert {command for _, command in TRY_NEXT} - offered == {"cloudkasse-etl deliver --demo"}
        demo = find_demo(FOLDER)
        assert demo is not None
        assert (demo.till, demo.exports.exists()) == ("korona", False)
        assert are_equal(demo)

        for words in (["check"], ["sandbox", "sell"], ["sandbox", "misbehave", "off"]):
            assert run([*words, "--demo"]) == 0
        capsys.readouterr()
        assert not are_equal(demo)
        assert "NOT EQUAL to the books: Bar " in capsys.readouterr().out
        for words in (["plan"], ["sync"], ["import"], ["history"], ["rejections"]):
            assert run([*words, "--demo"]) == 0, words
        assert are_equal(demo)


def test_its_settings_are_those_that_the_page_names() -> None:
    (block,) = Page(PROJECT / "docs" / "korona.md").blocks("yaml")
    assert yaml.safe_load(block) == yaml.safe_load(account_yaml())
    assert yaml.safe_load(account_yaml())["till"]["korona"] == account_settings()
    assert KORONA_PATH == BASE
