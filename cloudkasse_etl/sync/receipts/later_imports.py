"""What an import does otherwise with receipts of which an earlier import was undone (docs/rules.md, Corrections)."""

from collections.abc import Iterable, Sequence

import pandas as pd

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.sync.receipts.voids import left_to_a_person
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.books.corrections import later_movements, later_postings
from cloudkasse_etl.transform.receipt_frames import ReceiptFrames
from cloudkasse_etl.transform.stock.late_lines import receipt_of


class LaterImports:
    """The receipts of which an import was undone.

    Args:
        session: The run.
    """

    def __init__(self, session: SyncSession) -> None:
        self._store = session.store
        self._closed_until = session.settings.books.closed_until
        self._generations = session.store.books.generations()

    def postings(self, postings: pd.DataFrame, frames: ReceiptFrames) -> pd.DataFrame:
        """Postings with their receipts' numbers, and the ids and document numbers of the import that makes them."""
        numbers = dict(zip(frames.heads["receipt_id"], frames.heads["number"].tolist(), strict=True))
        numbered = postings.assign(receipt_number=postings["receipt_id"].map(numbers).astype("int64"))
        return later_postings(numbered, self._generations)

    def movements(self, movements: pd.DataFrame) -> pd.DataFrame:
        """Stock movements with the ids of the import that makes them."""
        return later_movements(movements, self._generations, self._closed_until)

    def without_those_of_a_person(
        self, receipts: Iterable[Receipt], movements: pd.DataFrame, refused: Sequence[Rejection]
    ) -> tuple[pd.DataFrame, list[Rejection]]:
        """Leaves out stock lines that an earlier import left to a person: they may be booked by hand already.

        Args:
            receipts: The receipts that are booked.
            movements: What they move.
            refused: Their stock lines that are refused.

        Returns:
            The other movements, and the other lines.
        """
        again = {receipt.id for receipt in receipts if receipt.id in self._generations}
        by_hand = {key for key in left_to_a_person(self._store) if receipt_of(key) in again} if again else set()
        if not by_hand:
            return movements, list(refused)
        lines = movements["receipt_id"] + "|" + movements["line_number"].astype("str")
        return movements[~lines.isin(by_hand).to_numpy(bool)], [line for line in refused if line.key not in by_hand]
