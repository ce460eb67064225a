"""Protects the archive: complete for its days, exact, the same bytes for the same data, true when it is read back."""

import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.cli.commands.books.archive import archive
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.archive import archiving
from cloudkasse_etl.sync.outputs.archive.archive_files import TableFile, WrittenFiles
from cloudkasse_etl.sync.outputs.archive.archive_report import ArchiveReport
from cloudkasse_etl.sync.outputs.archive.archive_verification import verify_archive
from cloudkasse_etl.transform.archive.archive_table import records_in
from cloudkasse_etl.transform.archive.receipt_rows import content_of
from tests.support.archives.archive_reading import DTD, faults_by_grammar, read_tables, rows_of
from tests.support.archives.archived_year import FIRST, LAST, archived_year
from tests.support.processes.disks import in_a_disk
from tests.support.worlds import World

OFFICIAL = Path(__file__).parents[4] / "shared/counterparts/dsfinvk-2.4" / DTD


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A year of two registers; tests only read it."""
    with archived_year(tmp_path_factory.mktemp("year")) as world:
        yield world


@pytest.fixture(scope="module")
def year(shop: World) -> Path:
    """Its archive."""
    folder = shop.folder / "year"
    written(shop, folder)
    return folder


def written(world: World, folder: Path, first: dt.date | None = FIRST, last: dt.date = LAST) -> ArchiveReport:
    return archiving.write_archive(world.configuration(), folder, first=first, last=last)


def stored(world: World, name: str) -> list[dict[str, Any]]:
    with open_reading(world.configuration()) as stores, stores.connection.reading() as connection:
        table: sa.Table = getattr(stores.connection.tables, name)
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def records_of(folder: Path) -> dict[str, set[bytes]]:
    """The records of each table, whatever their order."""
    found = {}
    for path in folder.glob("*.csv"):
        with path.open("rb") as file:
            found[path.name] = {record for start, record in records_in(file) if start > 1}
    return found


def cents(amount: Decimal) -> int:
    return int(amount * 100)


def test_a_year_is_complete_exact_and_equal_when_it_is_read_by_its_index(shop: World, year: Path) -> None:
    assert faults_by_grammar(year / "index.xml", year / DTD) == []
    if OFFICIAL.is_file():
        assert faults_by_grammar(year / "index.xml", OFFICIAL) == []
    tables = read_tables(year)
    receipts, postings = stored(shop, "receipt"), stored(shop, "posting")
    # as it came, byte for byte, of every receipt: rejected ones, unreadable ones and those without effect too
    contents = {
        row.receipt_id: content_of(row.encoding, row.content)
        for row in tables["receipt_content"].itertuples()
        if row.form == "canonical"
    }
    assert contents == {row["receipt_id"]: bytes(row["raw"]) for row in receipts}
    assert Counter(tables["receipt"].status) == Counter(row["status"] for row in receipts)
    assert set(tables["receipt"].status) == {"imported", "no_effect", "rejected", "dismissed", "staged"}
    # lines, payments and VAT of every receipt that can be read
    parsed = [json.loads(raw) for raw in contents.values()]
    parsed = [one for one in parsed if one["lines"] != "none"]
    lines = [
        (one["id"], line["gross_cents"], line["text"], line["quantity"]) for one in parsed for line in one["lines"]
    ]
    found = tables["receipt_line"]
    there = zip(found.receipt_id, map(cents, found.gross), found.text, found.quantity, strict=True)
    assert Counter(there) == Counter((key, gross, text, Decimal(much)) for key, gross, text, much in lines)
    paid = [(one["id"], part["tender"], part["base_amount_cents"]) for one in parsed for part in one["payments"]]
    found = tables["receipt_payment"]
    assert Counter(zip(found.receipt_id, found.tender, map(cents, found.base_amount), strict=True)) == Counter(paid)
    found = tables["receipt_vat"]
    taxes = [(one["id"], block["vat_rate"], block["tax_cents"]) for one in parsed for block in one["vat"]]
    assert sum(map(cents, found.tax)) == sum(tax for *_, tax in taxes)
    assert len(found) == len(taxes)
    # the books: each posting to the cent, and those of a receipt sum to 0
    found = tables["posting"]
    ours = {(row["posting_id"], row["account"], row["amount_cents"], row["posting_date"]) for row in postings}
    assert set(zip(found.posting_id, found.account, map(cents, found.amount), found.posting_date, strict=True)) == ours
    assert set(found.groupby("receipt_id").amount.sum()) == {Decimal(0)}
    # what was taken back: each counter-entry names its row, and the receipt is booked a second time
    counters = found[found.corrects != ""]
    assert set(counters.corrects) < set(found.posting_id)
    assert set(counters.reason) == {"wrong account"}
    assert set(found[found.receipt_id == "K2-94"].generation) == {1, 2}
    moved = {(row["movement_id"], row["quantity_milli"]) for row in stored(shop, "stock_movement")}
    found = tables["stock_movement"]
    assert {(key, int(much * 1000)) for key, much in zip(found.movement_id, found.quantity, strict=True)} == moved
    assert (len(tables["closing"]), len(tables["closing_total"])) == (48, 48)
    assert set(tables["receipt"].closing_number.dropna()) <= set(tables["closing"].closing_number)
    # what was handed over, decided and refused
    for row in tables["datev_file"].itertuples():
        assert hashlib.sha256((year / "datev" / row.name).read_bytes()).hexdigest() == row.content_hash
    assert len(tables["datev_posting"]) == len(stored(shop, "datev_posting")) > 0
    assert list(tables["decision"].reason) == ["wrong account", "paid back by hand", "the roll of paper tore"]
    assert set(tables["receipt"].imported_run_id) - {""} <= set(tables["run_settings"].run_id)
    assert set(tables["run_settings"].change_number) == set(tables["settings_change"].change_number)
    assert json.loads(tables["settings_change"].settings[0])["books.closed_until"] == "2026-01-31"
    refused = dict(zip(tables["rejection"].record_key, tables["rejection"].cure, strict=True))
    assert {"K1-WRONG-2", "K9-UNKNOWN"} <= set(refused)
    assert all(refused.values())


def test_the_same_data_are_the_same_bytes_and_a_check_finds_nothing(shop: World, year: Path) -> None:
    again = written(shop, shop.folder / "again")
    first = {path.relative_to(year): path.read_bytes() for path in year.rglob("*") if path.is_file()}
    other = shop.folder / "again"
    assert first == {path.relative_to(other): path.read_bytes() for path in other.rglob("*") if path.is_file()}
    report = verify_archive(year, shop.configuration(), number=again.number)
    assert (report.exit_code, report.is_compared, report.number) == (0, True, again.number)
    assert report.rows == sum(table.rows for table in again.tables)
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=year, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_parts_of_a_period_hold_together_what_the_whole_one_holds(
    shop: World, year: Path, tmp_path: Path, data: st.DataObject
) -> None:
    ends = sorted(data.draw(st.sets(st.dates(FIRST, LAST - dt.timedelta(days=1)), max_size=2), label="last days"))
    parts: dict[str, set[bytes]] = {}
    start = FIRST
    for end in (*ends, LAST):
        folder = tmp_path / "part"
        shutil.rmtree(folder, ignore_errors=True)
        written(shop, folder, start, end)
        for name, records in records_of(folder).items():
            parts.setdefault(name, set()).update(records)
        start = end + dt.timedelta(days=1)
    assert parts == records_of(year)


def test_a_receipt_that_is_booked_late_is_in_the_archives_of_both_its_months(shop: World, tmp_path: Path) -> None:
    january, february = (tmp_path / name for name in ("january", "february"))
    written(shop, january, FIRST, dt.date(2026, 1, 31))
    written(shop, february, dt.date(2026, 2, 1), dt.date(2026, 2, 28))
    tables = read_tables(january)
    late = tables["posting"][tables["posting"].flag.str.contains("closed_period")]
    assert set(late.posting_date) == {dt.date(2026, 2, 1)}
    assert rows_of(late) <= rows_of(read_tables(february)["posting"])
    assert set(tables["receipt"].business_day) <= {*pd.date_range(FIRST, "2026-01-31").date}


def test_without_a_first_day_all_of_it_is_written_and_its_first_day_is_the_first_receipts(
    shop: World, tmp_path: Path, year: Path
) -> None:
    written(shop, tmp_path / "all", None)
    there, whole = read_tables(tmp_path / "all"), read_tables(year)
    # what cannot be read has no day, and was fetched today
    assert set(there["receipt"].receipt_id) - set(whole["receipt"].receipt_id) <= {"K1-BROKEN"}
    assert rows_of(there["posting"]) == rows_of(whole["posting"])
    assert b"<From>01.01.2026</From>" in (tmp_path / "all" / "index.xml").read_bytes()


def test_an_empty_archive_is_whole(shop: World, tmp_path: Path) -> None:
    report = written(shop, tmp_path / "none", dt.date(2020, 1, 1), dt.date(2020, 12, 31))
    assert {table.rows for table in report.tables} == {0}
    assert faults_by_grammar(tmp_path / "none" / "index.xml", tmp_path / "none" / DTD) == []
    assert verify_archive(tmp_path / "none", shop.configuration()).exit_code == 0


def test_it_is_the_same_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with archived_year(tmp_path, postgres_url, days=4) as shop:
        folder = tmp_path / "archive"
        written(shop, folder)
        assert verify_archive(folder, shop.configuration()).exit_code == 0
        # in one order, whatever a database's own is
        keys = [
            tuple(row) for row in read_tables(folder)["posting"][["posting_date", "register"]].itertuples(index=False)
        ]
        assert keys == sorted(keys)
        assert len(keys) == len(stored(shop, "posting"))


@pytest.mark.parametrize("place", ["a file", "a folder that is not empty", "below a file"])
def test_a_folder_that_is_taken_is_refused_with_its_cure_and_nothing_is_written_over(
    shop: World, tmp_path: Path, place: str
) -> None:
    folder = tmp_path / "taken"
    if place == "a folder that is not empty":
        folder.mkdir()
    kept = folder / "mine" if place == "a folder that is not empty" else folder
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        written(shop, folder / "archive" if place == "below a file" else folder)
    assert error.value.hint
    assert kept.read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_an_empty_folder_and_one_whose_parents_are_missing_are_taken(shop: World, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "new" / "deep"):
        written(shop, folder, LAST, LAST)
        assert verify_archive(folder, None).exit_code == 0


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        pytest.param(TableFile, "add", id="in the middle of the tables"),
        pytest.param(WrittenFiles, "finish", id="before its lists are written"),
        pytest.param(Path, "rename", id="before it has its name"),
    ],
)
def test_one_that_dies_leaves_nothing_that_passes_for_an_archive_and_the_next_one_cleans_up(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    def died(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, died)
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)  # killed: nothing is tidied up
        with pytest.raises(KeyboardInterrupt):
            written(shop, tmp_path / "archive")
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".archive.")
    monkeypatch.setattr(archiving, "has_ended", lambda process: str(os.getpid()) in process)
    written(shop, tmp_path / "archive")
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]
    assert verify_archive(tmp_path / "archive", shop.configuration()).exit_code == 0


def test_a_full_disk_is_told_and_leaves_nothing(shop: World, tmp_path: Path) -> None:
    shop.configuration()
    disk = tmp_path / "disk"
    disk.mkdir()
    code = (
        "import datetime as dt, pathlib\n"
        "from cloudkasse_etl.config.loading import load\n"
        "from cloudkasse_etl.errors import ConfigurationError\n"
        "from cloudkasse_etl.sync.outputs.archive.archiving import write_archive\n"
        f"disk = pathlib.Path({str(disk)!r})\n"
        f"configuration = load({dict(shop.environment)!r})\n"
        "try: write_archive(configuration, disk / 'archive', first=None, last=dt.date(2026, 12, 31))\n"
        "except ConfigurationError as error: print(error, list(disk.iterdir()))"
    )
    done = in_a_disk(f"mount -t tmpfs -o size=64k none {disk}", code)
    assert "no room is left on the disk" in done.stdout, done.stderr
    assert done.stdout.endswith("[]\n")


def call(world: World, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    world.configuration()
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(archive, words, standalone_mode=False)


def test_the_command_tells_counts_sums_and_the_hash_for_the_books(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--from", "2026-01-01", "--to", "31.12.2026", "--folder", str(tmp_path / "one"))
    done = call(shop, monkeypatch, *words)
    assert done.return_value == 0
    number = hashlib.sha256((tmp_path / "one" / "SHA256SUMS").read_bytes()).hexdigest()
    assert f"For the books, its hash: {number}" in done.output
    assert f"archive verify {tmp_path / 'one'}" in done.output
    assert "not booked yet" in done.output
    found = json.loads(call(shop, monkeypatch, *words[:-1], str(tmp_path / "two"), "--json").output)
    assert found["hash"] == number
    rows = {table["name"]: table for table in found["tables"]}
    (sums,) = rows["posting"]["sums"]
    assert sums["of"] == "EUR"
    assert sums["positive"] == sums["negative"] != "0.00"
    assert found["receipts"]["staged"] == 1
    checked = call(shop, monkeypatch, "verify", str(tmp_path / "one"), "--hash", number)
    assert checked.return_value == 0
    assert "equal to the database" in checked.output
    (tmp_path / "one" / "closing.csv").unlink()
    checked = call(shop, monkeypatch, "verify", str(tmp_path / "one"), "--files-only", "--json")
    assert checked.return_value == 10
    found = json.loads(checked.output)
    assert (found["equal"], found["compared_with_database"]) == (False, False)
    assert found["differences"] == [{"file": "closing.csv", "line": None, "record": "", "text": "It is missing."}]


def test_no_file_has_a_secret(shop: World, year: Path) -> None:
    secrets = [shop.environment[name].encode() for name in ("CLOUDKASSE_API_TOKEN", "CLOUDKASSE_ERP_URL")]
    assert not [path for path in year.rglob("*") if path.is_file() and any(one in path.read_bytes() for one in secrets)]
