"""Protects that an archive changes nothing: what is written is read back as it was, and index.xml describes it."""

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.database.tables import state_tables
from cloudkasse_etl.sync.outputs.archive.archive_contents import TABLES
from cloudkasse_etl.transform.archive.archive_table import (
    ArchiveTable,
    Column,
    Form,
    cells_of,
    number_of,
    record_of,
    records_in,
)
from cloudkasse_etl.transform.archive.data_index import DTD_FILE, grammar, index_of
from cloudkasse_etl.transform.archive.receipt_rows import content_cells, content_of
from tests.support.archives.archive_reading import faults_by_grammar, read_tables

TABLE = ArchiveTable(
    "thing",
    say("Text"),
    (Column("key", Form.TEXT, say("Text")),),
    tuple(Column(form.label, form, say("Text")) for form in Form),
)
BERLIN_WINTER = dt.timezone(dt.timedelta(hours=1))
# what is not in UTF-8 is kept in plain letters, and is not the same afterwards
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
CENTS = st.integers(-(10**13), 10**13)
ROWS = st.fixed_dictionaries(
    {
        "key": TEXTS,
        "text": st.none() | TEXTS,
        "moment": st.none() | st.just(dt.datetime(2026, 1, 1, tzinfo=BERLIN_WINTER)),
        "day": st.none() | st.dates(),
        "flag": st.none() | st.booleans(),
        "whole": st.none() | CENTS,
        "cents": st.none() | CENTS,
        "milli": st.none() | CENTS,
        "rate": st.none() | st.sampled_from(["19.00", "7.00", "0.00"]),
        "quantity": st.none() | st.sampled_from(["2.000", "-0.125"]),
    }
)


@given(st.lists(ROWS, max_size=5))
def test_whatever_is_written_is_read_back_record_by_record(rows: list[dict[str, Any]]) -> None:
    records = [record_of(TABLE.cells(row)) for row in rows]
    read = list(records_in(io.BytesIO(TABLE.head + b"".join(records))))
    assert [record for _, record in read] == [TABLE.head, *records]
    lines = [1]
    for _, record in read[:-1]:
        lines.append(lines[-1] + record.count(b"\n"))
    assert [line for line, _ in read] == lines
    for row, record in zip(rows, records, strict=True):
        cells = dict(zip((column.name for column in TABLE.all_columns), cells_of(record), strict=True))
        assert (cells["key"], cells["text"]) == (row["key"], row["text"] or "")
        for name, places in (("whole", 0), ("cents", 2), ("milli", 3)):
            assert number_of(cells[name], places) == row[name]
        if row["day"] is not None:
            assert cells["day"] == f"{row['day']:%d.%m.}{row['day'].year:04}"


def test_null_and_an_empty_text_are_told_apart_and_a_moment_has_its_microseconds() -> None:
    row = dict.fromkeys(column.name for column in TABLE.all_columns)
    assert record_of(TABLE.cells({**row, "key": ""})) == b'""' + b";" * len(TABLE.columns) + b"\r\n"
    moment = dt.datetime(2026, 1, 1, 0, 30, tzinfo=BERLIN_WINTER)
    assert '"2025-12-31T23:30:00.000000Z"' in TABLE.cells({**row, "moment": moment})


@given(st.binary())
def test_a_content_is_kept_byte_for_byte(content: bytes) -> None:
    cells = content_cells(content)
    assert content_of(**cells) == content
    assert not {"\r", "\n"} & set(cells["content"])


@given(st.binary(max_size=40))
def test_a_damaged_file_is_read_to_its_end(damage: bytes) -> None:
    text = TABLE.head + b'"a";1,00\r\n' + damage
    assert b"".join(record for _, record in records_in(io.BytesIO(text))) == text
    assert all(isinstance(cells_of(record), list) for _, record in records_in(io.BytesIO(text)))


@given(ROWS)
def test_pandas_reads_what_index_xml_describes(tmp_path_factory: pytest.TempPathFactory, row: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("thing")
    # the other reader ends a text at NUL, and takes every break of a line for the same
    row = {name: value.translate({0: "", 13: ""}) if isinstance(value, str) else value for name, value in row.items()}
    cells = TABLE.cells(row)
    (folder / TABLE.file).write_bytes(TABLE.head + record_of(cells))
    days = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    index = index_of(
        [TABLE],
        {"thing": [len(cell) for cell in cells]},
        supplier="A & B <x>\x07",
        comment="",
        period=days,
        language="de",
    )
    (folder / "index.xml").write_bytes(index)
    (folder / DTD_FILE).write_bytes(grammar())
    assert faults_by_grammar(folder / "index.xml", folder / DTD_FILE) == []
    found = read_tables(folder)["thing"]
    assert found.text[0] == (row["text"] or "")
    if row["cents"] is not None:
        assert found.cents[0] == Decimal(row["cents"]) / 100


# Of these columns the archive has the content in a table of its own, in a file, or as manifest.json's company.
ELSEWHERE = {"company", "raw", "original", "body", "page", "target_id"}


@pytest.mark.parametrize(
    "name",
    ["receipt", "closing", "posting", "stock_movement", "delivery", "delivery_receipt", "datev_file", "datev_posting",
     "decision", "rejection", "settings_change", "run_settings"],
)  # fmt: skip
def test_each_column_of_what_is_kept_is_in_the_archive(name: str) -> None:
    (table,) = (table for table in TABLES if table.name == name)
    there = {column.source or column.name for column in table.all_columns}
    ours = {column.name for column in getattr(state_tables("cloudkasse_", None), name).columns}
    assert ours - there - ELSEWHERE == set()


def test_each_reference_leads_to_a_table_and_from_columns_that_are_there() -> None:
    names = {table.name: table for table in TABLES}
    for table in TABLES:
        there = {column.name for column in table.all_columns}
        for reference in table.references:
            assert set(reference.columns) <= there
            assert len(reference.columns) == len(names[reference.table].keys)
        assert {table.summed, table.summed_by} - {""} <= there


def test_the_grammar_is_the_standards(tmp_path: Path) -> None:
    for text in ("<DataSet><Version>1</Version></DataSet>", "<DataSet><Media><Name>x</Name></Media></DataSet>"):
        (tmp_path / DTD_FILE).write_bytes(grammar())
        (tmp_path / "index.xml").write_text(text, encoding="utf-8")
        assert faults_by_grammar(tmp_path / "index.xml", tmp_path / DTD_FILE)
