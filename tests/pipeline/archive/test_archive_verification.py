"""Protects that whatever is changed in an archive later is found and named, also by one who writes its lists anew."""

import errno
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from cloudkasse_etl.errors import UnreadableArchiveError
from cloudkasse_etl.sync.outputs.archive.archive_contents import TABLES
from cloudkasse_etl.sync.outputs.archive.archive_files import HASHES, MANIFEST, WrittenFiles
from cloudkasse_etl.sync.outputs.archive.archive_report import ArchiveDifference, VerificationReport
from cloudkasse_etl.sync.outputs.archive.archive_verification import verify_archive
from cloudkasse_etl.sync.outputs.archive.archiving import write_archive
from cloudkasse_etl.transform.archive.archive_table import cells_of, records_in
from tests.support.archives.archived_year import FIRST, LAST, archived_year
from tests.support.archives.table_triggers import without_triggers
from tests.support.worlds import World

CHANCE = random.Random(17)
QUOTE = '"'
BY_FILE = {table.file: table for table in TABLES}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with archived_year(tmp_path_factory.mktemp("year"), days=5) as world:
        write_archive(world.configuration(), world.folder / "year", first=FIRST, last=LAST)
        yield world


@pytest.fixture
def year(shop: World, tmp_path: Path) -> Path:
    """An archive to change."""
    return shutil.copytree(shop.folder / "year", tmp_path / "year")


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def named(report: VerificationReport) -> set[str]:
    return {found.file for found in report.differences}


def record_at(path: Path, line: int) -> str:
    """The key of the record in a line of a table's file, empty for its first line and for other files."""
    table = BY_FILE.get(path.name)
    if table is None or line == 1:
        return ""
    with path.open("rb") as file:
        *_, record = (record for start, record in records_in(file) if start <= line)
    return " ".join(cells_of(record)[: len(table.keys)])


def test_one_byte_changed_in_each_file_is_found_with_its_line_and_record(shop: World, year: Path) -> None:
    files = files_of(year)
    assert len(files) > 40
    for path in files:
        before = path.read_bytes()
        at = CHANCE.randrange(len(before))
        path.write_bytes(before[:at] + bytes([before[at] ^ (1 << CHANCE.randrange(8))]) + before[at + 1 :])
        name, line = path.relative_to(year).as_posix(), before[:at].count(b"\n") + 1
        report = verify_archive(year, None)
        assert report.exit_code == 10, name
        found = next((one for one in report.differences if one.file == name), None)
        if name == HASHES:  # the hash of the manifest, which is in no other list
            assert found or any(HASHES in one.text for one in report.differences)
        else:
            assert found is not None, name
            if "/" not in name and name != MANIFEST:
                assert (found.line, found.record) == (line, record_at(path, line)), name
        path.write_bytes(before)
    assert verify_archive(year, shop.configuration()).exit_code == 0


def test_a_missing_file_and_one_that_was_added_are_named_whichever_it_is(year: Path) -> None:
    for path in files_of(year):
        name = path.relative_to(year).as_posix()
        path.rename(year.parent / "kept")
        report = verify_archive(year, None)
        assert report.exit_code == 10
        assert any(one.file == name and "missing" in one.text for one in report.differences), name
        (year.parent / "kept").rename(path)
    (year / "empty" / "inner").mkdir(parents=True)
    (year / "empty" / "inner" / "link").symlink_to(year / "posting.csv")
    (added,) = verify_archive(year, None).differences
    assert added.file == "empty/inner/link"
    (year / "empty" / "inner" / "link").unlink()
    assert {one.file for one in verify_archive(year, None).differences} == {"empty", "empty/inner"}
    shutil.rmtree(year / "empty")
    (year / "datev" / "more.csv").write_bytes(b"")
    (added,) = verify_archive(year, None).differences
    assert (added.file, str(added.text)) == ("datev/more.csv", "It is no part of the archive: it was added later.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_in_the_place_of_a_file_is_named_and_not_read_for_ever(shop: World, year: Path) -> None:
    for file in ("posting.csv", "manifest.json"):
        (year / file).unlink()
        os.mkfifo(year / file)
        report = verify_archive(year, shop.configuration())
        assert file in named(report)


def test_what_the_system_refuses_to_read_is_named_with_its_reason(year: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("cloudkasse_etl.sync.outputs.archive.archive_verification.hash_file", refuse)
    with pytest.raises(UnreadableArchiveError) as found:
        verify_archive(year, None)
    first = min(path for path in files_of(year) if path.name != HASHES)
    assert str(first.parent) in str(found.value)
    assert "cannot be read, at " in str(found.value)
    assert "Errno" not in str(found.value)


def test_a_missing_file_is_one_difference_beside_the_database_too_whichever_lists_are_left(
    shop: World, year: Path
) -> None:
    datev = next(path for path in files_of(year / "datev"))
    for path in (year / "posting.csv", year / "receipt_line.csv", datev):
        path.rename(year.parent / "kept")
        (found,) = verify_archive(year, shop.configuration()).differences
        assert (found.file, str(found.text)) == (path.relative_to(year).as_posix(), "It is missing.")
        (year.parent / "kept").rename(path)
    (year / "posting.csv").unlink()
    forged(year)
    (found,) = verify_archive(year, shop.configuration()).differences  # of which no list is left
    assert (found.file, str(found.text)) == ("posting.csv", "It is missing.")


@pytest.mark.parametrize("file", sorted(BY_FILE))
def test_lines_that_were_taken_out_or_put_in_are_named_by_the_first_of_them(year: Path, file: str) -> None:
    path = year / file
    *lines, last = path.read_bytes().splitlines(keepends=True)
    for changed in ([*lines], [*lines, last, last]):
        path.write_bytes(b"".join(changed))
        found = next(one for one in verify_archive(year, None).differences if one.file == file)
        assert found.line == len(changed) + (len(changed) == len(lines))
        assert f"{len(changed)} lines, and {len(lines) + 1} were written" in found.text


def forged(folder: Path) -> None:
    """Writes all lists of an archive anew, as one would who has changed it and knows the program."""
    facts = orjson.loads((folder / MANIFEST).read_bytes())
    shutil.rmtree(folder / "lines")
    bodies = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}
    files = WrittenFiles(folder)
    for name, body in bodies.items():
        if name not in (MANIFEST, HASHES):
            files.add(name, body)
    files.finish({name: value for name, value in facts.items() if name != "files"})


def changed_amount(folder: Path) -> tuple[int, str]:
    """Makes the first posting's amount another one; its line and key."""
    path = folder / "posting.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    cells = lines[1].split(b";")
    cells[7] = b"7777,77"
    path.write_bytes(b"".join([lines[0], b";".join(cells), *lines[2:]]))
    return 2, record_at(path, 2)


def test_one_who_writes_all_lists_anew_is_found_by_sums_by_the_hash_in_the_books_and_by_the_database(
    shop: World, year: Path
) -> None:
    number = verify_archive(year, None).number
    line, key = changed_amount(year)
    forged(year)
    (found,) = verify_archive(year, None).differences
    assert (found.file, str(found.text)) == ("posting.csv", "Its sums are not those of manifest.json.")
    facts = orjson.loads((year / MANIFEST).read_bytes())
    (sums,) = next(table for table in facts["tables"] if table["name"] == "posting")["sums"]
    sums["positive"], sums["negative"] = restated(year)
    (year / MANIFEST).write_bytes(orjson.dumps(facts))
    forged(year)
    assert verify_archive(year, None).exit_code == 0
    (found,) = verify_archive(year, None, number=number).differences
    assert found.file == HASHES
    (found,) = verify_archive(year, shop.configuration()).differences
    assert (found.file, found.line, found.record) == ("posting.csv", line, key)
    assert str(found.text).startswith("amount is '7777,77' in the archive, and '")


def restated(folder: Path) -> tuple[str, str]:
    """The sums of the postings."""
    with (folder / "posting.csv").open("rb") as file:
        cells = [cells_of(record)[7] for _, record in records_in(file)][1:]
    cents = [int(cell.replace(",", "")) for cell in cells]
    sums = (sum(one for one in cents if one > 0), -sum(one for one in cents if one < 0))
    return f"{sums[0] / 100:.2f}", f"{sums[1] / 100:.2f}"


def on_the_database(world: World, *statements: str) -> None:
    engine = sa.create_engine(world.erp_url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_what_was_changed_in_the_database_is_named_with_column_and_both_values(shop: World, year: Path) -> None:
    tidied = without_triggers(shop)
    backup = "CREATE TABLE kept_{0} AS SELECT * FROM cloudkasse_{0}"
    names = ("posting", "receipt", "decision")
    on_the_database(
        shop,
        *(backup.format(name) for name in names),
        "DELETE FROM cloudkasse_posting WHERE posting_id = 'K1-1:0001'",
        "CREATE TABLE more AS SELECT * FROM cloudkasse_posting WHERE posting_id = 'K1-1:0002'",
        "UPDATE more SET posting_id = 'K1-1:9999', amount_cents = 1",
        "INSERT INTO cloudkasse_posting SELECT * FROM more",
        "DROP TABLE more",
        "UPDATE cloudkasse_posting SET account = '4711' WHERE posting_id = 'K1-1:0002'",
        # what SQLite keeps as a text then
        "UPDATE cloudkasse_receipt SET raw = replace(raw, '\"A1\"', '\"B1\"') WHERE receipt_id = 'K2-1'",
        "UPDATE cloudkasse_decision SET reason = 'another one'",
    )
    report = verify_archive(year, shop.configuration())
    on_the_database(
        shop,
        *(f"DELETE FROM cloudkasse_{name}" for name in names),
        *(f"INSERT INTO cloudkasse_{name} SELECT * FROM kept_{name}" for name in names),
        *(f"DROP TABLE kept_{name}" for name in names),
        *tidied,
    )
    assert report.exit_code == 10
    told = {(one.file, one.record): str(one.text) for one in report.differences}
    assert told["posting.csv", "K1-1:0001"] == "It is in the archive, and not in the database."
    assert told["posting.csv", "K1-1:9999"] == "It is in the database, and not in the archive."
    assert told["posting.csv", "K1-1:0002"].endswith("in the archive, and '4711' in the database.")
    assert "content is" in told["receipt_content.csv", "K2-1 canonical"]
    assert told["receipt_line.csv", "K2-1 1"] == "article is 'A1' in the archive, and 'B1' in the database."
    assert "'another one'" in told["decision.csv", "1"]
    assert len(report.differences) == report.count == len(told)
    assert verify_archive(year, shop.configuration()).exit_code == 0


def test_an_archive_of_a_release_with_other_columns_is_compared_by_those_that_both_know(
    shop: World, year: Path
) -> None:
    for name in ("closing.csv", "posting.csv", "stock_movement.csv"):
        with (year / name).open("rb") as file:
            records = [cells_of(record) for _, record in records_in(file)]
        # without its last column, and with one that we do not know after the key
        rows = [[*cells[:2], "x", *cells[2:-1]] for cells in records]
        texts = [";".join(f'"{cell.replace(QUOTE, QUOTE * 2)}"' for cell in row) for row in rows]
        (year / name).write_bytes("".join(f"{text}\r\n" for text in texts).encode())
    forged(year)
    assert verify_archive(year, None).differences == []
    assert verify_archive(year, shop.configuration()).differences == []


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("nothing", "There is no folder"),
        ("empty", "is no archive"),
        ("newer", "newer release"),
        ("company", "company 2"),
    ],
)
def test_what_cannot_be_checked_is_told_with_its_cure(shop: World, year: Path, what: str, told: str) -> None:
    folder = year
    if what in ("newer", "company"):
        facts = orjson.loads((year / MANIFEST).read_bytes())
        facts |= {"format": 99} if what == "newer" else {"company": "2"}
        (year / MANIFEST).write_bytes(orjson.dumps(facts))
    elif what == "empty":
        shutil.rmtree(year)
        year.mkdir()
    else:
        folder = year / "nowhere"
    with pytest.raises(UnreadableArchiveError, match=told) as error:
        verify_archive(folder, shop.configuration())
    assert error.value.exit_code == 20
    assert error.value.hint


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, "a.csv: It was changed."),
        ({"line": 3}, "a.csv, line 3: It was changed."),
        ({"record": "R1"}, "a.csv, R1: It was changed."),
        ({"line": 3, "record": "R1"}, "a.csv, line 3, R1: It was changed."),
    ],
)
def test_a_difference_is_a_sentence_with_its_place(facts: dict[str, Any], told: str) -> None:
    from cloudkasse_etl.i18n.text import say

    assert str(ArchiveDifference("a.csv", say("It was changed."), **facts).sentence()) == told
