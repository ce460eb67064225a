"""In which document of the ERP a receipt is: for lists of receipts and of documents, without the documents' bodies."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from cloudkasse_etl.i18n.formats import clean
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.deliveries.delivery_store import STATUS_WORDS, TRANSFER, DeliveryStatus

_TARGETS: Final = (TRANSFER,)  # what carries sales or stock, and becomes a document there
_FEW: Final = 2_000  # more than these are not asked for one by one


@dataclass(frozen=True, slots=True)
class ErpDocument:
    """What a delivery of documents has become in the ERP.

    Attributes:
        delivery_id: The delivery's id.
        status: What became of it.
        transfer_document: The ERP's id of it, once it is known.
        number: The number of the document that it became there, once it was taken over.
    """

    delivery_id: int
    status: DeliveryStatus
    transfer_document: int | None
    number: str | None

    @property
    def text(self) -> Text:
        """What became of it, with the number by which it is found in the ERP."""
        word = STATUS_WORDS[self.status]
        if self.number:
            return say("{status}: document {number}", status=word, number=clean(self.number))
        if self.transfer_document is not None:
            return say("{status}: transfer document {number}", status=word, number=self.transfer_document)
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
    """A document with what it is made of.

    Attributes:
        document: What became of it.
        register, day, closing_number, currency, amount_cents: As of its delivery.
        receipts: How many receipts it covers.
    """

    document: ErpDocument
    register: str
    day: dt.date
    closing_number: int | None
    currency: str
    amount_cents: int
    receipts: int


class DeliveredReceipts:
    """Receipts of a company that are delivered as documents."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
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
                covered.c.receipt_id, delivery.c.delivery_id, delivery.c.status, delivery.c.remote_id,
                delivery.c.destination,
            )
            .where(covered.c.delivery_id == delivery.c.delivery_id, covered.c.company == self._state.company)
            .where(covered.c.is_live == sa.true(), covered.c.target.in_(_TARGETS), delivery.c.line_count > 0)
        )  # fmt: skip
        wanted = [None] if len(receipt_ids) > _FEW else list(chunks(receipt_ids))
        found: dict[str, ErpDocument] = {}
        with self._state.reading() as connection:
            for some in wanted:
                chosen = query if some is None else query.where(covered.c.receipt_id.in_(some))
                found.update((row[0], _document(*row[1:])) for row in connection.execute(chosen))
        return found

    def newest(self, count: int, until: dt.datetime | None = None) -> list[ListedDocument]:
        """The documents that were delivered last, newest first.

        Args:
            count: How many.
            until: Only those that were made by then.

        Returns:
            The documents; what was taken back is none.
        """
        delivery, covered = self._delivery, self._receipts
        covers = sa.select(sa.func.count()).where(covered.c.delivery_id == delivery.c.delivery_id).scalar_subquery()
        query = (
            sa.select(
                delivery.c.delivery_id, delivery.c.status, delivery.c.remote_id, delivery.c.destination,
                delivery.c.register, delivery.c.day, delivery.c.closing_number, delivery.c.currency,
                delivery.c.amount_cents, covers,
            )
            .where(delivery.c.company == self._state.company, delivery.c.target.in_(_TARGETS))
            .where(delivery.c.line_count > 0, delivery.c.status != str(DeliveryStatus.RETRACTED))
            .order_by(delivery.c.delivery_id.desc())
            .limit(count)
        )  # fmt: skip
        if until is not None:
            query = query.where(delivery.c.created_at <= until)
        with self._state.reading() as connection:
            return [
                ListedDocument(_document(*row[:4]), row[4], row[5], row[6], row[7], row[8], row[9])
                for row in connection.execute(query)
            ]


def _document(delivery_id: int, status: str, remote_id: int | None, destination: str | None) -> ErpDocument:
    return ErpDocument(delivery_id, DeliveryStatus(status), remote_id, destination)
