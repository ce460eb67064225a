"""In which document of the ERP a receipt is, or batch of its ledger: for lists of receipts and of deliveries."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import sqlalchemy as sa

from cloudkasse_etl.i18n.formats import clean
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.deliveries.covered_receipts import is_of_present_import
from cloudkasse_etl.state.stores.deliveries.delivery_store import (
    BATCH,
    COVERED,
    FINAL,
    STATUS_WORDS,
    STORAGE,
    TRANSFER,
    DeliveryStatus,
)

_FEW: Final = 2_000  # more than these are not asked for one by one


@dataclass(frozen=True, slots=True)
class ErpDocument:
    """What a delivery has become in the ERP.

    Attributes:
        delivery_id: The delivery's id.
        status: What became of it.
        transfer_document: The ERP's id of it, or the batch's number there, once it is known.
        number: The number of the document that it became there, once it was taken over.
        target: What it is there.
    """

    delivery_id: int
    status: DeliveryStatus
    transfer_document: int | None
    number: str | None
    target: str = TRANSFER

    @property
    def text(self) -> Text:
        """What became of it, with the number by which it is found in the ERP."""
        word, remote_id = STATUS_WORDS[self.status], self.transfer_document
        if self.target == BATCH:
            if self.status is DeliveryStatus.ASSUMED:
                return say("processed: batch {number}", number=remote_id)
            return word if remote_id is None else say("{status}: batch {number}", status=word, number=remote_id)
        if self.number:
            return say("{status}: document {number}", status=word, number=clean(self.number))
        if remote_id is not None:
            return say("{status}: transfer document {number}", status=word, number=remote_id)
        return word

    def as_dict(self) -> dict[str, Any]:
        """The document as `--json` prints it with a receipt."""
        return {
            "id": self.delivery_id,
            "status": str(self.status),
            "transfer_document": self.transfer_document,
            "destination": self.number,
        }


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document or batch with what it is made of.

    Attributes:
        document: What became of it.
        register, day, closing_number, currency, amount_cents: As of its delivery.
        receipts: How many receipts it covers.
        clearing_cents: What a batch leaves on clearing: minus the gross of the documents with its receipts' sales.
    """

    document: ErpDocument
    register: str
    day: dt.date
    closing_number: int | None
    currency: str
    amount_cents: int
    receipts: int
    clearing_cents: int = 0


@dataclass(frozen=True, slots=True)
class Covering:
    """A delivery that has what is booked of some receipts.

    Attributes:
        delivery_id: Its id.
        target: What it is in the ERP.
        status: What became of it.
        receipts: How many of the receipts.
        tenant: The ERP's tenant that it is in.
    """

    delivery_id: int
    target: str
    status: DeliveryStatus
    receipts: int
    tenant: str | None = None

    @property
    def is_in_books(self) -> bool:
        """Whether the ERP's books have it: it is not taken back there first, but by another delivery."""
        return self.status is FINAL[self.target]


class DeliveredReceipts:
    """Receipts of a company that are delivered to a target.

    Args:
        state: Our own tables.
        target: The target; what carries sales or stock and becomes a document, unless another one is named.
    """

    def __init__(self, state: StateConnection, target: str = TRANSFER) -> None:
        self._state, self._target = state, target
        self._targets = [one for one, covered in COVERED.items() if covered == target]
        self._delivery, self._receipts = state.tables.delivery, state.tables.delivery_receipt

    def documents_of(self, receipt_ids: Sequence[str]) -> dict[str, ErpDocument]:
        """The document of each receipt; those that no delivery covers are missing, and so are those without sales.

        Args:
            receipt_ids: The receipts.

        Returns:
            Receipt's id → its document.
        """
        delivery, covered = self._delivery, self._receipts
        query = (
            sa.select(
                covered.c.receipt_id, delivery.c.delivery_id, delivery.c.status, _remote_id(delivery),
                delivery.c.destination,
            )
            .where(covered.c.delivery_id == delivery.c.delivery_id, covered.c.company == self._state.company)
            .where(is_of_present_import(covered, self._state.tables.receipt))
            .where(covered.c.target == self._target, delivery.c.line_count > 0)
        )  # fmt: skip
        wanted = [None] if len(receipt_ids) > _FEW else list(chunks(receipt_ids))
        found: dict[str, ErpDocument] = {}
        with self._state.reading() as connection:
            for some in wanted:
                chosen = query if some is None else query.where(covered.c.receipt_id.in_(some))
                found.update((row[0], self._document(*row[1:])) for row in connection.execute(chosen))
        return found

    def sent(self, receipt_ids: Sequence[str]) -> list[Covering]:
        """The deliveries to any target with something of what the present import of receipts booked, oldest first."""
        delivery, covered, receipt = self._delivery, self._receipts, self._state.tables.receipt
        found: dict[int, Covering] = {}
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = (
                    sa.select(
                        delivery.c.delivery_id, delivery.c.target, delivery.c.status, delivery.c.tenant, sa.func.count()
                    )
                    .where(covered.c.company == self._state.company, covered.c.receipt_id.in_(chunk))
                    .where(covered.c.delivery_id == delivery.c.delivery_id, delivery.c.line_count > 0)
                    .where(is_of_present_import(covered, receipt))
                    .group_by(delivery.c.delivery_id, delivery.c.target, delivery.c.status, delivery.c.tenant)
                )  # fmt: skip
                for number, target, status, tenant, count in connection.execute(query):
                    before = found[number].receipts if number in found else 0
                    found[number] = Covering(number, target, DeliveryStatus(status), before + int(count), tenant)
        return [found[number] for number in sorted(found)]

    def newest(self, count: int, until: dt.datetime | None = None) -> list[ListedDocument]:
        """The documents or batches that were delivered last, newest first.

        Args:
            count: How many.
            until: Only those that were made by then.

        Returns:
            Those; without what was taken back.
        """
        delivery, covered = self._delivery, self._receipts
        covers = sa.select(sa.func.count()).where(covered.c.delivery_id == delivery.c.delivery_id).scalar_subquery()
        query = (
            sa.select(
                delivery.c.delivery_id, delivery.c.status, _remote_id(delivery), delivery.c.destination,
                delivery.c.register, delivery.c.day, delivery.c.closing_number, delivery.c.currency,
                delivery.c.amount_cents, covers, *([delivery.c.body] if self._target == BATCH else []),
            )
            .where(delivery.c.company == self._state.company, delivery.c.target.in_(self._targets))
            .where(delivery.c.line_count > 0, delivery.c.status != str(DeliveryStatus.RETRACTED))
            .order_by(delivery.c.delivery_id.desc())
            .limit(count)
        )  # fmt: skip
        if until is not None:
            query = query.where(delivery.c.created_at <= until)
        with self._state.reading() as connection:
            return [
                ListedDocument(self._document(*row[:4]), *row[4:10], *map(clearing_of, row[10:]))
                for row in connection.execute(query)
            ]

    def _document(self, delivery_id: int, status: str, remote_id: int | None, destination: str | None) -> ErpDocument:
        return ErpDocument(delivery_id, DeliveryStatus(status), remote_id, destination, self._target)


def _remote_id(delivery: sa.Table) -> "sa.ColumnElement[int | None]":
    """The ERP's id; that of a manual storage is none of the ERP's, which knows it by its number alone."""
    return sa.case((delivery.c.target != STORAGE, delivery.c.remote_id))


def clearing_of(body: bytes) -> int:
    """What a batch leaves on clearing: in cents, minus the gross of the documents that carry its receipts' sales."""
    return int(orjson.loads(bytes(body))["ClearingCents"]) if body else 0
