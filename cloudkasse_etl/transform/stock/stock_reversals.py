"""Stock movements of lines that take back what another receipt moved. Pure; lines are matched in reversals.py."""

import numpy as np
import pandas as pd

from cloudkasse_etl.entities import STOCK_MOVEMENTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.booked_rows import MovedRow
from cloudkasse_etl.transform.books.ledger import Ledger, refusal, setting_name
from cloudkasse_etl.transform.receipt_frames import Booleans


class TakenBack:
    """The lines of a batch that move what their originals moved, with opposite signs.

    Attributes:
        is_mirrored: Which lines those are, whether they move something or not.
        rejections: Rejections of those of them whose register has no warehouse.
    """

    def __init__(self, lines: pd.DataFrame, heads: pd.DataFrame, ledger: Ledger) -> None:
        self._heads = heads
        self._ledger = ledger
        self.is_mirrored: Booleans = np.zeros(len(lines), dtype=bool)
        self.rejections: list[Rejection] = []
        self._moving: list[tuple[int, int, MovedRow]] = []
        ids, registers = (heads[name].to_numpy(dtype=object) for name in ("receipt_id", "register"))
        receipt, numbers = (lines[name].to_numpy("int64") for name in ("receipt", "line_number"))
        for row in np.flatnonzero(of_voids(lines, heads, ledger)).tolist():
            at, number = int(receipt[row]), int(numbers[row])
            mirror = ledger.mirrors[ids[at]]
            if number in mirror.by_hand:
                self.is_mirrored[row] = True
                detail = {"article": str(lines["article"].iloc[row] or "-")}
                self.rejections.append(
                    refusal(STOCK_MOVEMENTS, f"{ids[at]}|{number}", "stock_original_by_hand", detail)
                )
                continue
            moved = mirror.stock.get(number)
            if moved is None:
                continue
            self.is_mirrored[row] = True
            if moved and registers[at] not in ledger.registers:
                setting = setting_name("registers", registers[at], "warehouse")
                self.rejections.append(
                    refusal(STOCK_MOVEMENTS, f"{ids[at]}|{number}", "stock_warehouse_missing", {"setting": setting})
                )
            else:
                self._moving += [(at, number, found) for found in moved]

    def beside(self, movements: pd.DataFrame) -> pd.DataFrame:
        """All movements, of other lines and of these, by receipt and line in the order of the batch."""
        if not self._moving:
            return movements
        heads = self._heads
        ids, registers, days = (
            heads[name].to_numpy(dtype=object) for name in ("receipt_id", "register", "business_day")
        )
        rows = [
            {
                **moved._asdict(),
                "movement_id": f"{ids[at]}:{number}:{moved.position}",
                "receipt_id": ids[at],
                "line_number": number,
                "register": registers[at],
                "movement_date": days[at],
                "warehouse": self._ledger.registers[registers[at]].warehouse,
            }
            for at, number, moved in self._moving
        ]
        mine = pd.DataFrame(rows)[list(movements.columns)].astype(movements.dtypes.to_dict())
        places = {receipt_id: at for at, receipt_id in enumerate(ids.tolist())}
        found = pd.concat([movements, mine], ignore_index=True) if len(movements) else mine
        place = found["receipt_id"].map(places).to_numpy("int64")
        return found.iloc[np.lexsort((found["line_number"].to_numpy("int64"), place))].reset_index(drop=True)


def of_voids(lines: pd.DataFrame, heads: pd.DataFrame, ledger: Ledger) -> Booleans:
    """Which lines belong to receipts that void others.

    Args:
        lines: Lines with the row number of their receipt.
        heads: The receipts.
        ledger: Knows all voids (`mirrors`).

    Returns:
        A mask over the lines.
    """
    found: Booleans = heads["receipt_id"].isin(list(ledger.mirrors)).to_numpy(bool)
    of_lines: Booleans = found[lines["receipt"].to_numpy("int64")]
    return of_lines
