"""Reading by column and by row give the same, receipt for receipt and deviation for deviation, whatever an export is.

The translation by row is the oracle: it tells what deviates. Only the reading of single cells is shared.
"""

import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudkasse_etl.sandbox.fiscal.fiscal_export import write_export
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.schemas.wire_receipts import read_receipt
from cloudkasse_etl.tills.dsfinvk.by_column import column_reader
from cloudkasse_etl.tills.dsfinvk.deviations import Deviation
from cloudkasse_etl.tills.dsfinvk.export_files import find_exports
from cloudkasse_etl.tills.dsfinvk.export_reader import ClosingRecord, ExportReader
from cloudkasse_etl.transform.receipt_frames import content_hash, flatten
from tests.support.dsfinvk import independent_writer
from tests.support.dsfinvk.handmade_export import every_cell, tables, write_folder
from tests.support.dsfinvk.reading import BERLIN
from tests.support.selling.selling_shop import article, delivered, once, price, shop

TABLES = (
    "transactions", "lines", "lines_vat", "transactions_vat", "datapayment", "transactions_tse", "references", "vat",
    "payment", "businesscases", "cashregister", "tse", "cash_per_currency", "cashpointclosing",
)  # fmt: skip
BYTES = [b'"', b";", b",", b".", b"\n", b"\r", b"\r\n", b"-", b"0", b"7", b"x", b" ", "ä".encode(), b"\xe4", b'""']
CELLS = [
    "", " ", "0", "1", "-1", "1,00", "1,000", "1.000", "1.234,56", "12.34", "0,005", "1,00500", "Beleg", "beleg",
    "AVTraining", "Bar", "Umsatz", "Trinkgeld", "2026-02-30T10:00:00+01:00", "2026-03-29T02:30:00+01:00",
    "2026-10-05T09:27:27", "2026-10-05T07:27:27Z", "9999", "true", "a\nb", 'a"b', "x" * 300, "99999999999,99",
]  # fmt: skip


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What a shop sold, written by the sandbox and, as a ZIP file, by a program that is not ours."""
    store = shop(articles=[article("A1", "19.00"), article("A2", "7.00")], prices=[price("A1", 1190), price("A2", 250)])
    sell(store, days=2, receipts=40, seed=5)
    receipts, closings = once(delivered(store)), delivered(store, "closings")
    store.close()
    folder = tmp_path_factory.mktemp("exports")
    write_export(folder / "sandbox" / "export", receipts, closings)
    (folder / "independent").mkdir()
    independent_writer.write_export(folder / "independent" / "export.zip", receipts, closings)
    with zipfile.ZipFile(folder / "independent" / "export.zip") as archive:
        archive.extractall(folder / "unpacked")
    return [folder / "sandbox", folder / "independent", folder / "unpacked"]


def read(folder: Path, *, by_column: bool) -> list[ClosingRecord]:
    records: list[ClosingRecord] = []
    for export in find_exports(folder):
        assert not isinstance(export, Deviation)
        records += ExportReader(export, BERLIN, by_column=by_column).closings()
    return records


def compared(folder: Path) -> list[bool]:
    """Reads an export both ways; of each closing whether it was read by column."""
    found, expected = read(folder, by_column=True), read(folder, by_column=False)
    assert [said(record) for record in found] == [said(record) for record in expected]
    for mine, oracle in zip(found, expected, strict=True):
        assert mine.receipts == oracle.receipts
        assert mine.texts == oracle.texts
        if mine.columns is not None:
            assert [read_receipt(text) for text in mine.texts] == list(oracle.receipts), "not in canonical spelling"
            look_at_columns(mine, oracle)
    return [record.read_by_column is not None for record in found if record.number is not None]


def said(record: ClosingRecord) -> tuple[Any, ...]:
    return record.register, record.number, record.closing, record.deviations, record.content


def look_at_columns(mine: ClosingRecord, oracle: ClosingRecord) -> None:
    columns = mine.columns
    assert columns is not None
    assert list(columns.hashes) == [content_hash(receipt) for receipt in oracle.receipts]
    frames = flatten(oracle.receipts).columns
    for name in ("heads", "lines", "payments", "vat"):
        for column, values in getattr(columns, name).items():
            if column != "counts":
                assert list(values) == list(frames[name][column]), (name, column)


def test_what_was_sold_is_read_by_column_and_is_the_same(exports: list[Path]) -> None:
    sandbox, independent, unpacked = (compared(folder) for folder in exports)
    assert all(sandbox)
    assert len(sandbox) > 1
    # thousands dots and times without offset are told by row, once; from then on they are no news
    assert not all(independent)
    assert any(independent)
    assert any(unpacked)


def test_one_closing_at_a_time_or_all_at_once_is_the_same(exports: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_reader, "BATCH_BYTES", 1)
    assert all(compared(exports[0]))


@pytest.mark.parametrize("spelled", [str, lambda text: text.replace(",", "."), lambda text: text + "0"])
def test_a_spelling_is_the_same(tmp_path: Path, spelled: Callable[[str], str]) -> None:
    content = every_cell(spelled)
    for rows in content.values():
        rows += [row | {"Z_NR": "13"} for row in rows]
    write_folder(tmp_path / "export", content)
    compared(tmp_path)


def test_texts_with_line_breaks_and_quotes_are_read_by_column(tmp_path: Path) -> None:
    content = tables()
    content["lines"][0]["ARTIKELTEXT"] = 'a "b"\r\nK1;2026-11-23T20:00:00+01:00;99;c\n\n"";d'
    content["transactions"][0]["BON_NOTIZ"] = "x\n\x01y\\z"
    write_folder(tmp_path / "export", content)
    assert compared(tmp_path) == [True]


def test_sums_that_differ_in_the_closing_alone_are_told_by_column(tmp_path: Path) -> None:
    content = tables()
    content["payment"][0]["Z_ZAHLART_BETRAG"] = "1,00"
    content["cash_per_currency"][0]["ZAHLART_BETRAG_WAEH"] = "2,00"
    write_folder(tmp_path / "export", content)
    assert compared(tmp_path) == [True]
    [record] = read(tmp_path, by_column=True)
    assert {deviation.code for deviation in record.deviations} == {"sum_differs"}


def changed_bytes(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    length = chance.choice([0, 1, 1, 2, 40])
    return data[:at] + chance.choice([b"", *BYTES]) + data[at + length :]


def changed_cell(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\r\n")
    if len(lines) < 3:
        return data
    at = chance.randrange(1, len(lines) - 1)
    cells = lines[at].split(b";")
    text = chance.choice(CELLS).replace('"', '""')
    cells[chance.randrange(len(cells))] = f'"{text}"'.encode() if chance.random() < 0.5 else text.encode()
    return b"\r\n".join((*lines[:at], b";".join(cells), *lines[at + 1 :]))


def changed_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\r\n")
    at, other = (chance.randrange(1, len(lines)) for _ in range(2))
    match chance.choice(["drop", "double", "swap", "shuffle", "empty"]):
        case "drop":
            del lines[at]
        case "double":
            lines.insert(other, lines[at])
        case "swap":
            lines[at], lines[other] = lines[other], lines[at]
        case "shuffle":
            body = lines[1:-1]
            chance.shuffle(body)
            lines[1:-1] = body
        case _:
            lines.insert(at, b"")
    return b"\r\n".join(lines)


def changed_column(data: bytes, chance: random.Random) -> bytes:
    """A whole column written otherwise."""
    lines = data.split(b"\r\n")
    names = lines[0].split(b";")
    at = chance.randrange(len(names))
    write: Callable[[bytes], bytes] = chance.choice(
        [
            lambda cell: cell.replace(b",", b"."),
            lambda cell: b"",
            lambda cell: cell.strip(b'"'),
            lambda cell: re.sub(rb"\+0[12]:00", b"Z", cell),
            lambda cell: re.sub(rb"\+0[12]:00", b"", cell),
            lambda cell: cell + b"0",
            lambda cell: b"1" + cell,
        ]
    )
    for row in range(1, len(lines)):
        cells = lines[row].split(b";")
        if len(cells) == len(names):
            cells[at] = write(cells[at])
            lines[row] = b";".join(cells)
    return b"\r\n".join(lines)


CHANGES = (changed_bytes, changed_cell, changed_cell, changed_lines, changed_column)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([0, 2]), st.integers(1, 3), st.randoms(use_true_random=False))
def test_whatever_is_changed_in_an_export_both_ways_read_the_same(
    exports: list[Path], tmp_path: Path, which: int, count: int, chance: random.Random
) -> None:
    folder = tmp_path / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(exports[which], folder)
    for _ in range(count):
        [*files] = folder.rglob(f"{chance.choice(TABLES)}.csv")
        for file in files:
            if data := file.read_bytes():
                file.write_bytes(chance.choice(CHANGES)(data, chance))
    compared(folder)
