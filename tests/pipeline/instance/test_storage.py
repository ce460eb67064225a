"""Protects that a full, read-only or damaged place of history and protocols is told as such, with its cure."""

from pathlib import Path

import pytest

from assets.instance.storage import storage_faults, storage_problems
from tests.support.processes.disks import in_a_disk
from tests.support.programs import Program

HISTORY = "from assets.cli.start import main; main(['history', '--json'])"
IN_FOLDER = "mount -t tmpfs -o size={kilobytes}k tmpfs '{folder}' && export CLOUDKASSE_DAGSTER_STORAGE='{folder}'"


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        pytest.param(IN_FOLDER.replace("{kilobytes}", "150"), "No room is left for the history in", id="full"),
        pytest.param(
            IN_FOLDER.replace("{kilobytes}", "9000") + " && mount -o remount,ro '{folder}'",
            "cannot be written: the disk is read-only.",
            id="read-only",
        ),
    ],
)
def test_a_disk_that_takes_nothing_is_told_with_place_and_cure(tmp_path: Path, mount: str, words: str) -> None:
    ended = in_a_disk(mount.format(folder=tmp_path), HISTORY)
    assert ended.returncode == 20
    what, cure = ended.stderr.splitlines()
    assert words in what
    assert str(tmp_path) in what
    assert "let CLOUDKASSE_DAGSTER_STORAGE name another folder" in cure


@pytest.mark.synced
def test_a_damaged_history_is_told_and_what_lies_elsewhere(program: Program) -> None:
    for file in program.home.storage.rglob("runs.db*"):
        file.write_bytes(b"no database" * 1000)
    code, error = program.call_json("sync")
    assert (code, error["error"]) == (20, f"The history in {program.home.storage} is damaged.")
    assert "Receipts, postings and open rejections do not lie in it." in error["hint"]


@pytest.mark.synced
def test_a_run_whose_protocol_cannot_be_written_says_so_and_keeps_what_was_accepted(program: Program) -> None:
    for file in program.home.protocols.iterdir():
        file.unlink()
    program.home.protocols.rmdir()
    program.home.protocols.write_text("a file where a folder should be")
    program.world.erp("UPDATE ART SET Bezeichnung = 'Other' WHERE Artikelnummer = 'A1'")
    code, out, err = program.call("sync")
    assert (code, err) == (20, "")
    # a terminal's lines end where the path's length says
    assert " ".join(out.split()).startswith(
        f"The history in {program.home.protocols} cannot be written: a part of the path is no folder."
    )
    program.home.protocols.unlink()
    code, report = program.call_json("sync")
    assert (code, report["outcome"]) == (0, "no_new_data")


def test_check_looks_at_the_place_too(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert storage_problems(tmp_path / "absent" / "folder") == []
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("CLOUDKASSE_DAGSTER_STORAGE", str(file))
    code, found = program.call_json("check")
    assert code == 20
    assert [problem["text"] for problem in found["problems"]] == [f"{file} is a file, not a folder."]
    assert "cannot be written: a part of the path is no folder" in storage_problems(file / "below")[0].text


def test_errors_of_other_places_are_not_taken_for_the_storages(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), storage_faults(tmp_path / "storage"):
        (tmp_path / "elsewhere").stat()
