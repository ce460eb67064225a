"""Reads exports in tests, and says what reading an export of sold receipts should give."""

import zoneinfo
from pathlib import Path
from typing import Any

import msgspec

from cloudkasse_etl.schemas.wire_receipts import parse_receipt
from cloudkasse_etl.tills.dsfinvk.export_reader import ClosingRecord
from cloudkasse_etl.tills.dsfinvk.legal_record import LegalRecord
from cloudkasse_etl.tills.dsfinvk.receipt_translation import receipt_id
from tests.support.dsfinvk.independent_writer import by_closing
from tests.support.selling.selling_shop import Fields

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def read(folder: Path) -> list[ClosingRecord]:
    return list(LegalRecord(folder, BERLIN, settle_seconds=0).closings())


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
