"""Exports in ZIP files are read, or refused with a word: cut, damaged, encrypted, within one another, from Windows."""

import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cloudkasse_etl.tills.dsfinvk.deviations import Deviation
from cloudkasse_etl.tills.dsfinvk.export_reader import ClosingRecord
from cloudkasse_etl.tills.dsfinvk.legal_record import LegalRecord
from tests.support.dsfinvk.handmade_export import INDEX, tables, text_of


def read(folder: Path) -> list[ClosingRecord]:
    return list(LegalRecord(folder, ZoneInfo("Europe/Berlin"), settle_seconds=0).closings())


def codes(found: list[Deviation]) -> set[str]:
    return {deviation.code for deviation in found}


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_a_cut_zip_file_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in tables().items():
            archive.writestr(f"out/{name}.csv", text_of(name, rows))
        archive.writestr("out/index.xml", INDEX)
    assert [len(record.receipts) for record in read(tmp_path)] == [1]
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    [record] = read(tmp_path)
    assert codes(list(record.deviations)) == {"zip_damaged"}


def test_a_damaged_file_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in tables().items():
            archive.writestr(f"{name}.csv", text_of(name, rows))
    path.write_bytes(path.read_bytes().replace(b"Kaffee", b"Kaffes"))
    records = read(tmp_path)
    assert "zip_damaged" in codes([d for record in records for d in record.deviations])
    assert all(record.receipts == () for record in records)


def zipped(path: Path, *, name: str = "{file}") -> Path:
    """An export as a ZIP file whose members have other names."""
    with zipfile.ZipFile(path, "w") as archive:
        for table, rows in tables().items():
            archive.writestr(zipfile.ZipInfo(name.format(file=f"{table}.csv")), text_of(table, rows))
        archive.writestr(zipfile.ZipInfo(name.format(file="index.xml")), INDEX)
    return path


def test_a_damaged_index_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip")
    path.write_bytes(path.read_bytes().replace(b"DataSet>", b"DataSat>"))
    [record] = read(tmp_path)
    assert [deviation.place for deviation in record.deviations] == ["export.zip: index.xml"]
    assert codes(list(record.deviations)) == {"zip_damaged"}


def test_an_encrypted_zip_file_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip")
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    [record] = read(tmp_path)
    assert codes(list(record.deviations)) == {"zip_damaged"}


def test_a_zip_file_may_have_backslashes(tmp_path: Path) -> None:
    zipped(tmp_path / "export.zip", name="DSFinV-K\\{file}")
    [record] = read(tmp_path)
    assert (record.export, record.deviations, len(record.receipts)) == ("export.zip/DSFinV-K", (), 1)


def test_a_zip_file_of_zip_files_is_told(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(inner, "inner.zip")
    inner.unlink()
    [record] = read(tmp_path)
    assert codes(list(record.deviations)) == {"zip_in_zip"}
