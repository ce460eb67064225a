"""Makes batches of postings of booked receipts that none covers yet: by register and closing or day, and checked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import orjson

from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, Draft
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import UndeliveredReceipt, UndeliveredReceipts
from cloudkasse_etl.sync.deliveries.draft_maker import Candidate, DraftMaker, Drafts, Groups, Place, by_turns
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.deliveries.batch_form import BatchHead, batch_form
from cloudkasse_etl.transform.deliveries.ledger_chart import LedgerChart
from cloudkasse_etl.transform.deliveries.ledger_postings import (
    CompoundPosting,
    LedgerReceipt,
    carries_sales,
    clearing_cents,
    has_odd_rows,
    ledger_postings,
)
from cloudkasse_etl.transform.deliveries.ledger_refusals import ledger_faults
from cloudkasse_etl.transform.deliveries.refusals import Fault


def batch_drafts(
    session: SyncSession, groups: Groups, chart: LedgerChart | None = None, undone: int | None = None
) -> Iterator[Drafts]:
    """Makes batches, some groups at a time.

    Args:
        session: The run, or a dry one.
        groups: Receipts by what a batch is made of.
        chart: The ledger's master data; without it neither accounts nor the fiscal year are looked at.
        undone: The import of the receipts that is taken back, if one is.

    Yields:
        What can be frozen in one transaction, and what is refused.
    """
    yield from by_turns(groups, lambda some: _Maker(session, some, chart, undone).drafts())


class _Maker(DraftMaker):
    """Makes the batches of some groups."""

    def __init__(self, session: SyncSession, groups: Groups, chart: LedgerChart | None, undone: int | None) -> None:
        super().__init__(session, groups, BATCH, undone)
        self._chart = chart
        booked = UndeliveredReceipts(session.store.connection, BATCH, undone)
        self._rows = booked.ledger_rows(self.ids)
        in_documents = booked.in_documents(self.ids)
        # what is taken back is what the batch had, whatever the settings say by now
        has_documents = self.settings.has_documents and undone is None
        alone = booked.as_stock_alone(self.ids) if has_documents else set()
        self._in_documents = in_documents | (set(self.ids) - alone if has_documents else set())

    def candidates(
        self, place: Place, receipts: Sequence[UndeliveredReceipt]
    ) -> tuple[list[Candidate], list[UndeliveredReceipt]]:
        """The batches of a place, and the receipts without postings.

        There is one for each fiscal year that it is in, and one of those whose stock went alone, with their sales.
        """
        made: list[Candidate] = []
        idle: list[UndeliveredReceipt] = []
        for _, some in groupby(sorted(receipts, key=self._part), key=self._part):
            of_year = list(some)
            booked = [self._booked(receipt) for receipt in of_year]
            odd = [receipt.receipt_id for receipt in booked if has_odd_rows(receipt)]
            postings = ledger_postings(booked, by_receipt=self.settings.grain == "receipt")
            if not postings and not odd:
                idle += of_year
                continue
            make = partial(self._draft, place, postings=postings, receipts=of_year, booked=booked)
            made.append(Candidate(make, _faults(odd, postings, self._chart)))
        return made, idle

    def _part(self, receipt: UndeliveredReceipt) -> tuple[str, bool]:
        """What receipts of one batch have in common."""
        return self._year(receipt), receipt.receipt_id in self._in_documents

    def _year(self, receipt: UndeliveredReceipt) -> str:
        """The fiscal year that a receipt is posted in: a batch lies in one."""
        rows = self._rows.get(receipt.receipt_id)
        year = self._chart.year_of(rows[0].day) if rows and self._chart else None
        return year.name if year else ""

    def _booked(self, receipt: UndeliveredReceipt) -> LedgerReceipt:
        return LedgerReceipt(
            receipt.receipt_id,
            receipt.number,
            receipt.day,
            self._rows.get(receipt.receipt_id, ()),
            is_in_documents=receipt.receipt_id in self._in_documents,
        )

    def _draft(
        self,
        place: Place,
        generation: int,
        postings: Sequence[CompoundPosting],
        receipts: Sequence[UndeliveredReceipt],
        booked: Sequence[LedgerReceipt],
    ) -> Draft:
        nothing = self.nothing(place, generation, receipts)
        number, reference = self.called(place, receipts[0])
        form = batch_form(postings, BatchHead(nothing.key, number, place.register, reference))
        positions = [position for posting in postings for position in posting.positions]
        return replace(
            nothing,
            day=max((posting.day for posting in postings), default=nothing.day),
            currency=postings[0].currency if postings else nothing.currency,
            amount_cents=sum(position.amount_cents for position in positions if position.amount_cents > 0),
            line_count=len(positions),
            body=orjson.dumps({**form, "ClearingCents": clearing_cents(booked)}),
            carries_sales=carries_sales(booked),
        )


def _faults(odd: Sequence[str], postings: Sequence[CompoundPosting], chart: LedgerChart | None) -> list[Fault]:
    if odd:  # whatever else is wrong follows from it
        return [Fault("ledger_books_differ", {"receipts": ", ".join(odd[:3])})]
    return ledger_faults(postings, chart)
