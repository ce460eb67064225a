"""Makes deliveries of booked receipts that none covers yet: grouped as the settings say, and checked."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import NamedTuple

import orjson

from cloudkasse_etl.entities import SELECTLINE_DOCUMENTS
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.formats import day_in_figures
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.wire_receipts import Receipt, read_receipt
from cloudkasse_etl.state.stores.deliveries.delivery_store import Deliveries, Draft
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import (
    Posted,
    UndeliveredReceipt,
    UndeliveredReceipts,
)
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.books.reversals import Original
from cloudkasse_etl.transform.deliveries.refusals import Fault, faults_of
from cloudkasse_etl.transform.deliveries.sales_documents import SalesDocument, SalesReceipt, sales_documents
from cloudkasse_etl.transform.deliveries.sold_lines import DOCUMENT_CASES, Moved, sold_lines
from cloudkasse_etl.transform.deliveries.transfer_form import Head, delivery_key, transfer_form
from cloudkasse_etl.transform.receipt_frames import IN_KIND

BATCH_RECEIPTS = 2_000


class Place(NamedTuple):
    """What deliveries are made of.

    Attributes:
        register: The register.
        place: `closing 348`, `day 2026-11-24` or `receipt ID`; of it there can be several deliveries.
    """

    register: str
    place: str


@dataclass
class Drafts:
    """Deliveries that can be frozen, and those that are refused.

    Attributes:
        ready: Those that can be.
        refused: Why others are not.
    """

    ready: list[Draft] = field(default_factory=list)
    refused: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True)
class Undelivered:
    """The receipts that are still to be delivered.

    Attributes:
        groups: Those that can be delivered now, by what a delivery is made of.
        waiting_for_stock: Those with stock lines that are still to be booked.
        waiting: How many wait for their closing, or for the day to end.
    """

    groups: Mapping[Place, Sequence[UndeliveredReceipt]]
    waiting_for_stock: Sequence[UndeliveredReceipt]
    waiting: int


def undelivered(session: SyncSession, *, register: str | None = None, day: dt.date | None = None) -> Undelivered:
    """Finds the booked receipts that no delivery covers.

    Args:
        session: The run, or a dry one.
        register: Only those of this register.
        day: Only those of this business day.

    Returns:
        The receipts, in groups.
    """
    settings = session.settings.delivery
    if settings.start_date is None:
        return Undelivered({}, (), 0)
    found = UndeliveredReceipts(session.store.connection).since(settings.start_date, register=register, day=day)
    groups: dict[Place, list[UndeliveredReceipt]] = defaultdict(list)
    pending, waiting = [], 0
    for receipt in found:
        if receipt.waits_for_stock:
            pending.append(receipt)
        elif settings.grain == "receipt":
            groups[Place(receipt.register, f"receipt {receipt.receipt_id}")].append(receipt)
        elif settings.grain == "day" and receipt.day < session.as_of:
            groups[Place(receipt.register, f"day {receipt.day.isoformat()}")].append(receipt)
        elif settings.grain == "closing" and receipt.has_closing:
            groups[Place(receipt.register, f"closing {receipt.closing_number}")].append(receipt)
        else:
            waiting += 1
    return Undelivered(groups, pending, waiting)


def drafts_of(
    session: SyncSession,
    groups: Mapping[Place, Sequence[UndeliveredReceipt]],
) -> Iterator[Drafts]:
    """Makes deliveries, some groups at a time.

    Args:
        session: The run, or a dry one.
        groups: Receipts by what a delivery is made of.

    Yields:
        What can be frozen in one transaction, and what is refused.

    Raises:
        ErpUnavailableError: The ERP's tables cannot be read.
    """
    batch: dict[Place, Sequence[UndeliveredReceipt]] = {}
    for place, receipts in groups.items():
        batch[place] = receipts
        if sum(map(len, batch.values())) >= BATCH_RECEIPTS:
            yield _Maker(session, batch).drafts()
            batch = {}
    if batch:
        yield _Maker(session, batch).drafts()


class _Maker:
    """Makes the deliveries of some groups, whose receipts are read at once."""

    def __init__(self, session: SyncSession, groups: Mapping[Place, Sequence[UndeliveredReceipt]]) -> None:
        self._session, self._groups = session, groups
        self._settings = session.settings.delivery
        ids = [receipt.receipt_id for receipts in groups.values() for receipt in receipts]
        store = session.store
        booked = UndeliveredReceipts(store.connection)
        self._receipts = {key: read_receipt(raw) for key, raw in store.receipts.raw_of(ids).items()}
        self._postings = store.books.postings_of(ids)
        self._movements, self._posted = booked.moved(ids), booked.posted(ids)
        articles = {line.article for receipt in self._receipts.values() for line in receipt.lines if line.article}
        found = session.sources.booking(sorted(articles))
        self._known, self._rates = frozenset(found.articles["number"].tolist()), found.rates
        self._generations = Deliveries(store.connection).generations(groups)

    def drafts(self) -> Drafts:
        found = Drafts()
        for place, receipts in self._groups.items():
            self._add(found, place, receipts)
        return found

    def _add(self, found: Drafts, place: Place, receipts: Sequence[UndeliveredReceipt]) -> None:
        made: list[tuple[SalesDocument, str, list[Fault]]] = []
        idle: list[UndeliveredReceipt] = []
        for currency, sales in self._sales(receipts):
            documents = sales_documents(sales)
            covered = {key for document in documents for key in document.receipts}
            idle += [receipt for receipt in receipts if receipt.receipt_id in {s.receipt_id for s in sales} - covered]
            made += [(document, currency, self._faults(place, document)) for document in documents]
        generation = self._generations.get(place, 0)
        # those that can be sent come first, so that the number of one that cannot is the next one free
        for document, currency, faults in sorted(made, key=lambda one: bool(one[2])):
            generation += 1
            draft = self._draft(place, generation, document, currency, receipts)
            if faults:
                found.refused += [
                    Rejection(
                        SELECTLINE_DOCUMENTS, draft.key, fault.code, fault.detail, fingerprint(draft.body, fault.code)
                    )
                    for fault in faults
                ]
            else:
                found.ready.append(draft)
        if idle:  # of which nothing is delivered: covered, so that no run has to look at them again
            of_the_place = [at for at, draft in enumerate(found.ready) if Place(draft.register, draft.place) == place]
            if of_the_place:
                draft, ids = found.ready[of_the_place[0]], [receipt.receipt_id for receipt in idle]
                found.ready[of_the_place[0]] = replace(draft, receipts=[*draft.receipts, *ids])
            else:
                found.ready.append(self._nothing(place, generation + 1, idle))

    def _sales(self, receipts: Sequence[UndeliveredReceipt]) -> Iterator[tuple[str, list[SalesReceipt]]]:
        """The receipts of each currency, with their sales lines."""

        def currency(receipt: UndeliveredReceipt) -> str:
            posted = self._posted.get(receipt.receipt_id)
            return posted.currency if posted else self._session.sources.books_currency or ""

        for code, some in groupby(sorted(receipts, key=currency), key=currency):
            yield code, [self._sold(receipt) for receipt in some]

    def _sold(self, receipt: UndeliveredReceipt) -> SalesReceipt:
        key = receipt.receipt_id
        posted = self._posted.get(key, Posted(receipt.day, ""))
        original = Original(
            self._receipts[key], self._postings.get(key, ()), [row for row, _ in self._movements.get(key, ())]
        )
        moved = [Moved(row, warehouse) for row, warehouse in self._movements.get(key, ())]
        return SalesReceipt(key, posted.day, list(sold_lines(original, moved, self._known)))

    def _faults(self, place: Place, document: SalesDocument) -> list[Fault]:
        sold = sum(_sales_cents(self._receipts[key]) for key in document.receipts)
        if sold != document.total_cents:  # whatever else is wrong follows from it
            return [Fault("delivery_books_differ", {"receipts": ", ".join(document.receipts[:3])})]
        return faults_of(
            document,
            register=place.register,
            cash_bank=self._settings.transfer.cash_bank.get(place.register),
            rates=self._rates.texts_on(document.day),
            warehouses=self._session.sources.warehouses,
        )

    def _draft(
        self,
        place: Place,
        generation: int,
        document: SalesDocument,
        currency: str,
        receipts: Sequence[UndeliveredReceipt],
    ) -> Draft:
        transfer = self._settings.transfer
        first = next(receipt for receipt in receipts if receipt.receipt_id == document.receipts[0])
        nothing = self._nothing(place, generation, [first])
        number, reference = self._called(place, first)
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
                difference=say("Rounding and discounts").told(self._session.settings.language),
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

    def _nothing(self, place: Place, generation: int, receipts: Sequence[UndeliveredReceipt]) -> Draft:
        """A delivery of receipts that no document is made of."""
        return Draft(
            key=delivery_key(self._session.settings.company.number, place.register, place.place, generation),
            grain=self._settings.grain,
            register=place.register,
            place=place.place,
            generation=generation,
            day=max(receipt.day for receipt in receipts),
            closing_number=receipts[0].closing_number if self._settings.grain == "closing" else None,
            currency=self._session.sources.books_currency or "",
            amount_cents=0,
            line_count=0,
            body=b"",
            receipts=[receipt.receipt_id for receipt in receipts],
            tenant=self._settings.tenant,
        )

    def _called(self, place: Place, first: UndeliveredReceipt) -> tuple[str, str]:
        """What the document is called, for a search and for a reader."""
        language = self._session.settings.language
        if self._settings.grain == "closing":
            text = say("Register {register}, closing {number}", register=place.register, number=first.closing_number)
            return f"{place.register}-Z{first.closing_number}", text.told(language)
        if self._settings.grain == "day":
            day = day_in_figures(first.day, language)
            return f"{place.register}-{first.day.isoformat()}", say(
                "Register {register}, {day}", register=place.register, day=day
            ).told(language)
        text = say("Register {register}, receipt {number}", register=place.register, number=first.number)
        return f"{place.register}-{first.number}", text.told(language)


def _sales_cents(receipt: Receipt) -> int:
    """The gross sum of the lines of a receipt that a document carries, by the receipt itself."""
    if receipt.kind == IN_KIND:
        return 0
    lines = (line for line in receipt.lines if not line.cancelled and line.business_case in DOCUMENT_CASES)
    return sum(line.gross_cents for line in lines)
