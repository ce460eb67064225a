"""Exports that an independent writer made of the sandbox's sales are read as the same receipts and closings."""

from pathlib import Path

import msgspec
import pytest

from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.schemas.wire_receipts import parse_closing
from tests.support.dsfinvk.independent_writer import write_export
from tests.support.dsfinvk.reading import expected_receipts, read
from tests.support.selling.selling_shop import Fields, delivered, once, shop


def sales(seed: int) -> tuple[list[Fields], list[Fields]]:
    store = shop()
    sell(store, days=3, receipts=240, seed=seed)
    return once(delivered(store)), delivered(store, "closings")


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
