"""The sandbox's own export is legal: it says of itself nothing wrong, and holds what was sold."""

from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from dsfinvk import validate

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.fiscal.fiscal_export import write_export
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.schemas.wire_receipts import parse_closing, parse_receipt
from tests.support.dsfinvk.reading import expected_receipts, read
from tests.support.selling.selling_shop import article, delivered, once, price, shop


def test_it_holds_what_was_sold_and_an_independent_validator_has_nothing_against_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = shop(articles=[article("A1", "19.00"), article("A2", "8.10")], prices=[price("A1", 1190), price("A2", 250)])
    sell(store, days=2, receipts=80, seed=3)
    receipts, closings = once(delivered(store)), delivered(store, "closings")
    folder = tmp_path / "export"
    summary = write_export(folder, receipts, closings)

    assert (summary.closings, summary.receipts, summary.open_receipts) == (len(closings), len(receipts), 0)
    assert validate.validate_dir(folder) == []
    assert capsys.readouterr().out == "", "what the validator finds in cells, it prints"
    records = read(tmp_path)
    assert [deviation for record in records for deviation in record.deviations] == []
    found = {receipt.id: receipt for record in records for receipt in record.receipts}
    expected = expected_receipts(receipts, closings)
    assert found.keys() == expected.keys()
    for key, receipt in found.items():
        assert receipt == parse_receipt(expected[key])
    assert [msgspec.to_builtins(record.closing) for record in records] == [
        msgspec.to_builtins(parse_closing(closing))
        for closing in sorted(closings, key=lambda closing: (closing["register"], closing["number"]))
    ]


def test_it_has_all_20_tables_and_describes_each(tmp_path: Path) -> None:
    write_export(tmp_path / "export", [], [])
    tables = ElementTree.fromstring((tmp_path / "export" / "index.xml").read_text()).findall(".//URL")
    assert len(tables) == 20
    assert {table.text for table in tables} | {"index.xml"} == {f.name for f in (tmp_path / "export").iterdir()}


def test_no_folder_that_holds_something_is_written_into(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("x")
    with pytest.raises(ConfigurationError, match="not empty"):
        write_export(tmp_path, [], [])
