"""Protects that receipts which the register's security device (TSE) did not sign are shown by register and day."""

import datetime as dt
from pathlib import Path

import pytest

from assets.ui.metadata import asset_metadata
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.sync.run.report import AssetReport, Counts


@pytest.mark.parametrize(("language", "day"), [("en", "2026-11-20"), ("de", "20.11.2026")])
def test_a_table_has_a_row_for_each_register_and_day(language: Language, day: str) -> None:
    unsigned = {("K2", dt.date(2026, 11, 20)): 1, ("K1", dt.date(2026, 11, 20)): 3}
    report = AssetReport("staged_receipts", Counts(new=9), unsigned=unsigned)
    found = asset_metadata(report, Settings(language=language), Path("p.csv"))["tse_failures"]
    assert [tuple(record.data.values()) for record in found.records] == [("K1", day, 3), ("K2", day, 1)]


def test_there_is_no_table_where_all_are_signed() -> None:
    found = asset_metadata(AssetReport("staged_receipts", Counts(new=9)), Settings(), Path("p.csv"))
    assert "tse_failures" not in found
