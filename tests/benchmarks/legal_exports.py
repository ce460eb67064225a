"""DSFinV-K exports of any number of receipts: what a shop sold in some days, again and again under later days."""

import datetime as dt
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cloudkasse_etl.sandbox.fiscal.fiscal_export import begin_table, place_of, row_text
from cloudkasse_etl.sandbox.fiscal.fiscal_rows import rows_of
from cloudkasse_etl.sandbox.fiscal.fiscal_tables import TABLES, columns_of, index_xml

Fields = dict[str, Any]
_YEARS_BACK = dt.timedelta(days=3 * 365)


def write(folder: Path, receipts: list[Fields], closings: list[Fields], count: int) -> int:
    """Writes one export.

    Args:
        folder: A new folder.
        receipts, closings: What was sold, in wire format; each once.
        count: How many receipts at least; whole closings are written.

    Returns:
        How many receipts are in it.
    """
    folder.mkdir(parents=True)
    places = {receipt["id"]: place_of(receipt, closings) for receipt in receipts}
    grouped: dict[Any, list[Fields]] = defaultdict(list)
    for receipt in sorted(receipts, key=lambda receipt: receipt["number"]):
        grouped[places[receipt["id"]]].append(receipt)
    last = {closing["register"]: closing for closing in sorted(closings, key=lambda closing: closing["number"])}
    days = len({closing["business_day"] for closing in closings})
    written = turn = 0
    with ExitStack() as stack:
        files = {table: begin_table(stack, folder, table) for table in TABLES}
        while written < count:
            shift = dt.timedelta(days=turn * days) - _YEARS_BACK
            numbers = {r: (turn * c["number"], turn * c["last_receipt_number"]) for r, c in last.items()}
            moved = {
                f"{key[:30]}-{turn:05d}": (place[0], place[1] + numbers[place[0]][0])
                for key, place in places.items()
                if place is not None
            }
            for closing in closings:
                of_closing, of_receipt = numbers[closing["register"]]
                mine = [
                    _moved(receipt, shift, turn, of_receipt)
                    for receipt in grouped[closing["register"], closing["number"]]
                ]
                head = closing | {
                    "number": closing["number"] + of_closing,
                    "created_at": _later(closing["created_at"], shift),
                    "business_day": _later(closing["business_day"], shift)[:10],
                }
                for table, row in rows_of(head, mine, moved):
                    files[table].write(row_text(columns_of(table), row))
                written += len(mine)
                if written >= count:
                    break
            turn += 1
    (folder / "index.xml").write_text(index_xml(), encoding="utf-8", newline="\r\n")
    return written


def _moved(receipt: Fields, shift: dt.timedelta, turn: int, number: int) -> Fields:
    reference = receipt["reference"]
    return receipt | {
        "id": f"{receipt['id'][:30]}-{turn:05d}",
        "number": receipt["number"] + number,
        "started_at": _later(receipt["started_at"], shift),
        "ended_at": _later(receipt["ended_at"], shift),
        "reference": reference and {"receipt_id": f"{reference['receipt_id'][:30]}-{turn:05d}"},
    }


def _later(text: str, shift: dt.timedelta) -> str:
    return (dt.datetime.fromisoformat(text) + shift).isoformat()
