"""However numbers, times and texts are spelled, and wherever a file is cut: what is read is what was meant, or told."""

import datetime as dt
import shutil
import tempfile
import zoneinfo
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudkasse_etl.tills.dsfinvk.cells.amounts import Amounts
from cloudkasse_etl.tills.dsfinvk.cells.moments import Moments
from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError
from cloudkasse_etl.tills.dsfinvk.export_reader import ClosingRecord
from cloudkasse_etl.tills.dsfinvk.legal_record import LegalRecord
from tests.support.dsfinvk.handmade_export import Tables, tables, text_of, write_folder

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
UNITS = st.integers(-(10**15), 10**15)


def amounts(*cells: str) -> tuple[Amounts, list[str]]:
    told: list[str] = []
    return Amounts(lambda: iter(cells), lambda code, *_: told.append(code)), told


def comma(units: int, decimals: int) -> str:
    whole, part = divmod(abs(units), 10**5)
    return f"{'-' if units < 0 else ''}{whole},{part:05d}"[: decimals - 5 or None]


def grouped(text: str) -> str:
    whole, _, part = text.lstrip("-").partition(",")
    return ("-" if text.startswith("-") else "") + f"{int(whole):,}".replace(",", ".") + "," + part


@given(UNITS)
def test_a_number_is_read_in_each_spelling(units: int) -> None:
    text = comma(units, 5)
    assert amounts()[0].units(text, "t", "c", decimals=5) == units
    assert amounts()[0].units(grouped(text), "t", "c", decimals=5) == units
    assert amounts()[0].units(text.replace(",", "."), "t", "c", decimals=5) == units


@given(st.integers(-(10**9), 10**9))
def test_three_decimals_follow_the_other_numbers(thousandths: int) -> None:
    units = thousandths * 100
    text = comma(units, 3)
    assert amounts("1,50")[0].units(text, "t", "c", decimals=3) == units
    assert amounts("1.50")[0].units(text.replace(",", "."), "t", "c", decimals=3) == units


@given(st.integers(1, 999), st.integers(0, 999))
def test_a_dot_that_may_be_either_is_read_by_the_others_or_refused(whole: int, part: int) -> None:
    text = f"{whole}.{part:03d}"
    assert amounts("12,34")[0].units(text, "t", "c", decimals=3) == (whole * 1000 + part) * 10**5
    assert amounts("12.34")[0].units(text, "t", "c", decimals=3) == (whole * 1000 + part) * 100
    for cells in ((), ("12,34", "12.34")):
        with pytest.raises(UnreadableError) as caught:
            amounts(*cells)[0].units(text, "t", "c", decimals=3)
        assert caught.value.code == "number_unclear"


@given(st.text(max_size=12))
def test_no_text_is_read_as_another_number(text: str) -> None:
    try:
        units = amounts()[0].units(text, "t", "c", decimals=5)
    except UnreadableError:
        return
    plain = text.strip().replace(".", ",") if "," not in text else text.strip()
    digits = [c for c in plain if c.isdecimal()]
    assert [str(int(c)) for c in digits if c != "0"] == [c for c in str(abs(units)) if c != "0"]


@given(
    st.datetimes(dt.datetime.fromisoformat("1990-01-01"), dt.datetime.fromisoformat("2090-01-01")),
    st.sampled_from(["Z", "+02:00", "-0530", "z"]),
)
def test_a_time_is_the_same_moment_in_each_spelling(moment: dt.datetime, offset: str) -> None:
    told: list[str] = []
    moments = Moments(BERLIN, lambda code, *_: told.append(code))
    aware = dt.datetime.fromisoformat(moment.isoformat() + offset.upper())
    for text in (moment.isoformat() + offset, moment.isoformat(" ") + offset):
        assert dt.datetime.fromisoformat(moments.read(text, "t", "c")) == aware
    assert told == []
    local = moment.replace(tzinfo=BERLIN)
    assert dt.datetime.fromisoformat(moments.read(moment.isoformat(), "t", "c")).replace(tzinfo=None) in (
        moment,
        local.astimezone(dt.UTC).astimezone(BERLIN).replace(tzinfo=None),  # a time that summer time leaves out
    )
    assert told == ["time_without_offset"]


def read(folder: Path) -> list[ClosingRecord]:
    return list(LegalRecord(folder, BERLIN, settle_seconds=0).closings())


def two_closings() -> Tables:
    content = tables()
    for rows in content.values():
        rows += [row | {"Z_NR": "13"} for row in rows]
    return content


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.sampled_from(sorted(set(tables()) - {"cash_per_currency"})), st.floats(0, 1))
def test_a_table_that_is_cut_anywhere_is_told_or_read_as_it_was(table: str, share: float) -> None:
    content = two_closings()
    whole = text_of(table, content[table]).encode()
    with tempfile.TemporaryDirectory() as name:
        folder = write_folder(Path(name) / "export", content)
        before = [receipt for record in read(folder) for receipt in record.receipts]
        (folder / f"{table}.csv").write_bytes(whole[: int(len(whole) * share)])
        records = read(folder)
        shutil.rmtree(folder)
    after = [receipt for record in records for receipt in record.receipts]
    told = [deviation for record in records for deviation in record.deviations]
    assert told or after == before, "cut, and nobody was told"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_any_text_of_an_article_comes_through(text: str) -> None:
    content = tables()
    content["lines"][0]["ARTIKELTEXT"] = text
    with tempfile.TemporaryDirectory() as name:
        write_folder(Path(name) / "export", content)
        [record] = read(Path(name))
    assert record.receipts[0].lines[0].text == text
