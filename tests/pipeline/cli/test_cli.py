"""Protects the command line: exit codes, one clean object for `--json`, words instead of tracebacks."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from assets.cli import group
from assets.cli.commands.ui import is_foreign
from assets.cli.demo.demo_shop import create_demo, find_demo
from assets.cli.group import run
from assets.instance.home import find_home
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.run.leased_tables import hold_lease
from tests.docs.pages import PROJECT, Page
from tests.support.patience import HANG_SECONDS
from tests.support.programs import Program

WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"


def test_help_answers_without_loading_dagster_or_pandas() -> None:
    slow = ("dagster", "pandas", "sqlalchemy", "rich", "filelock", "cloudkasse_etl.sandbox")
    code = f"import sys, assets.cli.group; print([m for m in {slow} if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=HANG_SECONDS
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["", *group.group.commands])
def test_each_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*name.split(), "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: cloudkasse-etl")


def test_sync_prints_one_object_of_the_agreed_shape(program: Program) -> None:
    program.world.erp(WRONG_GTIN)
    code, report = program.call_json("sync", "master-data")
    assert code == 10
    assert list(report) == [
        "run_id", "outcome", "kind", "message", "assets", "rejections", "protocol", "receipts", "looked_at",
    ]  # fmt: skip
    assert (report["outcome"], report["kind"]) == ("partially_successful", "master-data")
    assert report["assets"]["cloudkasse_articles"] == {
        "new": 4, "changed": 0, "deactivated": 0, "unchanged": 0, "rejected": 1, "still_rejected": 0, "deferred": 0,
    }  # fmt: skip
    assert [(r["asset"], r["key"], r["code"]) for r in report["rejections"]] == [
        ("cloudkasse_articles", "A1", "cloud.gtin_invalid")
    ]
    assert Path(report["protocol"]).is_file()


@pytest.mark.synced
def test_a_quiet_sync_says_so_and_ends_with_0(program: Program) -> None:
    code, out, _ = program.call("sync")
    assert code == 0
    assert out.startswith("Nothing new\n")


def test_a_person_reads_what_failed_and_what_to_do(program: Program) -> None:
    program.world.erp(WRONG_GTIN)
    code, out, err = program.call("sync")
    assert code == 10
    assert out.startswith("Partially successful: 12 new, 1 rejected")
    assert "A1" in out
    assert "What to do: Correct or empty the EAN number" in out
    assert err == ""


def test_a_german_shop_reads_german(program: Program) -> None:
    program.world.settings["language"] = "de"
    program.world.erp(WRONG_GTIN)
    out = program.call("sync")[1]
    assert out.startswith("Teilweise erfolgreich: 12 neu, 1 abgelehnt")
    assert "Was zu tun ist: Berichtigen oder leeren Sie die EAN-Nummer" in out


def test_a_german_shop_reads_german_errors_findings_and_reasons(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.world.settings["language"] = "de"
    with monkeypatch.context() as patch:
        patch.setenv("CLOUDKASSE_ERP_URL", "sqlite:////nowhere/erp.db")
        assert "Die Datenbankdatei /nowhere/erp.db der Warenwirtschaft ist nicht vorhanden." in program.call("sync")[2]
        assert "Berichtigen Sie CLOUDKASSE_ERP_URL" in program.call("check")[1]
    with monkeypatch.context() as patch:
        patch.setenv("CLOUDKASSE_API_TOKEN", "wrong")
        _, report = program.call_json("sync")
        assert report["message"].startswith("fehlgeschlagen: CloudKasse nimmt den Token nicht an (401). Setzen Sie")
        assert program.call_json("history")[1]["runs"][0]["message"] == report["message"]
    broken = program.world.folder / "broken.yaml"
    broken.write_text("language: de\nregister: []\n", encoding="utf-8")
    monkeypatch.setenv("CLOUDKASSE_SETTINGS", str(broken))
    code, _, err = program.call("sync")
    assert code == 2
    assert "broken.yaml:2: register: „register“ ist hier kein Schlüssel; meinten Sie „registers“?" in err


def test_why_a_run_broke_stands_before_what_was_rejected_until_then(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.world.erp("UPDATE ART SET Preiseinheit = -1 WHERE Artikelnummer = 'A1'")
    monkeypatch.setenv("CLOUDKASSE_API_TOKEN", "wrong")
    code, report = program.call_json("sync")
    assert (code, report["outcome"]) == (20, "failed")
    assert report["message"].startswith("failed: CloudKasse does not accept the token (401).")
    assert report["message"].endswith("Until then: 1 rejected. 1 record is open in all.")


def test_a_second_sync_is_refused_and_leaves_no_run(program: Program) -> None:
    with hold_lease(program.world.configuration(), run_id="0" * 32, kind="all", started_by="the night shift"):
        code, error = program.call_json("sync")
    assert (code, error["exit_code"]) == (30, 30)
    assert "the night shift" in error["error"]
    assert program.call_json("history") == (0, {"runs": []})


def test_without_the_cloud_a_sync_fails_in_words_and_the_next_one_heals(program: Program) -> None:
    program.world.settings["api"] = {"attempts": 1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOUDKASSE_API_URL", "http://127.0.0.1:1")
        code, report = program.call_json("sync")
    assert (code, report["outcome"]) == (20, "failed")
    assert "refused" in report["message"]
    assert program.call_json("sync")[1]["outcome"] == "successful"


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        pytest.param("CLOUDKASSE_API_TOKEN", "wrong", 20, "token", id="wrong token"),
        pytest.param("CLOUDKASSE_ERP_URL", "sqlite:////nowhere/erp.db", 20, "/nowhere/erp.db", id="ERP file missing"),
        pytest.param("CLOUDKASSE_SETTINGS", "/nowhere/cloudkasse.yaml", 2, "settings file", id="no settings"),
        pytest.param("CLOUDKASSE_API_URL", "", 2, "CLOUDKASSE_API_URL", id="no address"),
        pytest.param("DAGSTER_HOME", "/nowhere", 2, "dagster.yaml", id="no dagster.yaml"),
        pytest.param(
            "CLOUDKASSE_DAGSTER_STORAGE", "/proc/nothing", 20, "/proc/nothing", id="history cannot be written"
        ),
    ],
)
def test_each_trouble_has_its_words_and_its_exit_code(
    program: Program, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: int, words: str
) -> None:
    monkeypatch.setenv(name, value)
    result, told = program.call_json("sync")
    assert result == code
    assert words in (told.get("error") or told["message"])
    _, out, err = program.call("sync")
    assert words in out + err
    assert "Traceback" not in out + err


def test_wrong_use_is_2_with_the_way_to_the_help(program: Program) -> None:
    code, out, err = program.call("sync", "everything")
    assert (code, out) == (2, "")
    assert "cloudkasse-etl sync --help" in err
    assert program.call_json("sync", "everything")[1]["exit_code"] == 2


def test_the_history_lists_the_newest_first(program: Program) -> None:
    program.world.erp(WRONG_GTIN)
    first = program.call_json("sync")[1]
    second = program.call_json("sync", "master-data")[1]
    code, found = program.call_json("history")
    assert code == 0
    assert [run["run_id"] for run in found["runs"]] == [second["run_id"], first["run_id"]]
    older = found["runs"][1]
    assert (older["kind"], older["outcome"], older["message"]) == ("all", "partially_successful", first["message"])
    assert older["counts"]["new"] == 12
    assert older["started_by"].startswith("command line (")
    assert older["seconds"] > 0
    assert len(program.call_json("history", "--limit", "1")[1]["runs"]) == 1
    assert second["run_id"][:8] in program.call("history")[1]


def test_the_protocol_is_found_by_the_beginning_of_the_runs_id(program: Program, tmp_path: Path) -> None:
    program.world.erp(WRONG_GTIN)
    report = program.call_json("sync")[1]
    code, protocol = program.call_json("protocol", report["run_id"][:8])
    assert code == 0
    assert protocol["run_id"] == report["run_id"]
    assert [list(rejection) for rejection in protocol["rejections"]] == [
        ["asset", "key", "name", "code", "text", "cure", "since", "still", "total_cents", "currency"]
    ]
    assert program.call("protocol", report["run_id"][:8], "--csv", str(tmp_path / "out.csv"))[0] == 0
    assert "A1" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    shown = program.call("protocol", report["run_id"])[1]
    assert "A1" in shown
    assert re.search(r"^  since \w{3} \d+ \w{3} \d{4}, \d\d:\d\d$", shown, re.MULTILINE)
    assert "Every record" not in shown
    assert program.call_json("protocol", "ffffffff")[0] == 2


def test_check_names_every_problem_at_once(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    assert program.call_json("check") == (0, {"ok": True, "problems": []})
    monkeypatch.setenv("CLOUDKASSE_API_TOKEN", "wrong")
    program.world.erp("DROP TABLE MITARBW")
    code, found = program.call_json("check")
    assert code == 20
    assert len(found["problems"]) == 2
    assert all(problem["cure"] for problem in found["problems"])
    program.world.settings["timezone"] = "Nowhere"
    del program.world.settings["timezone"]
    monkeypatch.setenv("CLOUDKASSE_SETTINGS", "/nowhere/cloudkasse.yaml")
    assert program.call("check")[0] == 2


def test_an_unforeseen_error_names_its_log_and_shows_no_traceback(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("assets.cli.running.open_instance", fail)
    code, out, err = program.call("sync")
    assert (code, out) == (20, "")
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err
    log = Path(err.split("file: ")[1].strip())
    assert "by zero" in log.read_text(encoding="utf-8")
    log.unlink()


def test_relative_folders_become_absolute_before_another_process_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").touch()
    monkeypatch.chdir(tmp_path)
    environment = {"DAGSTER_HOME": ".", "CLOUDKASSE_DAGSTER_STORAGE": "runs"}
    home = find_home(environment)
    assert environment["DAGSTER_HOME"] == str(tmp_path)
    assert environment["CLOUDKASSE_DAGSTER_STORAGE"] == str(tmp_path / "runs")
    assert (home.folder, home.storage) == (tmp_path, tmp_path / "runs")
    assert find_home({"DAGSTER_HOME": "."}).storage == tmp_path / ".dagster"
    with pytest.raises(ConfigurationError, match=r"dagster\.yaml"):
        find_home({"DAGSTER_HOME": str(tmp_path / "absent")})


def _demo_of_the_readme() -> list[str]:
    """What the README shows of the demo, a pattern a line: figures and paths may be others, `[...]` stands for more."""
    (block,) = [block for block in Page(PROJECT / "README.md").blocks() if block.startswith("$ make demo\n")]
    lines = [line.strip() for line in block.partition("$ make ui")[0].splitlines()[1:]]
    shown = [re.sub(r"\.demo/\S+|\.venv/bin/\S+|[\d.,]*\d", "#", line) for line in lines if line and line != "[...]"]
    assert len(shown) > 15
    return [re.escape(line).replace(r"\#", r"\S+").replace(r"\[\.\.\.\]", ".*") for line in shown]


def test_the_demo_shows_a_partial_a_quiet_and_a_successful_sync(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".demo"
    older = create_demo(folder)  # to be thrown away: nothing would be dearer, nor the history new
    older.change_a_price()
    (folder / "dagster").mkdir()
    (folder / "dagster" / "older").touch()
    monkeypatch.chdir(tmp_path)
    code, out, _ = program.call("demo")
    assert code == 0
    told = [line.strip() for line in out.splitlines()]
    assert [line.split(":")[0].split(";")[0] for line in told if "new, 2 rejected" in line] == ["partially successful"]
    assert "nothing new; 2 rejected, 2 waiting" in told
    assert "successful: 1 changed, 2 still rejected, 2 waiting" in told
    assert [line for line in _demo_of_the_readme() if not any(map(re.compile(line).fullmatch, told))] == []
    found = find_demo(folder)
    assert found is not None
    assert found.erp.is_file()
    assert not (folder / "dagster" / "older").exists()


def test_a_demo_that_is_open_is_not_torn_down(program: Program, tmp_path: Path) -> None:
    made = create_demo(tmp_path / "demo")
    made.erp.write_bytes(b"as it was")
    with made.cloud:
        code, out, err = program.call("demo", "--folder", str(made.folder))
    assert (code, out) == (2, "")
    assert "in use" in err
    assert made.erp.read_bytes() == b"as it was"


# No word of these is German too, a command's, or a code's.
ENGLISH = re.compile(
    r"\b(the|is|not|and|of|to|are|with|it|has|this|from|cannot|nothing|what|rejected|waiting|see|written|receipts are|"
    r"articles|prices|new|unchanged|failed|successful|started|seconds|debit|credit|Run|which|problem|problems)\b"
)


@pytest.mark.synced
def test_a_german_shop_meets_no_english(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program.world.settings["language"] = "de"
    program.world.erp(WRONG_GTIN)
    run_id = program.call_json("sync", "master-data")[1]["run_id"]
    said = [
        "".join(program.call(*words)[1:])
        for words in (
            ("plan", "master-data"),
            ("receipts",),
            ("receipts", "dismiss", "absent", "--reason", "x"),
            ("import", "--receipt", "absent"),
            ("history", "--limit", "1"),
            ("history", "prune"),
            ("protocol", run_id),
            ("protocol", run_id, "--csv", "-"),
            ("protocol", "absent"),
            ("export", "postings", "--csv", str(tmp_path / "p.csv")),
            ("export", "movements", "--csv", str(tmp_path / "none" / "m.csv")),
            ("export", "datev", "--from", "2026-11-01", "--to", "2026-11-30", "--folder", str(tmp_path)),
            ("report", run_id, "--html", str(tmp_path / "p.html")),
            ("check",),
        )
    ]
    with hold_lease(program.world.configuration(), run_id="0" * 32, kind="all", started_by="x"):
        said.append(program.call("sync")[2])
    monkeypatch.setenv("CLOUDKASSE_API_TOKEN", "wrong")
    said.append(program.call("check")[1])
    assert all(said)
    texts = [text.replace(str(tmp_path), "") for text in said]
    assert {text: found for text in texts if (found := ENGLISH.findall(text))} == {}


def test_the_ui_is_not_opened_with_broken_settings(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = program.world.folder / "broken.yaml"
    broken.write_text("register: []\n", encoding="utf-8")
    monkeypatch.setenv("CLOUDKASSE_SETTINGS", str(broken))
    code, out, err = program.call("ui", "--port", "65000")
    assert (code, out) == (2, "")
    assert err.splitlines()[1].startswith("  broken.yaml:1: register: 'register' is no key here")


def test_a_page_of_somebody_else_is_not_taken_for_the_ui() -> None:
    # its own port may be taken while Dagster starts, and Dagster then stands there for ever
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        with socket.create_server(("127.0.0.1", 0)) as somebody:
            port = somebody.getsockname()[1]
            assert is_foreign(port, child.pid)
            assert not is_foreign(port, os.getpid())
        assert not is_foreign(port, child.pid)
        child.communicate(b"\n")
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    starter = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"]
    with subprocess.Popen(starter, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ours:
        assert ours.stdout is not None
        assert not is_foreign(int(ours.stdout.readline()), ours.pid)
        ours.communicate(b"\n")


@pytest.mark.synced
def test_the_history_tells_times_of_the_shops_zone(program: Program) -> None:
    program.world.settings["timezone"] = "Pacific/Kiritimati"
    (run,) = program.call_json("history")[1]["runs"]
    assert run["started_at"].endswith("+14:00")
    assert run["started_at"][:19].replace("T", " ") in program.call("history")[1]


@pytest.mark.synced
def test_a_protocol_goes_to_standard_output_as_it_would_into_a_file(program: Program, tmp_path: Path) -> None:
    program.world.erp(WRONG_GTIN)
    run_id = program.call_json("sync", "master-data")[1]["run_id"]
    assert program.call("protocol", run_id, "--csv", str(tmp_path / "p.csv"))[0] == 0
    code, out, _ = program.call("protocol", run_id, "--csv", "-")
    assert code == 0
    assert "cloud.gtin_invalid" in out
    assert out.encode() == (tmp_path / "p.csv").read_bytes()
    assert program.call("protocol", run_id, "--csv", "-", "--json")[0] == 2
