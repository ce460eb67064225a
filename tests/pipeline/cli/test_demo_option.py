"""Protects --demo: every command works on the demo's shop, whose CloudKasse answers as long as one needs it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from assets.cli.demo import demo_tour
from assets.cli.demo.demo_cloud import DemoCloud
from assets.cli.demo.demo_option import ASKING_CLOUDKASSE
from assets.cli.demo.demo_server import is_free
from assets.cli.demo.demo_shop import FOLDER, Demo, find_demo
from assets.cli.demo.demo_tour import TRY_NEXT
from assets.cli.group import run
from tests.docs import names
from tests.docs.pages import PROJECT, Page, rows
from tests.support.demos import demo_in, own_port
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.programs import EXECUTABLE

EACH_DAY = [row[0].strip("`") for row in rows(Page(PROJECT / "README.md").section("## Each day"))]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with demo_in(tmp_path) as made:
        yield made


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", EXECUTABLE, *arguments],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def answers(cloud: DemoCloud) -> bool:
    try:
        with urlopen(f"{cloud.url}/docs", timeout=HANG_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_each_command_takes_it() -> None:
    without = {words for words, command in names.commands().items() if "--demo" not in names.options(command)}
    assert without == {"", "demo"}


def test_what_the_demo_and_the_readme_tell_to_try_works_as_it_is_typed(
    demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", "--demo"]) == 10  # the two records with a fault
    out = capsys.readouterr().out
    run_id = re.search(r"Run (\w{8});", out)
    assert run_id is not None
    assert re.search(r"\S*cloudkasse-etl history --demo, .*cloudkasse-etl ui --demo$", out, re.MULTILINE)

    told = [command.split()[1:] for _, command in TRY_NEXT] + [[*row.split()[1:], "--demo"] for row in EACH_DAY]
    assert ["sandbox", "sell", "--demo"] in told
    for words in told:
        assert words[-1] == "--demo"
        if words[0] != "ui":  # opened in e2e/test_ui.py
            typed = [run_id[1] if word == "RUN_ID" else word for word in words]
            assert run(typed) in (0, 10), capsys.readouterr()
    out = capsys.readouterr().out
    assert "receipts staged" in out
    assert "receipts imported" in out
    assert is_free(demo.port)


def test_one_object_is_printed_and_a_demo_that_is_not_there_is_made_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tours: list[Demo] = []
    monkeypatch.chdir(tmp_path)
    own_port(monkeypatch)
    for name in ("CLOUDKASSE_SETTINGS", "CLOUDKASSE_ERP_URL"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setattr(demo_tour, "tell", lambda made, out: tours.append(made))
    for _ in range(2):
        assert run(["history", "--demo", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == "There is no demo in .demo yet: it is made first.\n"
    assert json.loads(out[: len(out) // 2]) == {"runs": []}
    assert tours == [find_demo(FOLDER)]


def test_a_command_below_a_group_is_in_the_demo_too(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["receipts", "--demo", "dismiss", "absent", "--reason", "x"],
        ["receipts", "dismiss", "--demo", "absent", "--reason", "x"],
    ):
        assert run(words) == 2
        assert capsys.readouterr().err.startswith("There is no receipt")


def test_options_whose_values_the_demo_has_are_refused(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["sandbox", "--demo", "--port", "1"],
        ["sandbox", "--demo", "--till", "korona"],
        ["sandbox", "sell", "--demo", "--url", "http://127.0.0.1:1"],
    ):
        assert run(words) == 2
        assert "--demo do not go together" in capsys.readouterr().err


def test_wrong_use_is_told_in_the_language_of_the_demos_settings(
    demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = demo.folder / "cloudkasse.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("language: en", "language: de"), encoding="utf-8")
    assert run(["report", "--demo"]) == 2
    assert capsys.readouterr().err.startswith("Es fehlt die Option '--html'.\nSiehe: ")
    assert run(["sandbox", "misbehave", "off", "--demo"]) == 0
    assert capsys.readouterr().out == "Die Sandbox macht keine Fehler.\n"
    with socket.create_server(("127.0.0.1", demo.port)):
        assert run(["plan", "--demo"]) == 2
    assert capsys.readouterr().err.startswith(f"Port {demo.port}, auf dem ")


def test_another_program_on_its_port_is_told_plainly(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", demo.port)):
        assert run(["plan", "--demo"]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"Port {demo.port}, on which the demo's CloudKasse runs, is used by another program.\n")
        assert "cloudkasse-etl demo." in said


def test_what_asks_no_cloudkasse_works_while_another_program_is_on_its_port(
    demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    with demo.cloud:
        assert run(["sync", "--no-import", "--demo"]) == 10
    run_id = re.search(r"Run (\w{8});", capsys.readouterr().out)
    assert run_id is not None
    told = {words.split()[0] for words in names.commands() if words} - ASKING_CLOUDKASSE - {"ui", "demo"}
    more = {
        "receipts": ["receipts", "--status", "staged"],
        "protocol": ["protocol", run_id[1]],
        "report": ["report", "--last", "--html", "page.html"],
        "export": ["export", "postings", "--csv", "-"],
        "audit": ["audit", "--dsfinvk", "absent"],
    }
    with socket.create_server(("127.0.0.1", demo.port)):
        for name in sorted(told):
            run([*more.get(name, [name]), "--demo"])
            assert "is used by another program" not in capsys.readouterr().err, name
        assert run(["import", "--demo"]) == 0


def test_a_cloudkasse_that_is_killed_is_taken_over_by_the_next_and_leaves_nothing(demo: Demo) -> None:
    first = start("sandbox", "--demo")
    try:
        assert first.stdout is not None
        assert demo.cloud.url in first.stdout.readline()
        with demo.cloud as second:
            first.kill()
            first.communicate(timeout=HANG_SECONDS)
            wait_until(lambda: answers(second), "nobody took it over")
        assert is_free(demo.port)
    finally:
        first.kill()
        first.communicate(timeout=HANG_SECONDS)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX signal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_with_all_that_it_started(demo: Demo, number: signal.Signals) -> None:
    with demo.cloud as cloud:  # so that it has to stand by
        process = start("sandbox", "--demo")
        assert process.stdout is not None
        assert cloud.url in process.stdout.readline()
        assert psutil.Process(process.pid).children(recursive=True) == []
        process.send_signal(number)
        _, err = process.communicate(timeout=HANG_SECONDS)
        assert (process.returncode, err) == (0, "")
        assert answers(cloud)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_the_file_to_source_sets_what_the_option_sets(demo: Demo) -> None:
    told = subprocess.run(
        ["sh", "-c", ". .demo/env; env"],
        env={**os.environ, "CLOUDKASSE_STATE_URL": "sqlite:///elsewhere.db"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ours = ("CLOUDKASSE_", "SELECTLINE_", "DAGSTER_HOME=")
    found = dict(line.split("=", 1) for line in told.splitlines() if line.startswith(ours))
    assert found == demo.environment
    windows = (demo.folder / "env.cmd").read_text(encoding="utf-8")
    assert f'@set "CLOUDKASSE_API_URL={demo.cloud.url}"' in windows
    assert '@set "CLOUDKASSE_STATE_URL="' in windows
    powershell = (demo.folder / "env.ps1").read_text(encoding="utf-8-sig")
    assert f"$Env:CLOUDKASSE_API_URL = '{demo.cloud.url}'" in powershell
