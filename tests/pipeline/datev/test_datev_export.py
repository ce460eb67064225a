"""Protects the way of the books to the adviser: each posting once, whole or not at all, and what is in it is told."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from assets.cli.commands.books.export import export
from cloudkasse_etl.errors import ConfigurationError, LeaseHeldError
from cloudkasse_etl.state.stores.books.datev_files import DatevFiles
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.datev import datev_export
from cloudkasse_etl.sync.outputs.datev.datev_report import DatevReport
from tests.support.books import balances, closing_of_sales, deliver, fetch_and_book, sale, tables
from tests.support.datev.extf_reading import account_sums, files_in, rows_of, sums_of_another_reader
from tests.support.datev.format_validator import DESCRIPTION, faults_of
from tests.support.receipts.receipt_factory import item, line, pay
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True, page_items=10)
FIRST, LAST = dt.date(2026, 11, 1), dt.date(2026, 11, 30)


@pytest.fixture(autouse=True)
def datev(world: World) -> None:
    world.settings["datev"] = {"adviser": 29098, "client": 55003}
    world.settings["receipts"] = {"days_back": 36000, "days_ahead": 3660}


def exported(world: World, folder: str = "datev", **options: Any) -> DatevReport:
    days = {"first": FIRST, "last": LAST}
    return datev_export.export_datev(world.configuration(), world.folder / folder, **(days | options))


def booked(world: World) -> dict[str, int]:
    return {account: cents for account, cents in balances(world).items() if cents}


def remembered(world: World) -> dict[str, list[tuple[int, int]]]:
    """Posting -> its files and rows."""
    found: dict[str, list[tuple[int, int]]] = {}
    with open_reading(world.configuration()) as store, store.connection.reading() as connection:
        for row in connection.execute(sa.select(store.connection.tables.datev_posting)):
            found.setdefault(row.posting_id, []).append((row.file_number, row.row_number))
    return found


def mixed_day(world: World) -> None:
    """Sales at three rates, a discount, a return, cash out, a card, and what comes to 0."""
    deliver(
        world,
        sale(1),
        item(
            line("Umsatz", 1070, "7.00", article="A2"), line("Umsatz", 500, "0.00"), line("Rabatt", -119),
            payments=[pay("ECKarte", 1000), pay("Bar", 451)], id="R2", number=2,
        ),
        item(line("Umsatz", -5000, article="A1", text='Rückgabe "Öl"; \x07茶'), id="R3", number=3),
        item(line("Auszahlung", -1000, None), id="R4", number=4),
        item(line("Pfand", 25), id="R5", number=5),
        item(line("Pfand", -25), id="R6", number=6),
        closings=(closing_of_sales(12, 1, 6),),
    )  # fmt: skip
    fetch_and_book(world)


@pytest.mark.parametrize("grain", ["closing", "day", "receipt"])
@BOTH
def test_the_files_are_what_the_table_has_on_each_account(world: World, grain: str) -> None:
    world.settings["datev"]["grain"] = grain
    world.settings["accounts"]["discount"] = "8730"
    mixed_day(world)
    report = exported(world)
    folder = world.folder / "datev"
    assert account_sums(files_in(folder)) == sums_of_another_reader(folder) == booked(world)
    assert "8730" in booked(world)
    assert not [account for account in report.accounts if account.difference_cents]
    assert set(remembered(world)) == {row["posting_id"] for row in tables(world)["posting"]}
    if DESCRIPTION.is_file():
        assert [fault for body in files_in(folder) for fault in faults_of(body)] == []


def test_a_second_export_of_the_same_days_says_so_and_writes_nothing(world: World) -> None:
    mixed_day(world)
    first = exported(world)
    second = exported(world, "other")
    assert (list(second.batches), second.page) == ([], None)
    assert second.earlier_postings == first.postings > 0
    assert second.earlier_files == [batch.name for batch in first.batches]
    assert not (world.folder / "other").exists()


def test_what_is_booked_later_makes_a_file_of_its_own_with_only_what_is_new(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    exported(world)
    deliver(world, sale(2, gross=1190))
    fetch_and_book(world)
    report = exported(world)
    first, second = files_in(world.folder / "datev")
    assert [row["Umsatz (ohne Soll/Haben-Kz)"] for row in rows_of(second)] == ["11,90", "11,90"]
    assert account_sums([first, second]) == booked(world)
    assert not [account for account in report.accounts if account.difference_cents]
    assert all(len(places) == 1 for places in remembered(world).values())


def test_with_again_all_of_it_is_written_once_more_and_that_is_told(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    exported(world)
    deliver(world, sale(2))
    fetch_and_book(world)
    for time in (1, 2):
        report = exported(world, f"again{time}", again=True)
        assert account_sums(files_in(world.folder / f"again{time}")) == booked(world)
        assert report.repeated == (4 if time == 1 else 8)
        assert not [account for account in report.accounts if account.difference_cents]
    assert list(exported(world).batches) == []
    assert {len(places) for places in remembered(world).values()} == {2, 3}


def died(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("at", "name"),
    [
        pytest.param(Path, "write_bytes", id="before anything is written"),
        pytest.param(DatevFiles, "remember", id="before it is remembered"),
        pytest.param(Path, "replace", id="before the files have their names"),
        pytest.param(DatevFiles, "wrote", id="before it is remembered that they have"),
    ],
)
def test_an_export_that_dies_loses_nothing_and_writes_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, at: type, name: str
) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    with monkeypatch.context() as patched:
        patched.setattr(at, name, died)
        with pytest.raises(KeyboardInterrupt):
            exported(world)
    before = files_in(world.folder / "datev")
    exported(world)
    folder = world.folder / "datev"
    assert account_sums(files_in(folder)) == booked(world)
    assert len(files_in(folder)) == len(list(folder.glob("*.html"))) == 1
    assert not list(folder.glob("*.part"))
    assert before in ([], files_in(folder))
    again = exported(world)
    assert (list(again.batches), list(again.restored)) == ([], [])


def test_what_broke_off_is_written_by_whichever_export_comes_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", died)
        with pytest.raises(KeyboardInterrupt):
            exported(world)
    world.settings["datev"]["grain"] = "receipt"
    report = exported(world, "other", first=dt.date(2026, 12, 1), last=dt.date(2026, 12, 1))
    assert report.restored == ["EXTF_Kasse_20261101-20261130_00001.csv"]
    assert account_sums(files_in(world.folder / "other")) == booked(world)


def test_another_file_of_the_same_name_is_never_replaced(world: World) -> None:
    mixed_day(world)
    (first,) = exported(world).batches
    place = world.folder / "datev" / first.name.replace("00001", "00002")
    place.write_bytes(b"another company's")
    before = remembered(world)
    with pytest.raises(ConfigurationError, match=place.name):
        exported(world, again=True)
    assert place.read_bytes() == b"another company's"
    assert remembered(world) == before
    assert {path.name for path in place.parent.glob("*.csv")} == {first.name, place.name}
    place.unlink()
    assert [batch.name for batch in exported(world, again=True).batches] == [place.name]


def test_two_exports_at_once_write_a_posting_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    remember = DatevFiles.remember

    def overtaken(*arguments: Any) -> None:
        monkeypatch.setattr(DatevFiles, "remember", remember)
        exported(world, "faster")
        remember(*arguments)

    monkeypatch.setattr(DatevFiles, "remember", overtaken)
    with pytest.raises(LeaseHeldError, match="faster"):
        exported(world)
    assert files_in(world.folder / "datev") == []
    assert account_sums(files_in(world.folder / "faster")) == booked(world)


def test_what_datev_cannot_carry_is_told_before_anything_is_written(world: World) -> None:
    world.settings["accounts"]["tenders"]["ECKarte"] = "EC1361"
    mixed_day(world)
    world.settings["datev"]["account_length"] = 4
    with pytest.raises(ConfigurationError, match="EC1361") as error:
        exported(world)
    assert len(error.value.problems) == 1
    assert "posting R2:" in str(error.value)
    assert not (world.folder / "datev").exists()
    assert remembered(world) == {}


def test_a_closed_fiscal_year_is_booked_and_exported_in_the_next_one(world: World) -> None:
    world.settings["books"] = {"closed_until": "2026-12-31"}
    deliver(world, sale(1))
    fetch_and_book(world)
    report = exported(world, first=FIRST, last=dt.date(2027, 1, 31))
    (batch,) = report.batches
    assert (batch.fiscal_year, batch.first_day) == (dt.date(2027, 1, 1), dt.date(2027, 1, 1))
    (body,) = files_in(world.folder / "datev")
    assert all("period closed: booked on the first open day" in row.values() for row in rows_of(body))


def test_a_receipt_of_the_old_year_and_one_of_the_new_are_two_files(world: World) -> None:
    deliver(
        world,
        sale(1, business_day="2026-12-31", begun_at="2026-12-31T22:00:00+01:00", ended_at="2026-12-31T22:01:00+01:00"),
        sale(2, business_day="2027-01-01", begun_at="2027-01-01T10:00:00+01:00", ended_at="2027-01-01T10:01:00+01:00"),
    )
    fetch_and_book(world)
    report = exported(world, last=dt.date(2027, 1, 31))
    assert [batch.fiscal_year.year for batch in report.batches] == [2026, 2027]
    assert account_sums(files_in(world.folder / "datev")) == booked(world)


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_the_page_tells_printed_tax_datevs_tax_and_equal_sums(world: World, language: str) -> None:
    world.settings["language"] = language
    deliver(world, *(item(line("Umsatz", 3, article="A1"), id=f"R{n}", number=n) for n in range(1, 11)))
    fetch_and_book(world)
    report = exported(world)
    (tax,) = report.tax
    assert (tax.gross_cents, tax.printed_cents, tax.datev_cents) == (30, 0, 5)
    (page,) = (world.folder / "datev").glob("*.html")
    html = page.read_text(encoding="utf-8")
    assert f'lang="{language}"' in html
    assert report.batches[0].name in html
    assert 'class="mark"' in html  # the difference
    assert "8400" in html or "Umsatz" in html


def call(world: World, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    world.configuration()
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(export, ["datev", *words], standalone_mode=False)


def test_the_command_tells_files_page_and_what_was_there_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed_day(world)
    words = ("--from", "2026-11-01", "--to", "30.11.2026", "--folder", str(world.folder / "datev"))
    first = call(world, monkeypatch, *words)
    assert first.return_value == 0
    assert "EXTF_Kasse_20261101-20261130_00001.csv: " in first.output
    assert "DATEV_00001.html tells what is in them." in first.output
    second = call(world, monkeypatch, *words)
    assert "Nothing new is booked on these days." in second.output
    assert "With --again they are written once more." in second.output
    third = call(world, monkeypatch, *words, "--json")
    assert '"files": []' in third.output


@pytest.mark.parametrize("secret", ["CLOUDKASSE_API_TOKEN", "CLOUDKASSE_STATE_URL", "CLOUDKASSE_ERP_URL"])
def test_no_file_has_a_secret(world: World, secret: str) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    exported(world)
    value = world.environment[secret].encode() or world.erp_url.encode()
    assert value
    assert not [path for path in (world.folder / "datev").iterdir() if value in path.read_bytes()]


def test_without_adviser_and_client_both_are_asked_for(world: World) -> None:
    world.settings["datev"] = {}
    with pytest.raises(ConfigurationError) as error:
        exported(world)
    assert [problem.where for problem in error.value.problems] == [
        "cloudkasse.yaml: datev.adviser", "cloudkasse.yaml: datev.client",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_remembered(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    (world.folder / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"The folder .*file cannot be written"):
        exported(world, "file")
    assert remembered(world) == {}


def test_wrong_use_is_told_with_exit_code_2_and_without_a_traceback(world: World) -> None:
    world.configuration()
    days = ("--from", "2026-11-01", "--to", "2026-11-30")
    for words, told in (
        (("datev", *days), "--folder"),
        (("datev", "--folder", "x"), "--from"),
        (("datev", *days, "--folder", "x", "--csv", "x.csv"), "--csv does not go with datev"),
        (("postings", "--csv", "x.csv", "--again"), "--again does not go with postings"),
        (("postings",), "--csv"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "cloudkasse_etl", "export", *words],
            env={**os.environ, **world.environment}, cwd=world.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr
        assert "Traceback" not in done.stderr
    assert not (world.folder / "x").exists()
