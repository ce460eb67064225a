"""An audit finds exactly what differs between the legal record and what was staged and booked."""

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from cloudkasse_etl.sandbox.fiscal.fiscal_export import write_export as write_sandbox_export
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.sync.audit.last_audit import last_audit
from tests.support.archives.table_triggers import without_triggers
from tests.support.dsfinvk.independent_writer import write_export
from tests.support.programs import Program
from tests.support.selling.selling_shop import Fields, delivered, once

pytestmark = pytest.mark.synced


@pytest.fixture
def sold(program: Program) -> tuple[list[Fields], list[Fields]]:
    """Receipts and closings of two days, staged."""
    store = program.world.server.store
    sell(store, days=2, receipts=60, seed=1)
    assert program.call_json("sync", "receipts", "--no-import")[0] in (0, 10)
    return once(delivered(store)), delivered(store, "closings")


def audit(program: Program, folder: Path, *more: str) -> tuple[int, Any]:
    return program.call_json("audit", "--dsfinvk", str(folder), *more)


def test_it_tells_nothing_where_both_agree_and_exactly_the_four_changes_where_they_do_not(
    program: Program, sold: tuple[list[Fields], list[Fields]], tmp_path: Path
) -> None:
    receipts, closings = sold
    folder = tmp_path / "legal"
    folder.mkdir()
    write_export(folder / "a.zip", receipts, closings)
    code, found = audit(program, folder)
    assert (code, found["equal"], found["differences"]) == (0, True, [])
    assert (found["closings"], found["receipts"]) == (len(closings), len(receipts))
    write_sandbox_export(tmp_path / "own", receipts, closings)
    assert audit(program, tmp_path / "own")[0] == 0

    sales = [r for r in receipts if r["kind"] == "Beleg" and r["total_cents"] > 0 and not r["reference"]]
    named = {r["reference"]["receipt_id"] for r in receipts if r["reference"]}
    sales = [r for r in sales if r["id"] not in named and len(r["lines"]) == 1 and r["vat"]]
    altered, left_out = sales[0], sales[1]
    for part in (altered["lines"][0], altered["vat"][0]):
        part["gross_cents"] += 1
        part["net_cents"] += 1
    altered["total_cents"] += 1
    altered["payments"][0]["amount_cents"] += 1
    altered["payments"][0]["base_amount_cents"] += 1
    receipts.remove(left_out)
    of_last = max(r["number"] for r in receipts if r["register"] == sales[2]["register"])
    last_closing = next(
        c for c in closings if c["register"] == sales[2]["register"] and c["last_receipt_number"] == of_last
    )
    added = sales[2] | {"id": "added", "number": of_last + 1, "business_day": last_closing["business_day"]}
    last_closing["last_receipt_number"] += 1
    receipts.append(added)
    first_closing = closings[0]
    first_closing["business_cases"][0]["gross_cents"] += 100
    shutil.rmtree(folder)
    folder.mkdir()
    write_export(folder / "a.zip", receipts, closings)

    code, found = audit(program, folder, "--html", str(tmp_path / "audit.html"))
    assert code == 10
    differences = found["differences"]
    assert sorted((d["kind"], d["register"], d["receipt"]) for d in differences if d["receipt"]) == sorted(
        [
            ("different", altered["register"], altered["number"]),
            ("missing_there", left_out["register"], left_out["number"]),
            ("missing_here", added["register"], added["number"]),
        ]
    )
    [changed] = [d for d in differences if d["kind"] == "different" and d["receipt"]]
    assert {f["field"] for f in changed["fields"]} == {"total", "taxes", "tenders", "lines"}
    of_closings = [d for d in differences if not d["receipt"]]
    assert {f["field"] for d in of_closings for f in d["fields"]} <= {"business_cases", "receipt_count"}
    assert any(
        f["field"] == "business_cases" and d["closing"] == first_closing["number"]
        for d in of_closings
        for f in d["fields"]
    )
    assert "<table>" in (tmp_path / "audit.html").read_text()

    days = sorted({c["business_day"] for c in closings})
    code, found = audit(program, folder, "--from", days[-1], "--to", days[-1])
    assert found["closings"] == len([c for c in closings if c["business_day"] == days[-1]])
    code, found = audit(program, folder, "--from", "2099-01-01")
    assert (code, "Nothing could be compared" in found["error"]) == (20, True)

    code, found = audit(program, folder)
    with program.world.session() as session:
        shown = last_audit(session)
    assert shown is not None
    assert not shown.is_equal
    assert shown.counts["missing_here"] == 1


def test_closings_without_numbers_and_business_cases_are_compared_by_what_they_have(
    program: Program, sold: tuple[list[Fields], list[Fields]], tmp_path: Path
) -> None:
    receipts, closings = sold
    made = without_triggers(program.world)
    engine = sa.create_engine(program.world.erp_url)
    with engine.begin() as connection:
        for closing in closings:
            bare = closing | {"first_receipt_number": 0, "last_receipt_number": 0, "business_cases": []}
            place = {
                name: closing[name] for name in ("register", "number", "first_receipt_number", "last_receipt_number")
            }
            for change in (
                (
                    "UPDATE cloudkasse_receipt SET closing_number = :number WHERE register = :register "
                    "AND number BETWEEN :first_receipt_number AND :last_receipt_number"
                ),
                (
                    "UPDATE cloudkasse_closing SET first_receipt_number = 0, last_receipt_number = 0, raw = :raw "
                    "WHERE register = :register AND number = :number"
                ),
            ):
                connection.execute(sa.text(change), place | {"raw": orjson.dumps(bare)})
        for statement in made:
            connection.exec_driver_sql(statement)
    engine.dispose()
    (tmp_path / "legal").mkdir()
    write_export(tmp_path / "legal" / "a.zip", receipts, closings)
    assert audit(program, tmp_path / "legal")[1]["differences"] == []
    last = max((r for r in receipts if r["register"] == closings[-1]["register"]), key=lambda r: r["number"])
    (tmp_path / "short").mkdir()
    write_export(tmp_path / "short" / "a.zip", [r for r in receipts if r is not last], closings)
    missing = [d for d in audit(program, tmp_path / "short")[1]["differences"] if d["kind"] == "missing_there"]
    assert [(d["register"], d["receipt"]) for d in missing] == [(last["register"], last["number"])]


def test_what_cannot_be_compared_is_no_agreement(program: Program, tmp_path: Path) -> None:
    code, out = audit(program, tmp_path)
    assert (code, out["exit_code"]) == (20, 20)
    code, out = audit(program, tmp_path / "nowhere")
    assert code == 2
    (tmp_path / "broken.zip").write_bytes(b"PK")
    code, out = audit(program, tmp_path)
    assert (code, "The ZIP file is damaged" in out["error"]) == (20, True)
