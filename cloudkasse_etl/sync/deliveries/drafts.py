"""Makes transfer documents of booked receipts that none covers yet: grouped as the settings say, and checked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import orjson

from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.wire_receipts import Receipt, read_receipt
from cloudkasse_etl.state.stores.deliveries.delivery_store import TRANSFER, Draft
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import (
    Posted,
    UndeliveredReceipt,
    UndeliveredReceipts,
)
from cloudkasse_etl.sync.deliveries.draft_maker import Candidate, DraftMaker, Drafts, Groups, Place, by_turns
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.books.reversals import Original
from cloudkasse_etl.transform.deliveries.refusals import Fault, faults_of
from cloudkasse_etl.transform.deliveries.sales_documents import SalesDocument, SalesReceipt, sales_documents
from cloudkasse_etl.transform.deliveries.sold_lines import DOCUMENT_CASES, Moved, sold_lines, taken_back
from cloudkasse_etl.transform.deliveries.transfer_form import Head, transfer_form
from cloudkasse_etl.transform.receipt_frames import IN_KIND


def drafts_of(session: SyncSession, groups: Groups, undone: int | None = None) -> Iterator[Drafts]:
    """Makes deliveries, some groups at a time.

    Args:
        session: The run, or a dry one.
        groups: Receipts by what a delivery is made of.
        undone: The import of the receipts that is taken back, if one is.

    Yields:
        What can be frozen in one transaction, and what is refused.

    Raises:
        ErpUnavailableError: The ERP's tables cannot be read.
    """
    yield from by_turns(groups, lambda some: _Maker(session, some, undone).drafts())


class _Maker(DraftMaker):
    """Makes the documents of some groups."""

    def __init__(self, session: SyncSession, groups: Groups, undone: int | None) -> None:
        super().__init__(session, groups, TRANSFER, undone)
        store = session.store
        booked = UndeliveredReceipts(store.connection, TRANSFER, undone)
        self._receipts = {key: read_receipt(raw) for key, raw in store.receipts.raw_of(self.ids).items()}
        self._postings, self._posted = booked.postings(self.ids), booked.posted(self.ids)
        self._movements = booked.moved(self.ids)
        articles = {line.article for receipt in self._receipts.values() for line in receipt.lines if line.article}
        found = session.sources.booking(sorted(articles))
        self._known, self._rates = frozenset(found.articles["number"].tolist()), found.rates

    def candidates(
        self, place: Place, receipts: Sequence[UndeliveredReceipt]
    ) -> tuple[list[Candidate], list[UndeliveredReceipt]]:
        """The documents of a place, and the receipts without sales and stock."""
        made: list[Candidate] = []
        idle: list[UndeliveredReceipt] = []
        for currency, sales in self._sales(receipts):
            documents = sales_documents(sales)
            covered = {key for document in documents for key in document.receipts}
            idle += [receipt for receipt in receipts if receipt.receipt_id in {s.receipt_id for s in sales} - covered]
            for document in documents:
                make = partial(self._draft, place, document=document, currency=currency, receipts=receipts)
                made.append(Candidate(make, self._faults(place, document)))
        return made, idle

    def _sales(self, receipts: Sequence[UndeliveredReceipt]) -> Iterator[tuple[str, list[SalesReceipt]]]:
        """The receipts of each currency, with their sales lines."""

        def currency(receipt: UndeliveredReceipt) -> str:
            posted = self._posted.get(receipt.receipt_id)
            return posted.currency if posted else self.session.sources.books_currency or ""

        for code, some in groupby(sorted(receipts, key=currency), key=currency):
            yield code, [self._sold(receipt) for receipt in some]

    def _sold(self, receipt: UndeliveredReceipt) -> SalesReceipt:
        key = receipt.receipt_id
        posted = self._posted.get(key, Posted(receipt.day, ""))
        postings, movements = self._postings.get(key, []), self._movements.get(key, [])
        if self.undone is not None:  # what was sold is told by the receipt; counter-entries are that with other signs
            postings = [row._replace(amount_cents=-row.amount_cents) for row in postings]
            movements = [(row._replace(quantity_milli=-row.quantity_milli), place) for row, place in movements]
        original = Original(self._receipts[key], postings, [row for row, _ in movements])
        lines = list(sold_lines(original, [Moved(*movement) for movement in movements], self._known))
        return SalesReceipt(key, posted.day, lines if self.undone is None else list(map(taken_back, lines)))

    def _faults(self, place: Place, document: SalesDocument) -> list[Fault]:
        sold = sum(_sales_cents(self._receipts[key]) for key in document.receipts)
        sold = sold if self.undone is None else -sold
        if sold != document.total_cents:  # whatever else is wrong follows from it
            return [Fault("delivery_books_differ", {"receipts": ", ".join(document.receipts[:3])})]
        return faults_of(
            document,
            register=place.register,
            cash_bank=self.settings.transfer.cash_bank.get(place.register),
            rates=self._rates.texts_on(document.day),
            warehouses=self.session.sources.warehouses,
        )

    def _draft(
        self,
        place: Place,
        generation: int,
        document: SalesDocument,
        currency: str,
        receipts: Sequence[UndeliveredReceipt],
    ) -> Draft:
        transfer = self.settings.transfer
        first = next(receipt for receipt in receipts if receipt.receipt_id == document.receipts[0])
        nothing = self.nothing(place, generation, [first])
        number, reference = self.called(place, first)
        form = transfer_form(
            document,
            Head(
                key=nothing.key,
                document_kind=transfer.document_kind or "",
                salesman=transfer.salesman or "",
                customer=transfer.customer,
                cash_bank=transfer.cash_bank.get(place.register, ""),
                currency=currency,
                number=number,
                reference=reference,
                difference=say("Rounding and discounts").render(self.session.settings.language),
            ),
        )
        return replace(
            nothing,
            day=document.day,
            currency=currency,
            amount_cents=document.total_cents,
            line_count=len(document.positions),
            body=orjson.dumps(form),
            receipts=document.receipts,
        )


def _sales_cents(receipt: Receipt) -> int:
    """The gross sum of the lines of a receipt that a document carries, by the receipt itself."""
    if receipt.kind == IN_KIND:
        return 0
    lines = (line for line in receipt.lines if not line.cancelled and line.business_case in DOCUMENT_CASES)
    return sum(line.gross_cents for line in lines)
