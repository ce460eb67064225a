"""Exports that an independent writer made of the sandbox's sales are read as the same receipts and closings."""

import zoneinfo
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.schemas.wire_receipts import parse_closing, parse_receipt
from cloudkasse_etl.tills.dsfinvk.export_reader import ClosingRecord
from cloudkasse_etl.tills.dsfinvk.legal_record import LegalRecord
from cloudkasse_etl.tills.dsfinvk.receipt_translation import receipt_id
from tests.support.dsfinvk.independent_writer import by_closing, write_export
from tests.support.selling.selling_shop import Fields, delivered, once, shop

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def read(folder: Path) -> list[ClosingRecord]:
    return list(LegalRecord(folder, BERLIN, settle_seconds=0).closings())


def sales(seed: int) -> tuple[list[Fields], list[Fields]]:
    store = shop()
    sell(store, days=3, receipts=240, seed=seed)
    return once(delivered(store)), delivered(store, "closings")


def expected_receipts(receipts: list[Fields], closings: list[Fields]) -> dict[str, Any]:
    """The receipts as the reader should give them: with ids of the export, and without the time of arrival."""
    grouped = by_closing(receipts, closings)
    ids = {r["id"]: receipt_id(*key, r["id"]) for key, rows in grouped.items() for r in rows}
    found = {}
    for (_, number), rows in grouped.items():
        for row in rows:
            reference = {"receipt_id": ids[row["reference"]["receipt_id"]]} if row["reference"] else None
            changes = {"id": ids[row["id"]], "closing_number": number, "arrived_at": None, "reference": reference}
            found[ids[row["id"]]] = msgspec.to_builtins(parse_receipt({**row, **changes}))
    return found


@pytest.mark.parametrize("seed", [1, 2])  # receivables taxed at once, and when they are paid
def test_the_receipts_and_closings_are_the_same_to_the_cent(tmp_path: Path, seed: int) -> None:
    receipts, closings = sales(seed)
    write_export(tmp_path / "export.zip", receipts, closings)

    records = read(tmp_path)

    expected = expected_receipts(receipts, closings)
    found = {receipt.id: msgspec.to_builtins(receipt) for record in records for receipt in record.receipts}
    assert found.keys() == expected.keys()
    for key, receipt in found.items():
        assert receipt == expected[key]
    assert [msgspec.to_builtins(r.closing) for r in records if r.closing] == [
        msgspec.to_builtins(parse_closing(closing)) for closing in closings
    ]
    told = {deviation.code for record in records for deviation in record.deviations}
    assert told <= {"thousands_dots", "time_without_offset", "columns_unknown"}
