"""Makes manual storages of the stock movements of booked receipts that no delivery covers yet."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE, Draft
from cloudkasse_etl.state.stores.deliveries.storage_deliveries import StorageDeliveries
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import UndeliveredReceipt, UndeliveredReceipts
from cloudkasse_etl.sync.deliveries.draft_maker import Candidate, DraftMaker, Drafts, Groups, Place, by_turns
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.deliveries.refusals import Fault, warehouse_faults
from cloudkasse_etl.transform.deliveries.storage_form import (
    NUMBER_LENGTH,
    StockLine,
    StorageHead,
    numbered,
    stock_lines,
    storage_body,
)


def storage_drafts(session: SyncSession, groups: Groups, undone: int | None = None) -> Iterator[Drafts]:
    """Makes manual storages, some groups at a time.

    Args:
        session: The run, or a dry one.
        groups: Receipts by what a storage is made of.
        undone: The import of the receipts that is taken back, if one is.

    Yields:
        What can be frozen in one transaction, and what is refused.
    """
    yield from by_turns(groups, lambda some: _Maker(session, some, undone).drafts())


def storage_number(prefix: str, serial: int) -> str:
    """The number of the how manieth manual storage of ours."""
    return f"{prefix}{serial:0{NUMBER_LENGTH - len(prefix)}d}"


class _Maker(DraftMaker):
    """Makes the storages of some groups."""

    def __init__(self, session: SyncSession, groups: Groups, undone: int | None) -> None:
        super().__init__(session, groups, STORAGE, undone)
        booked = UndeliveredReceipts(session.store.connection, STORAGE, undone)
        self._moved, self._moved_on = booked.moved(self.ids), booked.moved_on(self.ids)

    def drafts(self) -> Drafts:
        """All of them, those that can be sent with their numbers."""
        found = super().drafts()
        # deliveries are never deleted, and each of this target takes one number
        first = StorageDeliveries(self.session.store.connection).count() + 1
        prefix = self.settings.storage.number_prefix
        found.ready = [
            replace(draft, body=numbered(draft.body, storage_number(prefix, serial))) if draft.line_count else draft
            for serial, draft in enumerate(found.ready, first)
        ]
        return found

    def nothing(self, place: Place, generation: int, receipts: Sequence[UndeliveredReceipt]) -> Draft:
        """A delivery of receipts that move no stock; its key differs from that of a document of the same place.

        Args:
            place: Of what it is made.
            generation: Its number among those of the place.
            receipts: The receipts.

        Returns:
            The delivery.
        """
        found = super().nothing(place, generation, receipts)
        return replace(found, key=found.key.replace("cloudkasse:", "storage:", 1), carries_sales=False)

    def candidates(
        self, place: Place, receipts: Sequence[UndeliveredReceipt]
    ) -> tuple[list[Candidate], list[UndeliveredReceipt]]:
        """The storage of a place, and the receipts that moved nothing."""
        moving = [receipt for receipt in receipts if self._moved.get(receipt.receipt_id)]
        lines = stock_lines(
            StockLine(warehouse, row.article, row.unit or "", row.serial or "", row.quantity_milli)
            for receipt in moving
            for row, warehouse in self._moved[receipt.receipt_id]
        )
        if not lines:
            return [], list(receipts)

        def draft(generation: int) -> Draft:
            day = max(self._moved_on[receipt.receipt_id] for receipt in moving)
            nothing = replace(self.nothing(place, generation, moving), day=day)
            _, reference = self.called(place, moving[0])
            head = StorageHead(nothing.key, nothing.day, self.settings.storage.employee, reference)
            return replace(nothing, line_count=len(lines), body=storage_body(lines, head))

        idle = [receipt for receipt in receipts if not self._moved.get(receipt.receipt_id)]
        return [Candidate(draft, self._faults(lines))], idle

    def _faults(self, lines: Sequence[StockLine]) -> list[Fault]:
        return list(warehouse_faults({line.warehouse for line in lines}, self.session.sources.warehouses))
